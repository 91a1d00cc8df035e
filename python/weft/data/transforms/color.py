"""Colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import weft
from weft import Tensor, random

from ._checks import check_images

__all__ = ["ColorJitter", "Grayscale"]


@dataclass(frozen=True)
class Grayscale:
    """0.2989 red + 0.587 green + 0.114 blue (ITU-R BT.601).

    Parameters
    ----------
    num_output_channels : int
        1, or 3 equal ones.
    """

    num_output_channels: int = 1

    def __post_init__(self) -> None:
        if self.num_output_channels not in (1, 3):
            raise ValueError(f"Grayscale: num_output_channels must be 1 or 3, not {self.num_output_channels}")

    def __call__(self, x: Tensor) -> Tensor:
        n, channels, height, width = check_images(x, "Grayscale", floating=True)
        _check_colors(x, channels, "Grayscale")
        return weft.broadcast_to(_gray(x), (n, self.num_output_channels, height, width))


@dataclass(frozen=True)
class ColorJitter:
    """Brightness, contrast, saturation and hue of each image changed at random, in this order.

    Parameters
    ----------
    brightness, contrast, saturation : float or (float, float)
        The range of the factor; `b` means from ``max(0, 1 - b)`` to ``1 + b``. Brightness multiplies the image,
        contrast moves it from the mean of its gray, saturation from its gray; results are clipped to [0, 1].
    hue : float or (float, float)
        The range of the angle that is added to the hue, in turns within [-0.5, 0.5]; `h` means from ``-h`` to ``h``.

    Examples
    --------
    >>> import weft
    >>> jitter = weft.data.transforms.ColorJitter(brightness=0.2, hue=0.1)
    >>> jitter(weft.zeros(2, 3, 8, 8)).shape
    (2, 3, 8, 8)
    """

    brightness: float | Sequence[float] = 0
    contrast: float | Sequence[float] = 0
    saturation: float | Sequence[float] = 0
    hue: float | Sequence[float] = 0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            object.__setattr__(self, name, _range(getattr(self, name), name, 1, (0, float("inf"))))
        object.__setattr__(self, "hue", _range(self.hue, "hue", 0, (-0.5, 0.5)))

    def __call__(self, x: Tensor) -> Tensor:
        channels = check_images(x, "ColorJitter", floating=True)[1]
        _check_colors(x, channels, "ColorJitter")
        if self.brightness != (1, 1):
            x = _clip(x * _draw(self.brightness, x))
        if self.contrast != (1, 1):
            x = _blend(x, _gray(x).mean(axis=(1, 2, 3), keepdims=True), _draw(self.contrast, x))
        if channels == 1:  # gray has no colour to change
            return x
        if self.saturation != (1, 1):
            x = _blend(x, _gray(x), _draw(self.saturation, x))
        if self.hue != (0, 0):
            x = _turn_hue(x, _draw(self.hue, x))
        return x


def _range(
    given: float | Sequence[float], name: str, center: float, bounds: tuple[float, float]
) -> tuple[float, float]:
    if isinstance(given, int | float):
        if given < 0:
            raise ValueError(f"ColorJitter: {name} must not be negative, but is {given}")
        low, high = max(bounds[0], center - given) if center else -given, center + given
    else:
        low, high = given
    if not bounds[0] <= low <= high <= bounds[1]:
        raise ValueError(f"ColorJitter: {name} must be a range within {bounds}, not {given}")
    return low, high


def _check_colors(x: Tensor, channels: int, name: str) -> None:
    if channels not in (1, 3):
        raise ValueError(f"{name}: images must have 1 or 3 channels; theirs are of shape {x.shape}")


def _draw(bounds: float | Sequence[float], x: Tensor) -> Tensor:
    """A number for each image."""
    low, high = bounds  # type: ignore[misc]
    return random.uniform(low, high, (x.shape[0], 1, 1, 1), dtype=x.dtype, device=x.device)


def _clip(x: Tensor) -> Tensor:
    return weft.clip(x, 0, 1)


def _blend(x: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    return _clip(other + factor * (x - other))


def _gray(x: Tensor) -> Tensor:
    if x.shape[1] == 1:
        return x
    red, green, blue = x.split(1, 1)
    return 0.2989 * red + 0.587 * green + 0.114 * blue


def _turn_hue(x: Tensor, turn: Tensor) -> Tensor:
    """Add to the hue, in turns (A. R. Smith, "Color gamut transform pairs", 1978)."""
    red, green, blue = x.split(1, 1)
    value = weft.maximum(weft.maximum(red, green), blue)
    chroma = value - weft.minimum(weft.minimum(red, green), blue)
    divisor = weft.where(chroma == 0, 1, chroma)
    sixths = weft.where(
        value == red,
        (green - blue) / divisor,
        weft.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    sixths = sixths + 6 * turn
    # A channel has its full value within a sixth of a turn from its own hue, and falls linearly over the next sixth.
    places = [(sixths + offset) % 6 for offset in (5, 3, 1)]
    return weft.concat([value - chroma * _clip(weft.minimum(k, 4 - k)) for k in places], axis=1)
