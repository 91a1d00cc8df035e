"""Ten million elements."""

from ..row import row

N = 10_000_000


@row("chain", best=4.0, floor=("chain", 1.75))
def chain(lib):
    return lib.call(lambda x: lib.xp.tanh(x * 1.5 + 0.5) * lib.sigmoid(x) + 0.25, lib.normal(N))


@row("gelu", best=4.0, floor=("gelu", 1.75))
def gelu(lib):
    return lib.call(lib.gelu, lib.normal(N))


@row("add", best=None, floor=("add", 1.6), out=1.0)
def add(lib):
    return lib.call(lambda x, y: x + y, lib.normal(N), lib.normal(N), out="add")


@row("exp", best=None, floor=("exp", 1.6), out=1.0)
def exp(lib):
    return lib.call(lib.xp.exp, lib.normal(N), out="exp")
