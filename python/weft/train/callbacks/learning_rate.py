"""Learning rates that change while a training goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from weft import Tensor

from .base import Callback
from .monitor import figure

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["LRScheduler", "LearningRate"]


class LearningRate(Callback):
    """Set the learning rate before each step.

    Parameters
    ----------
    schedule : callable
        From the step, counted from 0, to the rate.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.LearningRate(weft.optim.cosine(1e-3, steps=1000))
    """

    def __init__(self, schedule: Callable[[int], float]) -> None:
        self.schedule = schedule

    def on_step_begin(self, trainer: Trainer, step: int) -> None:
        trainer.optimizer.lr = self.schedule(step)


class LRScheduler(Callback):
    """Call ``step()`` of a scheduler of `weft.optim` after each epoch or step.

    Parameters
    ----------
    scheduler : object
        Has ``step()``, ``state_dict()`` and ``load_state_dict()``. One whose ``step`` takes a figure, such as
        ``ReduceLROnPlateau``, gets the monitored one.
    interval : {"epoch", "step"}
        When it is called.
    monitor : str
        The figure it gets, if it takes one.

    Examples
    --------
    >>> import weft
    >>> model = weft.nn.Linear(1, 1)
    >>> optimizer = weft.optim.SGD(model.parameters(), lr=0.1)
    >>> schedule = weft.train.LRScheduler(weft.optim.StepLR(optimizer, step_size=10), interval="epoch")
    """

    def __init__(self, scheduler: Any, interval: str = "epoch", monitor: str = "val_loss") -> None:
        if interval not in ("epoch", "step"):
            raise ValueError(f"LRScheduler: interval must be 'epoch' or 'step', not {interval!r}")
        self.scheduler, self.interval, self.monitor = scheduler, interval, monitor
        needed = [
            p for p in inspect.signature(scheduler.step).parameters.values() if p.default is inspect.Parameter.empty
        ]
        self._takes_figure = bool(needed)
        if self._takes_figure and interval == "step":
            raise ValueError(f"LRScheduler: {type(scheduler).__name__} looks at a figure; use interval='epoch'")

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        if self.interval == "step":
            self.scheduler.step()

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        if self.interval == "epoch":
            self.scheduler.step(*([figure(self, self.monitor, figures)] if self._takes_figure else []))

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = self.scheduler.state_dict()
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.scheduler.load_state_dict(dict(state))
