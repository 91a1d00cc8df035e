"""Reductions and normalisations of 4096 rows of 1024."""

from ..row import row

SHAPE = 4096, 1024


@row("sum 10M")
def total(lib):
    return lib.call(lambda x: x.sum(), lib.normal(10_000_000))


@row("mean of rows")
def mean_rows(lib):
    return lib.call(lambda x: x.mean(-1), lib.normal(*SHAPE))


@row("mean of columns")
def mean_columns(lib):
    return lib.call(lambda x: x.mean(0), lib.normal(*SHAPE))


@row("softmax")
def softmax(lib):
    return lib.call(lib.softmax, lib.normal(*SHAPE))


@row("layer norm")
def layer_norm(lib):
    return lib.call(lib.layer_norm, lib.normal(*SHAPE), lib.normal(1024), lib.normal(1024))


@row("argmax")
def argmax(lib):
    return lib.call(lambda x: x.argmax(-1), lib.normal(*SHAPE))


@row("cumsum")
def cumsum(lib):
    return lib.call(lambda x: lib.xp.cumsum(x, -1), lib.normal(*SHAPE))


@row("softmax, forward + backward", best=1.5)
def softmax_gradient(lib):
    return lib.gradient(lambda x, g: (lib.softmax(x) * g).sum(), [0], lib.normal(*SHAPE), lib.normal(*SHAPE))


@row("layer norm, forward + backward", best=1.5)
def layer_norm_gradient(lib):
    def f(x, weight, bias, g):
        return (lib.layer_norm(x, weight, bias) * g).sum()

    return lib.gradient(f, [0, 1, 2], lib.normal(*SHAPE), lib.normal(1024), lib.normal(1024), lib.normal(*SHAPE))


@row("cross entropy, forward + backward", best=1.5)
def cross_entropy(lib):
    return lib.gradient(lambda x, y: lib.cross_entropy(x, y), [0], lib.normal(*SHAPE), lib.integers(1024, 4096))
