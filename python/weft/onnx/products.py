"""Matrix products and convolutions."""

from __future__ import annotations

import math

from .convert import Converter, broadcasts_to, converts
from .graph import ExportError, Node, Shape

__all__: list[str] = []


@converts("matmul")
def matmul(c: Converter, node: Node) -> str:
    sources = [x.below("expand") for x in node.inputs]
    same = all(s.rank >= 2 and s.shape[-2:] == x.shape[-2:] for s, x in zip(sources, node.inputs, strict=True))
    if not same or not broadcasts_to([s.shape[:-2] for s in sources], node.shape[:-2]):
        sources = node.inputs
    return c.op("MatMul", *(c[s] for s in sources))


def _slides(c: Converter, node: Node) -> tuple[list[int], list[int], list[int]]:
    attrs, count = c.fixed(node, node.attrs), node.rank - 3
    stride, dilation, lo = (attrs[i * count : (i + 1) * count] for i in range(3))
    if min(lo) < 0:
        raise ExportError(f"export: {node.primitive}: padding {lo} is negative; slice the input before")
    return stride, dilation, lo


def _merged(c: Converter, node: Node, x: Node, axis: int) -> str:
    """The value with two dimensions, of groups and of channels in each, as one."""
    return c.reshape(c[x], x.shape, _merged_shape(c, node, x.shape, axis))


def _merged_shape(c: Converter, node: Node, shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], math.prod(c.fixed(node, shape[axis : axis + 2])), *shape[axis + 2 :])


@converts("conv")
def conv(c: Converter, node: Node) -> str:
    """Weight (g, co, ci, kernel...), x (n, g, ci, size...) to (n, g, co, out...). Attributes: stride, dilation, lo."""
    w, x = node.inputs
    stride, dilation, lo = _slides(c, node)
    sizes, kernel, out = (c.fixed(node, shape[3:]) for shape in (x.shape, w.shape, node.shape))
    reach = [(o - 1) * s + (k - 1) * d + 1 for o, s, k, d in zip(out, stride, kernel, dilation, strict=True)]
    hi = [max(r - n - p, 0) for r, n, p in zip(reach, sizes, lo, strict=True)]
    y = c.op(
        "Conv", _merged(c, node, x, 1), _merged(c, node, w, 0), group=w.shape[0], kernel_shape=kernel, strides=stride,
        dilations=dilation, pads=lo + hi,
    )  # fmt: skip
    return c.reshape(y, _merged_shape(c, node, node.shape, 1), node.shape)


@converts("conv_input_grad")
def conv_transpose(c: Converter, node: Node) -> str:
    """Weight (g, co, ci, kernel...), y (n, g, co, out...) to (n, g, ci, spatial...)."""
    w, y = node.inputs
    stride, dilation, lo = _slides(c, node)
    sizes, kernel, out = (c.fixed(node, shape[3:]) for shape in (node.shape, w.shape, y.shape))
    reach = [(o - 1) * s + (k - 1) * d + 1 for o, s, k, d in zip(out, stride, kernel, dilation, strict=True)]
    beyond = [n + p - r for n, p, r in zip(sizes, lo, reach, strict=True)]  # places that no window reaches
    x = c.op(
        "ConvTranspose", _merged(c, node, y, 1), _merged(c, node, w, 0), group=w.shape[0], kernel_shape=kernel,
        strides=stride, dilations=dilation, pads=lo + [max(-b, 0) for b in beyond],
        output_padding=[max(b, 0) for b in beyond],
    )  # fmt: skip
    return c.reshape(x, _merged_shape(c, node, node.shape, 1), node.shape)
