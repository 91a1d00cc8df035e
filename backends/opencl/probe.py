"""Which devices to believe: a platform may be listed and fail every build, so each device has to run a kernel first."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyopencl as cl

from .cache import BinaryCache
from .device import Builds, Device
from .loops import Source
from .platforms import drivers_in_sight

_KERNEL = Source(
    "__kernel void probe(__global int* x, const int y) { const int i = get_global_id(0); x[i] = x[i] * 3 + y; }\n",
    "probe",
)


def _order(device: Device) -> int:
    return {"gpu": 0, "accelerator": 1, "cpu": 2}[device.info().kind]


def find_devices(builds: Builds, cache: BinaryCache) -> tuple[list[Device], list[str]]:
    """All devices that work, GPUs first, and for each platform or device left out the reason."""
    found: list[Device] = []
    problems: list[str] = []
    wanted = os.environ.get("WEFT_OPENCL_PLATFORM", "").lower()
    try:
        with drivers_in_sight():
            platforms = cl.get_platforms()
    except cl.Error as error:
        return [], [f"no OpenCL platform: {error}"]
    for platform in platforms:
        try:
            name = platform.name.strip()
            if wanted not in name.lower():
                continue
            devices = platform.get_devices()
        except cl.Error as error:
            problems.append(f"a platform cannot list its devices: {error}")
            continue
        for candidate in devices:
            try:
                device = Device(candidate, builds, cache)
                _check(device)
                found.append(device)
            except Exception as error:  # whatever a broken driver raises, the others are not affected
                problems.append(f"{name}: {_first_line(error)}")
    if not found and not problems:
        problems.append(f"no OpenCL platform is named {wanted!r}" if wanted else "no OpenCL platform is installed")
    return sorted(found, key=_order), problems


def _check(device: Device) -> None:
    """Build a kernel, run it, and look at what it computed."""
    data = np.arange(32, dtype=np.int32)
    buffer = device.buffer(data.nbytes)
    cl.enqueue_copy(device.queue, buffer, data, is_blocking=True)
    kernel: Any = device.kernel(_KERNEL)
    kernel.set_args(buffer, np.int32(5))
    cl.enqueue_nd_range_kernel(device.queue, kernel, (32,), (16,))
    result = np.zeros_like(data)
    cl.enqueue_copy(device.queue, result, buffer, is_blocking=True)
    if not np.array_equal(result, data * 3 + 5):
        raise RuntimeError(f"{device.cl.name.strip()} computed a wrong result in the probe kernel")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
