"""Trees: nested tuples, lists and dicts with tensors and other values as leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import _core

__all__ = ["flatten", "key_order", "map_leaves", "unflatten"]

# A shape is hashable: None for a leaf, else (kind, keys or names, shapes of the parts).
Shape = Any


def flatten(tree: Any) -> tuple[list[Any], Shape]:
    """The leaves in order, and the shape that `unflatten` takes. Dict entries come by sorted keys."""
    return _core._flatten(tree)


def key_order(key: Any) -> tuple[str, Any]:
    """Sorts the keys of a dict where they are of several types."""
    return str(type(key)), key


def unflatten(shape: Shape, leaves: list[Any]) -> Any:
    """The tree of this shape with these leaves."""
    return _build(shape, iter(leaves))


def _build(shape: Shape, leaves: Iterator[Any]) -> Any:
    if shape is None:
        return next(leaves)
    kind, keys, parts = shape
    values = [_build(part, leaves) for part in parts]
    if kind == "dict":
        return dict(zip(keys, values, strict=True))
    return kind(*values) if hasattr(kind, "_fields") else kind(values)


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with `function` applied to each leaf."""
    leaves, shape = flatten(tree)
    return unflatten(shape, [function(leaf) for leaf in leaves])
