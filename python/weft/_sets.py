"""Functions whose results have shapes that depend on the data: they wait for a count, and raise under compile()."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from weft import _core
from weft._core import Tensor

if TYPE_CHECKING:
    from weft._typing import ArrayLike, TensorLike

__all__ = [
    "argwhere",
    "bincount",
    "flatnonzero",
    "isin",
    "nonzero",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


def _tensor(x: ArrayLike) -> Tensor:
    return x if isinstance(x, Tensor) else _core.asarray(x)


def nonzero(x: TensorLike, /) -> tuple[Tensor, ...]:
    """The coordinates of the elements that are not 0: an int64 tensor for each dimension. Waits for the count.

    Examples
    --------
    >>> import weft
    >>> [t.tolist() for t in weft.nonzero(weft.asarray([[0, 5], [6, 0]]))]
    [[0, 1], [1, 0]]
    """
    t = _tensor(x)
    if not t.ndim:
        raise ValueError("nonzero: a tensor of shape () has no coordinates")
    return tuple(_core.asarray(places, device=t.device) for places in np.nonzero(t.astype(_core.bool).numpy()))


def flatnonzero(x: TensorLike, /) -> Tensor:
    """The places of the elements that are not 0 in the flattened tensor."""
    return nonzero(_tensor(x).reshape(-1))[0]


def argwhere(x: TensorLike, /) -> Tensor:
    """The coordinates of the elements that are not 0, a row for each."""
    return _core.stack(nonzero(x), 1)


class UniqueAllResult(NamedTuple):
    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCountsResult(NamedTuple):
    values: Tensor
    counts: Tensor


class UniqueInverseResult(NamedTuple):
    values: Tensor
    inverse_indices: Tensor


def unique_all(x: TensorLike, /) -> UniqueAllResult:
    """The distinct elements in ascending order, where each first is, which one each element is, and how often each is.

    Examples
    --------
    >>> import weft
    >>> result = weft.unique_all(weft.asarray([3, 1, 3]))
    >>> result.values.tolist(), result.inverse_indices.tolist(), result.counts.tolist()
    ([1, 3], [1, 0, 1], [1, 2])
    """
    t = _tensor(x)
    flat = t.reshape(-1)
    if not flat.size:
        none = _core.zeros((0,), dtype=_core.int64, device=t.device)
        return UniqueAllResult(flat, none, _core.zeros(t.shape, dtype=_core.int64, device=t.device), none)
    order = flat.argsort()  # stable: equal elements keep their order
    ordered = flat.take(order)
    new = _core.concat(
        [_core.ones((1,), dtype=_core.bool, device=t.device), _core.not_equal(ordered[1:], ordered[:-1])]
    )
    first = flatnonzero(new)
    ends = _core.concat([first[1:], _core.full((1,), flat.size, device=t.device)])
    rank = new.astype(_core.int64).cumsum() - 1
    inverse = _core.scatter(_core.zeros_like(rank), 0, order, rank)
    return UniqueAllResult(ordered.take(first), order.take(first), inverse.reshape(t.shape), ends - first)


def unique_counts(x: TensorLike, /) -> UniqueCountsResult:
    """The distinct elements in ascending order, and how often each is there."""
    result = unique_all(x)
    return UniqueCountsResult(result.values, result.counts)


def unique_inverse(x: TensorLike, /) -> UniqueInverseResult:
    """The distinct elements in ascending order, and which one each element is."""
    result = unique_all(x)
    return UniqueInverseResult(result.values, result.inverse_indices)


def unique_values(x: TensorLike, /) -> Tensor:
    """The distinct elements in ascending order."""
    return unique_all(x).values


def unique(
    x: TensorLike, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False
) -> Tensor | tuple[Tensor, ...]:
    """NumPy's unique: the distinct elements, and what else is asked for."""
    result = unique_all(x)
    extra = [
        value
        for wanted, value in (
            (return_index, result.indices),
            (return_inverse, result.inverse_indices),
            (return_counts, result.counts),
        )
        if wanted
    ]
    return (result.values, *extra) if extra else result.values


def isin(x1: ArrayLike, x2: ArrayLike, /, *, invert: bool = False) -> Tensor:
    """Whether each element of `x1` is among those of `x2`.

    Examples
    --------
    >>> import weft
    >>> weft.isin(weft.asarray([1, 2, 3]), [1, 3]).tolist()
    [True, False, True]
    """
    a = _tensor(x1)
    among = x2 if isinstance(x2, Tensor) else _core.asarray(x2, device=a.device)
    among = among.reshape(-1)
    if not among.size:
        return _core.full(a.shape, invert, device=a.device)
    common = _core.promote_types(a.dtype, among.dtype)
    ordered, wanted = among.astype(common).sort(), a.astype(common)
    if common == _core.bool:
        ordered, wanted = ordered.astype(_core.uint8), wanted.astype(_core.uint8)
    place = _core.searchsorted(ordered, wanted).clip(0, among.size - 1)
    found = _core.equal(ordered.take(place), wanted)
    return found.logical_not() if invert else found


def bincount(x: TensorLike, /, weights: TensorLike | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2, ... is there, or the sum of the weights. Waits for the largest."""
    t = _tensor(x).reshape(-1)
    if t.dtype.kind not in "iub":
        raise TypeError(f"bincount: integers are needed, not {t.dtype}")
    n = max(minlength, int(t.max()) + 1 if t.size else 0)
    if t.size and int(t.min()) < 0:
        raise ValueError("bincount: no element may be negative")
    w = (
        _core.ones_like(t, dtype=_core.int64)
        if weights is None
        else _core.asarray(weights, device=t.device).reshape(-1)
    )
    return _core.scatter_add(_core.zeros((n,), dtype=w.dtype, device=t.device), 0, t.astype(_core.int64), w)
