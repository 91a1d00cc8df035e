"""The progress bar."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weft import Tensor

from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["ProgressBar"]


class ProgressBar(Callback):
    """One line on stderr: epoch, step, time, loss and metrics. ``fit`` adds one where stderr is a terminal.

    Parameters
    ----------
    every_seconds : float
        How often the figures are looked at: each look waits for the device.
    """

    order = 50

    def __init__(self, every_seconds: float = 0.25) -> None:
        self.every_seconds = every_seconds
        self._bar: Any = None
        self._task: Any = None
        self._last = 0.0

    def on_fit_begin(self, trainer: Trainer) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn("{task.fields[figures]}"), console=Console(stderr=True))
        self._task = None
        self._last = time.monotonic()

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        self._begin(trainer, epoch)

    def _begin(self, trainer: Trainer, epoch: int) -> None:
        text = f"epoch {epoch + 1}/{trainer.until}"
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task(text, total=trainer.steps_per_epoch, figures="")
        else:
            self._bar.reset(self._task, total=trainer.steps_per_epoch, description=text)

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        now = time.monotonic()
        if now - self._last < self.every_seconds:
            return
        self._last = now
        if self._task is None:  # a resumed epoch
            self._begin(trainer, trainer.epoch)
        self._show(trainer.batch, trainer.figures.read())

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        if self._task is None:
            self._begin(trainer, epoch)
        self._show(trainer.steps_per_epoch, figures)

    def _show(self, batches: int | None, figures: Mapping[str, Any]) -> None:
        numbers = {name: value for name, value in figures.items() if isinstance(value, float) and name != "seconds"}
        text = "  ".join(f"{name} {value:.4f}" for name, value in numbers.items())
        self._bar.update(self._task, completed=batches, figures=text)

    def on_fit_end(self, trainer: Trainer) -> None:
        self._bar.stop()

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:
        self._bar.stop()
