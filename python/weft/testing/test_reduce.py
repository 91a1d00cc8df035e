"""Reductions over every combination of axes, and over rows of every length class."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import weft
from weft.testing.compare import EPS, exact, near
from weft.testing.samples import FLOATS, NUMPY, Array, from_weft, numbers, to_weft
from weft.testing.target import Target

AXES: list[Any] = [
    None,
    *itertools.chain.from_iterable(itertools.combinations(range(3), n) for n in (1, 2, 3)),
    -1,
    (-1, 0),
]
LENGTHS = [
    1,
    2,
    3,
    31,
    32,
    63,
    64,
    65,
    127,
    128,
    129,
    255,
    256,
    257,
    1000,
    4095,
    4096,
    4097,
    8191,
    8192,
    8193,
    12289,
    40000,
]


def sum_bound(x: Array, dtype: str, axis: Any = None) -> Any:
    """How far off a sum of rounded additions may be, in whatever order they come."""
    count = x.size / max(1, np.sum(x, axis=axis).size)
    eps = (
        max(EPS[dtype], 2.0**-52) if dtype in ("float32", "float64") else 2.0**-23
    )  # narrow types are summed in float32
    return eps * (4 + np.sqrt(count)) * np.sum(np.abs(x), axis=axis, dtype=np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", AXES, ids=str)
def test_sum_over_axes(target: Target, axis: Any, dtype: str) -> None:
    target.need(dtype)
    x = numbers((3, 4, 5), dtype)
    wide = x.astype(np.float64)
    for keep in (False, True):
        got = from_weft(to_weft(x, dtype).sum(axis=axis, keepdims=keep))
        near(got, wide.sum(axis=axis, keepdims=keep), dtype, np.reshape(sum_bound(wide, dtype, axis), got.shape))


@pytest.mark.parametrize("name", ["max", "min", "prod", "mean", "any", "all", "sum"])
@pytest.mark.parametrize("axis", AXES, ids=str)
def test_over_axes(target: Target, axis: Any, name: str) -> None:
    x = numbers((3, 4, 5), "float32", 0.5, 1.5)
    got = from_weft(getattr(to_weft(x, "float32"), name)(axis=axis))
    want = getattr(np, name)(x.astype(np.float64), axis=axis)
    if name in ("max", "min", "any", "all"):
        exact(got, np.asarray(want, got.dtype))
    else:
        near(got, want, "float32", 1e-5 * np.abs(want))


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8", "float16", "int64"])
def test_arg_over_axes(target: Target, name: str, axis: int | None, dtype: str) -> None:
    target.need(dtype)
    x = numbers((3, 4, 5), dtype, -3, 3)  # with ties: the first wins
    exact(from_weft(getattr(to_weft(x, dtype), name)(axis=axis)), np.asarray(getattr(np, name)(x, axis=axis)))


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_nan_wins(target: Target, name: str) -> None:
    x = numbers((6, 70), "float32")
    x[1, 3] = x[1, 50] = x[4, 69] = x[5, 0] = np.nan
    x[2, 7] = np.inf
    x[3, 9] = -np.inf
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x, axis=1)
    exact(from_weft(getattr(to_weft(x, "float32"), name)(axis=1)), np.asarray(want))


def _rows(target: Target, length: int) -> int:
    if target.budget(40000, seconds=0.5) < length:
        pytest.skip("the backend is too slow for rows of this length")
    return max(1, min(5, target.budget(40000, seconds=0.5) // length))


@pytest.mark.parametrize("length", LENGTHS)
def test_lengths(target: Target, length: int) -> None:
    """Rows, columns, and all at once."""
    x = numbers((_rows(target, length), length), "float32")
    wide = x.astype(np.float64)
    t, c = to_weft(x, "float32"), to_weft(np.ascontiguousarray(x.T), "float32")
    near(from_weft(t.sum(axis=1)), wide.sum(axis=1), "float32", sum_bound(wide, "float32", 1))
    near(from_weft(c.sum(axis=0)), wide.sum(axis=1), "float32", sum_bound(wide, "float32", 1))
    near(from_weft(t.sum()), wide.sum(), "float32", sum_bound(wide, "float32"))
    exact(from_weft(t.max(axis=1)), x.max(axis=1))
    exact(from_weft(c.min(axis=0)), x.min(axis=1))


@pytest.mark.parametrize("length", [64, 8192, 8193, 20000])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions_in_long_rows(target: Target, name: str, length: int) -> None:
    rows = _rows(target, length)
    sign = 1 if name == "argmax" else -1
    x = numbers((rows, length), "float32")
    for row in range(rows):  # two equal extremes: the first wins, in whichever part it lies
        at = (row * 4001 + 17) % length
        x[row, at] = x[row, -1] = 100 * sign
    exact(from_weft(getattr(to_weft(x, "float32"), name)(axis=1)), getattr(np, name)(x, axis=1))
    x[-1, length // 2] = np.nan
    exact(from_weft(getattr(to_weft(x, "float32"), name)(axis=1)), getattr(np, name)(x, axis=1))


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "int64", "uint8", "uint32", "uint64"])
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "any", "all"])
def test_integers(target: Target, name: str, dtype: str) -> None:
    """Exactly, in 64 bits for sums and products."""
    target.need(dtype)
    x = numbers((4, 90), dtype, -3 if name == "prod" else -100, 3 if name == "prod" else 100)
    got = from_weft(getattr(to_weft(x, dtype), name)(axis=1))
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x, axis=1)
    exact(got, want)


@pytest.mark.parametrize("length", [8193, 16000])
def test_long_integers(target: Target, length: int) -> None:
    target.need("int64")
    x = numbers((_rows(target, length), length), "int32", -(2**31), 2**31 - 1)
    exact(from_weft(to_weft(x, "int32").sum(axis=1)), x.sum(axis=1, dtype=np.int64))
    exact(from_weft((to_weft(x, "int32") == 7).any(axis=1)), (x == 7).any(axis=1))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 2)], ids=str)
def test_of_nothing(target: Target, shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    t = to_weft(x, "float32")
    for axis in (None, *range(len(shape))):
        exact(from_weft(t.sum(axis=axis)), np.asarray(x.sum(axis=axis)))
        exact(from_weft(t.prod(axis=axis)), np.asarray(x.prod(axis=axis)))
        exact(from_weft((t > 0).all(axis=axis)), np.asarray((x > 0).all(axis=axis)))
    with pytest.raises(ValueError, match="max"):
        t.max().numpy()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)], ids=str)
def test_moments(target: Target, axis: Any, dtype: str) -> None:
    target.need(dtype)
    x = numbers((6, 7, 5), dtype, -2, 3)
    wide = x.astype(np.float64)
    near(
        from_weft(to_weft(x, dtype).mean(axis=axis)),
        wide.mean(axis=axis),
        dtype,
        4 * EPS["float32" if dtype != "float64" else dtype],
    )
    spread = np.asarray(wide.var(axis=axis))
    near(from_weft(to_weft(x, dtype).var(axis=axis)), spread, dtype, 16 * EPS[dtype] * spread)
    lse = np.log(np.exp(wide).sum(axis=axis))
    near(from_weft(weft.logsumexp(to_weft(x, dtype), axis=axis)), lse, dtype, 16 * EPS[dtype])


def test_logsumexp_of_large_numbers(target: Target) -> None:
    x = np.array([[1e4, 1e4], [-1e4, -1e4], [-np.inf, -np.inf], [np.inf, 0], [np.nan, 0]], np.float32)
    want = np.array([1e4 + np.log(2), -1e4 + np.log(2), -np.inf, np.inf, np.nan])
    near(from_weft(weft.logsumexp(to_weft(x, "float32"), axis=1)), want, "float32", 1e-3)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex(target: Target, dtype: str) -> None:
    target.need(dtype)
    x = numbers((5, 40), dtype)
    wide = x.astype(np.complex128)
    eps = EPS["float32" if dtype == "complex64" else "float64"]
    near(from_weft(to_weft(x, dtype).sum(axis=1)), wide.sum(axis=1), dtype, eps * 400)
    near(from_weft(to_weft(x, dtype).mean(axis=0)), wide.mean(axis=0), dtype, eps * 40)
    assert from_weft(to_weft(x, dtype).sum()).dtype == NUMPY[dtype]
