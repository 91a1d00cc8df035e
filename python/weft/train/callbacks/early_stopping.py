"""Stop when it gets no better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weft import Tensor

from .base import Callback
from .monitor import Best, figure

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["EarlyStopping"]


class EarlyStopping(Callback):
    """End the training when a figure has not got better for some epochs.

    Parameters
    ----------
    monitor : str
        The figure.
    patience : int
        After how many epochs without a better value it ends.
    min_delta : float
        How much better a value has to be to count.
    mode : {"auto", "min", "max"}
        What is better; "auto" knows it by the name.
    restore_best : bool
        Whether the model gets back the weights of its best epoch when the training ends.

    Attributes
    ----------
    best : float or None
        The best value.
    best_epoch : int
        The epoch that had it, counted from 0.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.EarlyStopping("val_accuracy", patience=5, restore_best=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = False,
    ) -> None:
        if not isinstance(patience, int) or patience < 0:
            raise ValueError(f"EarlyStopping: patience must be an integer >= 0, not {patience!r}")
        self.patience, self.restore_best = patience, restore_best
        self._best = Best(monitor, mode, min_delta)
        self.best_epoch = -1
        self._waited = 0
        self._weights: dict[str, Tensor] = {}

    @property
    def best(self) -> float | None:
        return self._best.value

    def on_fit_begin(self, trainer: Trainer) -> None:
        self._best.value, self.best_epoch, self._waited, self._weights = None, -1, 0, {}

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        if self._best.improved(figure(self, self._best.monitor, figures)):
            self.best_epoch, self._waited = epoch, 0
            if self.restore_best:
                self._weights = trainer.model.state_dict()
        else:
            self._waited += 1
            if self._waited >= max(1, self.patience):
                trainer.stop = True

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._weights and not trainer.pause:
            trainer.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "waited": self._waited,
            "weights": self._weights,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._best.value, self.best_epoch, self._waited = state["best"], state["best_epoch"], state["waited"]
        self._weights = dict(state["weights"])
