"""Each computing instruction of a tape as an expression of OpenCL C, for scalars and for vectors of lanes.

Vectors are used on CPU devices only, where a work item walks a row 16 elements at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

from .names import ITEM_SIZE, REGISTER, STORAGE, UNSIGNED, is_float, vector


@dataclass(frozen=True)
class Style:
    """What code for a device has to look like.

    Some CPU runtimes give exp(x) and exp((float16)(x)) different last bits. Which of the two a kernel calls depends on
    what it was fused with, and fusion must not change bits: so `wide_calls` names the functions to call on vectors
    always, and `lane_calls` those to call on scalars always, because their vector form is wrong.
    """

    cpu: bool
    wide_calls: frozenset[str] = frozenset()
    lane_calls: frozenset[str] = frozenset()


_CALLS = {
    "fma", "floor", "ceil", "trunc", "rint", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin",
    "acos", "atan", "atan2", "tanh", "erf", "pow",
}  # fmt: skip
LIBRARY = _CALLS - {"fma", "floor", "ceil", "trunc", "rint", "sqrt"}  # results differ from library to library
_COMPARE = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}
_INFIX = {"add": "+", "sub": "-", "mul": "*"}
_BITWISE = {"and": "&", "or": "|", "xor": "^"}

KNOWN = (
    _CALLS | set(_COMPARE) | set(_INFIX) | set(_BITWISE)
    | {"neg", "abs", "div", "rem", "min", "max", "not", "shl", "shr", "select", "cast", "bits", "narrow", "philox"}
)  # fmt: skip


def choose(condition: str, yes: str, no: str, type: str, width: int) -> str:
    """Condition ? yes : no, where `condition` is a comparison of operands of that very type."""
    if width == 1:
        return f"(({condition}) ? {yes} : {no})"
    return f"select({no}, {yes}, {condition})"


def mask(comparison: str, type: str, width: int) -> str:
    """A comparison of operands of `type` as a bool register."""
    return f"convert_int{width}({comparison})" if width > 1 and ITEM_SIZE[type] == 8 else f"({comparison})"


def convert(value: str, source: str, target: str, width: int) -> str:
    """The "cast" instruction. A float outside an integer's range saturates."""
    to = vector(REGISTER[target], width)
    if source == target:
        return value
    if target == "bool":
        return mask(f"{value} != {splat('0', source, width)}", source, width)
    if source == "bool" and width > 1:
        value = f"(-{value})"
    if is_float(source) and not is_float(target):
        return f"convert_{to}_sat_rtz({value})"
    return f"convert_{to}({value})"


def splat(value: str, type: str, width: int) -> str:
    return f"({vector(REGISTER[type], width)})({value})"


def extreme(op: str, a: str, b: str, type: str, width: int) -> str:
    """The larger or smaller of two; NaN if either is."""
    sign = ">" if op == "max" else "<"
    if is_float(type):
        either = "||" if width == 1 else "|"
        return choose(f"({a} {sign} {b}) {either} ({a} != {a})", a, b, type, width)
    if type == "bool":
        wider = "|" if op == "max" else "&"
        return f"({a} {wider} {b})"
    return f"{op}({a}, {b})"


