"""Types that the signatures of weft name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from weft._core import Tensor, device, dtype

__all__ = ["Array", "ArrayLike", "Axis", "DTypeLike", "DeviceLike", "Index", "Number", "Shape", "TensorLike"]

Array: TypeAlias = npt.NDArray[Any]
Number: TypeAlias = complex  # and so bool, int and float
Shape: TypeAlias = int | Sequence[int]
Axis: TypeAlias = int | Sequence[int] | None
Index: TypeAlias = Any  # integers, slices, None, ..., arrays and masks, or a tuple of them
TensorLike: TypeAlias = "Tensor | Array | np.generic[Any] | complex"
ArrayLike: TypeAlias = "Tensor | Array | np.generic[Any] | complex | Sequence[Any]"
DTypeLike: TypeAlias = "dtype | np.dtype[Any] | type[Any] | str"
DeviceLike: TypeAlias = "device | str | None"
