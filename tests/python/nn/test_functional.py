"""Layers and losses against NumPy in float64, gradients against finite differences."""

import numpy as np
import pytest

import weft
from weft.nn import functional as F

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def check_gradients(f, *arrays, rtol=1e-5, atol=1e-7):
    """Compare autograd of sum(f(*arrays) * weights) with central differences, in float64."""
    tensors = [weft.asarray(a).requires_grad_() for a in arrays]
    out = f(*tensors)
    weights = normal(*out.shape)
    (out * weft.asarray(weights)).sum().backward()
    step = 1e-5
    for a, t in zip(arrays, tensors, strict=True):
        numeric = np.zeros_like(a)
        for i in np.ndindex(a.shape):
            ends = []
            for sign in (1, -1):
                moved = a.copy()
                moved[i] += sign * step
                values = [weft.asarray(moved if b is a else b) for b in arrays]
                ends.append((f(*values).numpy() * weights).sum())
            numeric[i] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(t.grad.numpy(), numeric, rtol=rtol, atol=atol)


def conv_reference(x, w, stride, lo, hi, dilation, groups):
    n = x.shape[0]
    out, per, kh, kw = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (lo[0], hi[0]), (lo[1], hi[1])))
    oh = (padded.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (padded.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((n, out, oh, ow))
    for o in range(out):
        group = o // (out // groups)
        part = padded[:, group * per : (group + 1) * per]
        for i in range(kh):
            for j in range(kw):
                rows = slice(i * dilation[0], i * dilation[0] + stride[0] * (oh - 1) + 1, stride[0])
                columns = slice(j * dilation[1], j * dilation[1] + stride[1] * (ow - 1) + 1, stride[1])
                y[:, o] += np.einsum("nchw,c->nhw", part[:, :, rows, columns], w[o, :, i, j])
    return y


CONVS = [
    # stride, padding, dilation, groups, kernel
    (1, 0, 1, 1, (3, 3)),
    (2, 1, 1, 1, (3, 3)),
    ((2, 1), (0, 2), (1, 2), 1, (3, 2)),
    (1, "same", 1, 1, (3, 3)),
    (1, "same", 1, 1, (2, 4)),
    (1, "same", 2, 2, (3, 3)),
    (1, "valid", 1, 4, (1, 1)),
    (3, 2, 2, 2, (2, 2)),
]


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups", "kernel"), CONVS)
def test_conv2d(stride, padding, dilation, groups, kernel):
    x, w, b = normal(2, 4, 7, 6), normal(8, 4 // groups, *kernel), normal(8)
    s, d = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    if padding == "same":
        total = [int(d[i] * (kernel[i] - 1)) for i in range(2)]
        lo, hi = [t // 2 for t in total], [t - t // 2 for t in total]
    else:
        lo = hi = [0, 0] if padding == "valid" else list(np.broadcast_to(padding, 2))
    expected = conv_reference(x, w, s, lo, hi, d, groups) + b[:, None, None]
    y = F.conv2d(weft.asarray(x), weft.asarray(w), weft.asarray(b), stride, padding, dilation, groups)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups", "kernel"), CONVS[1:4] + CONVS[7:])
def test_conv2d_gradients(stride, padding, dilation, groups, kernel):
    x, w, b = normal(1, 4, 5, 5), normal(4, 4 // groups, *kernel), normal(4)
    check_gradients(lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups), x, w, b)


def windows(x, kernel, stride, padding, fill):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
    return view[:, :, ::stride, ::stride]


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 0), (2, 3, 1)])
def test_pools(kernel, stride, padding):
    x = normal(2, 3, 8, 8)
    largest = F.max_pool2d(weft.asarray(x), kernel, stride, padding)
    np.testing.assert_array_equal(largest.numpy(), windows(x, kernel, stride, padding, -np.inf).max((-2, -1)))
    mean = F.avg_pool2d(weft.asarray(x), kernel, stride, padding)
    np.testing.assert_allclose(mean.numpy(), windows(x, kernel, stride, padding, 0).mean((-2, -1)), rtol=1e-12)
    check_gradients(lambda x: F.max_pool2d(x, kernel, stride, padding), normal(1, 2, 6, 6))
    check_gradients(lambda x: F.avg_pool2d(x, kernel, stride, padding), normal(1, 2, 6, 6))


def test_avg_pool_counts():
    x = np.ones((1, 1, 5, 5))
    without = F.avg_pool2d(weft.asarray(x), 3, 2, 1, count_include_pad=False)
    np.testing.assert_allclose(without.numpy(), np.ones((1, 1, 3, 3)))
    with_padding = F.avg_pool2d(weft.asarray(x), 3, 2, 1)
    np.testing.assert_allclose(with_padding.numpy()[0, 0], np.outer([2, 3, 2], [2, 3, 2]) / 9)
    ceil = F.avg_pool2d(weft.asarray(x), 2, 2, ceil_mode=True)
    np.testing.assert_allclose(ceil.numpy(), np.ones((1, 1, 3, 3)))
    assert F.max_pool2d(weft.asarray(x), 2, 2, ceil_mode=True).shape == (1, 1, 3, 3)
    np.testing.assert_allclose(F.avg_pool2d(weft.asarray(x), 5, divisor_override=5).item(), 5)


def test_normalisation():
    x, g, b = normal(4, 3, 5, 5), normal(3), normal(3)
    mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
    running_mean, running_var = weft.asarray(np.zeros(3)), weft.asarray(np.ones(3))
    y = F.batch_norm(weft.asarray(x), running_mean, running_var, weft.asarray(g), weft.asarray(b), training=True)
    at = (slice(None), None, None)
    np.testing.assert_allclose(
        y.numpy(), (x - mean[at]) / np.sqrt(var[at] + 1e-5) * g[at] + b[at], rtol=1e-10, atol=1e-10
    )
    np.testing.assert_allclose(running_mean.numpy(), 0.1 * mean, rtol=1e-12)
    np.testing.assert_allclose(running_var.numpy(), 0.9 + 0.1 * x.var((0, 2, 3), ddof=1), rtol=1e-12)
    y = F.batch_norm(weft.asarray(x), running_mean, running_var)
    m, v = running_mean.numpy()[at], running_var.numpy()[at]
    np.testing.assert_allclose(y.numpy(), (x - m) / np.sqrt(v + 1e-5), rtol=1e-10, atol=1e-10)

    rows, weight, bias = normal(6, 5), normal(5), normal(5)
    expected = (rows - rows.mean(1, keepdims=True)) / np.sqrt(rows.var(1, keepdims=True) + 1e-5) * weight + bias
    y = F.layer_norm(weft.asarray(rows), 5, weft.asarray(weight), weft.asarray(bias))
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-10, atol=1e-10)
    check_gradients(lambda x, w, b: F.layer_norm(x, 5, w, b), normal(3, 5), weight, bias, rtol=1e-4)
    check_gradients(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True), normal(4, 2, 3), normal(2), normal(2), rtol=1e-4
    )


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def test_activations():
    import math

    x = np.linspace(-4, 4, 37)
    erf = np.vectorize(math.erf)
    cases = [
        (F.relu, np.maximum(x, 0)),
        (F.sigmoid, 1 / (1 + np.exp(-x))),
        (F.tanh, np.tanh(x)),
        (F.silu, x / (1 + np.exp(-x))),
        (F.gelu, 0.5 * x * (1 + erf(x / math.sqrt(2)))),
        (lambda t: F.gelu(t, "tanh"), 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        (lambda t: F.leaky_relu(t, 0.2), np.where(x > 0, x, 0.2 * x)),
        (lambda t: F.softplus(t, 2.0), np.log1p(np.exp(2 * x)) / 2),
        (lambda t: F.softmax(t, 0), softmax(x, 0)),
        (lambda t: F.log_softmax(t, 0), np.log(softmax(x, 0))),
    ]
    for f, expected in cases:
        np.testing.assert_allclose(f(weft.asarray(x)).numpy(), expected, rtol=1e-9, atol=1e-12)
        check_gradients(f, np.array([-2.0, -0.3, 0.4, 1.7]), rtol=1e-4)


def test_softmax_is_stable():
    x = weft.asarray([[1e4, 0.0, -1e4]])
    assert F.softmax(x).tolist() == [[1.0, 0.0, 0.0]]
    assert F.log_softmax(x).tolist() == [[0.0, -1e4, -2e4]]


def reference_cross_entropy(x, target, weight, ignore, smoothing):
    logp = np.log(softmax(x, 1))
    classes = x.shape[1]
    weight = np.ones(classes) if weight is None else weight
    total = count = 0.0
    for i, t in enumerate(target):
        if t != ignore:
            q = np.full(classes, smoothing / classes)
            q[t] += 1 - smoothing
            total -= (q * weight * logp[i]).sum()
            count += weight[t]
    return total / count


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(weighted, smoothing):
    x, target = normal(6, 4), np.array([0, 3, 2, 1, 3, 0])
    weight = np.array([0.5, 1.0, 2.0, 1.5]) if weighted else None
    w = weft.asarray(weight) if weighted else None
    for ignore in (-100, 3):
        got = F.cross_entropy(weft.asarray(x), weft.asarray(target), w, ignore, label_smoothing=smoothing)
        np.testing.assert_allclose(
            got.item(), reference_cross_entropy(x, target, weight, ignore, smoothing), rtol=1e-10
        )
    check_gradients(lambda x: F.cross_entropy(x, weft.asarray(target), w, 3, label_smoothing=smoothing), x, rtol=1e-4)


def test_cross_entropy_shapes():
    x, target = normal(2, 3, 4), np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
    flat = reference_cross_entropy(x.transpose(0, 2, 1).reshape(-1, 3), target.ravel(), None, -100, 0.0)
    np.testing.assert_allclose(F.cross_entropy(weft.asarray(x), weft.asarray(target)).item(), flat, rtol=1e-10)
    one = F.cross_entropy(weft.asarray(x[0, :, 0]), weft.asarray(1))
    np.testing.assert_allclose(one.item(), -np.log(softmax(x[0, :, 0], 0))[1], rtol=1e-10)
    hot = np.eye(3)[target].transpose(0, 2, 1)
    np.testing.assert_allclose(F.cross_entropy(weft.asarray(x), weft.asarray(hot)).item(), flat, rtol=1e-10)
    assert F.cross_entropy(weft.asarray(x), weft.asarray(target), reduction="none").shape == (2, 4)
    total = F.cross_entropy(weft.asarray(x), weft.asarray(target), reduction="sum")
    np.testing.assert_allclose(total.item(), flat * 8, rtol=1e-10)


def test_cross_entropy_refuses_a_class_out_of_range():
    for bad in (4, -1):
        with pytest.raises(IndexError):
            F.cross_entropy(weft.asarray(normal(2, 4)), weft.asarray([0, bad])).item()


def test_mse_linear_embedding_one_hot():
    a, b = normal(3, 4), normal(3, 4)
    np.testing.assert_allclose(F.mse_loss(weft.asarray(a), weft.asarray(b)).item(), ((a - b) ** 2).mean(), rtol=1e-12)
    w, bias = normal(5, 4), normal(5)
    np.testing.assert_allclose(F.linear(*map(weft.asarray, (a, w, bias))).numpy(), a @ w.T + bias, rtol=1e-12)
    table = normal(7, 3)
    picked = F.embedding(weft.asarray([[1, 6], [1, 0]]), weft.asarray(table))
    np.testing.assert_array_equal(picked.numpy(), table[[[1, 6], [1, 0]]])
    check_gradients(lambda t: F.embedding(weft.asarray([1, 1, 4]), t), normal(5, 2))
    assert F.one_hot(weft.asarray([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert F.one_hot(weft.asarray([1]), 4).tolist() == [[0, 1, 0, 0]]


def test_dropout():
    weft.random.seed(1)
    x = weft.ones((100, 100))
    y = F.dropout(x, 0.25).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert 0.22 < (y == 0).mean() < 0.28
    assert F.dropout(x, 0.25, training=False) is x
    assert (F.dropout(x, 1.0).numpy() == 0).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: F.conv2d(x[0], x), ["conv2d", "(3, 8, 8)"]),
        (lambda x: F.conv2d(x, weft.ones((4, 2, 3, 3))), ["3 input channels", "(4, 2, 3, 3)"]),
        (lambda x: F.conv2d(x, weft.ones((4, 3, 9, 9))), ["kernel of 9", "input of 8"]),
        (lambda x: F.conv2d(x, weft.ones((4, 3, 3, 3)), stride=0), ["stride", "0"]),
        (lambda x: F.conv2d(x, weft.ones((4, 3, 3, 3)), padding="full"), ["padding", "full"]),
        (lambda x: F.conv2d(x, weft.ones((4, 3, 3, 3)), stride=2, padding="same"), ["same", "stride"]),
        (lambda x: F.max_pool2d(x, 2, padding=2), ["padding", "kernel"]),
        (lambda x: F.linear(x, weft.ones((4, 5))), ["(4, 5)", "must be 5"]),
        (lambda x: F.layer_norm(x, (7,)), ["(7,)"]),
        (lambda x: F.dropout(x, 1.5), ["1.5"]),
        (lambda x: F.cross_entropy(weft.ones((2, 4)), weft.asarray([1, 2, 3])), ["(3,)", "(2,)"]),
        (lambda x: F.cross_entropy(weft.ones((2, 4)), weft.ones((2, 3))), ["(2, 3)", "(2, 4)"]),
        (lambda x: F.mse_loss(x, weft.ones((2,))), ["(2,)"]),
        (lambda x: F.batch_norm(weft.ones((1, 3)), None, None, training=True), ["more than 1"]),
    ],
)
def test_mistakes(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call(weft.ones((2, 3, 8, 8)))
    for word in words:
        assert word in str(error.value)
