"""Convolutions against sums written out in float64."""

import itertools

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F

CONVS = [F.conv1d, F.conv2d, F.conv3d]
TRANSPOSED = [F.conv_transpose1d, F.conv_transpose2d]


def conv_reference(x, w, stride, edges, dilation, groups):
    """Every product of the definition, place by place."""
    out, per, *kernel = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), *edges))
    sizes = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(padded.shape[2:], kernel, stride, dilation, strict=True)
    ]
    y = np.zeros((x.shape[0], out, *sizes))
    for o in range(out):
        group = o // (out // groups)
        part = padded[:, group * per : (group + 1) * per]
        for place in itertools.product(*map(range, kernel)):
            at = tuple(
                slice(i * d, i * d + s * (n - 1) + 1, s)
                for i, n, s, d in zip(place, sizes, stride, dilation, strict=True)
            )
            y[:, o] += np.einsum("nc...,c->n...", part[:, :, *at], w[(o, slice(None), *place)])
    return y


def transposed_reference(x, w, stride, padding, dilation, extra, groups):
    """Every input place adds its kernel to the output."""
    per, out, *kernel = w.shape[0] // groups, *w.shape[1:]
    full = [
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, k, s, d, e in zip(x.shape[2:], kernel, stride, dilation, extra, strict=True)
    ]
    y = np.zeros((x.shape[0], out * groups, *full))
    for c in range(x.shape[1]):
        group = c // per
        for place in itertools.product(*map(range, kernel)):
            at = tuple(
                slice(i * d, i * d + s * (n - 1) + 1, s)
                for i, n, s, d in zip(place, x.shape[2:], stride, dilation, strict=True)
            )
            for o in range(out):
                y[:, group * out + o, *at] += x[:, c] * w[(c, o, *place)]
    inner = tuple(slice(p, n - p) for p, n in zip(padding, full, strict=True))
    return y[:, :, *inner]


def edges_of(padding, kernel, dilation):
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(t // 2, t - t // 2) for t in totals]
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    return [(int(p), int(p)) for p in np.broadcast_to(padding, len(kernel))]


CASES = [
    # kernel, stride, padding, dilation, groups
    ((3,), 1, 0, 1, 1),
    ((4,), 2, 1, 2, 2),
    ((4,), 1, "same", 2, 1),
    ((3, 3), 1, 0, 1, 1),
    ((3, 3), 2, 1, 1, 1),
    ((3, 2), (2, 1), (0, 2), (1, 2), 1),
    ((3, 3), 1, "same", 1, 1),
    ((2, 4), 1, "same", 1, 1),
    ((3, 3), 1, "same", 2, 2),
    ((1, 1), 1, "valid", 1, 4),
    ((2, 2), 3, 2, 2, 2),
    ((2, 3, 2), 1, 0, 1, 1),
    ((3, 2, 2), (2, 1, 2), (1, 0, 1), (1, 2, 1), 4),
]


def case(kernel, groups, rng, size=7):
    spatial = [size, size - 1, size - 2][: len(kernel)]
    return rng.standard_normal((2, 4, *spatial)), rng.standard_normal((8, 4 // groups, *kernel)), rng.standard_normal(8)


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "groups"), CASES)
def test_conv(kernel, stride, padding, dilation, groups, rng):
    x, w, b = case(kernel, groups, rng)
    s, d = np.broadcast_to(stride, len(kernel)), np.broadcast_to(dilation, len(kernel))
    expected = conv_reference(x, w, s, edges_of(padding, kernel, d), d, groups)
    expected += b.reshape(-1, *[1] * len(kernel))
    conv = CONVS[len(kernel) - 1]
    y = conv(weft.asarray(x), weft.asarray(w), weft.asarray(b), stride, padding, dilation, groups)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)
    alone = conv(weft.asarray(x[0]), weft.asarray(w), weft.asarray(b), stride, padding, dilation, groups)
    np.testing.assert_allclose(alone.numpy(), expected[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "groups"), [CASES[i] for i in (1, 4, 5, 10, 12)])
def test_conv_gradients(kernel, stride, padding, dilation, groups, rng, check_gradients):
    x, w, b = case(kernel, groups, rng, size=5)
    conv = CONVS[len(kernel) - 1]
    check_gradients(lambda x, w, b: conv(x, w, b, stride, padding, dilation, groups), x[:1], w[:4], b[:4])


