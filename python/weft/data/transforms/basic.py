"""Chains, dtypes and scales."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import weft
from weft import Tensor

from ._checks import check_images

if TYPE_CHECKING:
    from weft._typing import DTypeLike

__all__ = ["Compose", "Normalize", "ToDtype", "ToFloat"]


class Compose:
    """Transforms one after the other."""

    def __init__(self, transforms: Iterable[Callable[[Tensor], Tensor]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def __repr__(self) -> str:
        return f"Compose({self.transforms})"


@dataclass(frozen=True)
class ToDtype:
    """Images of another dtype.

    Parameters
    ----------
    dtype : dtype
    scale : bool
        Keep the brightness: floats mean [0, 1], and integers 0 to the largest of their dtype.

    Raises
    ------
    ValueError
        From one integer dtype to another with `scale`; go through floats.
    """

    dtype: DTypeLike
    scale: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        check_images(x, "ToDtype")
        old, new = x.dtype, weft.dtype(self.dtype)
        if not self.scale or old == new or old.kind == new.kind == "f":
            return x.astype(new)
        if new.kind == "f":
            return x.astype(new) / float(weft.iinfo(old).max)
        if old.kind == "f":  # equal parts of [0, 1] for all integers
            return (x * (weft.iinfo(new).max + 1 - 1e-3)).astype(new)
        raise ValueError(f"ToDtype: cannot scale {old} to {new}; go through floats with ToFloat()")


@dataclass(frozen=True)
class ToFloat(ToDtype):
    """Floats in [0, 1]; integers are divided by the largest of their dtype, 255 for uint8.

    Examples
    --------
    >>> import weft
    >>> weft.data.transforms.ToFloat()(weft.full((1, 1, 1, 1), 51, dtype=weft.uint8)).item()
    0.20000000298023224
    """

    dtype: DTypeLike = "float32"
    scale: bool = True


@dataclass(frozen=True)
class Normalize:
    """(x - mean) / std, channel by channel.

    Parameters
    ----------
    mean, std : sequence of float
        One for each channel.
    """

    mean: Sequence[float]
    std: Sequence[float]

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
        if not all(self.std):
            raise ValueError(f"Normalize: std must not be 0: {self.std}")

    def __call__(self, x: Tensor) -> Tensor:
        channels = check_images(x, "Normalize", floating=True)[1]
        mean, std = (
            weft.asarray(values, dtype=x.dtype, device=x.device).reshape(-1, 1, 1) for values in (self.mean, self.std)
        )
        if not mean.size == std.size == channels:
            raise ValueError(
                f"Normalize: images of shape {x.shape} have {channels} channels; "
                f"there are {mean.size} means and {std.size} standard deviations"
            )
        return (x - mean) / std
