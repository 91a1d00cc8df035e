"""How a loader gets a batch: whole, item by item, or from a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import Tensor
from weft._tree import map_leaves

from .collate import stack_items, to_tensor
from .dataset import Rows

if TYPE_CHECKING:
    from weft._typing import DeviceLike, DTypeLike

__all__ = ["END", "Collate", "fetch_rows", "fetch_stream"]

END = object()  # what a stream gives after its last batch


@dataclass
class Collate:
    """Items to batches of tensors on a device."""

    function: Callable[[list[Any]], Any] | None
    device: DeviceLike
    dtype: DTypeLike | None

    def __call__(self, items: list[Any], name: str) -> Any:
        try:
            if self.function is None:
                return stack_items(items, self.device, self.dtype)
            return self.place(self.function(items))
        except Exception as error:
            _add_note(error, name)
            raise

    def place(self, batch: Any) -> Any:
        """Arrays and tensors go to the device; what else a batch holds stays as it is."""
        return map_leaves(self._place_leaf, batch)

    def _place_leaf(self, value: Any) -> Any:
        if isinstance(value, Tensor) or (isinstance(value, np.ndarray) and value.dtype.kind in "biufc"):
            return to_tensor(value, self.device, self.dtype)
        return value


def fetch_rows(dataset: Any, collate: Collate) -> Callable[[Rows], Any]:
    """A function from the rows of a batch to the batch."""
    if collate.function is None and hasattr(dataset, "gather"):
        gather = dataset.gather
        return lambda rows: collate.place(gather(rows))

    def fetch(rows: Rows) -> Any:
        items = []
        indices = range(rows.start, rows.stop) if isinstance(rows, slice) else rows.tolist()
        for index in indices:
            try:
                items.append(dataset[index])
            except Exception as error:
                _add_note(error, f"item {index} of the dataset")
                raise
        return collate(items, f"the batch of items {', '.join(map(str, indices))}")

    return fetch


def fetch_stream(dataset: Any, collate: Collate, size: int, drop_last: bool, first: int) -> Callable[[int], Any]:
    """A function from the number of a batch to the batch, or END; to be called for each number from `first` on."""
    stream = iter(dataset)
    for _ in islice(stream, first * size):
        pass

    def fetch(number: int) -> Any:
        items: list[Any] = []
        try:
            items.extend(islice(stream, size))
        except Exception as error:
            _add_note(error, f"item {number * size + len(items)} of the stream")
            raise
        if not items or (drop_last and len(items) < size):
            return END
        return collate(items, f"batch {number} of the stream")

    return fetch


def _add_note(error: Exception, name: str) -> None:
    error.add_note(f"DataLoader: raised by {name}")
