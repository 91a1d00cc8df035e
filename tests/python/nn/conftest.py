"""What the tests of layers share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import weft


@pytest.fixture
def check_gradients(rng: np.random.Generator) -> Callable[..., None]:
    """Compare autograd of a weighted sum of ``f(*arrays)`` with central differences, in float64."""

    def check(f, *arrays, rtol=1e-5, atol=1e-7):
        tensors = [weft.asarray(a).requires_grad_() for a in arrays]
        out = f(*tensors)
        weights = rng.standard_normal(out.shape)
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

    return check


@pytest.fixture
def mistake() -> Callable[..., None]:
    """A call raises, and its message has these words."""

    def check(call, *words, error=ValueError):
        with pytest.raises(error) as raised:
            call()
        for word in words:
            assert word in str(raised.value)

    return check
