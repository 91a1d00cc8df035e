"""Losses against their formulas in NumPy."""

import numpy as np
import pytest

import weft
from weft.nn import functional as F

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


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
def test_cross_entropy(weighted, smoothing, check_gradients):
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


def test_mse_loss():
    a, b = normal(3, 4), normal(3, 4)
    np.testing.assert_allclose(F.mse_loss(weft.asarray(a), weft.asarray(b)).item(), ((a - b) ** 2).mean(), rtol=1e-12)


def test_mistakes(mistake):
    mistake(lambda: F.cross_entropy(weft.ones((2, 4)), weft.asarray([1, 2, 3])), "(3,)", "(2,)")
    mistake(lambda: F.cross_entropy(weft.ones((2, 4)), weft.ones((2, 3))), "(2, 3)", "(2, 4)")
    mistake(lambda: F.mse_loss(weft.ones((2, 3)), weft.ones((2,))), "(2,)")
