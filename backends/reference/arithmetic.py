"""The instructions that compute: each a function of arrays, in a table by name.

`ARITHMETIC[op](dtype, a, b, c, imm)` gives the result; operands that the instruction lacks are None. Loads, stores,
checks and reductions, which need more than their operands, are in loop.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import STORAGE, Array, convert, narrow, round_to_odd, widen

Function = Callable[[np.dtype[Any], Any, Any, Any, int], Array]


def _plain(ufunc: Callable[..., Array], operands: int) -> Function:
    """An instruction that NumPy has under its own name."""
    if operands == 1:
        return lambda dtype, a, b, c, imm: ufunc(a)
    return lambda dtype, a, b, c, imm: ufunc(a, b)


def _divide(dtype: np.dtype[Any], a: Array, b: Array, c: Any, imm: int) -> Array:
    if dtype.kind == "f":
        return np.divide(a, b)
    remainder = _remainder(dtype, a, b, c, imm)
    quotient = np.floor_divide(
        np.subtract(a, remainder), np.where(b == 0, dtype.type(1), b)
    )  # exact, so the floor is idle
    return np.where(b == 0, dtype.type(0), quotient)


def _remainder(dtype: np.dtype[Any], a: Array, b: Array, c: Any, imm: int) -> Array:
    if dtype.kind == "f":
        return np.fmod(a, b)
    return np.where(b == 0, dtype.type(0), np.fmod(a, np.where(b == 0, dtype.type(1), b)))


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum, and its error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product, and its error (Dekker: each factor in two halves)."""
    product = a * b
    half_a, half_b = a * 134217729.0, b * 134217729.0
    high_a, high_b = half_a - (half_a - a), half_b - (half_b - b)
    low_a, low_b = a - high_a, b - high_b
    return product, ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b


