"""Operations on one element of each input."""

from __future__ import annotations

import math

import weft
from weft import _core

from .convert import Converter, converts
from .graph import Node

__all__: list[str] = []

_DIRECT = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "neg": "Neg", "abs": "Abs", "sign": "Sign", "pow": "Pow",
    "minimum": "Min", "maximum": "Max", "where": "Where", "sqrt": "Sqrt", "reciprocal": "Reciprocal", "exp": "Exp",
    "log": "Log", "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan",
    "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf",
    "sigmoid": "Sigmoid", "relu": "Relu", "floor": "Floor", "ceil": "Ceil", "round": "Round", "isnan": "IsNaN",
    "isinf": "IsInf", "less": "Less", "less_equal": "LessOrEqual", "greater": "Greater",
    "greater_equal": "GreaterOrEqual", "equal": "Equal", "logical_and": "And", "logical_or": "Or",
    "logical_xor": "Xor", "logical_not": "Not", "bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor", "bitwise_not": "BitwiseNot",
}  # fmt: skip

# What the operators above that take numbers are for bool.
_OF_BOOL = {
    "add": "Or", "mul": "And", "minimum": "And", "maximum": "Or", "bitwise_and": "And", "bitwise_or": "Or",
    "bitwise_xor": "Xor", "bitwise_not": "Not",
}  # fmt: skip
_ORDERS = ("less", "less_equal", "greater", "greater_equal")


@converts(*_DIRECT)
def direct(c: Converter, node: Node) -> str:
    inputs = c.inputs(node)
    of_bool = node.inputs[0].dtype == weft.bool
    if of_bool and node.primitive in _ORDERS:
        inputs = [c.cast(x, weft.int32) for x in inputs]
    return c.op(_OF_BOOL.get(node.primitive, _DIRECT[node.primitive]) if of_bool else _DIRECT[node.primitive], *inputs)


@converts("not_equal")
def not_equal(c: Converter, node: Node) -> str:
    return c.op("Not", c.op("Equal", *c.inputs(node)))


@converts("cast")
def cast(c: Converter, node: Node) -> str:
    return c.cast(c[node.inputs[0]], node.dtype)


@converts("fma")
def fma(c: Converter, node: Node) -> str:
    a, b, addend = c.inputs(node)
    return c.op("Add", c.op("Mul", a, b), addend)


@converts("clip")
def clip(c: Converter, node: Node) -> str:
    x, lo, hi = c.inputs(node)
    return c.op("Min", c.op("Max", x, lo), hi)


@converts("clip_one")
def clip_one(c: Converter, node: Node) -> str:
    return c.op("Min" if node.attrs[0] else "Max", *c.inputs(node))


# ---- division


def _no_zeros(c: Converter, b: str, dtype: _core.dtype) -> tuple[str, str]:
    """Where integers are 0, and 1 in the place of these: runtimes refuse to divide by 0, weft gives 0."""
    zero = c.op("Equal", b, c.number(0, dtype))
    return zero, c.op("Where", zero, c.number(1, dtype), b)


@converts("fmod")
def fmod(c: Converter, node: Node) -> str:
    a, b = c.inputs(node)
    return c.op("Mod", a, b if node.dtype.kind == "f" else _no_zeros(c, b, node.dtype)[1], fmod=1)


@converts("remainder")
def remainder(c: Converter, node: Node) -> str:
    a, b = c.inputs(node)
    if node.dtype.kind == "f":
        return _float_remainder(c, a, b, node.dtype)
    return c.op("Mod", a, _no_zeros(c, b, node.dtype)[1])


def _float_remainder(c: Converter, a: str, b: str, dtype: _core.dtype) -> str:
    rest = c.op("Mod", a, b, fmod=1)  # its sign is that of a, and should be that of b
    other_side = c.op("Less", c.op("Mul", c.op("Sign", rest), c.op("Sign", b)), c.number(0, dtype))
    return c.op("Where", other_side, c.op("Add", rest, b), rest)


@converts("floor_div")
def floor_div(c: Converter, node: Node) -> str:
    a, b = c.inputs(node)
    zero = c.number(0, node.dtype)
    if node.dtype.kind == "f":
        whole = c.op("Round", c.op("Div", c.op("Sub", a, _float_remainder(c, a, b, node.dtype)), b))
        return c.op("Where", c.op("Equal", b, zero), c.op("Div", a, b), whole)
    by_zero, divisor = _no_zeros(c, b, node.dtype)
    quotient = c.op("Div", c.op("Sub", a, c.op("Mod", a, divisor)), divisor)
    return c.op("Where", by_zero, zero, quotient)


# ---- powers, exponentials, logarithms


@converts("square")
def square(c: Converter, node: Node) -> str:
    (x,) = c.inputs(node)
    return c.op("Mul", x, x)


@converts("pow_int")
def pow_int(c: Converter, node: Node) -> str:
    return c.op("Pow", c[node.inputs[0]], c.number(node.attrs[0], node.dtype))


@converts("rsqrt")
def rsqrt(c: Converter, node: Node) -> str:
    return c.op("Reciprocal", c.op("Sqrt", c[node.inputs[0]]))


