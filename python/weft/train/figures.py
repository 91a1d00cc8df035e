"""Loss and metrics of an epoch, added up on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft
from weft import Tensor

__all__ = ["Figures"]


class Figures:
    """Sums over the batches of an epoch, and the first step whose loss was no finite number.

    Nothing is read until ``read``, so adding a batch waits for nothing.

    Parameters
    ----------
    metrics : sequence of (name, function)
        Each function takes (output, target) and gives the batch's mean.
    """

    def __init__(self, metrics: Sequence[tuple[str, Callable[[Any, Any], Tensor]]], device: Any) -> None:
        self.names = ("loss", *(name for name, _ in metrics))
        self.metrics = tuple(function for _, function in metrics)
        self.device = device
        self.sums = weft.zeros((len(self.names),), dtype=weft.float32, device=device)
        self.step = weft.asarray(0, dtype=weft.int64, device=device)
        self.bad_step = weft.asarray(-1, dtype=weft.int64, device=device)
        self.rows = 0

    def reset(self, step: int) -> None:
        """Begin an epoch whose first step has this number."""
        self.sums.assign(0.0)
        self.step.assign(step)
        self.bad_step.assign(-1)
        self.rows = 0

    def add(self, loss: Tensor, output: Any, target: Any, rows: int) -> None:
        """Add a batch. Part of the compiled step: `rows` counts there, ``self.rows`` is the caller's affair."""
        with weft.no_grad():
            values = [loss, *(metric(output, target) for metric in self.metrics)]
            batch = weft.stack([value.detach().astype(weft.float32).reshape(()) for value in values])
            self.sums.assign(self.sums + batch * rows)
            bad = (self.bad_step < 0) & ~weft.isfinite(loss.detach())
            self.bad_step.assign(weft.where(bad, self.step, self.bad_step))
            self.step.assign(self.step + 1)

    def state(self) -> list[Tensor]:
        """The tensors a step changes."""
        return [self.sums, self.bad_step, self.step]

    def read(self) -> tuple[dict[str, float], int]:
        """The means so far and the first bad step (-1: none). Waits for the device."""
        values = self.sums.numpy() / max(1, self.rows)
        return dict(zip(self.names, map(float, values), strict=True)), int(self.bad_step.item())
