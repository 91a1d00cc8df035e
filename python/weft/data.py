"""Batches for training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import weft
from weft import Tensor

__all__ = ["batches"]

Batch = tuple[Tensor, ...]


def batches(
    data: Any,
    batch_size: int = 32,
    shuffle: np.random.Generator | None = None,
    device: Any = None,
    dtype: Any = None,
) -> Iterator[Batch]:
    """Yield (x, y) batches of tensors.

    Parameters
    ----------
    data : (x, y) or iterable of (x, y)
        Two arrays or tensors of the same length, which are cut into batches (the last may be smaller), or batches
        already.
    batch_size : int
        How many rows make a batch. Not used where the data are batches already.
    shuffle : numpy.random.Generator, optional
        Draws the order of the rows; without it they come in order.
    device : optional
        Where the batches go.
    dtype : optional
        Of floating-point NumPy arrays; tensors keep theirs.

    Examples
    --------
    >>> import numpy as np, weft
    >>> [x.shape for x, y in weft.data.batches((np.zeros((5, 2)), np.zeros(5)), batch_size=2)]
    [(2, 2), (2, 2), (1, 2)]
    """
    if isinstance(data, tuple) and len(data) == 2 and all(hasattr(part, "shape") for part in data):
        yield from cut(data, batch_size, shuffle, device, dtype)
        return
    if not isinstance(data, Iterable):
        raise TypeError(
            f"data must be a pair (x, y) of arrays, or an iterable of such pairs, not {type(data).__name__}"
        )
    for batch in data:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise TypeError(f"data: each batch must be a pair (x, y), not {type(batch).__name__}")
        yield _tensor(batch[0], device, dtype), _tensor(batch[1], device, dtype)


def cut(
    arrays: tuple[Any, ...], batch_size: int, shuffle: np.random.Generator | None, device: Any, dtype: Any
) -> Iterator[tuple[Tensor, ...]]:
    """Yield the same rows of each array, `batch_size` at a time."""
    if any(not a.shape or a.shape[0] != arrays[0].shape[0] for a in arrays):
        shapes = " and ".join(str(tuple(a.shape)) for a in arrays)
        raise ValueError(
            f"data of shape {shapes}: the first dimension must be there and have the same length everywhere"
        )
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive integer, not {batch_size!r}")
    n = arrays[0].shape[0]
    order = None if shuffle is None else shuffle.permutation(n)
    for start in range(0, n, batch_size):
        rows = slice(start, min(start + batch_size, n)) if order is None else order[start : start + batch_size]
        yield tuple(_tensor(array[rows], device, dtype) for array in arrays)


def _tensor(value: Any, device: Any, dtype: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value if device is None else value.to(device)
    array = np.asarray(value)
    return weft.asarray(array, dtype=dtype if array.dtype.kind == "f" else None, device=device)