@converts("exp2")
def exp2(c: Converter, node: Node) -> str:
    return c.op("Pow", c.number(2, node.dtype), c[node.inputs[0]])


@converts("expm1")
def expm1(c: Converter, node: Node) -> str:
    # tanh(x / 2) (exp(x) + 1), which does not cancel near 0.
    x = c[node.inputs[0]]
    half = c.op("Tanh", c.op("Mul", x, c.number(0.5, node.dtype)))
    return c.op("Mul", half, c.op("Add", c.op("Exp", x), c.number(1, node.dtype)))


@converts("log1p")
def log1p(c: Converter, node: Node) -> str:
    return _log1p(c, c[node.inputs[0]], node.dtype)


def _log1p(c: Converter, x: str, dtype: _core.dtype) -> str:
    # log(u) x / (u - 1) with u = 1 + x rounded: the rounding cancels. Kahan, in the manual of the HP-15C, 1982.
    one = c.number(1, dtype)
    u = c.op("Add", x, one)
    rounded_away = c.op("Equal", u, one)
    distance = c.op("Where", rounded_away, one, c.op("Sub", u, one))
    logarithm = c.op("Log", u)
    near = c.op("Where", rounded_away, x, c.op("Mul", logarithm, c.op("Div", x, distance)))
    return c.op("Where", c.op("Less", c.op("Abs", x), one), near, logarithm)


@converts("log2", "log10")
def log_of_base(c: Converter, node: Node) -> str:
    base = 2 if node.primitive == "log2" else 10
    return c.op("Mul", c.op("Log", c[node.inputs[0]]), c.number(1 / math.log(base), node.dtype))


@converts("logaddexp")
def logaddexp(c: Converter, node: Node) -> str:
    a, b = c.inputs(node)
    smaller = c.op("Exp", c.op("Neg", c.op("Abs", c.op("Sub", a, b))))
    apart = c.op("Add", c.op("Max", a, b), _log1p(c, smaller, node.dtype))
    return c.op("Where", c.op("Equal", a, b), c.op("Add", a, c.number(math.log(2), node.dtype)), apart)


@converts("hypot")
def hypot(c: Converter, node: Node) -> str:
    a, b = (c.op("Abs", x) for x in c.inputs(node))
    large, small, one = c.op("Max", a, b), c.op("Min", a, b), c.number(1, node.dtype)
    is_zero = c.op("Equal", large, c.number(0, node.dtype))
    ratio = c.op("Div", small, c.op("Where", is_zero, one, large))
    return c.op("Mul", large, c.op("Sqrt", c.op("Add", one, c.op("Mul", ratio, ratio))))


@converts("atan2")
def atan2(c: Converter, node: Node) -> str:
    y, x = c.inputs(node)
    pi, zero = c.number(math.pi, node.dtype), c.number(0, node.dtype)
    slope = c.op("Atan", c.op("Div", y, x))
    far = c.op("Where", _signbit(c, y, node.dtype), c.op("Neg", pi), pi)
    turned = c.op("Where", _signbit(c, x, node.dtype), c.op("Add", slope, far), slope)
    on_axis = c.op("Where", _signbit(c, x, node.dtype), far, y)  # y is 0, and 0 / 0 is not a number
    return c.op("Where", c.op("Equal", y, zero), on_axis, turned)


# ---- signs, rounding, questions


def _signbit(c: Converter, x: str, dtype: _core.dtype) -> str:
    zero = c.number(0, dtype)
    below = c.op("Less", x, zero)
    if dtype.kind != "f":
        return below
    is_zero = c.op("Equal", x, zero)  # -0 shows by its reciprocal
    return c.op("Or", below, c.op("And", is_zero, c.op("Less", c.op("Reciprocal", x), zero)))


@converts("signbit")
def signbit(c: Converter, node: Node) -> str:
    return _signbit(c, c[node.inputs[0]], node.inputs[0].dtype)


@converts("copysign")
def copysign(c: Converter, node: Node) -> str:
    size, sign = c.inputs(node)
    size = c.op("Abs", size)
    return c.op("Where", _signbit(c, sign, node.dtype), c.op("Neg", size), size)


@converts("trunc")
def trunc(c: Converter, node: Node) -> str:
    x = c[node.inputs[0]]
    return c.op("Where", c.op("Less", x, c.number(0, node.dtype)), c.op("Ceil", x), c.op("Floor", x))


@converts("isfinite")
def isfinite(c: Converter, node: Node) -> str:
    x = c[node.inputs[0]]
    return c.op("Not", c.op("Or", c.op("IsNaN", x), c.op("IsInf", x)))


@converts("left_shift", "right_shift")
def shift(c: Converter, node: Node) -> str:
    # BitShift takes unsigned numbers; others are multiplied or divided by a power of two, downwards.
    x, by = c.inputs(node)
    if node.dtype.kind == "u":
        return c.op("BitShift", x, by, direction="LEFT" if node.primitive == "left_shift" else "RIGHT")
    power = c.op("Pow", c.number(2, node.dtype), by)
    if node.primitive == "left_shift":
        return c.op("Mul", x, power)
    return c.op("Div", c.op("Sub", x, c.op("Mod", x, power)), power)
