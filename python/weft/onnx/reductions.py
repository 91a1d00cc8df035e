"""Reductions over axes, and those over windows, which are poolings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import weft

from .convert import Converter, converts
from .graph import Node

__all__: list[str] = []

_REDUCE = {"sum": "ReduceSum", "prod": "ReduceProd", "max": "ReduceMax", "min": "ReduceMin"}


@converts(*_REDUCE)
def reduce(c: Converter, node: Node) -> str:
    """Attributes: the axes, which the output lacks."""
    pooling = _pooling(node)
    if pooling is not None:
        return pooling.convert(c, node)
    (x,) = node.inputs
    axes = c.writer.ints(*c.fixed(node, node.attrs))
    if node.dtype == weft.uint64:  # as int64 it has the same bits, and runtimes know it
        total = c.op(_REDUCE[node.primitive], c.cast(c[x], weft.int64), axes, keepdims=0)
        return c.cast(total, weft.uint64)
    return c.op(_REDUCE[node.primitive], c[x], axes, keepdims=0)


@converts("any", "all")
def any_all(c: Converter, node: Node) -> str:
    numbers = c.cast(c[node.inputs[0]], weft.int32)
    axes = c.writer.ints(*c.fixed(node, node.attrs))
    return c.cast(c.op("ReduceMax" if node.primitive == "any" else "ReduceMin", numbers, axes, keepdims=0), weft.bool)


@converts("argmax", "argmin")
def position(c: Converter, node: Node) -> str:
    (x,) = node.inputs
    axes = c.fixed(node, node.attrs)
    kept = [d for d in range(x.rank) if d not in axes]
    value = c[x]
    if len(axes) > 1:  # row-major positions within the axes: one axis, at the end
        sizes = c.fixed(node, [x.shape[d] for d in axes])
        shape = tuple(x.shape[d] for d in kept)
        value = c.op("Transpose", value, perm=[*kept, *axes])
        value = c.reshape(value, (*shape, *sizes), (*shape, math.prod(sizes)))
        axes = [len(kept)]
    return c.op("ArgMax" if node.primitive == "argmax" else "ArgMin", value, axis=axes[0], keepdims=0)


# ---- pooling


@dataclass
class _Pooling:
    """Windows over the spatial dimensions of (N, C, ...)."""

    source: Node
    kernel: list[int]
    stride: list[int]
    dilation: list[int]
    lo: list[int]
    hi: list[int]

    def convert(self, c: Converter, node: Node) -> str:
        sizes = {
            "kernel_shape": self.kernel, "strides": self.stride, "dilations": self.dilation, "pads": self.lo + self.hi,
        }  # fmt: skip
        if node.primitive == "max":
            return c.op("MaxPool", c[self.source], **sizes)
        mean = c.op("AveragePool", c[self.source], count_include_pad=1, **sizes)
        return c.op("Mul", mean, c.number(math.prod(self.kernel), node.dtype))


def _pooling(node: Node) -> _Pooling | None:
    count = len(node.attrs)
    windows = node.inputs[0]
    over_windows = node.attrs == tuple(range(3, 3 + 2 * count, 2)) and windows.rank == 2 + 2 * count
    if not over_windows or node.dtype not in (weft.float32, weft.float64) or node.primitive not in ("max", "sum"):
        return None
    return _without_gaps(windows, count) or _sliding(windows, count, -math.inf if node.primitive == "max" else 0.0)


def _without_gaps(windows: Node, count: int) -> _Pooling | None:
    """(N, C, H, W) reshaped to (N, C, out, kernel, out, kernel)."""
    if windows.primitive != "reshape" or windows.inputs[0].rank != 2 + count:
        return None
    (source,) = windows.inputs
    outs, kernel = windows.shape[2::2], windows.shape[3::2]
    sizes = [o * k for o, k in zip(outs, kernel, strict=True) if isinstance(o, int) and isinstance(k, int)]
    if source.shape != (*windows.shape[:2], *sizes):
        return None
    k = [int(size) for size in kernel if isinstance(size, int)]
    return _Pooling(source, k, k, [1] * count, [0] * count, [0] * count)


def _sliding(windows: Node, count: int, fill: float) -> _Pooling | None:
    """(N, C, H, W) with a window along each spatial dimension."""
    found = _Pooling(windows, [], [], [], [], [])
    for axis in range(2 * count, 1, -2):
        slide = found.source
        if slide.primitive != "window" or slide.attrs[0] != axis or slide.scalar != fill:
            return None
        columns = slide.inputs[0]  # (..., n, 1, ...) repeated for each place in the window
        if columns.primitive != "expand" or columns.inputs[0].primitive != "reshape":
            return None
        source = columns.inputs[0].inputs[0]
        _, stride, dilation, lo = slide.attrs
        n, out, kernel = source.shape[axis], *slide.shape[axis : axis + 2]
        if not (isinstance(n, int) and isinstance(out, int) and isinstance(kernel, int)):
            return None
        if columns.inputs[0].shape != (*source.shape[: axis + 1], 1, *source.shape[axis + 1 :]):
            return None
        hi = max((out - 1) * stride + (kernel - 1) * dilation + 1 - n - lo, 0)
        if not (0 <= lo < kernel and hi < kernel):
            return None
        found.source = source
        for sizes, size in zip(
            (found.kernel, found.stride, found.dilation, found.lo, found.hi),
            (kernel, stride, dilation, lo, hi),
            strict=True,
        ):
            sizes.insert(0, size)
    return found
