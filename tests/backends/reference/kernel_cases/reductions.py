"""Reductions, and loops of several stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kernel_builder import Builder

from .case import (
    FLOATS,
    INTEGERS,
    Case,
    named,
    rng,
)

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
