"""The protocol of `weft.backend` over NumPy: what every backend has to provide, at its simplest.

Read this file first, then loop.py (how a kernel runs), memory.py (what an access touches), arithmetic.py (the
instructions), dtypes.py (storage types), and kinds.py (the optional kinds).
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.backend import Backend, Capabilities, DeviceInfo, Kernel, Plan, Unsupported

from .arithmetic import ARITHMETIC, REDUCTIONS
from .dtypes import STORAGE, Array
from .kinds import run_contraction, run_scan, run_scatter, run_sort
from .loop import Tape

_CORE = {"imm", "param", "index", "load", "store", "check"}


def run_loop(kernel: Kernel, words: Array, buffers: list[Array]) -> int:
    return Tape(kernel, words, buffers).run()


KINDS: dict[str, Callable[[Kernel, Array, list[Array]], int]] = {
    "loop": run_loop,
    "gemm": run_contraction,
    "conv": run_contraction,
    "sort": run_sort,
    "scan": run_scan,
    "scatter": run_scatter,
}


class ReferenceBackend(Backend):
    """Kernels in plain NumPy, at once and in order. Slow, and meant to be right."""

    name = "reference"
    capabilities = Capabilities(
        dtypes=frozenset(STORAGE),
        kinds=frozenset(KINDS),
        extra=frozenset({"philox"}),
        max_args=32,
        max_param_words=4096,
        max_registers=256,
        max_instrs=4096,
    )

    def __init__(self) -> None:
        self._failed = 0

    def devices(self) -> list[DeviceInfo]:
        return [DeviceInfo(name=f"NumPy {np.__version__} on {platform.machine()}", kind="cpu")]

    # Buffers are byte arrays. A little longer than asked, so that a view as any type divides them evenly.

    def alloc(self, device: int, nbytes: int) -> Array:
        return np.empty(math.ceil(nbytes / 8) * 8, np.uint8)  # raises MemoryError by itself

    def copy_in(self, device: int, dst: Array, offset: int, src: memoryview) -> None:
        dst[offset : offset + src.nbytes] = np.frombuffer(src, np.uint8)

    def copy_out(self, device: int, dst: memoryview, src: Array, offset: int) -> None:
        np.frombuffer(dst, np.uint8)[:] = src[offset : offset + dst.nbytes]

    # A program is the kernel itself, and an executable the plan: there is nothing to prepare.

    def compile(self, device: int, kernel: Kernel) -> Kernel:
        if kernel.kind not in KINDS:
            raise Unsupported(f"no kind {kernel.kind!r}")
        for instr in kernel.instrs:
            if instr.op not in ARITHMETIC and instr.op not in REDUCTIONS and instr.op not in _CORE:
                raise Unsupported(f"no instruction {instr.op!r}")
        return kernel

    def load(self, device: int, plan: Plan) -> Plan:
        return plan

    def run(self, executable: Plan, buffers: Sequence[Any], params: memoryview, measure: bool) -> list[float] | None:
        words = np.frombuffer(params, np.int64) if params.nbytes else np.zeros(0, np.int64)
        checked = any(instr.op == "check" for launch in executable.launches for instr in launch.program.instrs)
        seconds = []
        for launch in executable.launches:
            start = time.perf_counter()
            # While a failure has not been read, plans that can fail do nothing; nor does the rest of the plan that
            # failed.
            if not (checked and self._failed):
                kernel: Kernel = launch.program
                arguments = [buffers[slot] for slot in launch.slots]
                with np.errstate(all="ignore"):
                    failed = KINDS[kernel.kind](kernel, words[launch.first_param :], arguments)
                self._failed = self._failed or failed
            seconds.append(time.perf_counter() - start)
        return seconds if measure else None

    def wait(self, device: int) -> None:
        """Nothing to wait for: `run` returns when the work is done."""

    def status(self, device: int) -> int:
        failed, self._failed = self._failed, 0
        return failed
