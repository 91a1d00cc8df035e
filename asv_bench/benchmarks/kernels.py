"""Single kernels, float32, on the default device (set WEFT_BACKEND to choose)."""

import numpy as np

import weft
from weft.nn import functional as F


def _random(*shape):
    return weft.asarray(np.random.default_rng(0).normal(size=shape).astype("float32"))


def _run(*tensors):
    weft.eval(*tensors)
    weft.synchronize()


class Gemm:
    """Square products."""

    params = (64, 256, 1024)
    param_names = ("n",)

    def setup(self, n):
        self.a, self.b = _random(n, n), _random(n, n)
        self.time_matmul(n)

    def time_matmul(self, n):
        _run(self.a @ self.b)


class Elementwise:
    """Ten million elements; the first bounded by arithmetic, the second by memory."""

    def setup(self):
        self.x, self.y = _random(10_000_000), _random(10_000_000)
        self.time_chain()
        self.time_add()

    def time_chain(self):
        _run((self.x * 1.5 + self.y).tanh() * self.x.sigmoid() + self.y)

    def time_add(self):
        _run(self.x + self.y)

    def time_sum(self):
        _run(self.x.sum())


class Rows:
    """4096 rows of 1024."""

    def setup(self):
        self.x = _random(4096, 1024)
        self.weight, self.bias = _random(1024), _random(1024)
        self.time_softmax()
        self.time_layer_norm()

    def time_softmax(self):
        _run(F.softmax(self.x))

    def time_layer_norm(self):
        _run(F.layer_norm(self.x, 1024, self.weight, self.bias))


class Conv:
    """3x3, 64 to 64 channels, 56x56, batch 32."""

    def setup(self):
        self.x, self.w = _random(32, 64, 56, 56), weft.nn.Parameter(_random(64, 64, 3, 3))
        self.time_forward()

    def time_forward(self):
        with weft.no_grad():
            _run(F.conv2d(self.x, self.w, padding=1))

    def time_forward_backward(self):
        self.w.grad = None
        F.conv2d(self.x, self.w, padding=1).sum().backward()
        _run(self.w.grad)
