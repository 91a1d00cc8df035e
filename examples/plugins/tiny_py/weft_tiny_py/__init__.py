"""A backend in Python: each kernel becomes a Python function, and a plan is a list of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from weft.backend import Backend, Capabilities, DeviceInfo, Kernel, Plan, Unsupported

from .source import FORMAT, NAMES, source_of


@dataclass(frozen=True)
class Program:
    run: Callable[[memoryview, list[memoryview]], int]
    checks: bool


class TinyPython(Backend):
    """One element at a time, in Python. Slow; made to be read."""

    name = "tiny_py"
    capabilities = Capabilities(dtypes=frozenset(FORMAT), max_args=8, max_instrs=1024)

    def __init__(self) -> None:
        self._failed = 0

    def devices(self) -> list[DeviceInfo]:
        return [DeviceInfo(name=f"Python {sys.version.split()[0]}", kind="cpu")]

    # Buffers: whole words, so that a view of any type divides them.

    def alloc(self, device: int, nbytes: int) -> memoryview:
        return memoryview(bytearray((nbytes + 7) // 8 * 8))

    def copy_in(self, device: int, dst: memoryview, offset: int, src: memoryview) -> None:
        dst[offset : offset + src.nbytes] = src.cast("B")

    def copy_out(self, device: int, dst: memoryview, src: memoryview, offset: int) -> None:
        dst.cast("B")[:] = src[offset : offset + dst.nbytes]

    # Programs and plans.

    def compile(self, device: int, kernel: Kernel) -> Program:
        if kernel.kind != "loop":
            raise Unsupported(kernel.kind)  # the core lowers it to loops
        text = source_of(kernel)
        if os.environ.get("TINY_PY_SHOW"):
            print(text, file=sys.stderr)
        names = dict(NAMES)
        exec(compile(text, "<kernel>", "exec"), names)  # the text is our own
        return Program(names["run"], any(i.op == "check" for i in kernel.instrs))

    def load(self, device: int, plan: Plan) -> Plan:
        return plan  # each launch holds its Program: there is nothing to prepare

    def run(self, executable: Plan, buffers: Sequence[Any], params: memoryview, measure: bool) -> list[float] | None:
        seconds, failed = [], 0
        for launch in executable.launches:
            start = time.perf_counter()
            if not failed:  # after a failed check nothing of this plan has any effect
                failed = launch.program.run(params[launch.first_param :], [buffers[slot] for slot in launch.slots])
            seconds.append(time.perf_counter() - start)
        self._failed = self._failed or failed
        return seconds if measure else None

    def wait(self, device: int) -> None:
        """Nothing to wait for: `run` returns when the work is done."""

    def status(self, device: int) -> int:
        failed, self._failed = self._failed, 0
        return failed
