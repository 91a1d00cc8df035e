"""Functions of two elements: every pair of special values, and broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import weft
from weft.testing.compare import EPS, exact, within_ulps
from weft.testing.samples import FLOATS, INTEGERS, NUMPY, Array, from_weft, numbers, specials, to_weft
from weft.testing.target import Target


@dataclass(frozen=True)
class Binary:
    reference: Callable[[Array, Array], Array]
    ulps: float = 0.51
    low: float = -4
    atol: float = 0.0  # in units of the dtype's epsilon


FUNCTIONS = {
    "add": Binary(np.add),
    "subtract": Binary(np.subtract),
    "multiply": Binary(np.multiply),
    "divide": Binary(np.divide, 3),
    "minimum": Binary(np.minimum),
    "maximum": Binary(np.maximum),
    "fmod": Binary(np.fmod),
    "copysign": Binary(np.copysign),
    "atan2": Binary(np.arctan2, 6),
    "hypot": Binary(np.hypot, 6),
    "logaddexp": Binary(np.logaddexp, 8, atol=4),
    "pow": Binary(np.power, 16, low=0.01),
}
# For these, special pairs follow rules NumPy's float64 does not share after rounding, or where C libraries differ.
PLAIN_ONLY = {"logaddexp", "fmod"}


def _grid(values: Array) -> tuple[Array, Array]:
    a, b = np.meshgrid(values, values, indexing="ij")
    return a.ravel(), b.ravel()


def _check(target: Target, name: str, dtype: str, a: Array, b: Array) -> None:
    f = FUNCTIONS[name]
    got = from_weft(getattr(weft, name)(to_weft(a, dtype), to_weft(b, dtype)))
    wide = np.longdouble if dtype == "float64" else np.float64
    with np.errstate(all="ignore"):
        want = f.reference(a.astype(wide), b.astype(wide))
    ulps = f.ulps if dtype in ("float32", "float64") else max(0.51, min(f.ulps, 1.0))
    within_ulps(got, want, dtype, ulps, a, b, atol=f.atol * EPS[dtype], flushes=target.flushes)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_floats(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    low = FUNCTIONS[name].low
    _check(target, name, dtype, numbers(300, dtype, low, 4, 1), numbers(300, dtype, -4, 4, 2))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in PLAIN_ONLY])
def test_every_pair_of_special_values(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    a, b = _grid(specials(dtype, denormals=not target.flushes))
    if name == "divide" and dtype in (
        "float32",
        "float64",
    ):  # a quotient of huge and tiny numbers may round through infinity
        keep = (np.abs(b) > 1e-30) | (b == 0) | ~np.isfinite(b)
        a, b = a[keep], b[keep]
    _check(target, name, dtype, a, b)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_floor_division(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    # Quarters: every quotient and remainder is exact.
    a, b = _grid(np.arange(-12, 13, dtype=np.float64) / 4)
    keep = b != 0
    a, b = a[keep], b[keep]
    got = from_weft(getattr(weft, name)(to_weft(a, dtype), to_weft(b, dtype)))
    exact(got.astype(np.float64), getattr(np, name)(a, b), a, b)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize(
    "name",
    [
        "add",
        "subtract",
        "multiply",
        "minimum",
        "maximum",
        "floor_divide",
        "remainder",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
    ],
)
def test_integers(target: Target, name: str, dtype: str) -> None:
    """They wrap; a zero divisor gives 0."""
    target.need(dtype)
    a, b = _grid(specials(dtype))
    got = from_weft(getattr(weft, name)(to_weft(a, dtype), to_weft(b, dtype)))
    with np.errstate(all="ignore"):
        want = getattr(np, name)(a, b)
    exact(got, want, a, b)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["bitwise_left_shift", "bitwise_right_shift"])
def test_shifts(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    a, b = np.meshgrid(specials(dtype), np.arange(NUMPY[dtype](0).itemsize * 8, dtype=NUMPY[dtype]), indexing="ij")
    twin = {"bitwise_left_shift": np.left_shift, "bitwise_right_shift": np.right_shift}[name]
    exact(from_weft(getattr(weft, name)(to_weft(a, dtype), to_weft(b, dtype))), twin(a, b), a, b)


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS])
@pytest.mark.parametrize(
    "name",
    [
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_xor",
    ],
)
def test_comparisons(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    a, b = _grid(specials(dtype, denormals=not target.flushes))
    exact(from_weft(getattr(weft, name)(to_weft(a, dtype), to_weft(b, dtype))), getattr(np, name)(a, b), a, b)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_complex(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    a, b = numbers(50, dtype, seed=1), numbers(50, dtype, seed=2)
    got = from_weft(getattr(weft, name)(to_weft(a, dtype), to_weft(b, dtype)))
    want = getattr(np, name)(a.astype(np.complex128), b.astype(np.complex128))
    assert got.dtype == NUMPY[dtype]
    np.testing.assert_allclose(
        got, want, rtol=1e-5 if dtype == "complex64" else 1e-13, atol=1e-5 if dtype == "complex64" else 1e-13
    )


@pytest.mark.parametrize(
    "shapes",
    [
        ((4, 1), (3,)),
        ((), (2, 3)),
        ((5, 1, 2), (4, 1)),
        ((1,), (0,)),
        ((0, 3), (1, 1)),
        ((2, 1, 3), (1, 4, 1)),
        ((64, 1), (1, 65)),
    ],
    ids=str,
)
def test_broadcasting(target: Target, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a, b = numbers(shapes[0], "float32", seed=1), numbers(shapes[1], "float32", seed=2)
    exact(from_weft(to_weft(a, "float32") - to_weft(b, "float32")), a - b)
    exact(from_weft(weft.maximum(to_weft(a, "float32"), to_weft(b, "float32"))), np.maximum(a, b))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", *FLOATS, "complex64"])
def test_where(target: Target, dtype: str) -> None:
    target.need(dtype)
    c, a, b = numbers((6, 1), "bool"), numbers((1, 7), dtype, seed=1), numbers((6, 7), dtype, seed=2)
    exact(from_weft(weft.where(to_weft(c, "bool"), to_weft(a, dtype), to_weft(b, dtype))), np.where(c, a, b))


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32", "float64"])
def test_clip(target: Target, dtype: str) -> None:
    target.need(dtype)
    x = specials(dtype, denormals=False)
    exact(from_weft(weft.clip(to_weft(x, dtype), 1, 5)), np.clip(x, 1, 5).astype(NUMPY[dtype]), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fma_rounds_once(target: Target, dtype: str) -> None:
    target.need(dtype)
    one = NUMPY[dtype](1)
    a = np.nextafter(
        one, one + one
    )  # a * a - 1 is 2 eps + eps**2: the last part is lost where the product is rounded first
    x = to_weft(np.array([a]), dtype)
    got = from_weft(weft.fma(x, x, to_weft(np.array([-1.0]), dtype)))
    eps = np.longdouble(EPS[dtype])
    assert got[0] == NUMPY[dtype](2 * eps + eps * eps)
    assert from_weft(x * x - 1)[0] == NUMPY[dtype](a * a) - one  # and an uncontracted product is
