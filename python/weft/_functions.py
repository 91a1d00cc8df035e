"""Functions that stand on those of the core: joining, padding, differences, order statistics, and comparisons of whole tensors."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import _core
from weft._core import Tensor

if TYPE_CHECKING:
    from weft._typing import ArrayLike, Axis, DeviceLike, DTypeLike, Shape, TensorLike

__all__ = [
    "allclose",
    "array_equal",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "average",
    "broadcast_arrays",
    "broadcast_shapes",
    "diag",
    "diagonal",
    "diff",
    "geomspace",
    "hstack",
    "identity",
    "isclose",
    "logspace",
    "median",
    "meshgrid",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "pad",
    "percentile",
    "ptp",
    "quantile",
    "rot90",
    "trace",
    "vstack",
]


def _tensor(x: ArrayLike) -> Tensor:
    return x if isinstance(x, Tensor) else _core.asarray(x)


# ---- shapes


def broadcast_shapes(*shapes: Shape) -> tuple[int, ...]:
    """The shape that tensors of these shapes have together.

    Raises
    ------
    ValueError
        They do not fit.

    Examples
    --------
    >>> broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    return np.broadcast_shapes(*(tuple(s) if isinstance(s, Sequence) else (s,) for s in shapes))


def broadcast_arrays(*tensors: TensorLike) -> list[Tensor]:
    """All tensors repeated, without copying, to the shape they have together.

    Examples
    --------
    >>> import weft
    >>> [t.shape for t in weft.broadcast_arrays(weft.zeros((2, 1)), weft.zeros(3))]
    [(2, 3), (2, 3)]
    """
    values = [_tensor(t) for t in tensors]
    shape = broadcast_shapes(*(t.shape for t in values))
    return [_core.broadcast_to(t, shape) for t in values]


