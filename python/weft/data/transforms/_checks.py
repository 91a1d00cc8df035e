"""What the transforms ask of their images and options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft import Tensor

__all__ = ["check_images", "check_probability", "check_size"]


def check_images(x: Any, name: str, floating: bool = False) -> tuple[int, int, int, int]:
    """The shape of a batch of images."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}: images must be a Tensor, not {type(x).__name__}; weft.asarray makes one")
    if x.ndim != 4:
        raise ValueError(f"{name}: images must be of shape (N, C, H, W), not {x.shape}")
    if floating and x.dtype.kind != "f":
        raise TypeError(f"{name}: images must be floats in [0, 1], not {x.dtype}; apply ToFloat() first")
    n, c, h, w = x.shape
    return n, c, h, w


def check_probability(p: float, name: str) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p must be between 0 and 1, not {p}")


def check_size(size: int | Sequence[int], name: str) -> tuple[int, int]:
    """(height, width); an int is both."""
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or any(not isinstance(s, int) or s < 1 for s in pair):
        raise ValueError(f"{name}: size must be a positive int or (height, width), not {size!r}")
    return pair[0], pair[1]
