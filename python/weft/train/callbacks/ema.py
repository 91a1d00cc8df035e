"""Averaged weights."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from weft import Tensor, optim

from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["EMA"]


class EMA(Callback):
    """Keep an exponential moving average of the weights after each step, and validate with it; see `weft.optim.EMA`.

    Parameters
    ----------
    decay : float
        How slowly the average moves.
    apply : bool
        Whether the model gets the averaged weights when the training ends.

    Examples
    --------
    >>> import weft
    >>> ema = weft.train.EMA(decay=0.99)
    """

    order = 10  # other callbacks see the weights as they are

    def __init__(self, decay: float = 0.999, apply: bool = True) -> None:
        if not 0 <= decay <= 1:
            raise ValueError(f"EMA: decay must be in [0, 1], not {decay!r}")
        self.decay, self.apply = decay, apply
        self._ema: optim.EMA | None = None
        self._swapped = ExitStack()

    def on_fit_begin(self, trainer: Trainer) -> None:
        ema = self._ema = optim.EMA(trainer.model.parameters(), self.decay)

        def update() -> tuple[()]:
            ema.update()
            return ()

        self._update = trainer.options.wrap(update)

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        self._update()

    def on_validation_begin(self, trainer: Trainer) -> None:
        self._swapped.enter_context(self.averaged())

    def on_validation_end(self, trainer: Trainer, figures: Mapping[str, Any]) -> None:
        self._swapped.close()

    def on_fit_end(self, trainer: Trainer) -> None:
        if self.apply and not trainer.pause and self._ema is not None:
            for p, average in zip(self._ema.params, self._ema.averages, strict=True):
                p.assign(average)

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:
        self._swapped.close()

    def averaged(self) -> AbstractContextManager[None]:
        """A context in which the model has the averaged weights."""
        if self._ema is None:
            raise RuntimeError("EMA: there are no averages yet; train first")
        return self._ema.swap()

    def state_dict(self) -> dict[str, Any]:
        return {} if self._ema is None else dict(self._ema.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if self._ema is not None:  # before the first `fit` there is nothing to load into: it comes again then
            self._ema.load_state_dict(state)
