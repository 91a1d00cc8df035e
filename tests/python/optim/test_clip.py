"""Clipping against NumPy."""

import math

import numpy as np
import pytest

import weft
from weft import nn, optim

SHAPES = [(3, 4), (5,), ()]


def params_with_gradients(scale=1.0, dtype="float32"):
    rng = np.random.default_rng(0)
    params = [nn.Parameter(weft.zeros(shape, dtype=weft.dtype(dtype))) for shape in SHAPES]
    grads = [np.asarray(rng.normal(size=shape) * scale) for shape in SHAPES]
    for p, g in zip(params, grads, strict=True):
        p.grad = weft.asarray(g.astype(np.float32)).astype(p.dtype)
    return [*params, nn.Parameter(weft.ones(2))], grads  # the last has no gradient


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.5, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_norm(norm_type, max_norm):
    params, grads = params_with_gradients()
    expected = np.linalg.norm(np.concatenate([g.ravel() for g in grads]), norm_type)
    norm = optim.clip_grad_norm_(params, max_norm, norm_type)
    assert norm.shape == ()
    np.testing.assert_allclose(norm.item(), expected, rtol=1e-6)
    for p, g in zip(params, grads, strict=False):
        np.testing.assert_allclose(p.grad.numpy(), g * min(1, max_norm / (expected + 1e-6)), rtol=2e-6)
    assert params[-1].grad is None


def test_value():
    params, grads = params_with_gradients()
    optim.clip_grad_value_(params, 0.5)
    for p, g in zip(params, grads, strict=False):
        np.testing.assert_allclose(p.grad.numpy(), np.clip(g, -0.5, 0.5), rtol=1e-6)


def test_one_tensor_or_none():
    p = nn.Parameter(weft.ones(2))
    assert optim.clip_grad_norm_(p, 1.0).item() == 0
    p.grad = weft.asarray([3.0, 4.0])
    assert optim.clip_grad_norm_(p, 1.0).item() == 5
    optim.clip_grad_value_(p, 0.1)
    np.testing.assert_allclose(p.grad.numpy(), [0.1, 0.1], rtol=1e-6)


def test_squares_of_float16_do_not_overflow():
    p = nn.Parameter(weft.zeros(4, dtype=weft.float16))
    p.grad = weft.full(4, 1000.0, dtype=weft.float16)
    assert optim.clip_grad_norm_([p], 2.0).item() == 2000
    assert p.grad.dtype == weft.float16
    np.testing.assert_allclose(p.grad.numpy(), np.ones(4), rtol=1e-3)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_no_finite_norm(bad):
    p = nn.Parameter(weft.ones(2))
    p.grad = weft.asarray([bad, 1.0])
    with pytest.raises(RuntimeError, match=r"clip_grad_norm_.*error_if_nonfinite"):
        optim.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad.tolist()[1] == 1
    assert not math.isfinite(optim.clip_grad_norm_([p], 1.0).item())


def test_compiled_without_waiting():
    params, grads = params_with_gradients()
    expected = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))

    @weft.compile
    def clipped(*gradients):
        for p, g in zip(params, gradients, strict=False):
            p.grad = g
        norm = optim.clip_grad_norm_(params, 0.5)
        return norm, [p.grad for p in params[:-1]]

    with weft.profile() as profile:
        norm, got = clipped(*(weft.asarray(g.astype(np.float32)) for g in grads))
    assert profile.syncs == []
    np.testing.assert_allclose(norm.item(), expected, rtol=1e-6)
    np.testing.assert_allclose(got[0].numpy(), grads[0] * 0.5 / expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: optim.clip_grad_norm_([p], -1.0), ["max_norm", "-1"]),
        (lambda p: optim.clip_grad_norm_([p], 1.0, norm_type=0.0), ["norm_type", "0"]),
        (lambda p: optim.clip_grad_norm_([3], 1.0), ["tensors", "int"]),
        (lambda p: optim.clip_grad_value_([p], -1.0), ["clip_value", "-1"]),
        (lambda p: optim.clip_grad_value_(["p"], 1.0), ["tensors", "str"]),
    ],
)
def test_mistakes(call, words):
    with pytest.raises((ValueError, TypeError)) as error:
        call(nn.Parameter(weft.ones(2)))
    for word in words:
        assert word in str(error.value)
