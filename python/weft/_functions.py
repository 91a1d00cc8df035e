"""Functions that stand on those of the core: shapes, joining, diagonals, and comparisons of whole tensors."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from weft import _core
from weft._core import Tensor

if TYPE_CHECKING:
    from weft._typing import ArrayLike, DeviceLike, DTypeLike, Shape, TensorLike

__all__ = [
    "allclose",
    "array_equal",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_shapes",
    "diag",
    "diagonal",
    "geomspace",
    "hstack",
    "identity",
    "isclose",
    "logspace",
    "meshgrid",
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
