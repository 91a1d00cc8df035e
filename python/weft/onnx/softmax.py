"""Quotients, among them softmax, which is written exp(x - max(x)) / sum(exp(x - max(x)))."""

from __future__ import annotations

from .convert import Converter, converts
from .graph import Node

__all__: list[str] = []


@converts("div")
def div(c: Converter, node: Node) -> str:
    exponential, total = node.inputs
    summed = _along(exponential, total, "sum")
    if exponential.primitive != "exp" or summed is None:
        return c.op("Div", *c.inputs(node))
    source = exponential.inputs[0]
    # Softmax takes the largest element away itself.
    if source.primitive == "sub" and _along(source.inputs[0], source.inputs[1], "max") == summed:
        source = source.inputs[0]
    return c.op("Softmax", c[source], axis=summed)


def _along(x: Node, value: Node, reduction: str) -> int | None:
    """The axis of x whose reduction the value is, repeated along it."""
    reduced = value.below("expand", "reshape", "stop_gradient")
    if reduced.primitive != reduction or reduced.inputs[0] is not x or len(reduced.attrs) != 1:
        return None
    (axis,) = reduced.attrs
    kept = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    row = value.below("stop_gradient")
    return axis if row.primitive == "expand" and row.inputs[0].below("stop_gradient").shape == kept else None
