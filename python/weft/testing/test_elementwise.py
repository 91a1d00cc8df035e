"""Functions of one element, over their whole range, against NumPy in float64 (for float64: in long double)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import weft
from weft.testing.compare import exact, within_ulps
from weft.testing.oracle import elementwise
from weft.testing.samples import FLOATS, INTEGERS, NUMPY, SHAPES, Array, from_weft, numbers, rounded, specials, to_weft
from weft.testing.target import Target


@dataclass(frozen=True)
class Unary:
    """A function: NumPy's twin, where to draw numbers, and how far off it may be in float32 and float64."""

    reference: Callable[[Array], Array]
    low: float = -50
    high: float = 50
    ulps: float = 4
    zero_signs: bool = False


def _sigmoid(x: Array) -> Array:
    out: Array = np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))
    return out


# Correctly rounded: 0.51. Division and square root may be 2.5 and 3 ulp off, as OpenCL allows.
FUNCTIONS = {
    "abs": Unary(np.abs, ulps=0.51, zero_signs=True),
    "negative": Unary(np.negative, ulps=0.51, zero_signs=True),
    "sign": Unary(np.sign, ulps=0.51),
    "square": Unary(np.square, ulps=0.51),
    "relu": Unary(lambda x: np.maximum(x, 0), ulps=0.51),
    "floor": Unary(np.floor, ulps=0.51, zero_signs=True),
    "ceil": Unary(np.ceil, ulps=0.51, zero_signs=True),
    "trunc": Unary(np.trunc, ulps=0.51, zero_signs=True),
    "round": Unary(np.round, ulps=0.51, zero_signs=True),
    "sqrt": Unary(np.sqrt, 0, 100, ulps=3, zero_signs=True),
    "rsqrt": Unary(lambda x: 1 / np.sqrt(x), 0, 100),
    "reciprocal": Unary(lambda x: 1 / x, ulps=3),
    "exp": Unary(np.exp, -100, 90),
    "exp2": Unary(np.exp2, -130, 128),
    "expm1": Unary(np.expm1, -20, 88, zero_signs=True),
    "log": Unary(np.log, 0, 100),
    "log1p": Unary(np.log1p, -1, 100, zero_signs=True),
    "log2": Unary(np.log2, 0, 100),
    "log10": Unary(np.log10, 0, 100),
    "sin": Unary(np.sin, zero_signs=True),
    "cos": Unary(np.cos),
    "tan": Unary(np.tan, ulps=5, zero_signs=True),
    "asin": Unary(np.arcsin, -1, 1, zero_signs=True),
    "acos": Unary(np.arccos, -1, 1),
    "atan": Unary(np.arctan, ulps=5, zero_signs=True),
    "sinh": Unary(np.sinh, -88, 88, ulps=8),
    "cosh": Unary(np.cosh, -88, 88, ulps=8),
    "tanh": Unary(np.tanh, -10, 10, ulps=5, zero_signs=True),
    "asinh": Unary(np.arcsinh, ulps=8),
    "acosh": Unary(np.arccosh, 1, 100, ulps=8),
    "atanh": Unary(np.arctanh, -1, 1, ulps=8),
    "erf": Unary(elementwise(math.erf), -6, 6, ulps=16, zero_signs=True),
    "sigmoid": Unary(_sigmoid, -90, 90, ulps=6),
}


def _inputs(f: Unary, dtype: str, denormals: bool) -> Array:
    """Evenly spread, spread over magnitudes, and special."""
    largest = 60000.0 if dtype == "float16" else 1e30
    low, high = max(f.low, -largest), min(f.high, largest)
    even = numbers(150, dtype, low, high, 1)
    magnitudes = rounded(np.exp(np.random.default_rng(2).uniform(-12, 9, 100)), dtype)
    signs = np.where(np.arange(100) % 2, 1, -1).astype(magnitudes.dtype)
    return np.concatenate([even, magnitudes * signs, specials(dtype, denormals)])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_floats(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    f = FUNCTIONS[name]
    x = _inputs(f, dtype, denormals=not target.flushes)
    got = from_weft(getattr(weft, name)(to_weft(x, dtype)))
    with np.errstate(all="ignore"):
        want = f.reference(x.astype(np.longdouble if dtype == "float64" else np.float64))
    if want.dtype == np.float64 and dtype == "float64":
        want = want.astype(np.longdouble)
    # Half types are computed in float32 and rounded once.
    ulps = max(f.ulps, 0.51) if dtype in ("float32", "float64") else 1.0
    within_ulps(got, want, dtype, ulps, x, zero_signs=f.zero_signs, flushes=target.flushes)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    "name", ["abs", "negative", "sign", "square", "floor", "ceil", "trunc", "round", "bitwise_invert"]
)
def test_integers(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    x = specials(dtype)
    twin = {
        "round": np.positive,
        "floor": np.positive,
        "ceil": np.positive,
        "trunc": np.positive,
        "bitwise_invert": np.invert,
    }
    with np.errstate(all="ignore"):
        want = twin.get(name, getattr(np, name, None))(x)  # type: ignore[misc]
    exact(from_weft(getattr(weft, name)(to_weft(x, dtype))), want.astype(NUMPY[dtype]), x)


@pytest.mark.parametrize("dtype", [*FLOATS, "int32", "uint8"])
@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite", "signbit", "logical_not"])
def test_tests(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    x = specials(dtype, denormals=False)
    want = x < 0 if name == "signbit" and dtype not in FLOATS else getattr(np, name)(x)
    if name == "signbit":
        keep = ~np.isnan(x)  # a NaN has no sign worth keeping
        x, want = x[keep], want[keep]
    exact(from_weft(getattr(weft, name)(to_weft(x, dtype))), want, x)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", ["abs", "negative", "square", "exp", "sqrt", "conj", "real", "imag", "reciprocal"])
def test_complex(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    x = numbers(64, dtype, -3, 3)
    got = from_weft(getattr(weft, name)(to_weft(x, dtype)))
    want: Any = getattr(np, name)(x.astype(np.complex128))
    assert got.dtype == getattr(np, name)(x).dtype
    np.testing.assert_allclose(
        got, want, rtol=2e-5 if dtype == "complex64" else 1e-13, atol=1e-6 if dtype == "complex64" else 1e-14
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(target: Target, shape: tuple[int, ...]) -> None:
    x = numbers(shape, "float32")
    exact(from_weft(-to_weft(x, "float32")), -x)
    exact(from_weft(to_weft(x, "float32") * 2 + 1), x * np.float32(2) + np.float32(1))
