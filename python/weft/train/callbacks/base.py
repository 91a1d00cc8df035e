"""What can be hung into a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import Tensor

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["HOOKS", "Callback", "Lambda", "hooks"]


class Callback:
    """Base class: override what is needed; what is not overridden costs nothing.

    ``trainer.stop = True`` ends the training after this step, for good. ``trainer.pause = True`` ends it too, as Ctrl-C
    does: a resumed ``fit`` goes on.

    What a callback needs to go on exactly after a resume, it gives in ``state_dict``: numbers, strings, tensors, and
    lists and dicts of them.

    Attributes
    ----------
    order : int
        Callbacks of a lower order are called first; those of the same order as they were given. Those that change what
        a checkpoint holds come before `Checkpoint`, whose order is 100.

    Examples
    --------
    >>> import weft
    >>> class Print(weft.train.Callback):
    ...     def on_epoch_end(self, trainer, epoch, figures):
    ...         print(epoch, sorted(figures))
    """

    order = 0

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first step of a ``fit``, and before the state of a checkpoint is taken over."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last step of a ``fit``, also one that was interrupted, but not one that failed."""

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:
        """When a ``fit`` failed; the error is raised after it."""

    def on_epoch_begin(self, trainer: Trainer, epoch: int) -> None:
        """Before an epoch, counted from 0. Not where a resumed epoch goes on."""

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        """After an epoch and its validation, with what went into the history."""

    def on_step_begin(self, trainer: Trainer, step: int) -> None:
        """Before step `step`, counted from 0 over all epochs."""

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        """After a step was queued. Reading `loss` waits for it."""

    def on_validation_begin(self, trainer: Trainer) -> None:
        """Before the validation data are evaluated."""

    def on_validation_end(self, trainer: Trainer, figures: Mapping[str, Any]) -> None:
        """After the validation data were evaluated."""

    def on_checkpoint(self, trainer: Trainer, path: Path) -> None:
        """Before a checkpoint is written. What raises here keeps it from being written."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of this callback."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class Lambda(Callback):
    """A callback of functions: each is named as the hook it is called at, and gets what the hook gets.

    Examples
    --------
    >>> import weft
    >>> epochs = weft.train.Lambda(on_epoch_end=lambda trainer, epoch, figures: print(epoch, figures["loss"]))
    """

    def __init__(self, **functions: Callable[..., None]) -> None:
        for name, function in functions.items():
            if name not in HOOKS:
                raise TypeError(f"Lambda: there is no hook {name!r}; the hooks are {', '.join(HOOKS)}")
            setattr(self, name, function)


def hooks(callbacks: Sequence[Callback]) -> dict[str, list[Callable[..., None]]]:
    """For each hook the methods that do something, in order."""
    ordered = sorted(callbacks, key=lambda callback: callback.order)
    found: dict[str, list[Callable[..., None]]] = {}
    for name in HOOKS:
        methods = [getattr(callback, name) for callback in ordered]
        idle = getattr(Callback, name)
        found[name] = [method for method in methods if getattr(method, "__func__", None) is not idle]
    return found
