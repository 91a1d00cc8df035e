"""Differences, order statistics, and reductions that leave NaN out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import _core
from weft._core import Tensor

if TYPE_CHECKING:
    from weft._typing import ArrayLike, Axis, TensorLike

__all__ = [
    "average",
    "diff",
    "median",
    "nanmax",
    "nanmean",
    "nanmin",
    "nansum",
    "percentile",
    "ptp",
    "quantile",
]


def _tensor(x: ArrayLike) -> Tensor:
    return x if isinstance(x, Tensor) else _core.asarray(x)


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
