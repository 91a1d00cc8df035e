"""Comparisons, bool, select, cast, bits, narrow, Philox."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from kernel_builder import STORAGE, Builder, elementwise

from .case import (
    FLOATS,
    HALVES,
    INTEGERS,
    Case,
    bfloat16,
    case,
    edges,
    from_bfloat16,
    named,
    pairs,
    rng,
)


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


@named("narrow-float16")
def _() -> Case:
    with np.errstate(all="ignore"):
        want = HALVES.astype(np.float16).astype(np.float32)
    return elementwise("narrow", "float32", HALVES, imm=STORAGE.index("float16")), {1: (want, None)}


@named("narrow-bfloat16")
def _() -> Case:
    want = from_bfloat16(bfloat16(HALVES))
    return elementwise("narrow", "float32", HALVES, imm=STORAGE.index("bfloat16")), {1: (want, None)}


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
