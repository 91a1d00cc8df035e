"""What does not depend on the machine's load: kernels, bytes moved, memory."""

import weft
from weft.nn import functional as F

from .backends import NAMES, OnBackend, run
from .training import MODELS, compiled_step

FUNCTIONS = {
    "softmax": lambda x, labels: F.softmax(x, -1),
    "layer norm": lambda x, labels: F.layer_norm(x, x.shape[-1:]),
    "cross entropy": lambda x, labels: F.cross_entropy(x, labels),
}


class Kernels(OnBackend):
    """Launched for the value and the gradient of a function of 64 rows."""

    params = (NAMES, tuple(FUNCTIONS))
    param_names = ("backend", "function")
    unit = "kernels"

    def prepare(self, function):
        self.function = FUNCTIONS[function]
        self.x, self.labels = self.normal(64, 64).requires_grad_(), self.integers(64, 64)
        run(self.x, self.labels)

    def track_forward(self, *_):
        with weft.profile() as profile, weft.no_grad():
            run(self.function(self.x, self.labels))
        return len(profile.kernels)

    def track_forward_and_backward(self, *_):
        with weft.profile() as profile:
            (self.function(self.x, self.labels) ** 2).sum().backward()
            run(self.x.grad)
        return len(profile.kernels)


class TrainingStep(OnBackend):
    """A compiled step of Adam, once it is warm."""

    params = (NAMES, tuple(MODELS))
    param_names = ("backend", "model")

    def prepare(self, model):
        self.step = compiled_step(model)
        for _ in range(3):
            self.step()

    def _profile(self):
        with weft.profile() as profile:
            self.step()
        return profile

    def track_kernels(self, *_):
        return len(self._profile().kernels)

    def track_bytes(self, *_):
        return sum(kernel.bytes for kernel in self._profile().kernels)

    def track_kernel_builds(self, *_):
        before = weft.kernel_builds()
        self.step()
        return weft.kernel_builds() - before

    def track_peak_memory(self, *_):
        weft.reset_peak_memory()
        self.step()
        return weft.memory_stats()["peak"]

    def peakmem_process(self, *_):
        self.step()

    track_kernels.unit = "kernels"
    track_bytes.unit = "bytes"
    track_kernel_builds.unit = "builds"
    track_peak_memory.unit = "bytes"
