"""When to stop: bad numbers, and time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import Tensor

from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["NanLossError", "StopOnNaN", "Timer"]


class NanLossError(ArithmeticError):
    """The loss became infinite or not a number; ``step`` says where."""

    def __init__(self, step: int, epoch: int) -> None:
        super().__init__(
            f"the loss is not a finite number at step {step} (epoch {epoch + 1}): training stopped. "
            "Try a smaller learning rate, look for bad values in the data, or go on with stop_on_nan=False"
        )
        self.step, self.epoch = step, epoch


class StopOnNaN(Callback):
    """Raise `NanLossError` when the loss is no finite number any more; ``fit(stop_on_nan=True)`` adds one.

    The device takes note of the first bad step. It is asked now and then, and before anything is saved, so steps wait
    for nothing.

    Parameters
    ----------
    every_seconds : float
        How often it is asked. 0 asks after each step, which then has to be finished.
    """

    order = -100  # before figures of no worth are written anywhere

    def __init__(self, every_seconds: float = 0.25) -> None:
        self.every_seconds = every_seconds
        self._last = 0.0

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        now = time.monotonic()
        if now - self._last >= self.every_seconds:
            self._last = now
            self._check(trainer)

    def on_validation_begin(self, trainer: Trainer) -> None:
        self._check(trainer)

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        self._check(trainer, epoch)

    def on_checkpoint(self, trainer: Trainer, path: Path) -> None:
        self._check(trainer)

    def on_fit_end(self, trainer: Trainer) -> None:
        self._check(trainer)

    def _check(self, trainer: Trainer, epoch: int | None = None) -> None:
        step = trainer.bad_step()
        if step is not None:
            raise NanLossError(step, trainer.epoch if epoch is None else epoch)


class Timer(Callback):
    """Measure the time a training takes, and end it after some.

    A training that ran out of time is paused: it is saved, and a resumed ``fit`` goes on with the same time again.

    Parameters
    ----------
    max_time : float or datetime.timedelta, optional
        Seconds that a ``fit`` may take. The step during which they end is finished.

    Attributes
    ----------
    seconds : float
        That all of it took, also before it was resumed.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.Timer(max_time=3600)
    """

    def __init__(self, max_time: float | timedelta | None = None) -> None:
        self.max_time = max_time.total_seconds() if isinstance(max_time, timedelta) else max_time
        if self.max_time is not None and not self.max_time > 0:
            raise ValueError(f"Timer: max_time must be more than 0 seconds, not {self.max_time}")
        self._begin = time.monotonic()
        self._before = 0.0
        self._running = False

    @property
    def seconds(self) -> float:
        return self._before + (time.monotonic() - self._begin if self._running else 0.0)

    def on_fit_begin(self, trainer: Trainer) -> None:
        self._begin, self._before, self._running = time.monotonic(), 0.0, True

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        if self.max_time is not None and time.monotonic() - self._begin >= self.max_time:
            trainer.pause = True

    def on_fit_end(self, trainer: Trainer) -> None:
        self._before, self._running = self.seconds, False

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._before = state["seconds"]
