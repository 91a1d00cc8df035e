"""Items to a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import weft
from weft import Tensor

if TYPE_CHECKING:
    from weft._typing import DeviceLike, DTypeLike

__all__ = ["default_collate", "stack_items", "to_tensor"]


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack items to a batch.

    Parameters
    ----------
    batch : sequence
        Items of the same kind: tensors, arrays, numbers, strings, or tuples, lists and dicts of them.

    Returns
    -------
    Tensor or tree
        Tensors and arrays are stacked along a new first axis, numbers become a tensor of one dimension, and strings
        a list. Tuples, lists and dicts are kept, with a batch of each part.

    Raises
    ------
    TypeError
        Items that cannot be stacked, such as None.
    ValueError
        Items of different shapes or structure.

    Examples
    --------
    >>> import weft
    >>> numbers, names = weft.data.default_collate([(1.0, "a"), (2.0, "b")])
    >>> numbers.tolist(), names
    ([1.0, 2.0], ['a', 'b'])
    """
    return stack_items(batch)


def stack_items(batch: Sequence[Any], device: DeviceLike = None, dtype: DTypeLike | None = None) -> Any:
    """default_collate() to a device; `dtype` as in `to_tensor`."""
    first = batch[0]
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        _check_alike(batch, lambda item: set(item) if isinstance(item, Mapping) else None, "keys")
        return {key: stack_items([item[key] for item in batch], device, dtype) for key in first}
    if isinstance(first, tuple | list):
        _check_alike(batch, lambda item: len(item) if isinstance(item, tuple | list) else None, "length")
        parts = [stack_items(part, device, dtype) for part in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, int | float | complex) and not isinstance(first, np.generic):
        return weft.asarray(batch, dtype if any(isinstance(item, float) for item in batch) else None, device)
    if not hasattr(first, "__array__"):
        raise TypeError(
            f"default_collate: items of type {type(first).__name__} cannot be stacked; "
            "give tensors, arrays, numbers, strings or trees of them, or a collate_fn"
        )
    items = [item if isinstance(item, Tensor) else np.asarray(item) for item in batch]
    _check_alike(items, lambda item: item.shape, "shape")
    return to_tensor(weft.stack(items) if isinstance(first, Tensor) else np.stack(items), device, dtype)


def to_tensor(value: Any, device: DeviceLike, dtype: DTypeLike | None) -> Tensor:
    """A tensor on a device. `dtype` is for floating-point arrays; tensors keep theirs."""
    if isinstance(value, Tensor):
        return value if device is None else value.to(device)
    return weft.asarray(value, dtype if value.dtype.kind == "f" else None, device)


def _check_alike(batch: Sequence[Any], feature: Callable[[Any], Any], name: str) -> None:
    first = feature(batch[0])
    for place, item in enumerate(batch):
        if (found := feature(item)) != first:
            raise ValueError(
                f"default_collate: item {place} of the batch has {name} {found}, but the first has {first}; "
                "make them alike (pad or crop), or give a collate_fn"
            )
