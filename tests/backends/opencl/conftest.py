"""Devices for the tests, and the kernels they share with the reference backend's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "reference"))


def _backend() -> Any:
    reason = ""
    try:
        from weft.backends.opencl import OpenCLBackend

        backend = OpenCLBackend()
        if backend.devices():
            return backend
        reason = "; ".join(backend.problems)
    except ImportError as error:
        reason = str(error)
    message = f"no OpenCL device: {reason}"
    if os.environ.get("WEFT_REQUIRE_OPENCL") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def opencl() -> Any:
    """The backend on the devices that are here (WEFT_OPENCL_PLATFORM picks one of several)."""
    return _backend()


@pytest.fixture(scope="session")
def opencl_gpu_shapes() -> Any:
    """The same devices, with the code that GPUs get."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEFT_OPENCL_SHAPES", "gpu")
        return _backend()
