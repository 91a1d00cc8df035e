"""From the primitives of a graph to ONNX operators: which function converts which primitive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft import Tensor, _core

from .graph import Batch, ExportError, Graph, Node, Shape
from .writer import Writer, element_type

__all__ = ["Converter", "broadcasts_to", "converts"]

Convert = Callable[["Converter", Node], str]

_CONVERSIONS: dict[str, Convert] = {}

_WHY_NOT = {
    "to": "an ONNX graph has one device; move the tensor before the function",
    "nextafter": "ONNX has no operator for the bits of numbers",
    "bitcast": "ONNX has no operator for the bits of numbers",
    "conv_weight_grad": "gradients of convolutions are not inference; call the model in `weft.no_grad()`",
}
_COMPLEX = ("real", "imag", "conj", "make_complex")


def converts(*primitives: str) -> Callable[[Convert], Convert]:
    """Register a function that converts these primitives."""

    def register(function: Convert) -> Convert:
        _CONVERSIONS.update(dict.fromkeys(primitives, function))
        return function

    return register


def broadcasts_to(shapes: Sequence[Shape], shape: Shape) -> bool:
    """Whether operators that broadcast make this shape of these."""
    ranks_fit = max((len(s) for s in shapes), default=0) == len(shape)
    return ranks_fit and all(
        any(len(s) >= d and s[-d] == size for s in shapes) for d, size in enumerate(reversed(shape), start=1)
    )


class Converter:
    """Converts nodes in their order. ``converter[node]`` is the name of the value of a node that was converted."""

    def __init__(self, writer: Writer, names: dict[int, str]) -> None:
        self.writer = writer
        self.op = writer.op
        self._initializers = names  # by id of the tensor
        self._values: dict[Node, str] = {}
        self.loops: dict[Node, list[str]] = {}  # all results of each loop
        self._tensors: dict[int, tuple[Tensor, str]] = {}

    def __getitem__(self, node: Node) -> str:
        return self._values[node]

    def convert(self, graph: Graph, arguments: Sequence[str]) -> list[str]:
        """The results of a graph, given the names of its arguments."""
        self._values.update(zip(graph.arguments, arguments, strict=True))
        for node in graph.nodes[len(arguments) :]:
            self._values[node] = self._tensor(node.value) if node.value is not None else self._converted(node)
        return [self[result] for result in graph.results]

    def _converted(self, node: Node) -> str:
        conversion = _CONVERSIONS.get(node.primitive)
        at = f" at {node.site}" if node.site else ""
        if conversion is None:
            why = (
                "ONNX operators take no complex numbers" if node.primitive in _COMPLEX else _WHY_NOT.get(node.primitive)
            )
            raise ExportError(f"export: {node.primitive}{at}: {why or 'ONNX has no operator for it'}")
        element_type(node.dtype)
        return conversion(self, node)

    def _tensor(self, tensor: Tensor) -> str:
        # The tensor is kept, so that its id stays its own.
        if id(tensor) not in self._tensors:
            name = self._initializers.get(id(tensor), "constant")
            self._tensors[id(tensor)] = tensor, self.writer.initializer(tensor, name)
        return self._tensors[id(tensor)][1]

    # ---- for the conversions

    def inputs(self, node: Node) -> list[str]:
        """The inputs of an elementwise node, not expanded where the operator broadcasts."""
        sources = [x.below("expand") for x in node.inputs]
        if not broadcasts_to([x.shape for x in sources], node.shape):
            sources[0] = node.inputs[0]
        return [self[x] for x in sources]

    def number(self, value: complex, dtype: _core.dtype) -> str:
        """A scalar constant."""
        return self.writer.number(value, dtype)

    def cast(self, value: str, dtype: _core.dtype) -> str:
        """The value as another dtype."""
        return self.op("Cast", value, to=element_type(dtype))

    def reshape(self, value: str, before: Shape, after: Shape) -> str:
        """The value with another shape."""
        return self.writer.reshape(value, before, after)

    def fixed(self, node: Node, values: Sequence[Any]) -> list[int]:
        """Sizes or attributes that must not depend on the batch."""
        if any(isinstance(value, Batch) for value in values):
            raise ExportError(
                f"dynamic_batch: {node.primitive}{f' at {node.site}' if node.site else ''} of shape {node.shape} needs "
                "sizes that are known; export with dynamic_batch=False"
            )
        return list(values)
