"""Instructions on floating-point numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from kernel_builder import elementwise

from .case import (
    FLOATS,
    Case,
    edges,
    named,
    pairs,
    rng,
)

_UNARY: dict[str, tuple[Callable[[Any], Any], float | None]] = {
    "neg": (np.negative, None), "abs": (np.abs, None), "floor": (np.floor, None), "ceil": (np.ceil, None),
    "trunc": (np.trunc, None), "rint": (np.rint, None), "sqrt": (np.sqrt, 2), "exp": (np.exp, 4),
    "expm1": (np.expm1, 4),
    "log": (np.log, 4), "log1p": (np.log1p, 4), "sin": (np.sin, 5), "cos": (np.cos, 5), "tan": (np.tan, 6),
    "asin": (np.arcsin, 5), "acos": (np.arccos, 5), "atan": (np.arctan, 5), "tanh": (np.tanh, 6),
    "erf": (np.vectorize(math.erf, otypes=[float]), 17),
}  # fmt: skip


def _float_unary(op: str, type: str) -> Callable[[], Case]:
    def make() -> Case:
        values = edges(type)
        if op in ("sin", "cos", "tan"):
            values = np.where(np.abs(values) < 1e4, values, np.nan).astype(type)
        function, ulps = _UNARY[op]
        with np.errstate(all="ignore"):
            want = function(values.astype(np.float64)).astype(type)
        return elementwise(op, type, values), {1: (want, ulps)}

    return make


def _float_binary(op: str, type: str) -> Callable[[], Case]:
    functions: dict[str, tuple[Callable[[Any, Any], Any], float | None]] = {
        "add": (np.add, None), "sub": (np.subtract, None), "mul": (np.multiply, None), "div": (np.divide, 3),
        "rem": (np.fmod, None), "min": (np.minimum, None), "max": (np.maximum, None), "atan2": (np.arctan2, 7),
        "pow": (np.power, 17),
    }  # fmt: skip

    def make() -> Case:
        a, b = pairs(type)
        function, ulps = functions[op]
        if op in ("atan2", "pow", "rem"):  # denormal and huge operands are the driver's affair
            keep = ~((np.abs(a) < 1e-30) & (a != 0)) & ~((np.abs(b) < 1e-30) & (b != 0))
            keep &= ~(np.isfinite(a) & (np.abs(a) > 1e30)) & ~(np.isfinite(b) & (np.abs(b) > 1e30))
            a, b = a[keep], b[keep]
        with np.errstate(all="ignore"):
            want = function(a, b)
            normal = ~((np.abs(want) < np.finfo(type).tiny) & (want != 0))
        a, b, want = a[normal], b[normal], want[normal]
        return elementwise(op, type, a, b), {2: (want, ulps)}

    return make


for _type in FLOATS:
    for _op in _UNARY:
        named(f"{_op}-{_type}")(_float_unary(_op, _type))
    for _op in ("add", "sub", "mul", "div", "rem", "min", "max", "atan2", "pow"):
        named(f"{_op}-{_type}")(_float_binary(_op, _type))


@named("fma-float32")
def _() -> Case:
    r = rng()
    a, b = (r.normal(size=400).astype(np.float32) for _ in range(2))
    c = (-(a * b) * (1 + r.integers(-2, 3, 400) * 2e-7)).astype(np.float32)  # cancels: only one rounding gives the bits
    from fractions import Fraction

    want = [
        float(Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))) for x, y, z in zip(a, b, c, strict=True)
    ]
    return elementwise("fma", "float32", a, b, c), {3: (np.array(want).astype(np.float32), None)}


@named("fma-float64")
def _() -> Case:
    from fractions import Fraction

    r = rng()
    a, b = (r.normal(size=400) for _ in range(2))
    c = -(a * b) * (1 + r.integers(-2, 3, 400) * 2e-16)
    want = [float(Fraction(x) * Fraction(y) + Fraction(z)) for x, y, z in zip(a, b, c, strict=True)]
    return elementwise("fma", "float64", a, b, c), {3: (np.array(want), None)}
