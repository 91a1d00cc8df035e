"""Sorting, searching and running sums."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft.testing.compare import EPS, exact, near
from weft.testing.samples import from_weft, numbers, to_weft
from weft.testing.target import Target


@pytest.mark.parametrize("length", [1, 2, 3, 16, 17, 33, 100])
@pytest.mark.parametrize("descending", [False, True])
def test_sort(target: Target, length: int, descending: bool) -> None:
    if target.slow and length > 33:
        pytest.skip("the backend is too slow for sorts of this length")
    x = numbers((2, length), "int32", -5, 5)  # with ties: stable
    t = to_weft(x, "int32")
    keys = -x if descending else x
    order = np.argsort(keys, axis=1, kind="stable")
    exact(from_weft(weft.argsort(t, axis=1, descending=descending)), order)
    exact(from_weft(weft.sort(t, axis=1, descending=descending)), np.take_along_axis(x, order, 1))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "uint64", "int64", "float16", "bfloat16", "float64"])
def test_sort_dtypes(target: Target, dtype: str) -> None:
    target.need(dtype)
    x = numbers((9, 2), dtype, -100, 100)
    exact(from_weft(weft.sort(to_weft(x, dtype), axis=0)), np.sort(x, axis=0))


@pytest.mark.parametrize("descending", [False, True])
def test_nan_comes_last(target: Target, descending: bool) -> None:
    x = np.array([3, np.nan, -np.inf, 0.0, -0.0, np.nan, np.inf, 1], np.float32)
    got = from_weft(weft.sort(to_weft(x, "float32"), descending=descending))
    numbers_ = np.sort(x[~np.isnan(x)])
    exact(
        got, np.concatenate([numbers_[::-1] if descending else numbers_, [np.float32(np.nan)] * 2]).astype(np.float32)
    )
    order = from_weft(weft.argsort(to_weft(x, "float32"), descending=descending))
    assert order[-2:].tolist() == [1, 5]
    assert order.tolist().index(3) < order.tolist().index(4)  # 0.0 and -0.0 are equal: in place


def test_searchsorted(target: Target) -> None:
    row, values = np.array([1, 2, 2, 4, 9], np.float32), np.array([[0, 1, 2], [3, 9, 10]], np.float32)
    for side in ("left", "right"):
        exact(
            from_weft(weft.searchsorted(to_weft(row, "float32"), to_weft(values, "float32"), side=side)),
            np.searchsorted(row, values, side=side),
        )


@pytest.mark.parametrize("length", [1, 2, 31, 64, 65, 200])
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_running(target: Target, name: str, length: int) -> None:
    x = numbers((3, length), "float32", 0.9, 1.1)
    want = getattr(np, name)(x.astype(np.float64), axis=1)
    near(
        from_weft(getattr(weft, name)(to_weft(x, "float32"), axis=1)),
        want,
        "float32",
        EPS["float32"] * (4 + length) * want,
    )
    exact(
        from_weft(weft.cumsum(to_weft(numbers((length, 2), "int32", seed=1), "int32"), axis=0)),
        np.cumsum(numbers((length, 2), "int32", seed=1), axis=0, dtype=np.int64),
    )


@pytest.mark.parametrize("name", ["cummax", "cummin"])
def test_running_extremes(target: Target, name: str) -> None:
    x = numbers((3, 50), "float32")
    x[1, 20] = np.nan
    twin = {"cummax": np.maximum, "cummin": np.minimum}[name]
    exact(from_weft(getattr(weft, name)(to_weft(x, "float32"), axis=1)), twin.accumulate(x, axis=1))


def test_unique(target: Target) -> None:
    x = numbers(30, "int32", -4, 4)
    exact(from_weft(weft.unique_values(to_weft(x, "int32"))), np.unique(x))


def test_top_of_a_row(target: Target) -> None:
    x = numbers((2, 12), "float32")
    values, index = weft.topk(to_weft(x, "float32"), 3)
    order = np.argsort(-x, axis=1, kind="stable")[:, :3]
    exact(from_weft(index), order)
    exact(from_weft(values), np.take_along_axis(x, order, 1))
