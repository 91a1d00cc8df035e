"""Elements that go elsewhere."""

from ..row import row


@row("transpose copy 4096", best=1.5, out=1.0)
def transpose(lib):
    return lib.call(lambda x: lib.contiguous(x.T), lib.normal(4096, 4096), out="transpose")


@row("gather 1M x 32", best=1.5, out=1.0)
def gather(lib):
    return lib.call(lib.take, lib.normal(100_000, 32), lib.integers(100_000, 1_000_000), out="take")


@row("sort 1M", best=1 / 1.3)
def sort(lib):
    return lib.call(lib.sort, lib.normal(1_000_000))


@row("argsort 1M", best=1 / 1.3)
def argsort(lib):
    return lib.call(lib.xp.argsort, lib.normal(1_000_000))
