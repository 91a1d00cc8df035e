"""Reading and writing at places that index tensors name."""

from __future__ import annotations

import math

import weft

from .convert import Converter, converts
from .graph import Node

__all__: list[str] = []

_REDUCTIONS = ("none", "add", "mul", "max", "min")  # as weft numbers what scatter does


@converts("gather")
def gather(c: Converter, node: Node) -> str:
    """Attributes: axis, how many dimensions are indexed, whether by one index for each element along the axis."""
    x, *indices = node.inputs
    axis, count, along, _ = c.fixed(node, node.attrs)
    if along:
        return c.op("GatherElements", c[x], c[indices[0]], axis=axis)
    if count == 1:
        return c.op("Gather", c[x], c[indices[0]], axis=axis)
    # The number of each element in the indexed dimensions taken as one.
    sizes = c.fixed(node, x.shape[axis : axis + count])
    number = ""
    for size, index in zip(sizes, indices, strict=True):
        extent = c.number(size, weft.int64)
        place = c.op("Mod", c[index], extent)  # from the end where it is negative
        number = c.op("Add", c.op("Mul", number, extent), place) if number else place
    flat = c.reshape(c[x], x.shape, (*x.shape[:axis], math.prod(sizes), *x.shape[axis + count :]))
    return c.op("Gather", flat, number, axis=axis)


@converts("scatter_index")
def scatter_index(c: Converter, node: Node) -> str:
    """An index that must be in bounds; the operators that use it check that."""
    return c[node.inputs[0]]


@converts("scatter")
def scatter(c: Converter, node: Node) -> str:
    """Inputs: base (rows, d), index (n,) or (n, d), values (n, d)."""
    base, index, values = node.inputs
    reduction = _REDUCTIONS[node.attrs[0]]
    if index.rank == 2:
        return c.op("ScatterElements", c[base], c[index], c[values], axis=0, reduction=reduction)
    rows = c.reshape(c[index], index.shape, (*index.shape, 1))
    return c.op("ScatterND", c[base], rows, c[values], reduction=reduction)
