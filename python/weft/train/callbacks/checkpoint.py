"""Checkpoints, to go on from after a crash, and of the best model."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import Tensor
from weft._files import discard, remove_parts

from .base import Callback
from .monitor import Best, figure

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["AutoCheckpoint", "Checkpoint"]


class Checkpoint(Callback):
    """Write checkpoints in a folder, from which ``fit(resume="auto")`` or ``fit(resume=folder)`` goes on exactly.

    Each is a folder such as ``step-00000120-epoch-0003``, written aside and then renamed, so that it is whole wherever
    it is seen. When one cannot be written in the middle of a training, a warning says so and the training goes on; at
    the end of a ``fit`` it is an error.

    Parameters
    ----------
    folder : path
        Where they go. Made if it is not there.
    every_epochs, every_steps : int, optional
        Write one after so many epochs or steps. By default after each epoch, if nothing else is asked for.
    every_seconds : float, optional
        Write one when so many seconds have passed since the last.
    monitor : str, optional
        Write one after each epoch in which this figure is better than ever.
    mode : {"auto", "min", "max"}
        What is better; "auto" knows it by the name.
    keep : int or None
        How many of the latest are kept, besides the best; None keeps all.

    Attributes
    ----------
    latest, best : Path or None
        The last one, and that of the best epoch.

    Examples
    --------
    >>> import weft
    >>> every = weft.train.Checkpoint("run/checkpoints", every_seconds=600)
    >>> best = weft.train.Checkpoint("run/best", monitor="val_accuracy", keep=1)
    """

    order = 100  # it holds what the other callbacks did at this step

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_epochs: int | None = None,
        every_steps: int | None = None,
        every_seconds: float | None = None,
        monitor: str | None = None,
        mode: str = "auto",
        keep: int | None = 2,
    ) -> None:
        given = {"every_epochs": every_epochs, "every_steps": every_steps, "keep": keep}
        for name, value in given.items():
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"Checkpoint: {name} must be a positive integer, not {value!r}")
        if every_seconds is not None and not every_seconds > 0:
            raise ValueError(f"Checkpoint: every_seconds must be more than 0, not {every_seconds!r}")
        if all(when is None for when in (every_epochs, every_steps, every_seconds, monitor)):
            every_epochs = 1
        self.folder = Path(folder)
        self.every_epochs, self.every_steps, self.every_seconds = every_epochs, every_steps, every_seconds
        self.keep = keep
        self._monitor = Best(monitor, mode) if monitor is not None else None
        self.latest: Path | None = None
        self.best: Path | None = None
        self._written: set[Path] = set()
        self._written_at = time.monotonic()

    # ---- when

    def on_fit_begin(self, trainer: Trainer) -> None:
        from ..run_folder import checkpoints

        remove_parts(self.folder)
        self._written_at, self.latest, self.best = time.monotonic(), None, None
        if self._monitor is not None:
            self._monitor.value = None
        earlier = [path for path in checkpoints(self.folder) if path not in self._written]
        if earlier and not trainer.resuming:
            raise FileExistsError(
                f"{self.folder} holds checkpoints of an unfinished run (the last is {earlier[-1].name}); go on from it "
                'with resume (fit(resume="auto"), or --resume), name another folder, or delete it'
            )

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        by_steps = self.every_steps is not None and (step + 1) % self.every_steps == 0
        if by_steps or (self.every_seconds is not None and self._seconds_are_over(self.every_seconds)):
            self._try(trainer)

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        better = self._monitor is not None and self._monitor.improved(figure(self, self._monitor.monitor, figures))
        if better or (self.every_epochs is not None and (epoch + 1) % self.every_epochs == 0):
            self._try(trainer, best=better)

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._monitor is None or trainer.pause:
            self.write(trainer)

    def _seconds_are_over(self, seconds: float) -> bool:
        return time.monotonic() - self._written_at >= seconds

    # ---- what

    def write(self, trainer: Trainer, best: bool = False) -> Path:
        """Write a checkpoint now, and delete those that are not to be kept.

        Returns
        -------
        Path
            Its folder.
        """
        from .. import checkpoint
        from ..run_folder import checkpoint_path, checkpoints, is_whole

        path = checkpoint_path(self.folder, trainer.step, trainer.epoch)
        trainer.call("on_checkpoint", path)
        if best:
            self.best = path
        if not is_whole(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            checkpoint.write(trainer, path)
        self._written.add(path)
        self.latest, self._written_at = path, time.monotonic()
        if self.keep is not None:
            for old in checkpoints(self.folder)[: -self.keep]:
                if old != self.best:
                    discard(old)
        return path

    def _try(self, trainer: Trainer, best: bool = False) -> None:
        before = self.best
        try:
            self.write(trainer, best)
        except OSError as error:
            self.best, self._written_at = before, time.monotonic()
            warnings.warn(
                f"no checkpoint at step {trainer.step}: {error}. The training goes on; make room, or it is lost with "
                "this process",
                RuntimeWarning,
                stacklevel=2,
            )

    def state_dict(self) -> dict[str, Any]:
        if self._monitor is None:
            return {}
        return {"value": self._monitor.value, "best": self.best.name if self.best is not None else None}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if self._monitor is not None:
            self._monitor.value = state["value"]
            self.best = self.folder / state["best"] if state["best"] is not None else None


class AutoCheckpoint(Checkpoint):
    """What ``fit(save=...)`` adds: a checkpoint every few seconds, rarer if writing takes long.

    They are deleted once the training is saved as a whole.
    """

    share = 0.05  # of the time may go into writing

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, every_seconds=5.0)
        self._seconds = 0.0

    def write(self, trainer: Trainer, best: bool = False) -> Path:
        start = time.monotonic()
        path = super().write(trainer, best)
        self._seconds = time.monotonic() - start
        return path

    def _seconds_are_over(self, seconds: float) -> bool:
        return super()._seconds_are_over(max(seconds, self._seconds / self.share))

    def on_fit_end(self, trainer: Trainer) -> None:
        """The whole training is saved next."""

    def remove(self) -> None:
        """Delete all of them."""
        from ..run_folder import checkpoints

        for path in checkpoints(self.folder):
            discard(path)
        with contextlib.suppress(OSError):  # there is something else in it, or it was never made
            self.folder.rmdir()
