"""Matrix products. flops are 2 m k n."""

from ..row import row


def product(name, m, k, n, batch=0, dtype="float32", **targets):
    """A row for (m, k) by (k, n), or `batch` of them."""
    lead = (batch,) if batch else ()

    @row(name, flops=2.0 * m * k * n * max(batch, 1), **targets)
    def make(lib):
        return lib.call(lambda a, b: a @ b, lib.normal(*lead, m, k, dtype=dtype), lib.normal(*lead, k, n, dtype=dtype))


product("gemm 64", 64, 64, 64, best=1.2)
product("gemm 128", 128, 128, 128, best=1.2)
product("gemm 256", 256, 256, 256, best=1.2)
product("gemm 512", 512, 512, 512, torch=2.0)
product("gemm 1024", 1024, 1024, 1024, torch=2.0, peak=("float32", 0.80), threads=1.9)
product("gemm 2048", 2048, 2048, 2048, torch=2.0, peak=("float32", 0.85))
product("gemm 64x784x256", 64, 784, 256, best=1.2)
product("gemm 128x1024x1024", 128, 1024, 1024)
product("gemm 32x4096x1024", 32, 4096, 1024, best=1.3)
product("gemm 32 of 128x64x128", 128, 64, 128, batch=32, best=1.2)
product("gemm float64 1024", 1024, 1024, 1024, dtype="float64", best=None, peak=("float64", 0.80))


def transposed(name, left, right):
    @row(name, flops=2.0 * 512**3, best=1.2)
    def make(lib):
        def f(a, b):
            return (a.T if left else a) @ (b.T if right else b)

        return lib.call(f, lib.normal(512, 512), lib.normal(512, 512))


transposed("gemm 512 NT", False, True)
transposed("gemm 512 TN", True, False)
transposed("gemm 512 TT", True, True)
