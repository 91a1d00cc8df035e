"""Convolutions, pooling and batch norm; batch 32, NCHW."""

from ..row import row


def convolution(name, x, w, stride, padding, groups, forward, backward, threads=None):
    """Two rows: the output alone, and with both gradients."""

    def f(lib):
        return lambda x, w: lib.conv2d(x, w, stride, padding, groups)

    @row(f"{name}, forward", best=forward, threads=threads)
    def output(lib):
        return lib.call(f(lib), lib.normal(*x), lib.normal(*w), images=1)

    @row(f"{name}, forward + backward", best=backward)
    def gradient(lib):
        g = lib.normal(x[0], w[0], x[2] // stride, x[3] // stride)
        return lib.gradient(
            lambda x, w, g: (f(lib)(x, w) * g).sum(), [0, 1], lib.normal(*x), lib.normal(*w), g, images=3
        )


convolution("conv 3x3", (32, 64, 56, 56), (64, 64, 3, 3), 1, 1, 1, 1.2, 1.2, threads=1.85)
convolution("stem conv 7x7", (32, 3, 224, 224), (64, 3, 7, 7), 2, 3, 1, 2.0, 2.0)
convolution("depthwise conv 3x3", (32, 128, 28, 28), (128, 1, 3, 3), 1, 1, 128, 2.0, 2.0)


@row("max pool 2x2, forward", best=4.0)
def max_pool(lib):
    return lib.call(lib.max_pool, lib.normal(32, 64, 56, 56), images=1)


@row("max pool 2x2, forward + backward", best=4.0)
def max_pool_gradient(lib):
    g = lib.normal(32, 64, 28, 28)
    return lib.gradient(lambda x, g: (lib.max_pool(x) * g).sum(), [0], lib.normal(32, 64, 56, 56), g, images=2)


@row("batch norm, forward + backward", best=1.5)
def batch_norm(lib):
    def f(x, weight, bias, g):
        return (lib.batch_norm(x, weight, bias) * g).sum()

    image = lib.normal(32, 64, 56, 56)
    return lib.gradient(f, [0, 1, 2], image, lib.normal(64), lib.normal(64), lib.normal(32, 64, 56, 56), images=1)
