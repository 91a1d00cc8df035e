"""Instructions on integers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from kernel_builder import elementwise

from .case import (
    INTEGERS,
    Case,
    edges,
    named,
    pairs,
)


def _wrap(value: int, type: str) -> int:
    width = np.iinfo(type).bits
    value &= (1 << width) - 1
    return value - (1 << width) if np.iinfo(type).min < 0 and value >> (width - 1) else value


def _trunc_div(a: int, b: int) -> int:
    return 0 if b == 0 else (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)


def _shift(a: int, count: int, width: int, left: bool) -> int:
    if not 0 <= count < width:
        return 0 if left or a >= 0 else -1
    return a << count if left else a >> count


_INTEGER: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, w: a + b, "sub": lambda a, b, w: a - b, "mul": lambda a, b, w: a * b,
    "div": lambda a, b, w: _trunc_div(a, b), "rem": lambda a, b, w: 0 if b == 0 else a - b * _trunc_div(a, b),
    "min": lambda a, b, w: min(a, b), "max": lambda a, b, w: max(a, b),
    "and": lambda a, b, w: a & b, "or": lambda a, b, w: a | b, "xor": lambda a, b, w: a ^ b,
    "shl": lambda a, b, w: _shift(a, b, w, True), "shr": lambda a, b, w: _shift(a, b, w, False),
}  # fmt: skip


def _integer_binary(op: str, type: str) -> Callable[[], Case]:
    def make() -> Case:
        a, b = pairs(type)
        width = np.iinfo(type).bits
        want = [_wrap(_INTEGER[op](int(x), int(y), width), type) for x, y in zip(a, b, strict=True)]
        return elementwise(op, type, a, b), {2: (np.array(want, type), None)}

    return make


def _integer_unary(op: str, type: str) -> Callable[[], Case]:
    def make() -> Case:
        a = edges(type)
        function: Callable[[int], int] = {"neg": lambda x: -x, "abs": abs, "not": lambda x: ~x}[op]
        return elementwise(op, type, a), {1: (np.array([_wrap(function(int(x)), type) for x in a], type), None)}

    return make


for _type in INTEGERS:
    for _op in _INTEGER:
        named(f"{_op}-{_type}")(_integer_binary(_op, _type))
    for _op in ("neg", "abs", "not"):
        named(f"{_op}-{_type}")(_integer_unary(_op, _type))
