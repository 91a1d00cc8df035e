"""What does not fit is split, or refused with a clear error: never wrong."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import weft
from weft.testing.compare import exact
from weft.testing.samples import from_weft, numbers, to_weft
from weft.testing.target import Target


def test_500_operations_on_60_inputs(target: Target) -> None:
    inputs = [numbers(23, "float32", -1, 1, n) for n in range(60)]
    tensors = [to_weft(x, "float32") for x in inputs]
    want, got = inputs[0], tensors[0]
    for i in range(500):
        y, t = inputs[i % 60], tensors[i % 60]
        if i % 3 == 0:
            want, got = want + y, got + t
        elif i % 3 == 1:
            want, got = want * np.float32(0.5) - y, got * 0.5 - t
        else:
            want, got = np.maximum(want, y), weft.maximum(got, t)
    exact(from_weft(got), want)


def test_a_sum_of_60_inputs(target: Target) -> None:
    inputs = [numbers(50, "float32", -1, 1, n) for n in range(60)]

    def halves(values: list[Any]) -> Any:
        if len(values) == 1:
            return values[0]
        middle = len(values) // 2
        return halves(values[:middle]) + halves(values[middle:])

    exact(from_weft(halves([to_weft(x, "float32") for x in inputs])), halves(inputs))


def test_60_results_of_one_input(target: Target) -> None:
    x = numbers(40, "float32")
    t = to_weft(x, "float32")
    results = [t * float(i) + float(i) for i in range(60)]
    weft.eval(*results)
    for i, r in enumerate(results):
        exact(from_weft(r), x * np.float32(i) + np.float32(i))


def test_many_dimensions(target: Target) -> None:
    shape = (2, 1, 3, 2, 1, 2, 2, 1, 2)
    x = numbers(shape, "float32")
    t = to_weft(x, "float32")
    axes = (8, 2, 0, 4, 1, 3, 7, 6, 5)
    exact(from_weft(weft.permute_dims(t, axes) * 2), x.transpose(axes) * np.float32(2))
    exact(from_weft(weft.permute_dims(t, axes).max(axis=(0, 5, 2))), x.transpose(axes).max(axis=(0, 5, 2)))


def test_deep_expressions(target: Target) -> None:
    x = to_weft(np.array([1.0, -2.0], np.float32), "float32")
    y = functools.reduce(lambda a, _: a + x, range(3000), x)
    exact(from_weft(y), np.array([3001.0, -6002.0], np.float32))


def test_largest_buffer(target: Target) -> None:
    if not target.max_alloc or target.max_alloc > 1 << 28:
        pytest.skip("the backend names no largest buffer, or one too large to try")
    n = target.max_alloc // 4
    with pytest.raises(weft.OutOfMemoryError, match="at most"):
        to_weft(np.zeros(n + 1, np.float32), "float32")
    with pytest.raises(weft.OutOfMemoryError):
        weft.eval(weft.zeros(n + 1, dtype="float32") + 1)
    if target.budget(n + 1, seconds=3.0, itemsize=1) > n:  # what is never in memory as a whole has no limit
        assert float((weft.zeros(n + 1, dtype="float32") + 1).sum()) == n + 1
    x = np.ones(n, np.float32)
    exact(from_weft(to_weft(x, "float32")), x)


def test_memory_limit(target: Target) -> None:
    n = target.budget(1 << 16)
    x = numbers(n, "float32")
    t = to_weft(x, "float32")
    weft.eval(t)
    weft.empty_cache()
    weft.set_memory_limit(weft.memory_stats()["in_use"] + 100)
    try:
        y = t + 1
        with pytest.raises(weft.OutOfMemoryError, match=r"cannot allocate \d+ bytes.*In use.*set_memory_limit"):
            y.numpy()
    finally:
        weft.set_memory_limit(0)
    exact(from_weft(y), x + np.float32(1))
    exact(from_weft(t), x)


def test_memory_comes_back(target: Target) -> None:
    n = target.budget(1 << 14)
    before = weft.memory_stats()["in_use"]
    held = [weft.full((n,), float(i)) + 1 for i in range(5)]
    weft.eval(*held)
    assert weft.memory_stats()["in_use"] >= before + 5 * 4 * n
    del held
    assert weft.memory_stats()["in_use"] <= before + 4 * n
