"""Tensors are values: nothing that happens to one handle shows through another, whatever memory is reused."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import weft
from weft.testing.compare import equal_bits, exact
from weft.testing.samples import NUMPY, from_weft, numbers, to_weft
from weft.testing.target import Target


def _x(n: int = 600, seed: int = 0) -> tuple[np.ndarray, weft.Tensor]:
    x = numbers(n, "float32", seed=seed)
    return x, to_weft(x, "float32")


def test_an_export_is_never_written(target: Target) -> None:
    x, t = _x()
    seen = t.numpy()
    for _ in range(5):
        t *= 2
        weft.eval(t)
    exact(seen, x)
    exact(from_weft(t), x * np.float32(32))
    assert not seen.flags.writeable or not np.shares_memory(seen, from_weft(t))


def test_what_came_in_is_never_written(target: Target) -> None:
    x = numbers(600, "float32")
    kept = x.copy()
    t = weft.asarray(x)
    x[:] = 0
    exact(from_weft(t), kept)
    y = weft.asarray(kept)
    y += 1
    weft.eval(y)
    exact(kept, numbers(600, "float32"))


def test_views_keep_their_values(target: Target) -> None:
    x, t = _x()
    matrix, row, back = t.reshape(20, 30), t.reshape(20, 30)[3], t[::-1]
    weft.eval(matrix, row, back)
    t += 1
    t[5] = 100.0
    weft.eval(t)
    exact(from_weft(matrix), x.reshape(20, 30))
    exact(from_weft(row), x.reshape(20, 30)[3])
    exact(from_weft(back), x[::-1])
    want = x + np.float32(1)
    want[5] = 100
    exact(from_weft(t), want)


def test_handles_part(target: Target) -> None:
    x, a = _x()
    b = a
    c = a.clone()
    a += 1
    exact(from_weft(a), x + np.float32(1))
    assert b is a
    exact(from_weft(c), x)


def test_an_update_that_reads_other_places(target: Target) -> None:
    """Written in place, these would read what they have overwritten."""
    x, t = _x(900)
    t = t.reshape(30, 30)
    weft.eval(t)
    want = x.reshape(30, 30)
    for _ in range(3):
        t = t + t.T
        weft.eval(t)
        want = want + want.T
        t = t - t[::-1, ::-1] * 0.5
        weft.eval(t)
        want = want - want[::-1, ::-1] * np.float32(0.5)
        t = t + t[0]
        weft.eval(t)
        want = want + want[0]
    exact(from_weft(t), want)


def test_swapped_parameters(target: Target) -> None:
    (x, a), (y, b) = _x(seed=1), _x(seed=2)
    weft.eval(a, b)
    for _ in range(4):
        a, b = b * 0.5 + a, a - b
        weft.eval(a, b)
        x, y = y * np.float32(0.5) + x, x - y
    exact(from_weft(a), x)
    exact(from_weft(b), y)


def test_steps_without_looking(target: Target) -> None:
    x, p = _x()
    _, g = _x(seed=1)
    m = weft.zeros(600)
    want, momentum = x, np.zeros(600, np.float32)
    for _ in range(50):
        m = m * 0.5 + g
        p = p - m * 0.25
        momentum = momentum * np.float32(0.5) + from_weft(g)
        want = want - momentum * np.float32(0.25)
    exact(from_weft(p), want)


@pytest.mark.parametrize("dtype", list(NUMPY))
def test_copies(target: Target, dtype: str) -> None:
    target.need(dtype)
    x = numbers((3, 4), dtype)
    t = to_weft(x, dtype)
    for twin in (copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t)), pickle.loads(pickle.dumps(t.T)).T):
        assert twin.dtype == t.dtype
        equal_bits(np.ascontiguousarray(from_weft(twin)), np.ascontiguousarray(from_weft(t)))
    twin = copy.deepcopy(t)
    t[0] = 1
    equal_bits(np.ascontiguousarray(from_weft(twin)), x)


def test_to_the_host_and_back(target: Target) -> None:
    x, t = _x()
    exact(from_weft(t.to(target.device)), x)
    if target.device.type != "reference":
        there = t.to("reference") * 2
        assert there.device.type == "reference"
        exact(from_weft(there.to(target.device) + 1), x * np.float32(2) + np.float32(1))
        with pytest.raises(ValueError, match="device"):
            t + there


def test_in_place_names(target: Target) -> None:
    x, t = _x()
    t.add_(1).mul_(2).sub_(0.5)
    exact(from_weft(t), (x + np.float32(1)) * np.float32(2) - np.float32(0.5))
    t.zero_()
    exact(from_weft(t), np.zeros_like(x))
    t.fill_(3)
    exact(from_weft(t), np.full_like(x, 3))
