"""The process of one library: reads requests as lines of JSON, answers in kind.

``{"row": NAME, "samples": N}`` asks for N seconds of each way to compute the row; ``{"memory": NAME}`` for the peak, in
bytes, above the level after the import; ``{"done": NAME}`` lets the row's data go.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from .row import Thunk
from .rows import ROWS

SAMPLE = 0.01  # seconds that one sample takes at least
WARM = 0.3  # seconds of warming up before the first


class Timer:
    """One way of one row, warmed up."""

    def __init__(self, thunk: Thunk, sync: Thunk, calls: int) -> None:
        self.thunk, self.sync = thunk, sync
        self.units = calls * getattr(thunk, "calls", 1)
        self.repeats = 1
        self._seconds()  # compiles
        begin, once = time.perf_counter(), self._seconds()
        while time.perf_counter() - begin < WARM:
            once = min(once, self._seconds())
        self.repeats = max(1, round(SAMPLE / once))

    def _seconds(self) -> float:
        begin = time.perf_counter()
        for _ in range(self.repeats):
            result = self.thunk()
            self.sync(result)
        return (time.perf_counter() - begin) / self.repeats

    def sample(self) -> float:
        return self._seconds() / self.units


class Worker:
    def __init__(self, library: Any) -> None:
        self.library = library
        self.timers: dict[str, dict[str, Timer]] = {}

    def _row(self, name: str) -> dict[str, Timer]:
        if name not in self.timers:
            row = ROWS[name]
            ways = row.make(self.library)
            self.timers[name] = {way: Timer(thunk, self.library.sync, row.calls) for way, thunk in ways.items()}
        return self.timers[name]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "done" in request:
            self.timers.pop(request["done"], None)
            return {}
        if "memory" in request:
            return {"memory": self._peak(request["memory"])}
        timers = self._row(request["row"])
        return {way: [timer.sample() for _ in range(request["samples"])] for way, timer in timers.items()}

    def _peak(self, name: str) -> int:
        """Of the first way to compute the row."""
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        before = _status("VmRSS")
        _, thunk = next(iter(ROWS[name].make(self.library).items()))
        for _ in range(3):
            self.library.sync(thunk())
        return _status("VmHWM") - before


def _status(field: str) -> int:
    """A figure of this process, in bytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer
    try:
        worker = Worker(importlib.import_module(f".libraries.of_{sys.argv[1]}", __package__).Library())
        reply: dict[str, Any] = {"ready": True}
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), file=answers, flush=True)
    for line in sys.stdin:
        try:
            reply = worker.answer(json.loads(line))
        except NotImplementedError:
            reply = {}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