def expression(op: str, type: str, source: str, operands: list[str], width: int, imm: int, style: Style) -> str:
    """`type` is the result's, `source` the type of operand b (or of a, where there is one operand).

    Style says which functions to call on vectors even for one value, and which on single lanes.
    """
    a = operands[0]
    b = operands[1] if len(operands) > 1 else ""
    if op in style.lane_calls and width > 1 and is_float(type):
        name = {"rem": "fmod"}.get(op, op)
        calls = (f"{name}({', '.join(f'({operand}).s{i:x}' for operand in operands)})" for i in range(width))
        return f"({vector(REGISTER[type], width)})({', '.join(calls)})"
    if op in style.wide_calls and width == 1:
        return f"{op}({', '.join(splat(operand, type, 16) for operand in operands)}).s0"
    if op in _CALLS:
        return f"{op}({', '.join(operands)})"
    if op in _COMPARE:
        return mask(f"{a} {_COMPARE[op]} {b}", source, width)
    if op in _BITWISE:
        return f"({a} {_BITWISE[op]} {b})"
    if op == "not":
        return f"(!{a})" if type == "bool" and width == 1 else f"(~{a})"
    if op in ("min", "max"):
        return extreme(op, a, b, type, width)
    if op == "select":
        if width == 1:
            return f"({a} ? {b} : {operands[2]})"
        lanes = a if ITEM_SIZE[type] == 4 else f"convert_long{width}({a})"
        return f"select({operands[2]}, {b}, {lanes})"
    if op == "cast":
        return convert(a, source, type, width)
    if op == "bits":
        return f"as_{vector(REGISTER[type], width)}({a})"
    if op == "narrow":
        return _narrow(a, type, STORAGE[imm], width)
    if op == "philox":
        return f"weft_philox({a}, {b}, {imm})"
    if is_float(type):
        return _float(op, a, b)
    return _integer(op, type, a, b, width)


def _float(op: str, a: str, b: str) -> str:
    if op in _INFIX:
        return f"({a} {_INFIX[op]} {b})"
    return {"neg": f"(-{a})", "abs": f"fabs({a})", "div": f"({a} / {b})", "rem": f"fmod({a}, {b})"}[op]


def _integer(op: str, type: str, a: str, b: str, width: int) -> str:
    name, unsigned = vector(REGISTER[type], width), vector(UNSIGNED[type], width)
    signed = REGISTER[type] != UNSIGNED[type]
    bits = 8 * ITEM_SIZE[type]
    zero, one = f"({name})(0)", f"({name})(1)"

    def wrapped(value: str) -> str:
        return f"as_{name}({value})"

    if op in _INFIX:
        return wrapped(f"as_{unsigned}({a}) {_INFIX[op]} as_{unsigned}({b})")
    negative = wrapped(f"({unsigned})(0) - as_{unsigned}({a})")
    if op == "neg":
        return negative
    if op == "abs":
        return wrapped(f"abs({a})")
    if op in ("div", "rem"):
        either = "||" if width == 1 else "|"
        awkward = f"({b} == {zero})" + (f" {either} ({b} == ({name})(-1))" if signed else "")
        safe = choose(awkward, one, b, type, width)
        if op == "rem":  # a % 1 is 0, and so are both awkward cases
            return f"({a} % {safe})"
        quotient = f"({a} / {safe})"
        if signed:
            quotient = choose(f"{b} == ({name})(-1)", negative, quotient, type, width)
        return choose(f"{b} == {zero}", zero, quotient, type, width)
    count = f"as_{unsigned}({b})"
    outside = f"{count} >= ({unsigned})({bits})"
    if op == "shl":
        return choose(
            outside, zero, wrapped(f"as_{unsigned}({a}) << ({count} & ({unsigned})({bits - 1}))"), type, width
        )
    if op == "shr":
        if signed:
            return f"({a} >> as_{name}(min({count}, ({unsigned})({bits - 1}))))"
        return choose(outside, zero, f"({a} >> ({count} & ({unsigned})({bits - 1})))", type, width)
    raise KeyError(op)


def _narrow(a: str, type: str, storage: str, width: int) -> str:
    name = vector(REGISTER[type], width)
    suffix = "" if width == 1 else str(width)
    if storage == "float16":
        return f"convert_{name}(weft_half{suffix}{'_d' if type == 'float64' else ''}({a}))"
    if storage == "bfloat16":
        single = f"weft_odd{suffix}({a})" if type == "float64" else a
        return f"convert_{name}(weft_rebrain{suffix}({single}))"
    if storage == "float32" and type == "float64":
        return f"convert_{name}(convert_{vector('float', width)}({a}))"
    small = {"int8": "char", "int16": "short", "uint8": "uchar", "uint16": "ushort", "int32": "int", "uint32": "uint"}
    if storage in small and not is_float(type):
        return f"convert_{name}(convert_{vector(small[storage], width)}({a}))"
    return a
