"""The batches of every epoch, from whatever data a trainer is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

import weft
from weft import Tensor
from weft.data import DataLoader, Dataset

__all__ = ["Feed"]


class Feed:
    """Batches of tensors on a device: the inputs, and last the target.

    Parameters
    ----------
    data : tuple of arrays, Dataset, DataLoader, or iterable of tuples
        Arrays of the same length, and datasets, are cut into batches. Anything else gives batches, and can be iterated
        once per epoch.
    caller : str
        For messages.
    parts : int
        The least number of tensors in a batch.
    device, dtype
        Where the batches go, and the dtype of their floating-point NumPy arrays.
    """

    def __init__(
        self,
        data: Any,
        caller: str,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int = 0,
        parts: int = 2,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"{caller}: batch_size must be a positive integer, not {batch_size!r}")
        self.caller, self.parts, self.device, self.dtype = caller, parts, device, dtype
        self._arrays = isinstance(data, tuple) and len(data) >= parts and all(hasattr(part, "shape") for part in data)
        if self._arrays or isinstance(data, Dataset):
            data = DataLoader(data, batch_size, shuffle, seed=seed, device=device, dtype=dtype)
            self.options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
        elif isinstance(data, Iterable) and not isinstance(data, str | bytes | dict):
            self.options = {"seed": data.seed} if isinstance(data, DataLoader) else {}
        else:
            what = "a pair (x, y) of arrays" if parts > 1 else "an array"
            raise TypeError(
                f"{caller}: data must be {what}, a DataLoader, or an iterable of batches, not {type(data).__name__}"
            )
        self.loader = data
        self.steps: int | None = len(data) if hasattr(data, "__len__") else None
        self.options["batches"] = self.steps

    def batches(self, epoch: int = 0, start: int = 0) -> Iterator[tuple[Tensor, ...]]:
        """The batches of an epoch, from batch `start` on."""
        loader = self.loader
        if isinstance(loader, DataLoader):
            loader.load_state_dict({**loader.state_dict(), "epoch": epoch, "batch": start})
            start = 0
        elif hasattr(loader, "set_epoch"):
            loader.set_epoch(epoch)
        if self._arrays:
            return iter(loader)  # whose batches are as they have to be
        return (
            batch if self._is_ready(batch) else self._converted(batch) for batch in islice(iter(loader), start, None)
        )

    def _is_ready(self, batch: Any) -> bool:
        if type(batch) is not tuple or len(batch) < self.parts:
            return False
        for part in batch:
            if not isinstance(part, Tensor) or part.device != self.device or not part.ndim or not part.shape[0]:
                return False
        return True

    def _converted(self, batch: Any) -> tuple[Tensor, ...]:
        if not isinstance(batch, tuple | list) or len(batch) < self.parts:
            what = "a pair (x, y)" if self.parts > 1 else "a tuple"
            count = f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
            raise TypeError(f"{self.caller}: each batch must be {what}, not {type(batch).__name__}{count}")
        tensors = tuple(self._tensor(part) for part in batch)
        shapes = [tensor.shape for tensor in tensors]
        if any(not shape or not shape[0] for shape in shapes):
            raise ValueError(f"{self.caller}: a batch of shapes {', '.join(map(str, shapes))} has no rows")
        return tensors

    def _tensor(self, value: Any) -> Tensor:
        if isinstance(value, Tensor):
            return value.to(self.device)
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ValueError(
                f"{self.caller}: a batch is no regular array: {error}; pad its rows to one length"
            ) from None
        if array.dtype == object:
            raise TypeError(f"{self.caller}: a batch holds Python objects, not numbers; convert or pad them")
        return weft.asarray(array, dtype=self.dtype if array.dtype.kind == "f" else None, device=self.device)
