"""An ONNX graph on its way: nodes, initializers, and names that nothing else has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import weft
from weft import Tensor, _core

from .graph import Batch, ExportError, Shape, Size

__all__ = ["OPSET", "Writer", "element_type", "needed"]

OPSET = 20
LARGEST = 2**31 - 2**24  # bytes of weights: a protobuf message has less than 2 GB, and the nodes need some of it

_TYPES = {
    "bool": TensorProto.BOOL, "int8": TensorProto.INT8, "int16": TensorProto.INT16, "int32": TensorProto.INT32,
    "int64": TensorProto.INT64, "uint8": TensorProto.UINT8, "uint16": TensorProto.UINT16, "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64, "float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16,
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE,
}  # fmt: skip


def element_type(dtype: _core.dtype) -> int:
    """ONNX's number for a dtype."""
    if dtype.name not in _TYPES:
        raise ExportError(f"{dtype}: ONNX operators take no complex numbers; work on the real and imaginary parts")
    return int(_TYPES[dtype.name])


class Writer:
    """Collects what goes into the file. Values are names.

    Parameters
    ----------
    taken : iterable of str
        Names of the inputs and outputs of the model.
    batch_of : str, optional
        The input whose first dimension is the batch size.
    """

    def __init__(self, taken: Iterable[str], batch_of: str | None = None) -> None:
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self._names = set(taken)
        self._bytes = 0  # of the model's tensors
        self._constants: dict[Any, str] = {}
        self._reshaped: dict[str, tuple[str, Shape]] = {}  # what each reshaped value was before
        self._batch_of, self._sizes = batch_of, dict[int, str]()
        self._main = self.nodes

    # ---- names and nodes

    def name(self, hint: str) -> str:
        """A name that is not taken yet."""
        name, count = hint, 0
        while name in self._names:
            count += 1
            name = f"{hint}_{count}"
        self._names.add(name)
        return name

    def op(self, type: str, *inputs: str, **attributes: Any) -> str:
        """The value of an operator with one output."""
        return self.ops(type, inputs, 1, **attributes)[0]

    def ops(self, type: str, inputs: Sequence[str], outputs: int, **attributes: Any) -> list[str]:
        """The values of an operator with several outputs."""
        names = [self.name(type) for _ in range(outputs)]
        self.nodes.append(helper.make_node(type, inputs, names, name=self.name(f"node_{type}"), **attributes))
        return names

    @contextmanager
    def subgraph(self) -> Iterator[list[Any]]:
        """Nodes go into the list given, until the end of the block."""
        outer, outer_reshaped = self.nodes, self._reshaped
        self.nodes, self._reshaped = [], dict(outer_reshaped)
        try:
            yield self.nodes
        finally:
            self.nodes, self._reshaped = outer, outer_reshaped

    # ---- constants

    def initializer(self, tensor: Tensor, name: str) -> str:
        """A tensor of the model, under this name."""
        kind = element_type(tensor.dtype)
        self._bytes += tensor.nbytes
        if self._bytes > LARGEST:
            raise ExportError(
                f"the weights up to {name} have {self._bytes} bytes, but an ONNX file holds less than 2 GB; "
                "export parts of the model, or convert it to a smaller dtype"
            )
        name = self.name(name)
        tensor = tensor.detach()
        array = np.ascontiguousarray((tensor.view(weft.uint16) if kind == TensorProto.BFLOAT16 else tensor).numpy())
        proto = TensorProto(name=name, data_type=kind, dims=tensor.shape, raw_data=array.tobytes())
        self.initializers[name] = proto
        return name

    def constant(self, array: np.ndarray[Any, Any], hint: str = "constant") -> str:
        """A small array; equal ones are stored once."""
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            name = self._constants[key] = self.name(hint)
            self.initializers[name] = numpy_helper.from_array(array, name)
        return self._constants[key]

    def ints(self, *values: int) -> str:
        """A 1-D int64 constant."""
        return self.constant(np.array(values, np.int64), "sizes")

    def number(self, value: complex, dtype: _core.dtype) -> str:
        """A scalar."""
        if dtype == weft.bfloat16:
            return self.op("Cast", self.number(value, weft.float32), to=TensorProto.BFLOAT16)
        element_type(dtype)
        return self.constant(np.array(value, dtype.name))

    # ---- sizes and shapes

    def size(self, size: Size) -> str:
        """A size as a 1-D int64 value."""
        if isinstance(size, int):
            return self.ints(size)
        if size.factor not in self._sizes:
            inner, self.nodes = self.nodes, self._main  # known in every subgraph
            batch = self.op("Shape", self._batch_of or "", start=0, end=1)
            self._sizes[size.factor] = batch if size.factor == 1 else self.op("Mul", batch, self.ints(size.factor))
            self.nodes = inner
        return self._sizes[size.factor]

    def shape(self, shape: Shape) -> str:
        """A shape as a 1-D int64 value."""
        if all(isinstance(size, int) for size in shape):
            return self.ints(*shape)  # type: ignore[arg-type]
        return self.op("Concat", *(self.size(size) for size in shape), axis=0)

    def reshape(self, value: str, before: Shape, after: Shape) -> str:
        """The value with another shape. A chain of these is one, or none where it comes back."""
        value, before = self._reshaped.get(value, (value, before))
        if before == after:
            return value
        open_ends = sum(isinstance(size, Batch) for size in after)
        if open_ends == 1 and 0 not in after:
            target = self.ints(*(-1 if isinstance(size, Batch) else size for size in after))
        else:
            target = self.shape(after)
        result = self.op("Reshape", value, target, allowzero=int(0 in after))
        self._reshaped[result] = value, before
        return result

    # ---- the whole

    def value_info(self, name: str, dtype: _core.dtype, shape: Shape) -> Any:
        """What is declared of an input or output."""
        sizes = [size if isinstance(size, int) else _label(size) for size in shape]
        return helper.make_tensor_value_info(name, element_type(dtype), sizes)

    def rename(self, value: str, name: str) -> None:
        """The value under another name."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=self.name("node_Identity")))

    def model(self, inputs: list[Any], outputs: list[Any]) -> bytes:
        """The content of the file, without what no output needs."""
        nodes = needed(self.nodes, {output.name for output in outputs})
        used = set(_read(nodes))
        initializers = [proto for name, proto in self.initializers.items() if name in used]
        graph = helper.make_graph(nodes, "weft", inputs, outputs, initializers)
        opset = helper.make_opsetid("", OPSET)
        version = helper.find_min_ir_version_for([opset])
        model = helper.make_model(graph, opset_imports=[opset], ir_version=version, producer_name="weft")
        model.producer_version = weft.__version__
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def _label(size: Batch) -> str:
    return "batch" if size.factor == 1 else f"{size.factor} * batch"


def _read(nodes: Iterable[Any]) -> Iterator[str]:
    """What these nodes read, and the graphs inside them."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _read(attribute.g.node)


def needed(nodes: Sequence[Any], wanted: set[str]) -> list[Any]:
    """The nodes without which these values would be missing."""
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(_read([node]))
    return kept[::-1]
