"""What a case is, and what cases share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from kernel_builder import Builder

Expected = dict[int, tuple[Any, float | None]]
Case = tuple[Builder, Expected]
CASES: dict[str, Callable[[], Case]] = {}

FLOATS = ["float32", "float64"]
INTEGERS = ["int32", "int64", "uint32", "uint64"]


def case(function: Callable[[], Case]) -> Callable[[], Case]:
    CASES[function.__name__] = function
    return function


def named(name: str) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def keep(function: Callable[[], Case]) -> Callable[[], Case]:
        CASES[name] = function
        return function

    return keep


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def check(builder: Builder, expected: Expected, arrays: list[Any]) -> None:
    for arg, (want, ulps) in expected.items():
        got, want = arrays[arg], np.asarray(want).astype(arrays[arg].dtype)
        assert got.shape == want.shape
        if ulps is None:
            np.testing.assert_array_equal(got, want)
        else:
            eps = float(np.finfo(want.dtype).eps)
            scale = (
                max(1.0, float(np.max(np.abs(want), initial=0))) * eps if ulps < 0 else float(np.finfo(want.dtype).tiny)
            )
            np.testing.assert_allclose(got, want, rtol=abs(ulps) * eps, atol=abs(ulps) * scale)


def bfloat16(values: Any) -> Any:
    """float32 to bfloat16 bits, to nearest even, one value at a time."""
    result = []
    for value in np.asarray(values, np.float32).ravel():
        bits = int(value.view(np.uint32))
        if math.isnan(value):
            result.append((bits >> 16) | 0x40)
        else:
            low, high = bits & 0xFFFF, bits >> 16
            result.append(high + (low > 0x8000 or (low == 0x8000 and high & 1 == 1)))
    return np.array(result, np.uint16).reshape(np.shape(values))


def from_bfloat16(values: Any) -> Any:
    return (np.asarray(values, np.uint32) << 16).view(np.float32)


def edges(type: str) -> Any:
    if type == "bool":
        return np.array([False, True])
    if type in FLOATS:
        tiny, big = np.finfo(type).tiny, np.finfo(type).max
        special = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            1.5,
            2.5,
            -2.5,
            3.7,
            -7.25,
            1e-3,
            tiny,
            big,
            -big,
            np.inf,
            -np.inf,
            np.nan,
        ]
        return np.concatenate([np.array(special), rng().normal(size=30) * 10]).astype(type)
    info = np.iinfo(type)
    special_ints = [0, 1, 2, 3, 7, 31, 32, 63, 64, 100, info.max, info.max - 1, info.min, info.min + 1]
    special_ints += [-1, -2, -5] if info.min else [info.max // 2, info.max // 3]
    return np.concatenate([np.array(special_ints, type), rng().integers(info.min, info.max, 20, type)])


def pairs(type: str) -> tuple[Any, Any]:
    values = edges(type)
    a, b = np.meshgrid(values, values)
    return a.ravel().copy(), b.ravel().copy()


HALVES = np.array(
    [0.0, -0.0, 1.0, 1.0 + 2**-11, 1.0 + 3 * 2**-11, 65504.0, 65519.0, 65520.0, 1e6, -1e6, 2**-14, 2**-24, 2**-25,
     3 * 2**-26,
     1e-9, np.inf, -np.inf, np.nan, 0.1, 1 / 3, 1.00390625, 1.01171875, 3.3895314e38, 3.4e38, 1e-39], np.float32,
)  # fmt: skip
