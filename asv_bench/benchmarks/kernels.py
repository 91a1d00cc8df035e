"""Single kernels, float32."""

import weft
from weft.nn import functional as F

from .backends import NAMES, OnBackend, run


class Gemm(OnBackend):
    """Square products."""

    params = (NAMES, (64, 256, 1024))
    param_names = ("backend", "n")

    def prepare(self, n):
        self.a, self.b = self.normal(n, n), self.normal(n, n)
        self.time_matmul()

    def time_matmul(self, *_):
        run(self.a @ self.b)


class Elementwise(OnBackend):
    """Ten million elements: the chain is bounded by arithmetic, the rest by memory."""

    def prepare(self):
        self.x, self.y = self.normal(10_000_000), self.normal(10_000_000)

    def time_chain(self, _):
        run(weft.tanh(self.x * 1.5 + 0.5) * weft.sigmoid(self.x) + 0.25)

    def time_gelu(self, _):
        run(F.gelu(self.x))

    def time_add(self, _):
        run(self.x + self.y)

    def time_sum(self, _):
        run(self.x.sum())


class Rows(OnBackend):
    """4096 rows of 1024."""

    def prepare(self):
        self.x, self.g = self.normal(4096, 1024), self.normal(4096, 1024)
        self.weight, self.bias = self.normal(1024), self.normal(1024)
        self.labels = self.integers(1024, 4096)
        self.traced = self.normal(4096, 1024).requires_grad_()

    def time_softmax(self, _):
        run(F.softmax(self.x, -1))

    def time_layer_norm(self, _):
        run(F.layer_norm(self.x, (1024,), self.weight, self.bias))

    def time_mean_of_columns(self, _):
        run(self.x.mean(0))

    def time_argmax(self, _):
        run(self.x.argmax(-1))

    def time_cumsum(self, _):
        run(weft.cumsum(self.x, axis=-1))

    def time_softmax_gradient(self, _):
        self.traced.grad = None
        (F.softmax(self.traced, -1) * self.g).sum().backward()
        run(self.traced.grad)

    def time_cross_entropy_gradient(self, _):
        self.traced.grad = None
        F.cross_entropy(self.traced, self.labels).backward()
        run(self.traced.grad)


class Movement(OnBackend):
    """Elements that go elsewhere."""

    def prepare(self):
        self.square, self.million = self.normal(2048, 2048), self.normal(1_000_000)
        self.table, self.index = self.normal(100_000, 32), self.integers(100_000, 200_000)

    def time_transpose(self, _):
        run(self.square.T.reshape(-1))

    def time_gather(self, _):
        run(self.table[self.index])

    def time_sort(self, _):
        run(weft.sort(self.million))


class Images(OnBackend):
    """Batches of images, NCHW."""

    def prepare(self):
        self.x, self.w = self.normal(32, 64, 56, 56), self.normal(64, 64, 3, 3).requires_grad_()
        self.weight, self.bias = self.normal(64), self.normal(64)

    def time_conv(self, _):
        with weft.no_grad():
            run(F.conv2d(self.x, self.w, padding=1))

    def time_conv_gradient(self, _):
        self.w.grad = None
        F.conv2d(self.x, self.w, padding=1).sum().backward()
        run(self.w.grad)

    def time_max_pool(self, _):
        run(F.max_pool2d(self.x, 2))

    def time_batch_norm(self, _):
        run(F.batch_norm(self.x, None, None, self.weight, self.bias, training=True))