def _fma(dtype: np.dtype[Any], a: Array, b: Array, c: Array, imm: int) -> Array:
    if dtype == np.float32:  # the product of two floats is exact in a double
        total, error = _two_sum(np.multiply(a, b, dtype=np.float64), c.astype(np.float64))
        return round_to_odd(total, error).astype(np.float32)
    high, low = _two_product(a, b)  # Boldo and Melquiond: three errors, the last sum rounded to odd
    inner, inner_error = _two_sum(c, low)
    outer, outer_error = _two_sum(high, inner)
    rest, rest_error = _two_sum(inner_error, outer_error)
    exact = outer + round_to_odd(rest, rest_error)
    return np.where(np.isfinite(exact), exact, a * b + c)


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def _erf(dtype: np.dtype[Any], a: Array, b: Any, c: Any, imm: int) -> Array:
    """W. J. Cody, "Rational Chebyshev approximation for the error function", 1969, in float64."""
    x = np.asarray(a, dtype=np.float64)
    y = np.minimum(np.abs(x), 30.0)
    z = y * y
    small = (
        x
        * _polynomial(
            np.minimum(z, 0.25),
            (
                1.85777706184603153e-1,
                3.16112374387056560,
                1.13864154151050156e2,
                3.77485237685302021e2,
                3.20937758913846947e3,
            ),
        )
        / _polynomial(
            np.minimum(z, 0.25),
            (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
        )
    )
    middle = _polynomial(
        y,
        (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
         2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
         1.23033935479799725e3),
    ) / _polynomial(
        y,
        (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
         3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
    )  # fmt: skip
    w = 1.0 / np.maximum(z, 1e-3)
    tail = w * _polynomial(
        w,
        (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
         1.60837851487422766e-2, 6.58749161529837803e-4),
    ) / _polynomial(
        w,
        (1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
         2.33520497626869185e-3),
    )  # fmt: skip
    large = (5.6418958354775628695e-1 - tail) / np.maximum(y, 0.03)
    near = np.trunc(y * 16.0) / 16.0  # exp(-y * y) without losing the low bits of y * y
    rest = np.exp(-near * near) * np.exp(-(y - near) * (y + near)) * np.where(y <= 4.0, middle, large)
    result = np.where(y <= 0.46875, small, np.copysign(1.0 - rest, x))
    return np.where(np.isnan(x), x, result).astype(dtype)


def _philox(dtype: np.dtype[Any], counter: Array, key: Array, c: Any, imm: int) -> Array:
    """Philox 4x32-10 (Salmon et al., 2011), with 32-bit words held in uint64 so that products do not wrap."""
    word, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    x0, x1 = counter & word, counter >> shift
    x2 = x3 = np.zeros_like(x0)
    k0, k1 = key & word, key >> shift
    for _ in range(10):
        p0, p1 = x0 * np.uint64(0xD2511F53), x2 * np.uint64(0xCD9E8D57)
        x0, x1, x2, x3 = (p1 >> shift) ^ x1 ^ k0, p1 & word, (p0 >> shift) ^ x3 ^ k1, p0 & word
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & word, (k1 + np.uint64(0xBB67AE85)) & word
    return np.asarray((x0, x1, x2, x3)[imm]).astype(np.uint32)


def _select(dtype: np.dtype[Any], a: Array, b: Array, c: Array, imm: int) -> Array:
    return np.where(a, b, c)


def _narrow(dtype: np.dtype[Any], a: Array, b: Any, c: Any, imm: int) -> Array:
    storage = STORAGE[imm]
    return widen(narrow(a, storage), storage).astype(dtype, copy=False)


ARITHMETIC: dict[str, Function] = {
    "add": _plain(np.add, 2),
    "sub": _plain(np.subtract, 2),
    "mul": _plain(np.multiply, 2),
    "neg": _plain(np.negative, 1),
    "abs": _plain(np.absolute, 1),
    "div": _divide,
    "rem": _remainder,
    "min": _plain(np.minimum, 2),  # NaN if either operand is
    "max": _plain(np.maximum, 2),
    "fma": _fma,
    "floor": _plain(np.floor, 1),
    "ceil": _plain(np.ceil, 1),
    "trunc": _plain(np.trunc, 1),
    "rint": _plain(np.rint, 1),
    "sqrt": _plain(np.sqrt, 1),
    "exp": _plain(np.exp, 1),
    "expm1": _plain(np.expm1, 1),
    "log": _plain(np.log, 1),
    "log1p": _plain(np.log1p, 1),
    "sin": _plain(np.sin, 1),
    "cos": _plain(np.cos, 1),
    "tan": _plain(np.tan, 1),
    "asin": _plain(np.arcsin, 1),
    "acos": _plain(np.arccos, 1),
    "atan": _plain(np.arctan, 1),
    "atan2": _plain(np.arctan2, 2),
    "tanh": _plain(np.tanh, 1),
    "erf": _erf,
    "pow": _plain(np.power, 2),
    "lt": _plain(np.less, 2),
    "le": _plain(np.less_equal, 2),
    "eq": _plain(np.equal, 2),
    "ne": _plain(np.not_equal, 2),
    "and": _plain(np.bitwise_and, 2),
    "or": _plain(np.bitwise_or, 2),
    "xor": _plain(np.bitwise_xor, 2),
    "not": _plain(np.invert, 1),
    "shl": _plain(np.left_shift, 2),  # NumPy too shifts everything out when the count is outside the width
    "shr": _plain(np.right_shift, 2),
    "select": _select,
    "cast": lambda dtype, a, b, c, imm: convert(a, dtype),
    "bits": lambda dtype, a, b, c, imm: a.view(dtype),
    "narrow": _narrow,
    "philox": _philox,
}

REDUCTIONS: dict[str, Callable[[Array, np.dtype[Any]], Array]] = {  # of the rows of a matrix
    "reduce.sum": lambda rows, dtype: np.add.reduce(rows, axis=1, dtype=dtype),
    "reduce.prod": lambda rows, dtype: np.multiply.reduce(rows, axis=1, dtype=dtype),
    "reduce.max": lambda rows, dtype: np.maximum.reduce(rows, axis=1, initial=lowest(dtype)),
    "reduce.min": lambda rows, dtype: np.minimum.reduce(rows, axis=1, initial=highest(dtype)),
    "reduce.any": lambda rows, dtype: np.logical_or.reduce(rows, axis=1),
    "reduce.all": lambda rows, dtype: np.logical_and.reduce(rows, axis=1),
    "reduce.argmax": lambda rows, dtype: _first(np.argmax, rows),
    "reduce.argmin": lambda rows, dtype: _first(np.argmin, rows),
}


def lowest(dtype: np.dtype[Any]) -> Any:
    """What a maximum starts from."""
    if dtype.kind == "b":
        return False
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def highest(dtype: np.dtype[Any]) -> Any:
    """What a minimum starts from."""
    if dtype.kind == "b":
        return True
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def _first(find: Callable[..., Array], rows: Array) -> Array:
    if rows.shape[1] == 0:
        return np.zeros(rows.shape[0], np.int64)
    return find(rows, axis=1).astype(np.int64)  # NumPy takes the first of equals, and the first NaN before all
