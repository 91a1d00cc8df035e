"""weft.loop as ONNX's Scan."""

from __future__ import annotations

from onnx import helper

import weft

from .convert import Converter, converts
from .graph import Node
from .writer import needed

__all__: list[str] = []


@converts("repeat")
def repeat(c: Converter, node: Node) -> str:
    """Inputs: carried values, sequences, constants. Attributes: how many steps, and whether the last comes first."""
    loop, (steps, reverse) = node.body, node.attrs
    assert loop is not None
    writer, graph = c.writer, loop.graph
    slices = loop.carries + loop.sequences
    given = graph.arguments[:slices]
    names = [writer.name("carried" if i < loop.carries else "slice") for i in range(slices)]
    with writer.subgraph() as nodes:
        # Constants are values of the graph around it, which the body sees.
        values = c.convert(graph, names + [c[x] for x in node.inputs[slices:]])
        results = [c.op("Identity", value) for value in values]
    inputs = [writer.value_info(name, x.dtype, x.shape) for name, x in zip(names, given, strict=True)]
    outputs = [writer.value_info(name, x.dtype, x.shape) for name, x in zip(results, graph.results, strict=True)]
    starts = [c[x] for x in node.inputs[: loop.carries]]
    sequences = [c[x] for x in node.inputs[loop.carries : slices]]
    if not loop.sequences:  # Scan counts steps by its sequences
        end = c.op("Squeeze", writer.size(steps))
        sequences.append(c.op("Range", c.number(0, weft.int64), end, c.number(1, weft.int64)))
        inputs.append(writer.value_info(writer.name("step"), weft.int64, ()))
    directions = {}
    if reverse:
        directions["scan_input_directions"] = [1] * len(sequences)
        if len(results) > loop.carries:
            directions["scan_output_directions"] = [1] * (len(results) - loop.carries)
    body = helper.make_graph(needed(nodes, set(results)), "body", inputs, outputs)
    c.loops[node] = writer.ops(
        "Scan", starts + sequences, len(results), body=body, num_scan_inputs=len(sequences), **directions
    )
    return ""


@converts("pick")
def pick(c: Converter, node: Node) -> str:
    (which,) = c.fixed(node, node.attrs)
    return c.loops[node.inputs[0]][which]
