"""What can be hung into a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from weft import Tensor

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["Callback", "LearningRate"]


class Callback:
    """Base class: override what is needed. ``trainer.stop = True`` ends the training after this step.

    Examples
    --------
    >>> import weft
    >>> class Print(weft.train.Callback):
    ...     def on_epoch_end(self, trainer, epoch, figures):
    ...         print(epoch, sorted(figures))
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first step of a ``fit``."""

    def on_step_begin(self, trainer: Trainer, step: int) -> None:
        """Before step `step`, counted from 0 over all epochs."""

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        """After a step was queued. Reading `loss` waits for it."""

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, float]) -> None:
        """After an epoch, counted from 0, with what goes into the history."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last step of a ``fit``, also one that was interrupted."""


class LearningRate(Callback):
    """Set the learning rate before each step.

    Parameters
    ----------
    schedule : callable
        From the step to the rate.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.LearningRate(weft.optim.cosine(1e-3, steps=1000))
    """

    def __init__(self, schedule: Callable[[int], float]) -> None:
        self.schedule = schedule

    def on_step_begin(self, trainer: Trainer, step: int) -> None:
        trainer.optimizer.lr = self.schedule(step)
