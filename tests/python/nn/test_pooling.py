"""Pooling against windows taken by NumPy."""

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F


def windows(x, kernel, stride, padding, fill):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
    return view[:, :, ::stride, ::stride]


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 0), (2, 3, 1)])
def test_pools(kernel, stride, padding, rng, check_gradients):
    x = rng.standard_normal((2, 3, 8, 8))
    largest = F.max_pool2d(weft.asarray(x), kernel, stride, padding)
    np.testing.assert_array_equal(largest.numpy(), windows(x, kernel, stride, padding, -np.inf).max((-2, -1)))
    mean = F.avg_pool2d(weft.asarray(x), kernel, stride, padding)
    np.testing.assert_allclose(mean.numpy(), windows(x, kernel, stride, padding, 0).mean((-2, -1)), rtol=1e-12)
    alone = F.max_pool2d(weft.asarray(x[0]), kernel, stride, padding)
    np.testing.assert_array_equal(alone.numpy(), largest.numpy()[0])
    small = rng.standard_normal((1, 2, 6, 6))
    check_gradients(lambda x: F.max_pool2d(x, kernel, stride, padding), small)
    check_gradients(lambda x: F.avg_pool2d(x, kernel, stride, padding), small)


def test_pools_of_one_dimension_are_pools_of_rows(rng):
    x = rng.standard_normal((2, 3, 9))
    for one, two, extra in ((F.max_pool1d, F.max_pool2d, (2,)), (F.avg_pool1d, F.avg_pool2d, ())):
        row = two(weft.asarray(x).unsqueeze(2), (1, 3), (1, 2), (0, 1), *[(1, d) for d in extra]).squeeze(2)
        np.testing.assert_allclose(one(weft.asarray(x), 3, 2, 1, *extra).numpy(), row.numpy(), rtol=1e-12)
    np.testing.assert_array_equal(
        nn.MaxPool1d(3, 2, 1, ceil_mode=True)(weft.asarray(x[0])).numpy(),
        nn.MaxPool1d(3, 2, 1)(weft.asarray(x[0])).numpy(),
    )


@pytest.mark.parametrize(
    ("k", "s", "p", "d"),
    [
        ((2, 2), (2, 2), (0, 0), (1, 1)),
        ((3, 3), (2, 2), (1, 1), (1, 1)),
        ((2, 3), (1, 1), (0, 0), (1, 1)),
        ((3, 3), (3, 3), (1, 1), (2, 2)),
    ],
)
def test_the_first_of_equal_elements_gets_the_gradient(k, s, p, d, rng, device):
    x = rng.integers(0, 3, (2, 3, 9, 8)).astype(np.float32)
    t = weft.asarray(x).requires_grad_()
    y = F.max_pool2d(t, k, s, p, d)
    seeds = rng.standard_normal(y.shape).astype(np.float32)
    (y * weft.asarray(seeds)).sum().backward()

    expected = np.zeros_like(x)
    for n, c, i, j in np.ndindex(y.shape):
        best, at = -np.inf, None
        for a in range(k[0]):
            for b in range(k[1]):
                row, column = i * s[0] - p[0] + a * d[0], j * s[1] - p[1] + b * d[1]
                if 0 <= row < 9 and 0 <= column < 8 and x[n, c, row, column] > best:
                    best, at = x[n, c, row, column], (n, c, row, column)
        expected[at] += seeds[n, c, i, j]
        assert y[n, c, i, j].item() == best
    np.testing.assert_allclose(t.grad.numpy(), expected, rtol=1e-5, atol=1e-6)


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


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (4, 2), (9, 7), (8, 14)])
def test_adaptive_avg_pool(sizes, rng, check_gradients):
    x = rng.standard_normal((2, 3, 8, 7))
    expected = np.zeros((2, 3, *sizes))
    for i, j in np.ndindex(*sizes):
        rows = slice(i * 8 // sizes[0], -(-(i + 1) * 8 // sizes[0]))
        columns = slice(j * 7 // sizes[1], -(-(j + 1) * 7 // sizes[1]))
        expected[:, :, i, j] = x[:, :, rows, columns].mean((2, 3))
    np.testing.assert_allclose(F.adaptive_avg_pool2d(weft.asarray(x), sizes).numpy(), expected, rtol=1e-12, atol=1e-14)
    row = F.adaptive_avg_pool1d(weft.asarray(x[:, :, 0]), sizes[1]).numpy()
    np.testing.assert_allclose(row, F.adaptive_avg_pool2d(weft.asarray(x[:, :, :1]), (1, sizes[1])).numpy()[:, :, 0])
    check_gradients(lambda x: F.adaptive_avg_pool2d(x, sizes), x[:1, :1])


def test_mistakes(mistake):
    x = weft.ones((2, 3, 8, 8))
    mistake(lambda: F.max_pool2d(x, 2, padding=2), "padding", "kernel")
    mistake(lambda: F.max_pool2d(x, 9), "max_pool2d", "kernel of 9", "input of 8")
    mistake(lambda: F.max_pool1d(x, 2), "max_pool1d", "(2, 3, 8, 8)")
    mistake(lambda: F.avg_pool2d(x, 2, divisor_override=0), "divisor_override")
    mistake(lambda: F.adaptive_avg_pool2d(x, 0), "output_size", "0")
    mistake(lambda: F.adaptive_avg_pool2d(x, (1, 2, 3)), "output_size")