def meshgrid(*tensors: TensorLike, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids of one-dimensional tensors; ``indexing`` is ``"xy"`` (columns first) or ``"ij"``.

    Examples
    --------
    >>> import weft
    >>> [t.shape for t in weft.meshgrid(weft.arange(3), weft.arange(2))]
    [(2, 3), (2, 3)]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    values = [_tensor(t).reshape(-1) for t in tensors]
    n = len(values)
    grids = [t.reshape(*(-1 if d == i else 1 for d in range(n))) for i, t in enumerate(values)]
    grids = broadcast_arrays(*grids) if n else []
    return [g.swapaxes(0, 1) for g in grids] if indexing == "xy" and n > 1 else grids


def atleast_1d(x: TensorLike) -> Tensor:
    """With at least one dimension."""
    t = _tensor(x)
    return t if t.ndim else t.reshape(1)


def atleast_2d(x: TensorLike) -> Tensor:
    """With at least two dimensions, new ones first."""
    t = atleast_1d(x)
    return t if t.ndim > 1 else t.reshape(1, -1)


def atleast_3d(x: TensorLike) -> Tensor:
    """With at least three dimensions, as NumPy puts them."""
    t = atleast_1d(x)
    if t.ndim == 1:
        return t.reshape(1, -1, 1)
    return t if t.ndim > 2 else t.reshape(*t.shape, 1)


def hstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joined along the second axis; one-dimensional tensors along the first.

    Examples
    --------
    >>> import weft
    >>> weft.hstack([weft.zeros((2, 1)), weft.ones((2, 2))]).tolist()
    [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    values = [atleast_1d(t) for t in tensors]
    return _core.concat(values, 0 if values and values[0].ndim == 1 else 1)


def vstack(tensors: Sequence[TensorLike]) -> Tensor:
    """Joined along the first axis; one-dimensional tensors are rows.

    Examples
    --------
    >>> import weft
    >>> weft.vstack([weft.zeros(2), weft.ones(2)]).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    return _core.concat([atleast_2d(t) for t in tensors], 0)


def rot90(x: TensorLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by `k` quarters, from the first of the axes towards the second."""
    t = _tensor(x)
    a, b = axes
    match k % 4:
        case 1:
            return t.flip(b).swapaxes(a, b)
        case 2:
            return t.flip((a, b))
        case 3:
            return t.swapaxes(a, b).flip(b)
    return t


def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements of a diagonal of each matrix, along a new last axis.

    Examples
    --------
    >>> import weft
    >>> weft.diagonal(weft.arange(4).reshape(2, 2)).tolist()
    [0, 3]
    """
    t = _core.moveaxis(_tensor(x), (axis1, axis2), (-2, -1))
    rows, columns = t.shape[-2:]
    n = builtins.max(0, min(rows + min(offset, 0), columns - builtins.max(offset, 0)))
    first = -offset * columns if offset < 0 else offset
    flat = t.reshape(*t.shape[:-2], rows * columns)
    return flat[..., first : first + n * (columns + 1) : columns + 1][..., :n]


def diag(x: TensorLike, k: int = 0) -> Tensor:
    """The `k`-th diagonal of a matrix, or the matrix with this vector as its `k`-th diagonal."""
    t = _tensor(x)
    if t.ndim == 2:
        return diagonal(t, k)
    if t.ndim != 1:
        raise ValueError(f"diag: 1 or 2 dimensions are needed, not shape {t.shape}")
    n = t.size + abs(k)
    flat = _core._pad(t, (0,), (0,), (n,)).reshape(
        -1
    )  # n places between neighbours: one row further and one to the right
    first = k if k >= 0 else -k * n
    length = flat.size
    return (
        _core._pad(flat, (first,), (n * n - first - length,)).reshape(n, n)
        if t.size
        else _core.zeros((n, n), dtype=t.dtype, device=t.device)
    )


def trace(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1, *, dtype: DTypeLike | None = None) -> Tensor:
    """The sum of a diagonal of each matrix."""
    return diagonal(x, offset, axis1, axis2).sum(-1, dtype=dtype)


def identity(n: int, dtype: DTypeLike | None = None, device: DeviceLike = None) -> Tensor:
    """The identity matrix of `n` rows."""
    return _core.eye(n, dtype=dtype, device=device)


def logspace(
    start: float,
    stop: float,
    num: int = 50,
    *,
    base: float = 10.0,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
) -> Tensor:
    """`num` values evenly spaced on a logarithmic scale, from ``base**start`` to ``base**stop``."""
    exponents = _core.linspace(start, stop, num, dtype=dtype, device=device, endpoint=endpoint)
    return _core.exp(exponents * math.log(base)) if base != 10.0 else _core.pow(10.0, exponents)


def geomspace(
    start: float,
    stop: float,
    num: int = 50,
    *,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
) -> Tensor:
    """`num` values in geometric progression from start to stop."""
    return logspace(math.log10(start), math.log10(stop), num, endpoint=endpoint, dtype=dtype, device=device)


# ---- padding

_MODES = {
    "constant": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "edge": "edge",
    "replicate": "edge",
    "wrap": "wrap",
    "circular": "wrap",
}


def pad(x: TensorLike, pad_width: int | Sequence[Any], mode: str = "constant", constant_values: complex = 0) -> Tensor:
    """Add elements around the edges.

    Parameters
    ----------
    x : tensor
    pad_width : int, (int, int) or sequence of pairs
        How many before and after: for all dimensions, or a pair for each.
    mode : str
        ``"constant"``, ``"reflect"``, ``"symmetric"``, ``"edge"`` (PyTorch: ``"replicate"``) or ``"wrap"`` (``"circular"``).
    constant_values : number
        What ``"constant"`` puts there.

    Returns
    -------
    Tensor
        Of the dtype of `x`.

    Raises
    ------
    ValueError
        An unknown mode, widths that do not fit the dimensions, or nothing to repeat.

    Examples
    --------
    >>> import weft
    >>> weft.pad(weft.arange(3), (1, 2), mode="edge").tolist()
    [0, 0, 1, 2, 2, 2]
    """
    t = _tensor(x)
    try:
        widths = np.broadcast_to(np.asarray(pad_width, dtype=np.int64), (t.ndim, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: pad_width {pad_width!r} does not fit {t.ndim} dimensions; give one pair for each"
        ) from None
    if mode not in _MODES:
        raise ValueError(f"pad: mode is one of {', '.join(_MODES)}, not {mode!r}")
    if _MODES[mode] == "constant":
        return _core._pad(t, [w[0] for w in widths], [w[1] for w in widths], fill=constant_values)
    if builtins.any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"pad: widths must not be negative for mode {mode!r}")
    for axis, (before, after) in enumerate(widths):
        if before or after:
            t = _extended(t, axis, before, after, _MODES[mode])
    return t


def _extended(t: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    n = t.shape[axis]
    if not n:
        raise ValueError(f"pad: axis {axis} is empty; there is nothing to repeat")
    places = np.pad(np.arange(n), (before, after), mode=mode)  # type: ignore[call-overload]
    # Runs of steps 1, 0 or -1 are views: no index is read when it is computed.
    cuts = [0, before, before + n, before + n + after]
    parts = []
    for start, stop in zip(cuts, cuts[1:], strict=False):
        while start < stop:
            step = int(places[start + 1] - places[start]) if start + 1 < stop else 1
            end = start + 1
            while end < stop and places[end] - places[end - 1] == step and abs(step) <= 1:
                end += 1
            parts.append(_run(t, axis, int(places[start]), step, end - start))
            start = end
    return _core.concat(parts, axis)


def _run(t: Tensor, axis: int, first: int, step: int, count: int) -> Tensor:
    index: list[Any] = [slice(None)] * t.ndim
    if step == 0:
        index[axis] = slice(first, first + 1)
        return _core.broadcast_to(t[tuple(index)], (*t.shape[:axis], count, *t.shape[axis + 1 :]))
    stop = first + step * count
    index[axis] = slice(first, stop if stop >= 0 else None, step)
    return t[tuple(index)]


# ---- differences and order statistics


def diff(
    x: TensorLike, n: int = 1, axis: int = -1, prepend: TensorLike | None = None, append: TensorLike | None = None
) -> Tensor:
    """Differences of neighbours along an axis, `n` times.

    Examples
    --------
    >>> import weft
    >>> weft.diff(weft.asarray([1, 4, 9, 16])).tolist()
    [3, 5, 7]
    """
    t = _tensor(x)
    if n < 0:
        raise ValueError(f"diff: n must not be negative, but is {n}")
    axis = axis + t.ndim if axis < 0 else axis
    edge = (*t.shape[:axis], 1, *t.shape[axis + 1 :])
    ends = [None if e is None else _core.asarray(e, dtype=t.dtype, device=t.device) for e in (prepend, append)]
    first, last = (None if e is None else e if e.ndim else _core.broadcast_to(e, edge) for e in ends)
    if first is not None or last is not None:
        t = _core.concat([p for p in (first, t, last) if p is not None], axis)
    lead = (slice(None),) * axis
    for _ in range(n):
        high, low = t[(*lead, slice(1, None))], t[(*lead, slice(None, -1))]
        t = _core.not_equal(high, low) if t.dtype == _core.bool else high - low
    return t


def quantile(
    x: TensorLike, q: ArrayLike, axis: Axis = None, *, keepdims: bool = False, method: str = "linear"
) -> Tensor:
    """The values below which fractions `q` of the elements lie.

    Parameters
    ----------
    x : tensor of real numbers
    q : float or sequence of float
        Fractions in [0, 1], known to the host.
    axis : int, tuple of int or None
        Over these axes; all by default.
    keepdims : bool
        Keep them, with size 1.
    method : str
        ``"linear"``, ``"lower"``, ``"higher"``, ``"nearest"`` or ``"midpoint"``.

    Returns
    -------
    Tensor
        Floating; with the shape of `q` before the remaining dimensions. NaN where an element is.

    Examples
    --------
    >>> import weft
    >>> weft.quantile(weft.asarray([1.0, 2.0, 3.0, 4.0]), 0.5).item()
    2.5
    """
    t = _tensor(x)
    if t.dtype.kind != "f":
        t = t.astype(_core.get_default_dtype())
    axes = (
        list(range(t.ndim)) if axis is None else sorted(a % t.ndim for a in ([axis] if isinstance(axis, int) else axis))
    )
    rest = [a for a in range(t.ndim) if a not in axes]
    rows = t.permute(*rest, *axes).reshape(*(t.shape[a] for a in rest), -1) if t.ndim else t.reshape(1)
    n = rows.shape[-1]
    if not n:
        raise ValueError(f"quantile: no elements in shape {t.shape}")
    fractions = np.asarray(q.numpy() if isinstance(q, Tensor) else q, dtype=np.float64)
    if fractions.size and not (fractions.min() >= 0 and fractions.max() <= 1):
        raise ValueError("quantile: fractions must be in [0, 1]")
    place = fractions.reshape(-1) * (n - 1)
    low, high = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
    weight = place - low
    if method in ("lower", "higher", "nearest"):
        low = high = {"lower": low, "higher": high, "nearest": np.rint(place).astype(np.int64)}[method]
    elif method == "midpoint":
        weight = np.where(low == high, 0.0, 0.5)
    elif method != "linear":
        raise ValueError(f"quantile: method is 'linear', 'lower', 'higher', 'nearest' or 'midpoint', not {method!r}")
    ordered = rows.sort()
    a, b = ordered.take(low, -1), ordered.take(high, -1)
    result = a + (b - a) * _core.asarray(weight, dtype=t.dtype, device=t.device)
    result = _core.where(_core.equal(a, b), a, result)  # infinities meet
    result = _core.where(ordered[..., -1:].isnan(), math.nan, result)
    result = _core.moveaxis(result, -1, 0)
    shape = tuple(1 if a in axes else s for a, s in enumerate(t.shape)) if keepdims else tuple(t.shape[a] for a in rest)
    return result.reshape(*fractions.shape, *shape)


def percentile(
    x: TensorLike, q: ArrayLike, axis: Axis = None, *, keepdims: bool = False, method: str = "linear"
) -> Tensor:
    """quantile() of ``q / 100``."""
    return quantile(
        x, np.asarray(q.numpy() if isinstance(q, Tensor) else q) / 100, axis, keepdims=keepdims, method=method
    )


def median(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The middle value, or the mean of the two in the middle; NaN where an element is."""
    return quantile(x, 0.5, axis, keepdims=keepdims, method="midpoint")


def ptp(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest element less the smallest."""
    return _core.max(x, axis, keepdims=keepdims) - _core.min(x, axis, keepdims=keepdims)


def average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None, *, keepdims: bool = False) -> Tensor:
    """The mean, with weights if given: of the shape of `x`, or along one axis."""
    t = _tensor(x)
    if weights is None:
        return t.mean(axis, keepdims=keepdims)
    w = _core.asarray(weights, device=t.device)
    if w.shape != t.shape:
        if not isinstance(axis, int) or w.ndim != 1:
            raise ValueError(f"average: weights of shape {w.shape} for a tensor of shape {t.shape} and axis {axis}")
        w = w.reshape(*(-1 if d == axis % t.ndim else 1 for d in range(t.ndim)))
    return (t * w).sum(axis, keepdims=keepdims) / _core.broadcast_to(w, t.shape).sum(axis, keepdims=keepdims)


# ---- without NaN


def nansum(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The sum without NaN."""
    return _core.sum(_core.where(_core.isnan(x), 0, x), axis, keepdims=keepdims)


def nanmean(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The mean without NaN."""
    number = _core.isnan(x).logical_not().sum(axis, keepdims=keepdims)
    total = nansum(x, axis, keepdims=keepdims)
    return total / (number.astype(total.dtype) if total.dtype.kind in "fc" else number)


def nanmax(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The largest element without NaN."""
    return _without_nan(x, axis, keepdims, _core.max, -math.inf)


def nanmin(x: TensorLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """The smallest element without NaN."""
    return _without_nan(x, axis, keepdims, _core.min, math.inf)


def _without_nan(x: TensorLike, axis: Axis, keepdims: bool, reduce: Any, neutral: float) -> Tensor:
    t = _tensor(x)
    if t.dtype.kind != "f":
        return reduce(t, axis, keepdims=keepdims)  # type: ignore[no-any-return]
    missing = t.isnan()
    result = reduce(_core.where(missing, neutral, t), axis, keepdims=keepdims)
    return _core.where(missing.all(axis, keepdims=keepdims), math.nan, result)


# ---- comparing whole tensors


def isclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """True where ``|x1 - x2| <= atol + rtol * |x2|``, element by element."""
    a, b = _tensor(x1), _tensor(x2)
    if a.dtype.kind not in "fc" or b.dtype.kind not in "fc":
        a, b = (t if t.dtype.kind in "fc" else t.astype(_core.get_default_dtype()) for t in (a, b))
    near = _core.less_equal((a - b).abs(), b.abs() * rtol + atol)
    near = _core.logical_or(_core.logical_and(near, b.isfinite()), _core.equal(a, b))
    return _core.logical_or(near, _core.logical_and(a.isnan(), b.isnan())) if equal_nan else near


def allclose(
    x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> builtins.bool:
    """Whether all elements are close; waits for the answer.

    Examples
    --------
    >>> import weft
    >>> weft.allclose(weft.ones(3), 1.000001)
    True
    """
    return builtins.bool(isclose(x1, x2, rtol, atol, equal_nan).all())


def array_equal(x1: TensorLike, x2: TensorLike, equal_nan: bool = False) -> builtins.bool:
    """Whether shapes and all elements are equal; waits for the answer."""
    a, b = _tensor(x1), _tensor(x2)
    if a.shape != b.shape:
        return False
    same = _core.equal(a, b)
    if equal_nan:
        same = _core.logical_or(same, _core.logical_and(a.isnan(), b.isnan()))
    return builtins.bool(same.all())
