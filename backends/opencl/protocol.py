"""The protocol of `weft.backend` on OpenCL: every device of every platform, whatever the vendor.

How a kernel becomes code: loops.py and contract.py (shapes of code), tape.py (statements), expressions.py, access.py,
reduce.py. How it runs: programs.py (which shape for which sizes), device.py (queue, builds, memory). How devices are
found: platforms.py, probe.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyopencl as cl

from weft.backend import Backend, Capabilities, DeviceInfo, Kernel, Plan, Unsupported

from .cache import BinaryCache
from .device import Builds, Device
from .expressions import KNOWN
from .names import STORAGE
from .probe import find_devices
from .programs import Binding, Program

KINDS = frozenset({"loop", "gemm", "conv"})
_CORE = {"imm", "param", "index", "load", "store", "check"}
_REDUCTIONS = {f"reduce.{op}" for op in ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin")}


def _largest_buffer(device: Any) -> int:
    """What the device says; but Intel's GPUs address over 4 GiB only with options that other drivers refuse."""
    limit = int(device.max_mem_alloc_size)
    if "intel" in device.vendor.lower() and device.type & cl.device_type.GPU:
        limit = min(limit, (4 << 30) - 4096)
    return limit


class Executable:
    """A loaded plan: its parameter words on the device, and a binding for each launch."""

    def __init__(self, device: Device, plan: Plan) -> None:
        self.device = device
        self.checks = any(launch.program.checks for launch in plan.launches)
        self.words = device.buffer(8 * plan.param_words)
        self.last: Any = None  # the words that are there now
        status = device.status if self.checks else device.never
        self.bindings = [
            Binding(launch.program, launch.slots, launch.first_param, self.words, status) for launch in plan.launches
        ]


class OpenCLBackend(Backend):
    """OpenCL devices. `problems` says what was left out, and why."""

    name = "opencl"

    def __init__(self) -> None:
        self._builds = Builds()
        self.found, self.problems = find_devices(self._builds, BinaryCache())
        self.capabilities = self._capabilities()

    def _capabilities(self) -> Capabilities:
        """What all devices can do: the capabilities of a backend are one for all of them."""
        devices = [device.cl for device in self.found]
        dtypes = set(STORAGE)
        if not all(device.has_double for device in self.found):
            dtypes.discard("float64")
        return Capabilities(
            dtypes=frozenset(dtypes),
            kinds=KINDS,
            extra=frozenset({"philox"}),
            max_args=min([32, *((int(d.max_parameter_size) - 128) // 8 for d in devices)]),
            max_param_words=4096,
            max_registers=128,
            max_instrs=2048,
            local_memory=min((int(d.local_mem_size) for d in devices), default=0),
            max_alloc=min((_largest_buffer(d) for d in devices), default=0),
            alignment=128,
        )

    def devices(self) -> list[DeviceInfo]:
        return [device.info() for device in self.found]

    def alloc(self, device: int, nbytes: int) -> Any:
        return self.found[device].buffer(nbytes)

    def free(self, device: int, buffer: Any) -> None:
        buffer.release()  # the driver keeps it until the commands that use it are done

    def copy_in(self, device: int, dst: Any, offset: int, src: memoryview) -> None:
        target = self.found[device]
        with target.lock:
            target.upload(dst, np.frombuffer(src, np.uint8), offset)

    def copy_out(self, device: int, dst: memoryview, src: Any, offset: int) -> None:
        if dst.nbytes:
            source = self.found[device]
            with source.lock:
                cl.enqueue_copy(source.queue, np.frombuffer(dst, np.uint8), src, src_offset=offset, is_blocking=True)

    def compile(self, device: int, kernel: Kernel) -> Program:
        if kernel.kind not in KINDS:
            raise Unsupported(f"no kind {kernel.kind!r}")
        for instr in kernel.instrs:
            if instr.op not in KNOWN and instr.op not in _CORE and instr.op not in _REDUCTIONS:
                raise Unsupported(f"no instruction {instr.op!r}")
            if instr.type == "float64" and not self.found[device].has_double:
                raise Unsupported("the device has no float64")
        return Program(self.found[device], kernel)

    def load(self, device: int, plan: Plan) -> Executable:
        return Executable(self.found[device], plan)

    def run(
        self, executable: Executable, buffers: Sequence[Any], params: memoryview, measure: bool
    ) -> list[float] | None:
        device = executable.device
        words = np.frombuffer(params, np.int64) if params.nbytes else np.zeros(0, np.int64)
        with device.lock:
            if executable.last is None or not np.array_equal(executable.last, words):
                executable.last = words.copy()
                device.upload(executable.words, executable.last.view(np.uint8))
            device.may_have_failed |= executable.checks
            if measure:
                device.queue.finish()
                return [self._measured(device, binding, buffers, words) for binding in executable.bindings]
            for binding in executable.bindings:
                binding.enqueue(device.queue, buffers, words)
            device.queue.flush()
        return None

    def _measured(self, device: Device, binding: Binding, buffers: Sequence[Any], words: Any) -> float:
        queue = device.timing_queue()
        events = binding.enqueue(queue, buffers, words)
        queue.finish()
        nanoseconds = sum(int(event.profile.end - event.profile.start) for event in events)
        return nanoseconds * 1e-9

    def wait(self, device: int) -> None:
        self.found[device].queue.finish()

    def status(self, device: int) -> int:
        return self.found[device].read_status()

    def kernel_builds(self) -> int:
        return self._builds.count
