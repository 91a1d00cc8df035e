"""Each benchmark runs once for each backend; those that this machine has no device for are skipped."""

import os

import numpy as np

import weft
from weft.backend import BackendError

NAMES = tuple(os.environ.get("WEFT_BENCH_BACKENDS", "cpu,opencl").split(","))


class OnBackend:
    """Benchmarks whose first parameter is a backend, the default device while they run."""

    params = NAMES
    param_names = ("backend",)

    def setup(self, backend, *parameters):
        try:
            weft.set_default_device(backend)
        except BackendError as error:
            raise NotImplementedError(str(error)) from None  # asv's word for "skip"
        self.rng = np.random.default_rng(0)
        self.prepare(*parameters)

    def prepare(self):
        """Inputs, and what should be compiled before the first measurement."""

    def normal(self, *shape):
        return weft.asarray(self.rng.standard_normal(shape, dtype="float32"))

    def integers(self, high, *shape):
        return weft.asarray(self.rng.integers(0, high, shape))


def run(*tensors):
    """Compute these, and wait."""
    weft.eval(*tensors)
    weft.synchronize()
