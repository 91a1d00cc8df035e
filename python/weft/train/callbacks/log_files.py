"""Figures in files: CSV, and JSON lines."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from weft import Tensor
from weft._files import write_files

from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

__all__ = ["CSVLogger", "JSONLogger"]


class _LogFile(Callback):
    """A text file with a line for each epoch. A resumed training goes on after the last epoch it knows of."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: IO[str] | None = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines: list[str] = []
        if trainer.resuming and self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        # What came after the checkpoint comes again; a line without its end was cut off.
        kept = [line for line in lines if line.endswith("\n") and self._is_before(line, trainer)]
        write_files({self.path: [line.encode() for line in kept]})
        self._file = open(self.path, "a", encoding="utf-8", newline="")  # noqa: SIM115 closed at the end of the fit

    def _is_before(self, line: str, trainer: Trainer) -> bool:
        """Whether a line was written before the checkpoint that the training goes on from."""
        raise NotImplementedError

    def _write(self, text: str) -> None:
        assert self._file is not None
        self._file.write(text)
        self._file.flush()

    def on_fit_end(self, trainer: Trainer) -> None:
        self._close()

    def on_fit_error(self, trainer: Trainer, error: BaseException) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class CSVLogger(_LogFile):
    """Write the figures of each epoch as a line of comma-separated values, under a line with their names.

    Parameters
    ----------
    path : path
        A new ``fit`` replaces it, a resumed one goes on.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.CSVLogger("run/log.csv")
    """

    def on_fit_begin(self, trainer: Trainer) -> None:
        super().on_fit_begin(trainer)
        with open(self.path, encoding="utf-8", newline="") as file:
            self._names = next(csv.reader(file), [])

    def _is_before(self, line: str, trainer: Trainer) -> bool:
        epoch = line.partition(",")[0]
        return epoch == "epoch" or (epoch.isdecimal() and int(epoch) < trainer.epoch)

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        row = {"epoch": epoch, "step": trainer.step, **figures}
        if not self._names:
            self._names = list(row)
            self._write(_csv(self._names))
        self._write(_csv([row.get(name, "") for name in self._names]))


def _csv(values: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


class JSONLogger(_LogFile):
    """Write the figures of each epoch, and if wanted of steps, each as a line of JSON.

    Lines have ``time`` in seconds since 1970, ``epoch``, ``step`` and the figures; those of steps have the means so far
    in their epoch.

    Parameters
    ----------
    path : path
        A new ``fit`` replaces it, a resumed one goes on.
    every_steps : int, optional
        Write a line after so many steps too. Each waits for the device.

    Examples
    --------
    >>> import weft
    >>> callback = weft.train.JSONLogger("run/log.jsonl", every_steps=100)
    """

    def __init__(self, path: str | os.PathLike[str], every_steps: int | None = None) -> None:
        super().__init__(path)
        if every_steps is not None and (not isinstance(every_steps, int) or every_steps < 1):
            raise ValueError(f"JSONLogger: every_steps must be a positive integer, not {every_steps!r}")
        self.every_steps = every_steps

    def _is_before(self, line: str, trainer: Trainer) -> bool:
        try:
            entry = json.loads(line)
            if entry.get("end_of_epoch"):
                return bool(entry["epoch"] < trainer.epoch)
            return bool(entry["step"] <= trainer.step)
        except (ValueError, KeyError, TypeError, AttributeError):
            return False

    def on_step_end(self, trainer: Trainer, step: int, loss: Tensor) -> None:
        if self.every_steps is not None and (step + 1) % self.every_steps == 0:
            self._add({"epoch": trainer.epoch, "step": trainer.step, **trainer.figures.read()})

    def on_epoch_end(self, trainer: Trainer, epoch: int, figures: Mapping[str, Any]) -> None:
        self._add({"epoch": epoch, "step": trainer.step, "end_of_epoch": True, **figures})

    def _add(self, values: dict[str, Any]) -> None:
        self._write(json.dumps({"time": time.time(), **values}) + "\n")
