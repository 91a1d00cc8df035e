"""Starts the libraries' processes and asks them in turn, so that all see the same machine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
REST = 0.3  # seconds between processes: the threads of some keep spinning for 0.2
LIBRARIES = {  # name: (module, environment)
    "numpy": ("numpy", {}),
    "torch": ("torch", {}),
    "jax": ("jax", {}),
    "weft": ("weft", {"WEFT_BACKEND": "cpu"}),
    "weft opencl": ("weft", {"WEFT_BACKEND": "opencl"}),
    "weft 1 thread": ("weft", {"WEFT_BACKEND": "cpu", "WEFT_NUM_THREADS": "1"}),
}


class Process:
    """One library. `problem` says why it cannot be asked."""

    def __init__(self, name: str, python: str = sys.executable) -> None:
        module, environment = LIBRARIES[name]
        self.process = subprocess.Popen(
            [python, "-m", "asv_bench.peers.worker", module],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.problem: str | None = None
        self.problem = self._reply().get("error")

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.problem = "its process ended"
            return {"error": self.problem}
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if line:
            return dict(json.loads(line))
        self.problem = "its process ended"
        return {"error": self.problem}

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def start(names: Iterable[str], pythons: dict[str, str]) -> dict[str, Process]:
    """The libraries that are there; the others are named with the reason."""
    found = {}
    for name in names:
        process = Process(name, pythons.get(LIBRARIES[name][0], sys.executable))
        if process.problem:
            print(f"{name} is left out: {process.problem}", file=sys.stderr)
            process.close()
        else:
            found[name] = process
    return found


def medians(row: str, processes: dict[str, Process], samples: int, rounds: int = 3) -> dict[str, dict[str, float]]:
    """Seconds by library and way: the median of `samples`, taken in rounds over all libraries."""
    seconds: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for name, process in processes.items():
            if process.problem:
                continue
            time.sleep(REST)
            reply = process.ask(row=row, samples=max(1, samples // rounds))
            if "error" in reply:
                print(f"{row}: {name}: {reply['error']}", file=sys.stderr)
                continue
            for way, values in reply.items():
                seconds.setdefault(name, {}).setdefault(way, []).extend(values)
    for process in processes.values():
        process.ask(done=row)
    return {name: {way: statistics.median(v) for way, v in ways.items()} for name, ways in seconds.items()}


def peak_memory(row: str, name: str, pythons: dict[str, str]) -> int | None:
    """Bytes above the level after the import, in a process of its own."""
    process = Process(name, pythons.get(LIBRARIES[name][0], sys.executable))
    try:
        reply = {} if process.problem else process.ask(memory=row)
        return reply.get("memory")
    finally:
        process.close()
