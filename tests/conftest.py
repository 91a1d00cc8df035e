"""What all tests share: a backend at a time, and the same random numbers every time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import numpy as np
import pytest

import weft
from weft.backend import BackendError

# All of them in one run; with WEFT_BACKEND set, that one.
BACKENDS = os.environ.get("WEFT_BACKEND", "cpu,reference,opencl").split(",")

hypothesis.settings.register_profile(
    "weft", deadline=None, max_examples=int(os.environ.get("WEFT_TEST_EXAMPLES", "60")), derandomize=True
)
hypothesis.settings.load_profile("weft")


def _unusable(name: str) -> str | None:
    try:
        weft.device(name)
    except BackendError as error:
        return str(error)
    return None


_reasons: dict[str, str | None] = {}


def require(name: str) -> None:
    """Skip where there is no OpenCL device; any other backend that fails is a failure."""
    if name not in _reasons:
        _reasons[name] = _unusable(name)
    if reason := _reasons[name]:
        if name == "opencl" and os.environ.get("WEFT_REQUIRE_OPENCL") != "1":
            pytest.skip(reason)
        pytest.fail(reason)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of a backend that works."""
    require(request.param)
    return str(request.param)


@pytest.fixture
def device(backend: str) -> Iterator[weft.device]:
    """Its first device, where new tensors go during the test."""
    with weft.device(backend) as chosen:
        yield chosen


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1234)
