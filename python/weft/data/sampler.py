"""Samplers: which items, in which order.

The order is a function of the seed and the epoch alone, so it can be had again: iterating twice gives the same order
until ``set_epoch``, which a DataLoader calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TYPE_CHECKING

import numpy as np

from ._checks import check_count, check_seed

if TYPE_CHECKING:
    from weft._typing import Array

    from .dataset import Rows

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class Sampler:
    """Indices of items: derive from it and write ``__iter__`` and ``__len__``."""

    epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, and with it the order."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        raise NotImplementedError(f"{type(self).__name__}: write __iter__()")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: write __len__()")


class SequentialSampler(Sampler):
    """All items in order.

    Examples
    --------
    >>> import weft
    >>> list(weft.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.n = len(data_source)

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))


class _Drawn(Sampler):
    """An order drawn as one array."""

    def __init__(self, seed: int) -> None:
        self.seed = check_seed(seed, type(self).__name__)

    def draw(self, rng: np.random.Generator) -> Array:
        """The whole order of an epoch."""
        raise NotImplementedError

    def order(self) -> Array:
        """The order of this epoch."""
        return self.draw(np.random.default_rng([self.seed, self.epoch]))

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())


class RandomSampler(_Drawn):
    """Items in random order.

    Parameters
    ----------
    data_source : sized
        What has the items.
    replacement : bool
        Draw each anew from all items.
    num_samples : int, optional
        How many are drawn; all by default. More than there are begin another permutation.
    seed : int
        Of the order, together with the epoch.

    Examples
    --------
    >>> import weft
    >>> sampler = weft.data.RandomSampler(range(5), seed=3)
    >>> sorted(sampler)
    [0, 1, 2, 3, 4]
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, *, seed: int = 0
    ) -> None:
        super().__init__(seed)
        self.n, self.replacement = len(data_source), replacement
        self.num_samples = self.n if num_samples is None else check_count(num_samples, "RandomSampler: num_samples")
        if self.num_samples and not self.n:
            raise ValueError(f"RandomSampler: {self.num_samples} of no items cannot be drawn")

    def __len__(self) -> int:
        return self.num_samples

    def draw(self, rng: np.random.Generator) -> Array:
        if self.replacement:
            return rng.integers(self.n, size=self.num_samples)
        if not self.n:
            return np.zeros(0, dtype=np.int64)
        rounds = -(-self.num_samples // self.n)
        return np.concatenate([rng.permutation(self.n) for _ in range(rounds)])[: self.num_samples]


class SubsetRandomSampler(_Drawn):
    """The given indices in random order.

    Examples
    --------
    >>> import weft
    >>> sorted(weft.data.SubsetRandomSampler([7, 2, 5]))
    [2, 5, 7]
    """

    def __init__(self, indices: Sequence[int] | Array, *, seed: int = 0) -> None:
        super().__init__(seed)
        self.indices = np.asarray(indices, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def draw(self, rng: np.random.Generator) -> Array:
        return rng.permutation(self.indices)


class WeightedRandomSampler(_Drawn):
    """Items drawn with a probability proportional to their weight.

    Parameters
    ----------
    weights : array of float
        One for each item, not negative; the sum may be any.
    num_samples : int
        How many are drawn.
    replacement : bool
        Draw each from all items; otherwise no item comes twice.
    seed : int
        Of the draw, together with the epoch.

    Raises
    ------
    ValueError
        Weights are negative, not finite or all 0, or too few for a draw without replacement.

    Examples
    --------
    >>> import weft
    >>> list(weft.data.WeightedRandomSampler([0, 2, 0], num_samples=3))
    [1, 1, 1]
    """

    def __init__(
        self, weights: Sequence[float] | Array, num_samples: int, replacement: bool = True, *, seed: int = 0
    ) -> None:
        super().__init__(seed)
        self.weights = np.asarray(weights, dtype=np.float64)
        self.num_samples = check_count(num_samples, "WeightedRandomSampler: num_samples")
        self.replacement = replacement
        if self.weights.ndim != 1 or not (np.isfinite(self.weights) & (self.weights >= 0)).all():
            raise ValueError("WeightedRandomSampler: weights must be finite, not negative, and one for each item")
        possible = np.count_nonzero(self.weights)
        if not possible or (not replacement and possible < num_samples):
            raise ValueError(
                f"WeightedRandomSampler: {num_samples} items cannot be drawn from {possible} with a weight above 0"
            )

    def __len__(self) -> int:
        return self.num_samples

    def draw(self, rng: np.random.Generator) -> Array:
        p = self.weights / self.weights.sum()
        return rng.choice(len(p), self.num_samples, self.replacement, p)


class BatchSampler:
    """The indices of a sampler, `batch_size` at a time.

    Examples
    --------
    >>> import weft
    >>> list(weft.data.BatchSampler(range(5), batch_size=2))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool = False) -> None:
        self.sampler, self.drop_last = sampler, drop_last
        self.batch_size = check_count(batch_size, "batch_size")

    def set_epoch(self, epoch: int) -> None:
        """Tell the sampler, if it wants to know."""
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        for rows in self.rows():
            yield list(range(rows.start, rows.stop)) if isinstance(rows, slice) else rows.tolist()

    def rows(self, first: int = 0) -> Iterator[Rows]:
        """The batches from number `first` on, as slices where the items are in order, else as arrays."""
        size = self.batch_size
        if isinstance(self.sampler, (SequentialSampler, _Drawn)):
            order = self.sampler.order() if isinstance(self.sampler, _Drawn) else None
            n = len(self.sampler)
            for start in range(first * size, n - size + 1 if self.drop_last else n, size):
                stop = min(start + size, n)
                yield slice(start, stop) if order is None else order[start:stop]
            return
        indices = itertools.islice(self.sampler, first * size, None)
        while rows := list(itertools.islice(indices, size)):
            if len(rows) == size or not self.drop_last:
                yield np.asarray(rows, dtype=np.int64)
