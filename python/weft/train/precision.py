"""Mixed precision: the model computes in a narrow type, its parameters stay float32."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import weft
from weft import Tensor
from weft._tree import map_leaves
from weft.nn import Module, normalization

from .substitution import substituted

__all__ = ["computing_in", "floats_to"]


def floats_to(tree: Any, dtype: Any) -> Any:
    """The tree with its floating-point tensors in another dtype."""

    def cast(leaf: Any) -> Any:
        return leaf.astype(dtype) if isinstance(leaf, Tensor) and leaf.dtype.kind == "f" else leaf

    return map_leaves(cast, tree)


def computing_in(model: Module, dtype: Any) -> AbstractContextManager[None]:
    """While it is entered, the model's modules find their parameters and buffers in `dtype`.

    Each parameter is replaced by a copy, through which gradients flow back to the parameter itself, in its own dtype:
    what an optimizer sees and changes stays exact. Normalisation layers compute in float32, where small differences of
    large sums matter, and give their result in `dtype`; they alone may change their buffers. Everything else rounds
    each result to `dtype`; sums and matrix products add up in float32.
    """
    copies: dict[int, Tensor] = {}  # a parameter shared by two modules has one copy
    changes: list[tuple[Module, dict[str, Any]]] = []
    for module in model.modules():
        if type(module).__module__ == normalization.__name__:
            changes.append((module, {"forward": _in_float32(module.forward, dtype)}))
            continue
        own = {name: t for name, t in vars(module).items() if isinstance(t, Tensor) and t.dtype.kind == "f"}
        for t in own.values():
            if id(t) not in copies:
                copies[id(t)] = t.astype(dtype)
        changes.append((module, {name: copies[id(t)] for name, t in own.items()}))
    return substituted(changes)


def _in_float32(forward: Callable[..., Any], dtype: Any) -> Callable[..., Any]:
    def widened(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = floats_to((args, kwargs), weft.float32)
        return floats_to(forward(*args, **kwargs), dtype)

    return widened
