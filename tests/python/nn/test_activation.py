"""Activations against their formulas in NumPy."""

import math

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F

erf = np.vectorize(math.erf)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


CASES = [
    (F.relu, nn.ReLU(), lambda x: np.maximum(x, 0)),
    (F.sigmoid, nn.Sigmoid(), sigmoid),
    (F.tanh, nn.Tanh(), np.tanh),
    (F.silu, nn.SiLU(), lambda x: x * sigmoid(x)),
    (F.gelu, nn.GELU(), lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2)))),
    (
        lambda t: F.gelu(t, "tanh"),
        nn.GELU("tanh"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    (lambda t: F.leaky_relu(t, 0.2), nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    (lambda t: F.elu(t, 0.7), nn.ELU(0.7), lambda x: np.where(x > 0, x, 0.7 * (np.exp(x) - 1))),
    (lambda t: F.softplus(t, 2.0), nn.Softplus(2.0), lambda x: np.log1p(np.exp(2 * x)) / 2),
    (F.mish, nn.Mish(), lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    (F.hardswish, nn.Hardswish(), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    (lambda t: F.softmax(t, 0), nn.Softmax(0), lambda x: softmax(x, 0)),
    (lambda t: F.log_softmax(t, 0), nn.LogSoftmax(0), lambda x: np.log(softmax(x, 0))),
    (lambda t: F.prelu(t, weft.asarray([0.25])), nn.PReLU(), lambda x: np.where(x > 0, x, 0.25 * x)),
]


@pytest.mark.parametrize(("function", "module", "expected"), CASES, ids=[repr(case[1]) for case in CASES])
def test_values_and_gradients(function, module, expected, check_gradients):
    x = np.linspace(-4, 4, 37)
    np.testing.assert_allclose(function(weft.asarray(x)).numpy(), expected(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(module(weft.asarray(x)).numpy(), expected(x), rtol=1e-9, atol=1e-12)
    check_gradients(function, np.array([-3.5, -2.0, -0.3, 0.4, 1.7, 3.2]), rtol=1e-4)


@pytest.mark.parametrize("function", [case[0] for case in CASES])
def test_gradients_of_large_numbers_are_finite(function):
    x = weft.asarray([-1e4, -200.0, 200.0, 1e4], dtype=weft.float32).requires_grad_()
    function(x).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_softmax_is_stable():
    x = weft.asarray([[1e4, 0.0, -1e4]])
    assert F.softmax(x).tolist() == [[1.0, 0.0, 0.0]]
    assert F.log_softmax(x).tolist() == [[0.0, -1e4, -2e4]]


def test_prelu_of_channels(rng, check_gradients):
    x, weight = rng.standard_normal((2, 3, 4)), np.array([0.1, 0.2, -0.3])
    expected = np.where(x > 0, x, x * weight[:, None])
    np.testing.assert_allclose(F.prelu(weft.asarray(x), weft.asarray(weight)).numpy(), expected)
    check_gradients(F.prelu, x, weight)
    assert list(nn.PReLU(3).state_dict()) == ["weight"]


def test_mistakes(mistake):
    mistake(lambda: F.gelu(weft.ones(1), "fast"), "gelu", "fast")
    mistake(lambda: F.prelu(weft.ones((2, 3)), weft.ones(2)), "prelu", "(2,)", "(2, 3)")
    mistake(lambda: nn.PReLU(0), "num_parameters", "0")
