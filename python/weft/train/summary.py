"""A model as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft
from weft import Tensor
from weft._tree import flatten
from weft.nn import Module

from .step import mode
from .substitution import substituted

__all__ = ["summary"]


def summary(model: Module, inputs: Sequence[Any], device: Any, dtype: Any) -> str:
    """A line for each module that holds no others, and one for all; see `Trainer.summary`."""
    shapes: dict[Module, str] = {}
    if inputs:
        arguments = [
            weft.zeros(x, dtype=dtype, device=device) if _is_shape(x) else weft.asarray(x, device=device)
            for x in inputs
        ]
        watched = [(module, {"forward": _watched(module, shapes)}) for module in model.modules()]
        buffers = [(buffer, buffer.detach()) for buffer in model.buffers()]
        with mode(model, training=False), weft.no_grad(), substituted(watched):
            model(*arguments)
        for buffer, value in buffers:
            buffer.assign(value)
    rows = [("name", "module", "output", "parameters")]
    for name, module in model.named_modules():
        is_leaf = next(iter(module.children()), None) is None
        if module is not model and (is_leaf or _own_size(module)):
            size = _size(module) if is_leaf else _own_size(module)
            rows.append((name, type(module).__name__, shapes.get(module, ""), f"{size:,}"))
    rows.append(("total", type(model).__name__, shapes.get(model, ""), f"{_size(model):,}"))
    widths = [max(8 if i == 0 else 0, *(len(row[i]) + 2 for row in rows)) for i in range(3)]
    right = max(len(row[3]) for row in rows)
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[3].rjust(right)
        for row in rows
    )


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(size, int) for size in value)


def _watched(module: Module, shapes: dict[Module, str]) -> Callable[..., Any]:
    forward = module.forward

    def call(*args: Any, **kwargs: Any) -> Any:
        output = forward(*args, **kwargs)
        found = [str(leaf.shape) for leaf in flatten(output)[0] if isinstance(leaf, Tensor)]
        shapes[module] = ", ".join(found)
        return output

    return call


def _size(module: Module) -> int:
    return sum(p.size for p in module.parameters())


def _own_size(module: Module) -> int:
    return _size(module) - sum(_size(child) for child in module.children())
