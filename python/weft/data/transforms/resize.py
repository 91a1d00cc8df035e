"""Images of another size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import weft
from weft import Tensor

from ._checks import check_images, check_size

if TYPE_CHECKING:
    from weft._typing import Array

__all__ = ["Resize"]


@dataclass(frozen=True)
class Resize:
    """Images of another size.

    Parameters
    ----------
    size : int or (int, int)
        Height and width; an int is for the shorter side, and the longer one keeps its proportion.
    interpolation : str
        "bilinear", "bicubic" or "nearest". Pixels are squares with their value in the middle.
    antialias : bool
        Where an image gets smaller, give each new pixel the weighted mean of all the old ones it covers.

    Examples
    --------
    >>> import weft
    >>> weft.data.transforms.Resize(16)(weft.zeros(2, 3, 32, 64)).shape
    (2, 3, 16, 32)
    """

    size: int | Sequence[int]
    interpolation: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        check_size(self.size, "Resize")
        if not isinstance(self.size, int):
            object.__setattr__(self, "size", tuple(self.size))
        if self.interpolation not in ("nearest", "bilinear", "bicubic"):
            raise ValueError(f"Resize: interpolation must be nearest, bilinear or bicubic, not {self.interpolation!r}")

    def __call__(self, x: Tensor) -> Tensor:
        _, _, height, width = check_images(x, "Resize", floating=self.interpolation != "nearest")
        if not height or not width:
            raise ValueError(f"Resize: images of shape {x.shape} have no pixels")
        h, w = check_size(self.size, "Resize")
        if isinstance(self.size, int):
            h, w = (h, h * width // height) if height <= width else (w * height // width, w)
        return self._resized(self._resized(x, -1, w), -2, h)

    def _resized(self, x: Tensor, axis: int, size: int) -> Tensor:
        old = x.shape[axis]
        if old == size:
            return x
        if self.interpolation == "nearest":
            return x.take(np.arange(size) * old // size, axis)
        places, weights = _taps(old, size, self.interpolation, self.antialias)
        factors = weft.asarray(weights, dtype=x.dtype, device=x.device)
        taps = x.take(places, axis)  # (..., size, taps) or (..., size, taps, W)
        return (taps * (factors if axis == -1 else factors.expand_dims(-1))).sum(axis)


def _taps(old: int, new: int, interpolation: str, antialias: bool) -> tuple[Array, Array]:
    """The old pixels each new one is made of, and their weights; both (new, taps)."""
    kernel, radius = (_triangle, 1) if interpolation == "bilinear" else (_cubic(-0.5 if antialias else -0.75), 2)
    stretch = max(old / new, 1.0) if antialias else 1.0
    centers = (np.arange(new) + 0.5) * (old / new) - 0.5
    first = np.floor(centers - radius * stretch).astype(np.int64) + 1
    places = first[:, None] + np.arange(math.ceil(2 * radius * stretch))
    weights = kernel(np.abs(places - centers[:, None]) / stretch)
    if antialias:  # what lies outside does not count; else the border is repeated
        weights *= (places >= 0) & (places < old)
        weights /= weights.sum(1, keepdims=True)
    return places.clip(0, old - 1), weights


def _triangle(distance: Array) -> Array:
    return (1 - distance).clip(0)


def _cubic(a: float) -> Callable[[Array], Array]:
    """Cubic convolution (R. G. Keys, 1981), with the slope `a` at distance 1."""

    def kernel(d: Array) -> Array:
        near = ((a + 2) * d - (a + 3)) * d**2 + 1
        far = a * (((d - 5) * d + 8) * d - 4)
        return np.asarray(np.where(d <= 1, near, np.where(d < 2, far, 0)))

    return kernel
