"""Arithmetic on one element.

Registers are Python's bool, int and float; integers wrap, float32 is rounded after every step.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from ctypes import c_float
from fractions import Fraction
from typing import Any

import numpy as np

np.seterr(all="ignore")


def _wrapping(bits: int, signed: bool) -> Callable[[Any], int]:
    mask, half = (1 << bits) - 1, 1 << (bits - 1)
    if signed:
        return lambda x: ((int(x) + half) & mask) - half
    return lambda x: int(x) & mask


def f32(x: float) -> float:
    return c_float(x).value


# What makes a result one of its type.
WRAP: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    **{f"int{n}": _wrapping(n, True) for n in (8, 16, 32, 64)},
    **{f"uint{n}": _wrapping(n, False) for n in (8, 16, 32, 64)},
    "float32": f32,
    "float64": float,
}


# ---- the two half types, as they lie in memory


def half(bits: int) -> float:
    return struct.unpack("<e", struct.pack("<H", bits))[0]


def to_half(x: float) -> int:
    return int(np.float32(x).astype(np.float16).view(np.uint16))


def brain(bits: int) -> float:
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


def to_brain(x: float) -> int:
    if x != x:
        return 0x7FC0
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


# ---- operations that Python's own do not do, or do with an exception


def divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or a != a or b != b else math.copysign(math.inf, a) * math.copysign(1.0, b)


def int_divide(a: int, b: int) -> int:
    return 0 if not b else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def int_remainder(a: int, b: int) -> int:
    return 0 if not b else a - int_divide(a, b) * b


def least(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return math.nan
    return a if a < b or (a == b and math.copysign(1, a) < 0) else b


def most(a: Any, b: Any) -> Any:
    if a != a or b != b:
        return math.nan
    return a if a > b or (a == b and math.copysign(1, a) > 0) else b


def fma(a: float, b: float, c: float, single: bool) -> float:
    """Multiply and add, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    true = Fraction(a) * Fraction(b) + Fraction(c)
    if true == 0:
        return a * b + c  # with its sign
    near = float(true)
    if (
        single
        and math.isfinite(near)
        and Fraction(near) != true
        and not struct.unpack("<q", struct.pack("<d", near))[0] & 1
    ):
        near = math.nextafter(
            near, math.inf if Fraction(near) < true else -math.inf
        )  # to odd: float32 then rounds as if it saw all digits
    return f32(near) if single else near


def cast(x: Any, source: str, target: str) -> Any:
    if target == "bool":
        return x != 0
    if target.startswith("float"):
        return float(np.dtype(source).type(x).astype(target)) if not isinstance(x, float) else WRAP[target](x)
    if isinstance(x, float):
        if x != x:
            return 0
        x = int(min(max(x, -(2.0**63)), 2.0**64))
    return WRAP[target](x)


def bits(x: Any, source: str, target: str) -> Any:
    return np.dtype(source).type(x).view(target).item()


def constant(word: int, kind: str) -> Any:
    """The register whose bits a 64-bit word holds."""
    return np.array([word & (1 << 64) - 1], np.uint64).view(kind)[0].item() if kind != "bool" else bool(word & 1)


def shift_left(a: int, count: int, width: int) -> int:
    return a << count if 0 <= count < width else 0


def shift_right(a: int, count: int, width: int) -> int:
    return a >> (count if 0 <= count < width else width)


def by_numpy(name: str) -> Callable[..., float]:
    function = getattr(np, name)
    return lambda *x: float(function(*map(np.float64, x)))
