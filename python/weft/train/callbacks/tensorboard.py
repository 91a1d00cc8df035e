"""Figures for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import Tensor

from ..events import EventFile
from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Write figures as event files that TensorBoard shows: ``tensorboard --logdir FOLDER``.

    Loss and metrics of training and validation have the same names, in the folders ``train`` and ``validation``, so
    that TensorBoard draws them together. The learning rate and the seconds of an epoch are under ``train``. The
    horizontal axis counts steps.

    Parameters
    ----------
    folder : path
        Of this run. Its files are kept: each ``fit`` writes new ones.
    every_steps : int, optional
        Write the means so far in the epoch after so many steps too. Each time waits for the device.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.TensorBoard("runs/first", every_steps=100)
    """

    def __init__(self, folder: str | os.PathLike[str], every_steps: int | None = None) -> None:
        if every_steps is not None and (not isinstance(every_steps, int) or every_steps < 1):
            raise ValueError(f"TensorBoard: every_steps must be a positive integer, not {every_steps!r}")
        self.folder, self.every_steps = Path(folder), every_steps
        self._files: dict[str, EventFile] = {}

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        if self.every_steps is not None and (step + 1) % self.every_steps == 0:
            figures = {f"step_{name}": value for name, value in trainer.figures.read().items()}
            self._write("train", trainer.step, figures)

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        validation = {name[4:]: value for name, value in figures.items() if name.startswith("val_")}
        training = {name: value for name, value in figures.items() if not name.startswith("val_")}
        self._write("train", trainer.step, {**training, "learning_rate": trainer.optimizer.lr.item()})
        if validation:
            self._write("validation", trainer.step, validation)

    def _write(self, which: str, step: int, figures: Mapping[str, Any]) -> None:
        if which not in self._files:
            self._files[which] = EventFile(self.folder / which)
        numbers = {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}
        self._files[which].scalars(step, numbers)

    def on_fit_end(self, trainer: Trainer) -> None:
        self._close()

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
