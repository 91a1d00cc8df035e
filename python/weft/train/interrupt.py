"""Ctrl-C and SIGTERM between two steps, not in the middle of one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupt"]

# What each signal does when nobody asked otherwise: only then is it ours to take.
_DEFAULTS: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interrupt:
    """While it is entered, the first Ctrl-C or SIGTERM sets ``requested``; the second ends the program at once.

    Does nothing outside the main thread, or for a signal that the program handles itself.
    """

    def __init__(self) -> None:
        self.requested = False
        self._signal: int | None = None
        self._installed: list[signal.Signals] = []

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number, default in _DEFAULTS.items():
                if signal.getsignal(number) is default:
                    signal.signal(number, self._handle)
                    self._installed.append(number)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        if self.requested:
            self.pass_on()
        self.requested = True

    def pass_on(self) -> None:
        """Raise what the signal stands for: KeyboardInterrupt, or SystemExit with 128 + 15 as shells count it."""
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self._signal is not None:
            raise SystemExit(128 + self._signal)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._installed:
            signal.signal(number, _DEFAULTS[number])
        self._installed.clear()
