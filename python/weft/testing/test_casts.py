"""From every dtype to every other."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import weft
from weft.testing.compare import exact
from weft.testing.samples import FLOATS, INTEGERS, NUMPY, Array, from_weft, numbers, rounded, specials, to_weft
from weft.testing.target import Target

REAL = ("bool", *INTEGERS, *FLOATS)


def _values(dtype: str, other: str) -> Array:
    if dtype in FLOATS and other in INTEGERS:  # a float that does not fit has no one answer
        low = -120 if other.startswith("int") else 0
        return np.concatenate(
            [numbers(40, dtype, low, 120), rounded(np.array([0.0, -0.0, 0.999, 1.5, 2.5, 119.75]), dtype)]
        )
    if dtype in FLOATS:
        return np.concatenate([numbers(40, dtype, -300, 300), specials(dtype)])
    return specials(dtype)


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("other", REAL)
def test_cast(target: Target, dtype: str, other: str) -> None:
    target.need(dtype, other)
    x = _values(dtype, other)
    if target.flushes and dtype in FLOATS:
        x = x[(np.abs(x) > 1e-30) | (x == 0) | np.isnan(x)]
    got = from_weft(to_weft(x, dtype).astype(other))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want: Array = x.astype(NUMPY[other])
        if other == "bfloat16":
            # Integers and float64 go through float32: rounded twice, as the contract says.
            want = rounded(x.astype(np.float32), other)
        if other == "float16" and dtype in ("int64", "uint64", "int32", "uint32", "float64"):
            want = x.astype(np.float32).astype(np.float16)
    if other in FLOATS and dtype in ("int64", "uint64", "float64") and other in ("float16", "bfloat16"):
        np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=2.0**-7)  # double rounding
        return
    exact(got, want, x)


@pytest.mark.parametrize("dtype", ["int32", "float32", "float64"])
@pytest.mark.parametrize("other", ["complex64", "complex128"])
def test_to_complex(target: Target, dtype: str, other: str) -> None:
    target.need(dtype, other)
    x = numbers(20, dtype)
    exact(from_weft(to_weft(x, dtype).astype(other)), x.astype(NUMPY[other]))


@pytest.mark.parametrize(
    ("dtype", "other"),
    [("float32", "int32"), ("int32", "uint32"), ("float64", "int64"), ("uint64", "float64"), ("float16", "uint16")],
)
def test_bitcast(target: Target, dtype: str, other: str) -> None:
    target.need(dtype, other)
    x = specials(dtype)[:-4] if dtype in FLOATS else specials(dtype)
    exact(from_weft(weft.bitcast(to_weft(x, dtype), other)), x.view(NUMPY[other]))


@pytest.mark.parametrize("dtype", REAL)
def test_in_and_out(target: Target, dtype: str) -> None:
    """What goes in comes out, bit by bit; NaN keeps being one."""
    target.need(dtype)
    x = specials(dtype)
    exact(from_weft(to_weft(x, dtype)), x)
