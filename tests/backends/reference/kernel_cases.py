"""Kernels with the answer NumPy gives for them: every instruction and type, every form of access, every kind.

Each case is a function that returns a kernel and what its arguments hold afterwards: {argument: (array, ulps or None)}.
None asks for equal values (NaN equal to NaN); a number n for n units in the last place; -n the same, but relative to
the largest value of the array, for sums that cancel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from kernel_builder import REGISTER, STORAGE, Builder, elementwise, row_major

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


# ---- instructions: floats ------------------------------------------------------------------------

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


# ---- instructions: integers ----------------------------------------------------------------------


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


# ---- instructions: comparisons, bool, select, cast, bits, narrow ---------------------------------


def _compare(op: str, type: str) -> Callable[[], Case]:
    def make() -> Case:
        a, b = pairs(type)
        function = {"lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal}[op]
        return elementwise(op, "bool", a, b), {2: (function(a, b), None)}

    return make


def _bool(op: str) -> Callable[[], Case]:
    def make() -> Case:
        a, b = pairs("bool")
        function = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[op]
        return elementwise(op, "bool", a, b), {2: (function(a, b), None)}

    return make


def _select(type: str) -> Callable[[], Case]:
    def make() -> Case:
        a, b = pairs(type)
        chosen = rng().integers(0, 2, a.size).astype(bool)
        return elementwise("select", type, chosen, a, b), {3: (np.where(chosen, a, b), None)}

    return make


def _cast(source: str, target: str) -> Callable[[], Case]:
    def make() -> Case:
        values = edges(source)
        if source in FLOATS and target in INTEGERS:
            info = np.iinfo(target)
            with np.errstate(all="ignore"):
                values = values[(values > max(info.min, -1e18)) & (values < min(info.max, 1e18)) & np.isfinite(values)]
        with np.errstate(all="ignore"):
            want = values.astype(target)
        return elementwise("cast", target, values), {1: (want, None)}

    return make


for _type in FLOATS + INTEGERS + ["bool"]:
    for _op in ("lt", "le", "eq", "ne"):
        named(f"{_op}-{_type}")(_compare(_op, _type))
    named(f"select-{_type}")(_select(_type))
    for _target in FLOATS + INTEGERS + ["bool"]:
        if _type != _target:
            named(f"cast-{_type}-{_target}")(_cast(_type, _target))
for _op in ("and", "or", "xor"):
    named(f"{_op}-bool")(_bool(_op))


@named("not-bool")
def _() -> Case:
    return elementwise("not", "bool", edges("bool")), {1: (~edges("bool"), None)}


@named("cast-out-of-range-is-harmless")
def _() -> Case:
    values = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, -3.9, 3.9], np.float32)
    builder = elementwise("cast", "int32", values)
    info = np.iinfo(np.int32)
    return builder, {1: (np.array([0, info.max, info.min, info.max, info.min, -3, 3]), None)}


for _source, _target in (("float32", "int32"), ("float32", "uint32"), ("int64", "float64"), ("float64", "uint64")):

    @named(f"bits-{_source}-{_target}")
    def _(source: str = _source, target: str = _target) -> Case:
        values = edges(source)
        values = values[~np.isnan(values)] if source in FLOATS else values
        if target in FLOATS:
            values = np.abs(values) % (1 << 62)
        return elementwise("bits", target, values), {1: (values.view(target), None)}


_HALVES = np.array(
    [0.0, -0.0, 1.0, 1.0 + 2**-11, 1.0 + 3 * 2**-11, 65504.0, 65519.0, 65520.0, 1e6, -1e6, 2**-14, 2**-24, 2**-25,
     3 * 2**-26,
     1e-9, np.inf, -np.inf, np.nan, 0.1, 1 / 3, 1.00390625, 1.01171875, 3.3895314e38, 3.4e38, 1e-39], np.float32,
)  # fmt: skip


@named("narrow-float16")
def _() -> Case:
    with np.errstate(all="ignore"):
        want = _HALVES.astype(np.float16).astype(np.float32)
    return elementwise("narrow", "float32", _HALVES, imm=STORAGE.index("float16")), {1: (want, None)}


@named("narrow-bfloat16")
def _() -> Case:
    want = from_bfloat16(bfloat16(_HALVES))
    return elementwise("narrow", "float32", _HALVES, imm=STORAGE.index("bfloat16")), {1: (want, None)}


for _type, _register in (("int8", "int32"), ("int16", "int32"), ("uint8", "uint32"), ("uint16", "uint32")):

    @named(f"narrow-{_type}")
    def _(type: str = _type, register: str = _register) -> Case:
        values = edges(register)
        return elementwise("narrow", register, values, imm=STORAGE.index(type)), {
            1: (values.astype(type).astype(register), None)
        }


def _philox(counter: int, key: int) -> list[int]:
    x, k = [counter & 0xFFFFFFFF, counter >> 32, 0, 0], [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        p0, p1 = x[0] * 0xD2511F53, x[2] * 0xCD9E8D57
        x = [(p1 >> 32) ^ x[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ x[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return x


@case
def philox() -> Case:
    counters = np.array([0, 1, 2**32 - 1, 2**32, 2**64 - 1, 0x123456789ABCDEF], np.uint64)
    keys = np.array([0, 5, 2**33, 77, 2**64 - 1, 0xDEADBEEFCAFEBABE], np.uint64)
    builder = Builder([6])
    a, b = builder.access(builder.arg(counters), [1]), builder.access(builder.arg(keys), [1])
    outs = [builder.access(builder.arg(np.zeros(6, np.uint32)), [1], store=True) for _ in range(4)]
    with builder.stage():
        counter, key = builder.load(a), builder.load(b)
        for word in range(4):
            builder.store(outs[word], builder.op("philox", "uint32", counter, key, imm=word))
    words = np.array([_philox(int(c), int(k)) for c, k in zip(counters, keys, strict=True)], np.uint32)
    assert [hex(w) for w in words[0]] == [
        "0x6627e8d5",
        "0xe169c58d",
        "0xbc57ac4c",
        "0x9b00dbd8",
    ]  # Random123's kat_vectors
    return builder, {2 + word: (words[:, word], None) for word in range(4)}


# ---- storage types -------------------------------------------------------------------------------


def _roundtrip(type: str) -> Callable[[], Case]:
    def make() -> Case:
        memory = "uint16" if type == "bfloat16" else type
        if type in ("float16", "bfloat16"):
            bits = np.arange(0, 65536, 7, dtype=np.uint16)
            values = bits.view(memory)
            nan = np.isnan(from_bfloat16(bits)) if type == "bfloat16" else np.isnan(values)
            values = values[~nan]
        else:
            values = edges(type) if type in FLOATS + INTEGERS + ["bool"] else np.arange(-300, 300).astype(memory)
        builder = Builder([values.size])
        wide = builder.arg(np.zeros(values.size, REGISTER[type]))
        source = builder.access(builder.arg(values), [1], dtype=type)
        back = builder.access(builder.arg(np.zeros(values.size, memory)), [1], dtype=type, store=True)
        target = builder.access(wide, [1], store=True)
        with builder.stage():
            register = builder.load(source)
            builder.store(target, register)
            builder.store(back, register)
        want = from_bfloat16(values) if type == "bfloat16" else values.astype(REGISTER[type])
        return builder, {0: (want, None), 2: (values, None)}

    return make


for _type in STORAGE:
    named(f"load-store-{_type}")(_roundtrip(_type))


@case
def store_rounds_to_bfloat16() -> Case:
    builder = Builder([_HALVES.size])
    source = builder.access(builder.arg(_HALVES), [1])
    target = builder.access(builder.arg(np.zeros(_HALVES.size, np.uint16)), [1], dtype="bfloat16", store=True)
    with builder.stage():
        builder.store(target, builder.load(source))
    keep = ~np.isnan(_HALVES)
    assert keep.sum() == _HALVES.size - 1
    return builder, {1: (bfloat16(_HALVES), None)}


@case
def store_float64_rounds_once() -> Case:
    values = np.array([1 + 2**-8 + 2**-40, 1 + 2**-8 - 2**-40, 1 + 2**-8, 1 + 2**-11 + 2**-40, 1 + 2**-11, -1.5, 1e300])
    builder = Builder([values.size])
    source = builder.access(builder.arg(values), [1])
    b16 = builder.access(builder.arg(np.zeros(values.size, np.uint16)), [1], dtype="bfloat16", store=True)
    f16 = builder.access(builder.arg(np.zeros(values.size, np.float16)), [1], store=True)
    with builder.stage():
        register = builder.load(source)
        builder.store(b16, register)
        builder.store(f16, register)
    with np.errstate(all="ignore"):
        half = values.astype(np.float16)
    return builder, {1: (np.array([0x3F81, 0x3F80, 0x3F80, 0x3F80, 0x3F80, 0xBFC0, 0x7F80]), None), 2: (half, None)}


@case
def store_wraps_small_integers() -> Case:
    values = edges("int64")
    builder = Builder([values.size])
    source = builder.access(builder.arg(values), [1])
    types = ["int8", "uint8", "int16", "uint16", "int32", "uint32"]
    targets = [builder.access(builder.arg(np.zeros(values.size, type)), [1], store=True) for type in types]
    with builder.stage():
        register = builder.load(source)
        for target in targets:
            builder.store(target, register)
    return builder, {1 + i: (values.astype(type), None) for i, type in enumerate(types)}


# ---- accesses ------------------------------------------------------------------------------------


@case
def transposed_and_broadcast() -> Case:
    x, row = rng().normal(size=(5, 7)).astype(np.float32), rng().normal(size=7).astype(np.float32)
    builder = Builder([7, 5], index_bits=32)
    a = builder.access(builder.arg(x), [1, 7])
    b = builder.access(builder.arg(row), [1, 0])
    out = builder.access(builder.arg(np.zeros((7, 5), np.float32)), [5, 1], store=True)
    with builder.stage():
        scale = builder.param(1.5)
        builder.store(
            out, builder.op("add", "float32", builder.op("mul", "float32", builder.load(a), scale), builder.load(b))
        )
    return builder, {2: (x.T * np.float32(1.5) + row[:, None], None)}


@case
def reversed_with_offset() -> Case:
    x = np.arange(40, dtype=np.int64)
    builder = Builder([9])
    a = builder.access(builder.arg(x), [-3], offset=35)
    out = builder.access(builder.arg(np.zeros(20, np.int64)), [2], offset=1, store=True)
    with builder.stage():
        builder.store(out, builder.load(a))
    want = np.zeros(20, np.int64)
    want[1:19:2] = x[35:8:-3]
    return builder, {1: (want, None)}


@case
def index_instruction() -> Case:
    builder = Builder([3, 4])
    out = builder.access(builder.arg(np.zeros((3, 4), np.int64)), [4, 1], store=True)
    with builder.stage():
        i, j = builder.op("index", "int64", imm=0), builder.op("index", "int64", imm=1)
        builder.store(out, builder.op("add", "int64", builder.op("mul", "int64", i, builder.imm(100, "int64")), j))
    return builder, {0: (np.arange(3)[:, None] * 100 + np.arange(4), None)}


@case
def scalar_kernel() -> Case:
    builder = Builder([])
    out = builder.access(builder.arg(np.zeros(1, np.float32)), [], store=True)
    with builder.stage():
        builder.store(out, builder.op("sqrt", "float32", builder.param(2.25)))
    return builder, {0: ([1.5], None)}


@case
def padded_with_fill() -> Case:
    x = rng().normal(size=(3, 4)).astype(np.float32)
    builder = Builder([6, 8])
    bounds = [(-2, 3, 1, 4, [1, 0]), (-1, 4, 1, 1, [0, 1])]
    a = builder.access(builder.arg(x), [0, 0], bounds=bounds, fill=-9.5)
    out = builder.access(builder.arg(np.zeros((6, 8), np.float32)), [8, 1], store=True)
    with builder.stage():
        builder.store(out, builder.load(a))
    return builder, {1: (np.pad(x, ((2, 1), (1, 3)), constant_values=-9.5), None)}


@case
def dilated_load_and_bounded_store() -> Case:
    x = np.arange(1, 6, dtype=np.int32)
    builder = Builder([14])
    a = builder.access(builder.arg(x), [0], bounds=[(-1, 5, 3, 1, [1])], fill=-7)  # x with two holes between
    out = builder.access(builder.arg(np.full(10, 55, np.int32)), [0], bounds=[(-3, 8, 1, 1, [1])], store=True)
    with builder.stage():
        builder.store(out, builder.load(a))
    spread = np.full(14, -7)
    spread[1:14:3] = x
    return builder, {1: (np.concatenate([spread[3:11], [55, 55]]), None)}


@case
def gather_clamps() -> Case:
    table = rng().normal(size=(6, 5)).astype(np.float32)
    where = np.array([0, 5, 3, -4, 99, 3], np.int64)
    builder = Builder([6, 5])
    index = builder.access(builder.arg(where), [1, 0])
    out = builder.access(builder.arg(np.zeros((6, 5), np.float32)), [5, 1], store=True)
    source = builder.arg(table)
    with builder.stage():
        register = builder.load(index)
        row = builder.access(source, [0, 1], indices=[(register, 5, 6)])
        builder.store(out, builder.load(row))
    return builder, {1: (table[np.clip(where, 0, 5)], None)}


@case
def indexed_and_bounded() -> Case:
    table = np.arange(24, dtype=np.int64).reshape(4, 6)
    where = np.array([2, 0, 3], np.int32)
    builder = Builder([3, 9])
    index = builder.access(builder.arg(where), [1, 0])
    out = builder.access(builder.arg(np.zeros((3, 9), np.int64)), [9, 1], store=True)
    source = builder.arg(table)
    with builder.stage():
        register = builder.op("cast", "int64", builder.load(index))
        row = builder.access(source, [0, 0], bounds=[(-2, 6, 1, 1, [0, 1])], fill=-1, indices=[(register, 6, 4)])
        builder.store(out, builder.load(row))
    return builder, {1: (np.pad(table[where], ((0, 0), (2, 1)), constant_values=-1), None)}


@case
def scattered_store() -> Case:
    where = np.array([3, 0, 2, 1], np.int64)
    builder = Builder([4])
    index = builder.access(builder.arg(where), [1])
    target = builder.arg(np.zeros(8, np.float32))
    with builder.stage():
        register = builder.load(index)
        out = builder.access(target, [0], offset=1, indices=[(register, 2, 4)], store=True)
        builder.store(out, builder.op("cast", "float32", builder.op("index", "int64", imm=0)))
    want = np.zeros(8, np.float32)
    want[1 + 2 * where] = np.arange(4)
    return builder, {1: (want, None)}


@case
def five_dimensions() -> Case:
    x = rng().normal(size=(2, 3, 4, 5, 6)).astype(np.float32)
    builder = Builder([6, 4, 2, 5, 3])
    a = builder.access(builder.arg(x), [1, 30, 360, 6, 120])
    out = builder.access(builder.arg(np.zeros((6, 4, 2, 5, 3), np.float32)), row_major([6, 4, 2, 5, 3]), store=True)
    with builder.stage():
        builder.store(out, builder.op("neg", "float32", builder.load(a)))
    return builder, {1: (-x.transpose(4, 2, 0, 3, 1), None)}


@named("outer-larger-than-a-chunk")
def _() -> Case:
    x = rng().normal(size=(1000, 1001)).astype(np.float32)
    builder = Builder([1000, 1001])
    a = builder.access(builder.arg(x), [1001, 1])
    out = builder.access(builder.arg(np.zeros((1001, 1000), np.float32)), [1, 1000], store=True)
    with builder.stage():
        builder.store(out, builder.op("add", "float32", builder.load(a), builder.imm(1.0)))
    return builder, {1: ((x + np.float32(1)).T, None)}


@named("empty-outer")
def _() -> Case:
    builder = Builder([0, 4])
    a = builder.access(builder.arg(np.zeros((0, 4), np.float32)), [4, 1])
    out = builder.access(builder.arg(np.zeros((0, 4), np.float32)), [4, 1], store=True)
    with builder.stage():
        builder.store(out, builder.load(a))
    return builder, {1: (np.zeros((0, 4)), None)}


# ---- reductions ----------------------------------------------------------------------------------

_REDUCE: dict[str, Callable[..., Any]] = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "argmax": np.argmax, "argmin": np.argmin,
}  # fmt: skip


def _reduce(op: str, type: str, rows: int, length: int) -> Callable[[], Case]:
    def make() -> Case:
        r = rng()
        if type in FLOATS:
            x = (r.random((rows, length)) + 0.5).astype(type) if op == "prod" else r.random((rows, length)).astype(type)
            x = np.sign(x - 0.3).astype(type) if op == "prod" and length > 64 else x
        else:
            x = r.integers(0, 50, (rows, length)).astype(type)
        return reduce_rows(op, x), {1: (_REDUCE[op](x, axis=1).astype("int64" if "arg" in op else type),
                                        (length if type in FLOATS and op in ("sum", "prod") else None))}  # fmt: skip

    return make


def reduce_rows(op: str, x: Any) -> Builder:
    rows, length = x.shape
    builder = Builder([rows], [length])
    a = builder.access(builder.arg(x), [length, 1])
    type = "int64" if "arg" in op else x.dtype.name
    out = builder.access(builder.arg(np.zeros(rows, type)), [1, 0], store=True)
    with builder.stage(inner=True):
        total = builder.op(f"reduce.{op}", type, builder.load(a))
    with builder.stage():
        builder.store(out, total)
    return builder


for _op in _REDUCE:
    for _type in FLOATS + INTEGERS:
        for _rows, _length in ((7, 5), (300, 33), (3, 5000), (1, 1)):
            named(f"reduce.{_op}-{_type}-{_rows}x{_length}")(_reduce(_op, _type, _rows, _length))


def _any_all(op: str) -> Callable[[], Case]:
    def make() -> Case:
        x = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 1]], bool)
        return reduce_rows(op, x), {1: ((np.any if op == "any" else np.all)(x, axis=1), None)}

    return make


named("reduce.any")(_any_all("any"))
named("reduce.all")(_any_all("all"))


def _ties(length: int) -> Any:
    x = np.zeros((6, length), np.float32)
    x[0, [length // 3, length // 2]] = 5
    x[1, [length // 3, length // 2]] = -5
    x[2, length // 2] = np.nan
    x[3, [length // 4, length // 2]] = np.nan
    x[3, 0] = 9
    x[4] = -np.inf
    x[5] = np.inf
    return x


for _op in ("max", "min", "argmax", "argmin"):
    for _length in (9, 700):

        @named(f"reduce.{_op}-ties-and-nan-{_length}")
        def _(op: str = _op, length: int = _length) -> Case:
            x = _ties(length)
            return reduce_rows(op, x), {1: (_REDUCE[op](x, axis=1), None)}


@named("reduce-empty-rows")
def _() -> Case:
    builder = Builder([3], [0])
    a = builder.access(builder.arg(np.zeros((3, 0), np.float32)), [0, 1])
    ops = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}
    outs = [builder.access(builder.arg(np.full(3, 7, np.float32)), [1, 0], store=True) for _ in ops]
    with builder.stage(inner=True):
        x = builder.load(a)
        results = [builder.op(f"reduce.{op}", "float32", x) for op in ops]
    with builder.stage():
        for out, result in zip(outs, results, strict=True):
            builder.store(out, result)
    return builder, {1 + i: (np.full(3, want), None) for i, want in enumerate(ops.values())}


@named("reduce-two-inner-dimensions-first-axis-outer")
def _() -> Case:
    x = rng().normal(size=(4, 6, 5)).astype(np.float32)
    builder = Builder([6], [4, 5])
    a = builder.access(builder.arg(x), [5, 30, 1])
    out = builder.access(builder.arg(np.zeros(6, np.float32)), [1, 0, 0], store=True)
    arg = builder.access(builder.arg(np.zeros(6, np.int64)), [1, 0, 0], store=True)
    with builder.stage(inner=True):
        value = builder.load(a)
        total, first = builder.op("reduce.sum", "float32", value), builder.op("reduce.argmax", "int64", value)
    with builder.stage():
        builder.store(out, total)
        builder.store(arg, first)
    return builder, {
        1: (x.sum(axis=(0, 2), dtype=np.float64), 60),
        2: (x.transpose(1, 0, 2).reshape(6, 20).argmax(1), None),
    }


@named("reduce-columns")
def _() -> Case:
    x = rng().random((200, 90)).astype(np.float32)
    builder = Builder([90], [200])
    a = builder.access(builder.arg(x), [1, 90])
    out = builder.access(builder.arg(np.zeros(90, np.float32)), [1, 0], store=True)
    with builder.stage(inner=True):
        total = builder.op("reduce.sum", "float32", builder.load(a))
    with builder.stage():
        builder.store(out, total)
    return builder, {1: (x.sum(axis=0, dtype=np.float64), 20)}


def softmax(x: Any) -> Builder:
    rows, length = x.shape
    builder = Builder([rows], [length])
    a = builder.access(builder.arg(x), [length, 1])
    out = builder.access(builder.arg(np.zeros_like(x)), [length, 1], store=True)
    with builder.stage(inner=True):
        top = builder.op("reduce.max", "float32", builder.load(a))
    with builder.stage(inner=True):
        shifted = builder.op("exp", "float32", builder.op("sub", "float32", builder.load(a), top))
        total = builder.op("reduce.sum", "float32", shifted)
    with builder.stage():
        scale = builder.op("div", "float32", builder.imm(1.0), total)
    with builder.stage(inner=True):
        shifted = builder.op("exp", "float32", builder.op("sub", "float32", builder.load(a), top))
        builder.store(out, builder.op("mul", "float32", shifted, scale))
    return builder


for _rows, _length in ((5, 3), (64, 1000), (2, 20000), (500, 10)):

    @named(f"softmax-{_rows}x{_length}")
    def _(rows: int = _rows, length: int = _length) -> Case:
        x = rng().normal(size=(rows, length)).astype(np.float32) * 5
        e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
        return softmax(x), {1: (e / e.sum(axis=1, keepdims=True), 100)}


for _rows, _length in ((6, 40), (3, 3000)):

    @named(f"layer-norm-{_rows}x{_length}")
    def _(rows: int = _rows, length: int = _length) -> Case:
        r = rng()
        x, gain, shift = r.normal(size=(rows, length)) + 2, r.normal(size=length), r.normal(size=length)
        x, gain, shift = (v.astype(np.float32) for v in (x, gain, shift))
        builder = Builder([rows], [length])
        a, g, s = (
            builder.access(builder.arg(v), strides)
            for v, strides in ((x, [length, 1]), (gain, [0, 1]), (shift, [0, 1]))
        )
        out = builder.access(builder.arg(np.zeros_like(x)), [length, 1], store=True)
        means = builder.access(builder.arg(np.zeros(rows, np.float32)), [1, 0], store=True)
        f = "float32"
        with builder.stage(inner=True):
            total = builder.op("reduce.sum", f, builder.load(a))
        with builder.stage():
            count = builder.param(1 / length)
            mean = builder.op("mul", f, total, count)
            builder.store(means, mean)
        with builder.stage(inner=True):
            d = builder.op("sub", f, builder.load(a), mean)
            squares = builder.op("reduce.sum", f, builder.op("mul", f, d, d))
        with builder.stage():
            variance = builder.op("add", f, builder.op("mul", f, squares, count), builder.imm(1e-5))
            scale = builder.op("div", f, builder.imm(1.0), builder.op("sqrt", f, variance))
        with builder.stage(inner=True):
            y = builder.op("mul", f, builder.op("sub", f, builder.load(a), mean), scale)
            builder.store(out, builder.op("add", f, builder.op("mul", f, y, builder.load(g)), builder.load(s)))
        wide = x.astype(np.float64)
        want = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5) * gain + shift
        return builder, {3: (want, -100), 4: (wide.mean(1), 100)}


@named("one-more-inner-than-outer-stores")
def _() -> Case:
    """An inner stage stores what a later one, of the same outer point, loads again."""
    x = rng().normal(size=(30, 200)).astype(np.float32)
    builder = Builder([30], [200])
    a = builder.access(builder.arg(x), [200, 1])
    middle = builder.arg(np.zeros_like(x))
    write, read = builder.access(middle, [200, 1], store=True), builder.access(middle, [200, -1], offset=199)
    out = builder.access(builder.arg(np.zeros_like(x)), [200, 1], store=True)
    with builder.stage(inner=True):
        value = builder.load(a)
        builder.store(write, value)
        top = builder.op("reduce.max", "float32", value)
    with builder.stage(inner=True):
        builder.store(out, builder.op("sub", "float32", builder.load(read), top))
    return builder, {1: (x, None), 2: (x[:, ::-1] - x.max(1, keepdims=True), None)}


# ---- contractions --------------------------------------------------------------------------------


def gemm(a: Any, b: Any, bias: Any = None, relu: bool = False, scale: float = 1.0, kind: str = "gemm") -> Builder:
    """(batch, m, k) by (batch, k, n), both as they lie in memory (any strides)."""
    batch, m, k = a.shape
    n = b.shape[2]
    builder = Builder([batch, m, n], [k], kind, batch=1, m=1, n=1)
    size_a, size_b = a.itemsize, b.itemsize
    left = builder.access(
        builder.arg(_base(a)), [a.strides[0] // size_a, a.strides[1] // size_a, 0, a.strides[2] // size_a]
    )
    right = builder.access(
        builder.arg(_base(b)), [b.strides[0] // size_b, 0, b.strides[2] // size_b, b.strides[1] // size_b]
    )
    type = REGISTER[a.dtype.name]
    out = builder.access(builder.arg(np.zeros((batch, m, n), type)), [m * n, n, 1, 0], store=True)
    extra = builder.access(builder.arg(bias), [0, 0, 1, 0]) if bias is not None else None
    with builder.stage(inner=True):
        product = builder.op("mul", type, builder.load(left), builder.load(right))
        total = builder.op("reduce.sum", type, product)
    with builder.stage():
        if scale != 1.0:
            total = builder.op("mul", type, total, builder.param(scale, type))
        if extra is not None:
            total = builder.op("add", type, total, builder.load(extra))
        if relu:
            total = builder.op("max", type, total, builder.imm(0, type))
        builder.store(out, total)
    return builder


def _base(array: Any) -> Any:
    while array.base is not None:
        array = array.base
    return array


def _gemm(
    shape: tuple[int, int, int, int], type: str, flip_a: bool, flip_b: bool, epilogue: bool
) -> Callable[[], Case]:
    def make() -> Case:
        batch, m, n, k = shape
        r = rng()

        def operand(rows: int, columns: int, flip: bool) -> Any:
            size = (batch, columns, rows) if flip else (batch, rows, columns)
            if type in INTEGERS:
                values = r.integers(-9 if type[0] == "i" else 0, 9, size).astype(type).copy()
            else:
                values = r.normal(size=size).astype(type).copy()
            return values.transpose(0, 2, 1) if flip else values

        a, b = operand(m, k, flip_a), operand(k, n, flip_b)
        register = REGISTER[type]
        exact = a.astype(np.float64) @ b.astype(np.float64)
        bias = r.integers(0, 5, n).astype(register)
        if epilogue:
            exact = np.maximum(exact * (1 if register in INTEGERS else 0.5) + bias, 0)
            scale = 1.0 if register in INTEGERS else 0.5
            return _close(gemm(a, b, bias, True, scale), exact, k, register)
        return _close(gemm(a, b), exact, k, register)

    return make


def _close(builder: Builder, exact: Any, k: int, type: str) -> Case:
    return builder, {2: (exact.astype(type), None if type in INTEGERS else -float(k))}


for _shape in ((1, 3, 4, 5), (1, 64, 64, 64), (2, 70, 33, 129), (3, 1, 50, 20), (1, 130, 1, 300), (1, 200, 190, 17)):
    for _flips in ((False, False), (True, False), (False, True), (True, True)):
        _name = "x".join(map(str, _shape)) + "".join("t" if f else "n" for f in _flips)
        named(f"gemm-float32-{_name}")(_gemm(_shape, "float32", *_flips, epilogue=_flips[0]))
for _type in ("float16", "float64", "int32", "int64"):
    named(f"gemm-{_type}")(_gemm((2, 40, 30, 50), _type, False, True, True))
for _shape in ((0, 3, 4, 5), (1, 0, 4, 5), (1, 3, 0, 5), (1, 3, 4, 0)):
    named(f"gemm-zero-{'x'.join(map(str, _shape))}")(_gemm(_shape, "float32", False, False, epilogue=True))


@named("gemm-no-batch-broadcast-b")
def _() -> Case:
    a, b = rng().normal(size=(4, 9, 6)).astype(np.float32), rng().normal(size=(6, 7)).astype(np.float32)
    builder = Builder([4, 9, 7], [6], "gemm", batch=1, m=1, n=1)
    left = builder.access(builder.arg(a), [54, 6, 0, 1])
    right = builder.access(builder.arg(b), [0, 0, 1, 7])
    out = builder.access(builder.arg(np.zeros((4, 9, 7), np.float32)), [63, 7, 1, 0], store=True)
    with builder.stage(inner=True):
        product = builder.op("mul", "float32", builder.load(left), builder.load(right))
        total = builder.op("reduce.sum", "float32", product)
    with builder.stage():
        builder.store(out, total)
    return _close(builder, a.astype(np.float64) @ b, 6, "float32")


@named("gemm-vector-forms")
def _() -> Case:
    """M and n may be missing: a dot product for each batch."""
    a, b = rng().normal(size=(5, 40)).astype(np.float32), rng().normal(size=(5, 40)).astype(np.float32)
    builder = Builder([5], [40], "gemm", batch=1, m=0, n=0)
    left, right = (builder.access(builder.arg(v), [40, 1]) for v in (a, b))
    out = builder.access(builder.arg(np.zeros(5, np.float32)), [1, 0], store=True)
    with builder.stage(inner=True):
        product = builder.op("mul", "float32", builder.load(left), builder.load(right))
        total = builder.op("reduce.sum", "float32", product)
    with builder.stage():
        builder.store(out, total)
    return _close(builder, (a.astype(np.float64) * b).sum(1), 40, "float32")


def conv2d(x: Any, w: Any, stride: int, pad: int, dilation: int, bias: Any) -> Case:
    """NCHW by OIHW; outer: image, row, column (m), channel out (n); inner: channel in, two of the window."""
    images, channels, height, width = x.shape
    filters, _, size, _ = w.shape
    rows = (height + 2 * pad - dilation * (size - 1) - 1) // stride + 1
    columns = (width + 2 * pad - dilation * (size - 1) - 1) // stride + 1
    builder = Builder([images, rows, columns, filters], [channels, size, size], "conv", batch=0, m=3, n=1)
    bounds = [
        (-pad, height, 1, width, [0, stride, 0, 0, 0, dilation, 0]),
        (-pad, width, 1, 1, [0, 0, stride, 0, 0, 0, dilation]),
    ]
    a = builder.access(builder.arg(x), [channels * height * width, 0, 0, 0, height * width, 0, 0], bounds=bounds)
    b = builder.access(builder.arg(w), [0, 0, 0, channels * size * size, size * size, size, 1])
    out_shape = (images, filters, rows, columns)
    out = builder.access(
        builder.arg(np.zeros(out_shape, np.float32)),
        [filters * rows * columns, columns, 1, rows * columns, 0, 0, 0],
        store=True,
    )
    c = builder.access(builder.arg(bias), [0, 0, 0, 1, 0, 0, 0])
    with builder.stage(inner=True):
        product = builder.op("mul", "float32", builder.load(a), builder.load(b))
        total = builder.op("reduce.sum", "float32", product)
    with builder.stage():
        builder.store(out, builder.op("tanh", "float32", builder.op("add", "float32", total, builder.load(c))))
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    want = np.zeros(out_shape)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = padded[
                :,
                :,
                top : top + dilation * (size - 1) + 1 : dilation,
                left : left + dilation * (size - 1) + 1 : dilation,
            ]
            want[:, :, i, j] = np.einsum("nchw,ochw->no", window, w.astype(np.float64))
    return builder, {2: (np.tanh(want + bias[:, None, None]), -float(channels * size * size))}


for _name, _geometry in {
    "same": (2, 3, 9, 8, 5, 3, 1, 1, 1), "strided": (3, 4, 11, 11, 6, 3, 2, 0, 1),
    "dilated": (1, 2, 13, 12, 3, 3, 1, 2, 2),
    "pointwise": (2, 33, 5, 5, 40, 1, 1, 0, 1), "wide": (2, 16, 16, 16, 70, 3, 1, 1, 1),
}.items():  # fmt: skip

    @named(f"conv-{_name}")
    def _(geometry: tuple[int, ...] = _geometry) -> Case:
        images, channels, height, width, filters, size, stride, pad, dilation = geometry
        r = rng()
        x = r.normal(size=(images, channels, height, width)).astype(np.float32)
        w = (r.normal(size=(filters, channels, size, size)) * 0.2).astype(np.float32)
        return conv2d(x, w, stride, pad, dilation, r.normal(size=filters).astype(np.float32))


@named("conv-transposed-dilated-bounds")
def _() -> Case:
    """The gradient of a strided convolution: the bound on A steps by the stride."""
    r = rng()
    g, w = (
        r.normal(size=(2, 5)).astype(np.float32),
        r.normal(size=(3, 4)).astype(np.float32),
    )  # (image, o), (channel, tap)
    length, stride = 12, 2
    builder = Builder([2, length, 3], [4], "conv", batch=0, m=2, n=1)
    a = builder.access(builder.arg(g), [5, 0, 0, 0], bounds=[(0, 5, stride, 1, [0, 1, 0, -1])])
    b = builder.access(builder.arg(w), [0, 0, 4, 1])
    out = builder.access(builder.arg(np.zeros((2, length, 3), np.float32)), [length * 3, 3, 1, 0], store=True)
    with builder.stage(inner=True):
        product = builder.op("mul", "float32", builder.load(a), builder.load(b))
        total = builder.op("reduce.sum", "float32", product)
    with builder.stage():
        builder.store(out, total)
    want = np.zeros((2, length, 3))
    for o in range(5):
        for tap in range(4):
            if o * stride + tap < length:
                want[:, o * stride + tap, :] += g[:, o, None].astype(np.float64) * w[:, tap]
    return builder, {2: (want, -4.0)}


# ---- sort, scan, scatter -------------------------------------------------------------------------


for _descending in (0, 1):

    @named(f"sort-{'descending' if _descending else 'ascending'}")
    def _(descending: int = _descending) -> Case:
        x = rng().integers(0, 6, (3, 50)).astype(np.float32)
        x[1, [3, 9]] = np.nan
        builder = Builder([3], [50], "sort", descending=descending)
        builder.access(builder.arg(x), [50, 1])
        builder.access(builder.arg(np.zeros((3, 50), np.int64)), [50, 1], store=True)
        rows = []
        for row in x:
            keys = [(math.isnan(v), 0.0 if math.isnan(v) else (-v if descending else v), i) for i, v in enumerate(row)]
            rows.append([key[2] for key in sorted(keys)])
        return builder, {1: (np.array(rows), None)}


for _op, _ufunc in enumerate((np.add, np.multiply, np.maximum, np.minimum)):

    @named(f"scan-{_ufunc.__name__}")
    def _(op: int = _op, ufunc: Any = _ufunc) -> Case:
        x = rng().integers(1, 4, (4, 12)).astype(np.int32)
        builder = Builder([4], [12], "scan", op=op)
        builder.access(builder.arg(x), [12, 1])
        builder.access(builder.arg(np.zeros((4, 12), np.int32)), [12, 1], store=True)
        return builder, {1: (ufunc.accumulate(x, axis=1), None)}


for _op, _name in enumerate(("set", "sum", "prod", "max", "min")):

    @named(f"scatter-{_name}")
    def _(op: int = _op) -> Case:
        r = rng()
        base, values = r.normal(size=(6, 4)).astype(np.float32), r.normal(size=(15, 4)).astype(np.float32)
        where = r.integers(-2, 8, 15).astype(np.int64)
        builder = Builder([6, 4], [15], "scatter", op=op)
        builder.access(builder.arg(base), [4, 1, 0])
        builder.access(builder.arg(where), [0, 0, 1])
        builder.access(builder.arg(values), [0, 1, 4])
        builder.access(builder.arg(np.zeros((6, 4), np.float32)), [4, 1, 0], store=True)
        combine = [lambda a, b: b, np.add, np.multiply, np.maximum, np.minimum][op]
        want = base.copy()
        for i, row in enumerate(where):
            if 0 <= row < 6:
                want[row] = combine(want[row], values[i])
        return builder, {3: (want, None)}
