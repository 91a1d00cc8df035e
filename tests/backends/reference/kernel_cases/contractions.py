"""Products of matrices and convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kernel_builder import REGISTER, Builder

from .case import (
    INTEGERS,
    Case,
    named,
    rng,
)


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
