"""Sorting, and running sums, products and extremes."""

from __future__ import annotations

from onnx import helper

import weft

from .convert import Converter, converts
from .graph import Node

__all__: list[str] = []

_RUNNING = ("", "Mul", "Max", "Min")  # as weft numbers what scan does; sums have an operator


@converts("argsort")
def argsort(c: Converter, node: Node) -> str:
    count = c.writer.ints(*c.fixed(node, node.shape[-1:]))
    _, places = c.writer.ops("TopK", [c[node.inputs[0]], count], 2, axis=-1, largest=node.attrs[0], sorted=1)
    return places


@converts("scan")
def scan(c: Converter, node: Node) -> str:
    x, kind = node.inputs[0], node.attrs[0]
    last = node.rank - 1
    if kind == 0:
        return c.op("CumSum", c[x], c.writer.ints(last))
    step = node.shape[:-1]
    before, element, after = (c.writer.name(hint) for hint in ("before", "element", "after"))
    with c.writer.subgraph() as nodes:
        running = c.op(_RUNNING[kind], before, element)
        nodes.append(helper.make_node("Identity", [running], [after]))
    declared = [c.writer.value_info(name, node.dtype, step) for name in (before, element, running, after)]
    body = helper.make_graph(nodes, "running", declared[:2], declared[2:])
    # The first element begins an extreme, which it does not change; a product begins with 1.
    if kind == 1:
        start = c.op("Expand", c.number(1, node.dtype), c.writer.shape(step))
    else:
        start = c.op("Gather", c[x], c.number(0, weft.int64), axis=last)
    _, results = c.writer.ops(
        "Scan", [start, c[x]], 2, body=body, num_scan_inputs=1, scan_input_axes=[last], scan_output_axes=[last]
    )
    return results
