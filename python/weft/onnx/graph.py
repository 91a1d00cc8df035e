"""The graph of a function as Python values, with sizes that follow the batch where it was traced for two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from weft import Tensor, _core

__all__ = ["Batch", "ExportError", "Graph", "Loop", "Node", "Shape", "Size", "trace"]


class ExportError(ValueError):
    """A function does something that an ONNX file cannot hold; the message names the operation."""


@dataclass(frozen=True)
class Batch:
    """A size that is `factor` times the batch size."""

    factor: int


Size = int | Batch
Shape = tuple[Size, ...]

# Two batch sizes to trace with, unlikely as other sizes: what differs between the traces follows the batch.
_SIZES = (11, 13)


@dataclass(eq=False)
class Node:
    """A value of the graph; see core/primitives for what each primitive does with its attributes."""

    primitive: str
    inputs: list[Node]
    attrs: tuple[Any, ...]
    shape: Shape
    dtype: _core.dtype
    scalar: complex
    value: Tensor | None  # of a tensor that the function read
    body: Loop | None
    site: str

    @property
    def rank(self) -> int:
        return len(self.shape)

    def below(self, *primitives: str) -> Node:
        """The first node under itself that is none of these views."""
        node = self
        while node.primitive in primitives:
            node = node.inputs[0]
        return node


@dataclass
class Graph:
    """All nodes, with inputs before their users; the arguments and the results are among them."""

    nodes: list[Node]
    arguments: list[Node]
    results: list[Node]


@dataclass
class Loop:
    """The body of a loop: its arguments are carried values, then slices of sequences, then constants."""

    graph: Graph
    carries: int
    sequences: int


def trace(
    function: Callable[[list[Tensor]], list[Tensor]], arguments: Sequence[Tensor], dynamic_batch: bool = False
) -> Graph:
    """The graph of what the function does to tensors like the arguments; nothing is computed.

    With `dynamic_batch` the first dimension of every argument is a `Batch`. The function is traced for two batch sizes,
    and may differ in nothing but sizes that are multiples of them.

    Raises
    ------
    ExportError
        The function depends on the batch size in other ways, draws random numbers, or updates tensors.
    """
    sizes = _SIZES if dynamic_batch else (None,)
    traces = [_core._trace_graph(function, arguments, size) for size in sizes]
    graph = _merged(traces[0], traces[-1])
    if any(node.primitive == "philox" for node in graph.nodes):
        raise ExportError(
            "the function draws random numbers (philox), and a graph keeps no state of a generator; put modules in "
            "evaluation mode, or draw the numbers outside and pass them in"
        )
    if traces[0].updates:
        raise ExportError(
            f"the function gives new values to {traces[0].updates} tensors from outside, and a graph keeps no state; "
            "put modules in evaluation mode, or return the values"
        )
    return graph


def _merged(first: _core.TracedGraph, second: _core.TracedGraph) -> Graph:
    if len(first.nodes) != len(second.nodes) or first.results != second.results:
        raise ExportError(
            "dynamic_batch: the function does other things for another batch size (a Python loop over the batch, or a "
            "test of its size); export with dynamic_batch=False"
        )
    nodes: list[Node] = []
    firsts = first.nodes
    for a, b in zip(firsts, firsts if first is second else second.nodes, strict=True):
        nodes.append(_merged_node(a, b, nodes))
    return Graph(nodes, nodes[: first.arguments], [nodes[i] for i in first.results])


def _merged_node(a: _core.GraphNode, b: _core.GraphNode, nodes: list[Node]) -> Node:
    same = a.primitive == b.primitive and a.inputs == b.inputs and a.dtype == b.dtype
    same = same and _same_number(a.scalar, b.scalar) and _same_value(a.value, b.value)
    if not same or len(a.shape) != len(b.shape) or len(a.attrs) != len(b.attrs):
        raise _depends(a)
    loop = a.body
    other = loop if a is b else b.body
    body = Loop(_merged(loop[0], other[0]), *loop[1:]) if loop is not None and other is not None else None
    return Node(
        a.primitive,
        [nodes[i] for i in a.inputs],
        tuple(_merged_size(m, n, a) for m, n in zip(a.attrs, b.attrs, strict=True)),
        tuple(_merged_size(m, n, a) for m, n in zip(a.shape, b.shape, strict=True)),
        a.dtype,
        a.scalar,
        a.value,
        body,
        a.site,
    )


def _merged_size(m: int, n: int, node: _core.GraphNode) -> Size:
    if m == n:
        return m
    factor, rest = divmod(m, _SIZES[0])
    if rest or factor * _SIZES[1] != n:
        raise _depends(node)
    return Batch(factor)


def _same_number(a: complex, b: complex) -> bool:
    return a == b or (a != a and b != b)


def _same_value(a: Tensor | None, b: Tensor | None) -> bool:
    if a is None or b is None or a is b:
        return a is b
    return a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()


def _depends(node: _core.GraphNode) -> ExportError:
    return ExportError(
        f"dynamic_batch: {node.primitive}{f' at {node.site}' if node.site else ''} depends on the batch size in a way "
        "that ONNX sizes cannot follow; export with dynamic_batch=False"
    )
