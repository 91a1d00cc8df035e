"""The backend under test: its device, what it can do, and how large the inputs may be."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import weft
from weft import _core
from weft.testing.samples import NUMPY, Array, to_weft

__all__ = ["Target"]


class Target:
    """A device by its name, with the questions tests ask about it.

    Attributes
    ----------
    device : weft.device
    dtypes : tuple of str
        Those it lists, with the complex ones whose parts it has.
    rate : float
        Elements per second of a small elementwise operation.
    """

    def __init__(self, name: str) -> None:
        self.device = weft.device(name)
        capabilities: dict[str, Any] = _core._capabilities(self.device)
        self.max_alloc: int = capabilities.get("max_alloc", 0)
        self.max_args: int = capabilities.get("max_args", 16)
        self.shared_memory: bool = capabilities.get("shared_memory", False)
        self.kinds: frozenset[str] = frozenset(capabilities["kinds"])
        listed = set(capabilities["dtypes"])
        for whole, part in (("complex64", "float32"), ("complex128", "float64")):
            (listed.add if part in listed else listed.discard)(whole)
        self.dtypes = tuple(d for d in NUMPY if d in listed)
        with self.device:
            self.rate = self._measured()
            self.flushes = self._flushes()

    def __repr__(self) -> str:
        return f"<{self.device.name}: {self.device.description}>"

    def has(self, dtype: str) -> bool:
        return dtype in self.dtypes

    def need(self, *dtypes: str) -> None:
        """Skip the test where the device lacks one of these."""
        for dtype in dtypes:
            if not self.has(dtype):
                pytest.skip(f"{self.device.name} has no {dtype}")

    def need_bytes(self, nbytes: int) -> None:
        """Skip the test where a buffer of this size cannot be."""
        if self.max_alloc and nbytes > self.max_alloc:
            pytest.skip(f"{self.device.name} allows at most {self.max_alloc} bytes in a buffer")

    def budget(self, wanted: int, seconds: float = 0.05, itemsize: int = 4) -> int:
        """At most `wanted` elements: as many as fit a buffer, and as take about this long in a small operation."""
        most = min(wanted, max(64, int(self.rate * seconds)))
        return min(most, self.max_alloc // itemsize) if self.max_alloc else most

    @property
    def slow(self) -> bool:
        """An interpreter of one element at a time: sorts and products of any size take seconds."""
        return self.rate < 3e6

    def _measured(self) -> float:
        n = 2000
        while True:
            x = to_weft(np.linspace(0, 1, n, dtype=np.float32), "float32")
            (x * x + 0.5).numpy()
            start = time.perf_counter()
            (x * x + 0.5).numpy()
            seconds = time.perf_counter() - start
            if seconds > 0.01 or n >= 200_000:
                return n / max(seconds, 1e-6)
            n *= 10

    def _flushes(self) -> bool:
        tiny: Array = np.array([1e-40], np.float32)
        return bool((to_weft(tiny, "float32") * 1.0).numpy()[0] == 0)
