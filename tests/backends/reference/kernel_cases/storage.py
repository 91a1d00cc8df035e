"""Storage types: what a load and a store do to a value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from kernel_builder import REGISTER, STORAGE, Builder

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
)


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
    builder = Builder([HALVES.size])
    source = builder.access(builder.arg(HALVES), [1])
    target = builder.access(builder.arg(np.zeros(HALVES.size, np.uint16)), [1], dtype="bfloat16", store=True)
    with builder.stage():
        builder.store(target, builder.load(source))
    keep = ~np.isnan(HALVES)
    assert keep.sum() == HALVES.size - 1
    return builder, {1: (bfloat16(HALVES), None)}


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
