"""Datasets: items by index, or one after the other."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import Tensor

if TYPE_CHECKING:
    from weft._typing import Array, ArrayLike

__all__ = [
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "Rows",
    "Subset",
    "TensorDataset",
    "as_dataset",
    "is_stream",
    "random_split",
]

Rows = Any  # of a batch: a slice, or an array of int


class Dataset:
    """Items by index: derive from it and write ``__getitem__`` and ``__len__``.

    A dataset that has a faster way to many items than one by one may also have a method ``gather(rows)``, which gives
    them as one collated batch; `rows` is a slice or an array of int. Without ``collate_fn``, a DataLoader uses it.

    Examples
    --------
    >>> import weft
    >>> class Squares(weft.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         return i * i
    >>> [batch.tolist() for batch in weft.data.DataLoader(Squares(), batch_size=3)]
    [[0, 1, 4], [9]]
    """

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: write __getitem__(index)")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: write __len__()")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset:
    """A stream of items: derive from it and write ``__iter__``, which begins the stream anew.

    A method ``set_epoch(epoch)``, if there is one, is called before each epoch. To resume in the middle of an epoch,
    items are read and dropped, so a stream must be the same each time for the same epoch.
    """

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__}: write __iter__()")


class TensorDataset(Dataset):
    """The rows of arrays or tensors of the same length.

    Parameters
    ----------
    *arrays : array or Tensor
        Of any shapes with the same first dimension. Tensors stay on their device and batches are cut there; NumPy
        arrays (and whatever NumPy makes an array of) stay on the host.

    Raises
    ------
    TypeError
        An array does not hold numbers.
    ValueError
        There is none, or their lengths differ.

    Examples
    --------
    >>> import numpy as np, weft
    >>> data = weft.data.TensorDataset(np.arange(6).reshape(3, 2), np.arange(3))
    >>> len(data), data[1]
    (3, (array([2, 3]), np.int64(1)))
    """

    def __init__(self, *arrays: ArrayLike) -> None:
        self.arrays = tuple(array if isinstance(array, Tensor) else np.asarray(array) for array in arrays)
        shapes = " and ".join(str(tuple(array.shape)) for array in self.arrays)
        if not shapes or any(not array.shape or array.shape[0] != len(self) for array in self.arrays):
            raise ValueError(
                f"TensorDataset: data of shape {shapes or 'nothing'}: the first dimension must be there "
                "and have the same length everywhere"
            )
        for array in self.arrays:
            if isinstance(array, np.ndarray) and array.dtype.kind in "OSUMm":
                raise TypeError(
                    f"TensorDataset: an array of dtype {array.dtype} holds no numbers; "
                    "encode text, and pad rows of different lengths, first"
                )

    def __len__(self) -> int:
        return int(self.arrays[0].shape[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def gather(self, rows: Rows) -> tuple[Any, ...]:
        """These rows of each array: one gather each."""
        if isinstance(rows, slice):
            return tuple(array[rows] for array in self.arrays)
        return tuple(array.take(rows, 0) for array in self.arrays)


class _Array(TensorDataset):
    """One array, whose batches are tensors rather than tuples."""

    def __getitem__(self, index: int) -> Any:
        return self.arrays[0][index]

    def gather(self, rows: Rows) -> Any:
        return super().gather(rows)[0]


class Subset(Dataset):
    """Those items of a dataset that stand at `indices`, in their order.

    Examples
    --------
    >>> import weft
    >>> list(weft.data.Subset("abcdef", [4, 0]))
    ['e', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int] | Array) -> None:
        self.dataset = as_dataset(dataset)
        self.indices = np.asarray(indices, dtype=np.int64)
        bad = self.indices[(self.indices < -len(self.dataset)) | (self.indices >= len(self.dataset))]
        if bad.size:
            raise IndexError(f"Subset: index {bad[0]} is out of bounds for a dataset of {len(self.dataset)} items")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    @property
    def gather(self) -> Callable[[Rows], Any]:
        """That of the dataset, if it has one."""
        whole = self.dataset.gather
        return lambda rows: whole(self.indices[rows])


class ConcatDataset(Dataset):
    """Datasets one after the other.

    Examples
    --------
    >>> import weft
    >>> list(weft.data.ConcatDataset(["ab", "cde"]))
    ['a', 'b', 'c', 'd', 'e']
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = [as_dataset(dataset) for dataset in datasets]
        if not self.datasets:
            raise ValueError("ConcatDataset: give at least one dataset")
        self.ends = list(itertools.accumulate(len(dataset) for dataset in self.datasets))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: int) -> Any:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of bounds for {len(self)} items")
        part = bisect.bisect_right(self.ends, place)
        return self.datasets[part][place - (self.ends[part - 1] if part else 0)]


def as_dataset(data: Any) -> Any:
    """`data` as something with items by index, or as a stream."""
    if _is_array(data):
        return _Array(data)
    if isinstance(data, tuple) and data and all(_is_array(part) for part in data):
        return TensorDataset(*data)
    once = not hasattr(data, "__iter__") or hasattr(data, "__next__")  # or not at all
    if isinstance(data, dict | set) or (is_stream(data) and once):
        raise TypeError(
            f"data must be a Dataset, a tuple of arrays or a sequence of items, not {type(data).__name__}; "
            "a stream needs an __iter__ that begins it anew each epoch (see IterableDataset)"
        )
    return data


def is_stream(data: Any) -> bool:
    """Whether items come one after the other only."""
    return not (hasattr(data, "__getitem__") and hasattr(data, "__len__"))


def _is_array(data: Any) -> bool:
    return hasattr(data, "shape") and (isinstance(data, Tensor) or hasattr(data, "__array__"))


def random_split(dataset: Any, lengths: Sequence[float], seed: int = 0) -> list[Subset]:
    """Share out the items of a dataset at random.

    Parameters
    ----------
    dataset : Dataset, tuple of arrays, or sequence
    lengths : sequence of int or float
        How many items each part gets; or fractions with sum 1, rounded down, where what remains goes to the first
        parts, one item each.
    seed : int
        Of the order.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        The lengths do not add up to the whole.

    Examples
    --------
    >>> import weft
    >>> train, test = weft.data.random_split(range(10), [0.7, 0.3], seed=1)
    >>> len(train), len(test), sorted([*train, *test])
    (7, 3, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    dataset = as_dataset(dataset)
    n = len(dataset)
    if any(length < 0 for length in lengths):
        raise ValueError(f"random_split: lengths must not be negative: {list(lengths)}")
    if all(isinstance(length, int) for length in lengths):
        counts = [int(length) for length in lengths]
    elif math.isclose(sum(lengths), 1, abs_tol=1e-6):
        counts = [math.floor(n * fraction + 1e-6) for fraction in lengths]
        for part in range(n - sum(counts)):
            counts[part % len(counts)] += 1
    else:
        raise ValueError(f"random_split: fractions must have the sum 1, not {sum(lengths):g}")
    if sum(counts) != n:
        raise ValueError(f"random_split: the lengths add up to {sum(counts)}, but there are {n} items")
    order = np.random.default_rng(seed).permutation(n)
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(counts)[:-1])]