TRANSPOSES = [
    # kernel, stride, padding, output padding, dilation, groups
    ((3,), 1, 0, 0, 1, 1),
    ((4,), 3, 2, 2, 1, 2),
    ((3,), 2, 1, 1, 3, 1),
    ((3, 3), 2, 1, 1, 1, 1),
    ((2, 3), (1, 3), (0, 1), (0, 2), (2, 1), 4),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "extra", "dilation", "groups"), TRANSPOSES)
def test_conv_transpose(kernel, stride, padding, extra, dilation, groups, rng, check_gradients):
    count = len(kernel)
    x, w = rng.standard_normal((2, 4, 4, 3)[: 2 + count]), rng.standard_normal((4, 2, *kernel))
    b = rng.standard_normal(2 * groups)
    s, p, e, d = (np.broadcast_to(v, count) for v in (stride, padding, extra, dilation))
    expected = transposed_reference(x, w, s, p, d, e, groups) + b.reshape(-1, *[1] * count)
    conv = TRANSPOSED[count - 1]

    def f(x, w, b):
        return conv(x, w, b, stride, padding, extra, groups, dilation)

    y = f(*map(weft.asarray, (x, w, b)))
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)
    check_gradients(f, x, w, b)


@pytest.mark.parametrize(("mode", "numpy_mode"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
@pytest.mark.parametrize("padding", [(2, 1), "same"])
def test_padding_modes(mode, numpy_mode, padding, rng):
    layer = nn.Conv2d(2, 3, (3, 4), padding=padding, padding_mode=mode, dtype=weft.float64)
    x = rng.standard_normal((1, 2, 5, 6))
    edges = edges_of(padding, (3, 4), (1, 1))
    padded = np.pad(x, ((0, 0), (0, 0), *edges), mode=numpy_mode)
    expected = conv_reference(padded, layer.weight.numpy(), (1, 1), [(0, 0)] * 2, (1, 1), 1)
    got = layer(weft.asarray(x)).numpy() - layer.bias.numpy()[:, None, None]
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
    assert mode in repr(layer)


def test_state():
    for layer, weight in [
        (nn.Conv1d(4, 6, 3, groups=2), (6, 2, 3)),
        (nn.Conv2d(4, 6, (3, 2)), (6, 4, 3, 2)),
        (nn.Conv3d(4, 6, 3), (6, 4, 3, 3, 3)),
        (nn.ConvTranspose1d(4, 6, 3, groups=2), (4, 3, 3)),
        (nn.ConvTranspose2d(4, 6, 3), (4, 6, 3, 3)),
    ]:
        assert {name: p.shape for name, p in layer.named_parameters()} == {"weight": weight, "bias": (6,)}
        bound = 1 / np.sqrt(np.prod(weight[1:]))
        assert 0.5 * bound < np.abs(layer.weight.numpy()).max() <= bound


def test_mistakes(mistake):
    x = weft.ones((2, 3, 8, 8))
    w = weft.ones((4, 3, 3, 3))
    mistake(lambda: F.conv2d(x[0, 0], w), "conv2d", "(8, 8)")
    mistake(lambda: F.conv2d(x, w[0]), "conv2d", "(3, 3, 3)")
    mistake(lambda: F.conv2d(x, weft.ones((4, 2, 3, 3))), "3 input channels", "(4, 2, 3, 3)")
    mistake(lambda: F.conv2d(x, weft.ones((4, 3, 9, 9))), "kernel of 9", "input of 8")
    mistake(lambda: F.conv2d(x, w, stride=0), "stride", "0")
    mistake(lambda: F.conv2d(x, w, padding="full"), "padding", "full")
    mistake(lambda: F.conv2d(x, w, stride=2, padding="same"), "same", "stride")
    mistake(lambda: F.conv_transpose2d(x, w), "3 input channels", "4 input channels")
    mistake(lambda: F.conv_transpose2d(x, weft.ones((3, 2, 3, 3)), output_padding=1), "output_padding")
    mistake(lambda: F.conv_transpose2d(x, weft.ones((3, 2, 1, 1)), padding=4), "[0, 0]", "padding")
    mistake(lambda: nn.Conv2d(3, 4, 3, groups=2), "groups=2", "in_channels=3")
    mistake(lambda: nn.Conv2d(3, 4, (3, 3, 3)), "kernel_size", "(3, 3, 3)")
    mistake(lambda: nn.Conv2d(3, 4, 3, padding="full"), "full")
    mistake(lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), "mirror", "reflect")
    mistake(lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"), "zeros")
    mistake(lambda: nn.ConvTranspose2d(3, 4, 3, stride=2)(x, output_size=(30, 30)), "17 to 18")
