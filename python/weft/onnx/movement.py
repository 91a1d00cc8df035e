"""Values at hand, and the same elements at other places."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft

from .convert import Converter, converts
from .graph import Node, Shape, Size

__all__ = ["gather_places"]


@converts("scalar")
def scalar(c: Converter, node: Node) -> str:
    return c.number(node.scalar, node.dtype)


@converts("iota")
def iota(c: Converter, node: Node) -> str:
    end = c.op("Squeeze", c.writer.size(node.shape[0]))
    return c.op("Range", c.number(0, weft.int64), end, c.number(1, weft.int64))


@converts("copy", "stop_gradient", "requires_grad", "custom", "assumed")
def same(c: Converter, node: Node) -> str:
    return c[node.inputs[0]]


@converts("expand")
def expand(c: Converter, node: Node) -> str:
    return c.op("Expand", c[node.inputs[0]], c.writer.shape(node.shape))


@converts("reshape")
def reshape(c: Converter, node: Node) -> str:
    return c.reshape(c[node.inputs[0]], node.inputs[0].shape, node.shape)


@converts("permute")
def permute(c: Converter, node: Node) -> str:
    return c.op("Transpose", c[node.inputs[0]], perm=list(node.attrs))


@converts("slice")
def slice_(c: Converter, node: Node) -> str:
    """Attributes: the first element of each dimension, then the step."""
    before, after = node.inputs[0].shape, node.shape
    starts, steps = node.attrs[: node.rank], node.attrs[node.rank :]
    axes = [d for d in range(node.rank) if before[d] != after[d] or steps[d] != 1]
    first = c.fixed(node, [starts[d] for d in axes])
    count = c.fixed(node, [after[d] for d in axes])
    step = [int(steps[d]) for d in axes]
    ends = [f + n * s for f, n, s in zip(first, count, step, strict=True)]
    ends = [np.iinfo(np.int64).min if end < 0 else end for end in ends]  # -1 would be the last element
    sizes = c.writer.ints
    return c.op("Slice", c[node.inputs[0]], sizes(*first), sizes(*ends), sizes(*axes), sizes(*step))


@converts("pad")
def pad(c: Converter, node: Node) -> str:
    """Attributes: how much before, after, and between neighbours."""
    rank, (x,) = node.rank, node.inputs
    lo, hi, between = (c.fixed(node, node.attrs[i * rank : (i + 1) * rank]) for i in range(3))
    value, shape, fill = c[x], x.shape, c.number(node.scalar, node.dtype)
    for d in range(rank):
        if between[d]:
            value, shape = _spread(c, node, value, shape, d, between[d], fill)
    if any(lo) or any(hi):
        value = c.op("Pad", value, c.writer.ints(*lo, *hi), fill)
    return value


def _spread(
    c: Converter, node: Node, value: str, shape: Shape, axis: int, between: int, fill: str
) -> tuple[str, Shape]:
    """Each element along the axis followed by fill, but the last."""
    (n,) = c.fixed(node, [shape[axis]])
    before, after = shape[:axis], shape[axis + 1 :]
    value = c.reshape(value, shape, (*before, n, 1, *after))
    value = c.op("Pad", value, c.writer.ints(0, between), fill, c.writer.ints(axis + 1))
    wide = n * (between + 1)
    value = c.reshape(value, (*before, n, between + 1, *after), (*before, wide, *after))
    size = wide - between
    value = c.op("Slice", value, c.writer.ints(0), c.writer.ints(size), c.writer.ints(axis))
    return value, (*before, size, *after)


# ---- concatenation


@converts("where")
def where(c: Converter, node: Node) -> str:
    """Of two padded tensors, before and after a place, it is how weft writes a concatenation."""
    axis = _joined_axis(node)
    if axis is not None:
        return c.op("Concat", *(c[padded.inputs[0]] for padded in node.inputs[1:]), axis=axis)
    return c.op("Where", *c.inputs(node))


def _joined_axis(node: Node) -> int | None:
    condition, first, second = node.inputs
    less = condition.below("expand")
    if (first.primitive, second.primitive, less.primitive) != ("pad", "pad", "less"):
        return None
    place, limit = (x.below("expand", "reshape") for x in less.inputs)
    a, b, rank = first.inputs[0].shape, second.inputs[0].shape, node.rank
    for axis in range(rank):
        after: list[Size] = [0] * (3 * rank)
        before = list(after)
        after[rank + axis], before[axis] = b[axis], a[axis]
        along = tuple(node.shape[d] if d == axis else 1 for d in range(rank))
        if (
            (first.attrs, second.attrs) == (tuple(after), tuple(before))
            and (place.primitive, limit.primitive, limit.scalar) == ("iota", "scalar", a[axis])
            and less.shape == along
        ):
            return axis
    return None


# ---- sliding windows


@converts("window")
def window(c: Converter, node: Node) -> str:
    """(n, kernel) to (out, kernel): element o * stride + k * dilation - lo of each row k, else fill."""
    axis, stride, dilation, lo = c.fixed(node, node.attrs)
    (n,) = c.fixed(node, [node.inputs[0].shape[axis]])
    out, kernel = c.fixed(node, node.shape[axis : axis + 2])
    o, k = np.ogrid[:out, :kernel]
    at = o * stride + k * dilation - lo
    return gather_places(c, node, axis, np.where((at >= 0) & (at < n), at * kernel + k, n * kernel))


@converts("unwindow")
def unwindow(c: Converter, node: Node) -> str:
    """(out, kernel) to (n, kernel): the element whose window has place h at k, else 0."""
    axis, stride, dilation, lo = c.fixed(node, node.attrs)
    (out,) = c.fixed(node, [node.inputs[0].shape[axis]])
    n, kernel = c.fixed(node, node.shape[axis : axis + 2])
    h, k = np.ogrid[:n, :kernel]
    at, rest = np.divmod(h + lo - k * dilation, stride)
    return gather_places(c, node, axis, np.where((rest == 0) & (at >= 0) & (at < out), at * kernel + k, out * kernel))


def gather_places(c: Converter, node: Node, axis: int, places: np.ndarray[Any, Any]) -> str:
    """Elements by their number in two dimensions taken as one; the number after the last is the fill value."""
    shape = node.inputs[0].shape
    count = int(np.prod(c.fixed(node, shape[axis : axis + 2])))
    flat = c.reshape(c[node.inputs[0]], shape, (*shape[:axis], count, *shape[axis + 2 :]))
    filled = c.op("Pad", flat, c.writer.ints(0, 1), c.number(node.scalar, node.dtype), c.writer.ints(axis))
    return c.op("Gather", filled, c.writer.constant(places, "places"), axis=axis)
