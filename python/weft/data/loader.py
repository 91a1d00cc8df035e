"""DataLoader: batches of a dataset, in an order that can be had again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._checks import check_count, check_seed
from .dataset import Rows, as_dataset, is_stream
from .fetch import END, Collate, fetch_rows, fetch_stream
from .prefetch import ahead
from .sampler import BatchSampler, RandomSampler, SequentialSampler

if TYPE_CHECKING:
    from weft._typing import DeviceLike, DTypeLike

__all__ = ["DataLoader"]


@dataclass
class _Position:
    epoch: int
    batch: int = 0  # how many were handed out
    begun: bool = False


class DataLoader:
    """Batches of a dataset.

    Each iteration is an epoch. The order of an epoch depends on the seed and the number of the epoch alone, so
    ``state_dict`` is three integers, and a loader that loaded it yields exactly the batches that would have come.

    Parameters
    ----------
    data : Dataset, tuple of arrays, array, or sequence
        A tuple of arrays or tensors of the same length gives tuples of their rows, one array gives its rows; both are
        cut a whole batch at a time, where they are. Of a Dataset or a sequence the items are collated. An
        IterableDataset is read in its own order.
    batch_size : int
        How many items make a batch.
    shuffle : bool
        Whether each epoch has an order of its own.
    seed : int
        Of the order.
    sampler : iterable of int, optional
        The indices of the items; with ``set_epoch``, it is told the epoch. Excludes `shuffle`.
    batch_sampler : iterable of sequences of int, optional
        The indices of each batch. Excludes `shuffle`, `sampler` and `drop_last`; `batch_size` is not used.
    drop_last : bool
        Leave out the last batch where it is smaller.
    collate_fn : callable, optional
        Makes a batch of a list of items; `default_collate` by default. Arrays in what it returns become tensors.
    num_workers : int
        How many threads fetch batches ahead; with 0, a batch is fetched when it is asked for. Threads help where items
        come from files or from code that releases Python's lock. An IterableDataset has one thread at most.
    prefetch : int
        How many batches each thread is ahead.
    device : device, optional
        Where batches go; by default arrays go to the default device, and tensors stay where they are.
    dtype : dtype, optional
        Of floating-point NumPy arrays and Python floats; tensors keep theirs.

    Attributes
    ----------
    epoch : int
        The epoch of the last batch, or of the next one if that begins an epoch.

    Raises
    ------
    TypeError
        `data` has no items.
    ValueError
        Options that exclude each other, or are out of range.

    Examples
    --------
    >>> import numpy as np, weft
    >>> x = np.arange(6)
    >>> loader = weft.data.DataLoader(x, batch_size=2, shuffle=True, seed=0)
    >>> whole = [batch.tolist() for batch in loader]
    >>> loader.set_epoch(0)
    >>> first = next(iter(loader))
    >>> again = weft.data.DataLoader(x, batch_size=2, shuffle=True)
    >>> again.load_state_dict(loader.state_dict())
    >>> [batch.tolist() for batch in again] == whole[1:]
    True
    """

    def __init__(
        self,
        data: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        *,
        seed: int = 0,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        prefetch: int = 2,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.dataset = as_dataset(data)
        self._stream = is_stream(self.dataset)
        chosen = {"shuffle": shuffle, "sampler": sampler is not None, "batch_sampler": batch_sampler is not None}
        self._check_choice([name for name, given in chosen.items() if given], drop_last)
        self.batch_size = check_count(batch_size, "DataLoader: batch_size")
        self.shuffle, self.drop_last, self.seed = bool(shuffle), bool(drop_last), check_seed(seed, "DataLoader")
        if not self._stream:
            if sampler is None:
                sampler = RandomSampler(self.dataset, seed=seed) if shuffle else SequentialSampler(self.dataset)
            if batch_sampler is None:
                batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.sampler: Any = sampler
        self.batch_sampler: Any = batch_sampler
        self._collate = Collate(collate_fn, device, dtype)
        self.num_workers = check_count(num_workers, "DataLoader: num_workers") if num_workers else 0
        self.prefetch = check_count(prefetch, "DataLoader: prefetch")
        self._position = _Position(epoch=0)

    def _check_choice(self, given: list[str], drop_last: bool) -> None:
        if given and self._stream:
            raise ValueError(
                f"DataLoader: {given[0]} needs a dataset with __getitem__ and __len__; "
                "an iterable dataset has an order of its own"
            )
        if drop_last and "batch_sampler" in given:
            given = [*given, "drop_last"]
        if len(given) > 1:
            raise ValueError(f"DataLoader: {' and '.join(given)} exclude each other")

    # ---- where it is

    @property
    def epoch(self) -> int:
        return self._position.epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration, and with it the order.

        Without it, epochs follow one another. After ``load_state_dict``, choosing the epoch of the state keeps its
        place in the epoch.
        """
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise ValueError(f"set_epoch: epoch must be an integer that is not negative, not {epoch!r}")
        if epoch != self.epoch or self._position.begun:
            self._position = _Position(epoch)

    def state_dict(self) -> dict[str, int]:
        """Where the loader is: ``epoch``, ``batch`` (how many of them were handed out) and ``seed``."""
        return {"epoch": self.epoch, "batch": self._position.batch, "seed": self.seed}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from a state: the next iteration yields the batches that would have come.

        Raises
        ------
        ValueError
            It is no state of a loader, or of one with more batches.
        """
        try:
            epoch, batch, seed = (check_seed(state[key], "DataLoader") for key in ("epoch", "batch", "seed"))
        except (KeyError, TypeError, ValueError):
            raise ValueError(
                f"DataLoader: a state has epoch, batch and seed, integers that are not negative; this has {dict(state)}"
            ) from None
        if not self._stream and batch > len(self):
            raise ValueError(
                f"DataLoader: the state is at batch {batch}, but an epoch has {len(self)} batches; "
                "load it with the data and batch_size it was saved with"
            )
        self.seed = seed
        if self.shuffle and isinstance(self.sampler, RandomSampler):
            self.sampler.seed = seed
        self._position = _Position(epoch, batch)

    # ---- batches

    def __len__(self) -> int:
        """How many batches an epoch has."""
        if not self._stream:
            return len(self.batch_sampler)
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self._position.begun:
            self._position = _Position(self.epoch + 1)
        self._position.begun = True
        return self._hand_out(self._position)

    def _hand_out(self, position: _Position) -> Iterator[Any]:
        for part in (self.dataset, self.batch_sampler):
            if hasattr(part, "set_epoch"):
                part.set_epoch(position.epoch)
        fetch: Callable[[Any], Any]
        jobs: Iterable[Any]
        first, threads = position.batch, self.num_workers
        if self._stream:
            fetch = fetch_stream(self.dataset, self._collate, self.batch_size, self.drop_last, first)
            jobs, threads = itertools.count(first), min(threads, 1)
        else:
            fetch, jobs = fetch_rows(self.dataset, self._collate), self._rows(first)
        with closing(ahead(fetch, jobs, threads, threads * self.prefetch)) as batches:
            for batch in batches:
                if batch is END:
                    break
                position.batch += 1
                yield batch
        if self._position is position:
            self._position = _Position(position.epoch + 1)

    def _rows(self, first: int) -> Iterator[Rows]:
        """The rows of each batch from number `first` on."""
        if isinstance(self.batch_sampler, BatchSampler):
            return self.batch_sampler.rows(first)
        return (np.asarray(rows, dtype=np.int64) for rows in itertools.islice(self.batch_sampler, first, None))
