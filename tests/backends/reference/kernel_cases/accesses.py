"""Accesses: strides, offsets, bounds with a fill value, indices."""

from __future__ import annotations

import numpy as np
from kernel_builder import Builder, row_major

from .case import (
    Case,
    case,
    named,
    rng,
)


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
