"""The progress bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

__all__ = ["Progress"]


class Progress:
    """One line on stderr, if that is a terminal: epoch, step, loss. Otherwise nothing.

    Parameters
    ----------
    epochs : int
        How many epochs there will be.
    show : bool, optional
        Whether to show it; by default if stderr is a terminal.
    """

    interval = 0.25  # seconds between two looks at the figures: each look waits for the device

    def __init__(self, epochs: int, show: bool | None = None) -> None:
        self.epochs = epochs
        self.show = sys.stderr.isatty() if show is None else show
        self._bar: Any = None
        self._task: Any = None
        self._last = time.monotonic()

    def __enter__(self) -> Progress:
        if self.show:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, TextColumn("{task.fields[figures]}"), console=Console(stderr=True))
            self._bar.start()
        return self

    def epoch(self, epoch: int, steps: int | None) -> None:
        """Begin an epoch of so many steps, if that is known."""
        if self._bar is not None:
            text = f"epoch {epoch + 1}/{self.epochs}"
            if self._task is None:
                self._task = self._bar.add_task(text, total=steps, figures="")
            else:
                self._bar.reset(self._task, total=steps, description=text)

    def due(self) -> bool:
        """Whether it is time for another look at the figures."""
        now = time.monotonic()
        if now - self._last < self.interval:
            return False
        self._last = now
        return True

    def update(self, steps: int, figures: Mapping[str, float]) -> None:
        """Show where the epoch is."""
        if self._bar is not None:
            text = "  ".join(f"{name} {value:.4f}" for name, value in figures.items() if name != "seconds")
            self._bar.update(self._task, completed=steps, figures=text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
