"""One OpenCL device: its context and queue, the programs built for it, its status words."""

from __future__ import annotations

import os
import threading
import warnings
from collections import deque
from typing import Any

import numpy as np
import pyopencl as cl

from weft.backend import BackendError, DeviceInfo

from .cache import BinaryCache
from .expressions import LIBRARY, Style
from .loops import Source

_PENDING = 64  # uploads whose host copy is kept until the device has read it
_SMALL = 1 << 20  # bytes: a smaller upload is copied, so that it need not wait for the queue


class Builds:
    """How many programs drivers built from source."""

    def __init__(self) -> None:
        self.count = 0


class Device:
    def __init__(self, device: Any, builds: Builds, cache: BinaryCache) -> None:
        self.cl = device
        self.lock = threading.RLock()  # every use of the queue, and of kernel objects
        self.builds = builds
        self.cache = cache
        self.context = cl.Context([device])
        self.queue = cl.CommandQueue(self.context, device)
        self._timing: Any = None
        # The class of device decides the shape of code. The variable lets tests run the GPU's shapes on a CPU runtime.
        shapes = os.environ.get("WEFT_OPENCL_SHAPES")
        self.is_cpu = shapes == "cpu" if shapes else bool(device.type & cl.device_type.CPU)
        self.style = self._style()
        self.units = max(1, int(device.max_compute_units))
        self.has_double = "cl_khr_fp64" in device.extensions.split()
        self.options = self._options()
        # The check that failed before this launch, which all its items see alike, and the one that failed in it.
        self.status = self.buffer(8)
        self.never = self.buffer(8)  # the status words of plans without a check: always 0
        for words in (self.status, self.never):
            cl.enqueue_copy(self.queue, words, np.zeros(2, np.int32), is_blocking=True)
        self.may_have_failed = False
        self._uploads: deque[tuple[Any, Any]] = deque()
        self._programs: dict[str, Any] = {}
        self._scratch: dict[str, Any] = {}

    def _options(self) -> list[str]:
        exact = cl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT
        return ["-cl-std=CL1.2"] + (
            ["-cl-fp32-correctly-rounded-divide-sqrt"] if self.cl.single_fp_config & exact else []
        )

    def _style(self) -> Style:
        if not self.is_cpu:
            return Style(cpu=False)
        if "intel" in self.cl.platform.name.lower():  # gives the same bits either way, but for acos
            return Style(cpu=True, wide_calls=frozenset({"acos"}))
        single = frozenset({"pow", "rem", "sin", "cos", "tan"})  # whose vector forms PoCL 3.1 computes wrongly
        return Style(cpu=True, wide_calls=frozenset(LIBRARY) - single, lane_calls=single)

    def info(self) -> DeviceInfo:
        kind = self.cl.type
        name = "gpu" if kind & cl.device_type.GPU else "cpu" if kind & cl.device_type.CPU else "accelerator"
        return DeviceInfo(
            name=f"{self.cl.name.strip()} ({self.cl.platform.name.strip()})",
            kind=name,
            memory=int(self.cl.global_mem_size),
        )

    # ---- memory

    def buffer(self, nbytes: int) -> Any:
        try:
            return cl.Buffer(self.context, cl.mem_flags.READ_WRITE, max(int(nbytes), 16))
        except (cl.MemoryError, cl.RuntimeError, cl.LogicError) as error:
            raise MemoryError(f"{self.cl.name.strip()} has no room for {nbytes} bytes: {error}") from None

    def scratch(self, name: str, nbytes: int) -> Any:
        """Room that kernels of one launch hand each other. The queue is in order, so one is enough for all launches."""
        have = self._scratch.get(name)
        if have is None or have.size < nbytes:
            self._scratch.pop(name, None)
            self._scratch[name] = have = self.buffer(nbytes)
        return have

    def upload(self, buffer: Any, data: Any, offset: int = 0) -> None:
        """Write host bytes; they may be reused on return. Small ones do not wait for the work before them."""
        if len(data) == 0:
            return
        small = len(data) <= _SMALL
        source = np.array(data) if small else data
        event = cl.enqueue_copy(self.queue, buffer, source, dst_offset=offset, is_blocking=not small)
        if small:  # a dropped event would wait for its copy
            self._uploads.append((event, source))
            done = cl.command_execution_status.COMPLETE
            while self._uploads and (
                len(self._uploads) > _PENDING or self._uploads[0][0].command_execution_status == done
            ):
                self._uploads.popleft()

    def timing_queue(self) -> Any:
        if self._timing is None:
            self._timing = cl.CommandQueue(
                self.context, self.cl, properties=cl.command_queue_properties.PROFILING_ENABLE
            )
        return self._timing

    def read_status(self) -> int:
        with self.lock:
            if not self.may_have_failed:
                return 0
            self.may_have_failed = False
            word = np.zeros(1, np.int32)
            cl.enqueue_copy(self.queue, word, self.status, is_blocking=True)
            if word[0]:
                cl.enqueue_copy(self.queue, self.status, np.zeros(2, np.int32), is_blocking=True)
            return int(word[0])

    # ---- programs

    def program(self, source: Source) -> Any:
        """The built program; from the cache on disk where it was built before."""
        with self.lock:
            built = self._programs.get(source.text)
            if built is None:
                self._programs[source.text] = built = self._build(source.text)
            return built

    def kernel(self, source: Source) -> Any:
        """A new kernel object, for one owner."""
        return cl.Kernel(self.program(source), source.name)

    def _build(self, text: str) -> Any:
        identity = (
            self.cl.platform.name,
            self.cl.platform.version,
            self.cl.name,
            self.cl.version,
            self.cl.driver_version,
        )
        key = self.cache.key(text, *identity, *self.options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some drivers log every success
            binary = self.cache.get(key)
            if binary is not None:
                try:
                    return self._built(self.context, [self.cl], [binary])
                except cl.Error:
                    self.cache.drop(key)
            self.builds.count += 1
            try:
                program = self._built(self.context, text)
            except cl.Error as error:
                raise BackendError(f"{self.cl.name.strip()} cannot build a kernel: {error}\n{text}") from None
            binaries: Any = program.get_info(cl.program_info.BINARIES)
        if binaries and binaries[0]:
            self.cache.put(key, bytes(binaries[0]))
        return program

    def _built(self, *source: Any) -> Any:
        # Not cl.Program, whose own cache of binaries would make the count of builds and the limit on disk wrong.
        program = cl._cl._Program(*source)
        program.build(" ".join(self.options).encode(), None)
        return program
