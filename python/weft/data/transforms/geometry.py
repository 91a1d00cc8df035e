"""Flips and crops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import weft
from weft import Tensor, random

from ._checks import check_images, check_probability, check_size

__all__ = ["CenterCrop", "RandomCrop", "RandomHorizontalFlip", "RandomVerticalFlip"]


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Left and right exchanged in each image with probability `p`."""

    p: float = 0.5

    def __post_init__(self) -> None:
        check_probability(self.p, "RandomHorizontalFlip")

    def __call__(self, x: Tensor) -> Tensor:
        check_images(x, "RandomHorizontalFlip")
        return _flip_some(x, -1, self.p)


@dataclass(frozen=True)
class RandomVerticalFlip:
    """Top and bottom exchanged in each image with probability `p`."""

    p: float = 0.5

    def __post_init__(self) -> None:
        check_probability(self.p, "RandomVerticalFlip")

    def __call__(self, x: Tensor) -> Tensor:
        check_images(x, "RandomVerticalFlip")
        return _flip_some(x, -2, self.p)


def _flip_some(x: Tensor, axis: int, p: float) -> Tensor:
    chosen = random.bernoulli(p, size=(x.shape[0], 1, 1, 1), device=x.device)
    places = _along(axis, x.shape[axis], x)
    # A gather rather than a choice of two images, which would be stored when they were computed.
    return weft.take_along_axis(x, weft.where(chosen, x.shape[axis] - 1 - places, places), axis)


def _along(axis: int, count: int, x: Tensor) -> Tensor:
    """0, 1, 2, ... along this axis of images."""
    shape = [1, 1, 1, 1]
    shape[axis] = count
    return weft.arange(count, device=x.device).reshape(*shape)


@dataclass(frozen=True)
class RandomCrop:
    """A part of each image, at a random place.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the part.
    padding : int, (int, int) or (int, int, int, int)
        Pixels added first: on all sides; left and right, top and bottom; or left, top, right, bottom.
    fill : number
        Of the pixels that are added.
    padding_mode : str
        "constant", "edge", "reflect" or "symmetric", as for `weft.pad`.

    Raises
    ------
    ValueError
        The padded image is smaller than the part.

    Examples
    --------
    >>> import weft
    >>> weft.data.transforms.RandomCrop(32, padding=4)(weft.zeros(8, 3, 32, 32)).shape
    (8, 3, 32, 32)
    """

    size: int | Sequence[int]
    padding: int | Sequence[int] = 0
    fill: float = 0
    padding_mode: str = "constant"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_size(self.size, "RandomCrop"))
        sides = (self.padding,) if isinstance(self.padding, int) else tuple(self.padding)
        if len(sides) not in (1, 2, 4) or any(side < 0 for side in sides):
            raise ValueError(f"RandomCrop: padding must be 1, 2 or 4 ints that are not negative, not {self.padding!r}")
        object.__setattr__(self, "padding", (sides * 4)[:4])

    def __call__(self, x: Tensor) -> Tensor:
        n, _, height, width = check_images(x, "RandomCrop")
        h, w = check_size(self.size, "RandomCrop")
        left, top, right, bottom = self.padding  # type: ignore[misc]
        rows, columns = height + top + bottom - h, width + left + right - w
        if rows < 0 or columns < 0:
            raise ValueError(
                f"RandomCrop: images of shape {x.shape} with padding {self.padding} are smaller than {(h, w)}; "
                "take a smaller size, or more padding"
            )
        if any(self.padding):  # type: ignore[arg-type]
            x = weft.pad(x, [(0, 0), (0, 0), (top, bottom), (left, right)], self.padding_mode, self.fill)
        x = _shifted(x, -2, random.randint(0, rows + 1, size=n, device=x.device), h)
        return _shifted(x, -1, random.randint(0, columns + 1, size=n, device=x.device), w)


def _shifted(x: Tensor, axis: int, first: Tensor, count: int) -> Tensor:
    """`count` elements along the axis, from number `first` of each image on."""
    return weft.take_along_axis(x, first.reshape(-1, 1, 1, 1) + _along(axis, count, x), axis)


@dataclass(frozen=True)
class CenterCrop:
    """The middle of each image; zeros where the image is smaller.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the part.
    """

    size: int | Sequence[int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", check_size(self.size, "CenterCrop"))

    def __call__(self, x: Tensor) -> Tensor:
        _, _, height, width = check_images(x, "CenterCrop")
        h, w = check_size(self.size, "CenterCrop")
        missing = max(0, h - height), max(0, w - width)
        if any(missing):
            x = weft.pad(x, [(0, 0), (0, 0), *((m // 2, m - m // 2) for m in missing)])
        top, left = round((x.shape[-2] - h) / 2), round((x.shape[-1] - w) / 2)
        return x[..., top : top + h, left : left + w]
