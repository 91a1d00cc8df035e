"""What can be asked about dtypes."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import _core
from weft._core import Tensor, dtype

if TYPE_CHECKING:
    from weft._typing import DTypeLike

__all__ = ["can_cast", "finfo", "iinfo", "isdtype", "result_type"]


@dataclass(frozen=True)
class FloatInfo:
    """Limits of a floating-point dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: dtype

    @property
    def tiny(self) -> float:
        return self.smallest_normal


@dataclass(frozen=True)
class IntInfo:
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: dtype


def _dtype(x: DTypeLike | Tensor) -> dtype:
    return x.dtype if isinstance(x, Tensor) else _core.dtype(x)


def finfo(type: DTypeLike | Tensor, /) -> FloatInfo:
    """The limits of a floating-point dtype; of the parts, if complex.

    Examples
    --------
    >>> import weft
    >>> weft.finfo(weft.bfloat16).eps
    0.0078125
    """
    d = _dtype(type)
    if d.kind not in "fc":
        raise TypeError(f"finfo: a floating-point dtype is needed, not {d}")
    if d == _core.bfloat16:
        return FloatInfo(16, 2.0**-7, 3.3895313892515355e38, -3.3895313892515355e38, 2.0**-126, d)
    info = np.finfo(d.name)
    real = _core.dtype(info.dtype)
    return FloatInfo(info.bits, float(info.eps), float(info.max), float(info.min), float(info.smallest_normal), real)


def iinfo(type: DTypeLike | Tensor, /) -> IntInfo:
    """The limits of an integer dtype."""
    d = _dtype(type)
    if d.kind not in "iu":
        raise TypeError(f"iinfo: an integer dtype is needed, not {d}")
    info = np.iinfo(d.name)
    return IntInfo(info.bits, int(info.max), int(info.min), d)


def result_type(*arrays_and_dtypes: Tensor | DTypeLike | complex) -> dtype:
    """The dtype that tensors, dtypes and Python numbers have together; numbers are weak.

    Examples
    --------
    >>> import weft
    >>> weft.result_type(weft.int8, weft.float16, 1.0)
    weft.float16
    """
    strong: dtype | None = None
    weak: list[complex] = []
    for x in arrays_and_dtypes:
        if isinstance(x, (builtins.bool, int, float, complex)) and not isinstance(x, np.generic):
            weak.append(x)
            continue
        d = x.dtype if isinstance(x, Tensor) else _core.dtype(x.dtype if isinstance(x, (np.ndarray, np.generic)) else x)
        strong = d if strong is None else _core.promote_types(strong, d)
    if strong is None and not weak:
        raise ValueError("result_type: nothing was given")
    for number in sorted(weak, key=_rank):
        strong = _core._weak_result(strong, number)
    assert strong is not None
    return strong


def _rank(x: complex) -> int:
    return 0 if isinstance(x, builtins.bool) else 1 if isinstance(x, int) else 2 if isinstance(x, float) else 3


def can_cast(from_: DTypeLike | Tensor, to: DTypeLike, /) -> builtins.bool:
    """Whether promotion leads from one dtype to the other."""
    target = _dtype(to)
    try:
        return _core.promote_types(_dtype(from_), target) == target
    except TypeError:
        return False


_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def isdtype(type: DTypeLike, kind: Any) -> builtins.bool:
    """Whether a dtype is of a kind: a dtype, one of the Array API's names of kinds, or a tuple of these.

    Examples
    --------
    >>> import weft
    >>> weft.isdtype(weft.int8, ("bool", "integral"))
    True
    """
    d = _dtype(type)
    if isinstance(kind, tuple):
        return builtins.any(isdtype(d, k) for k in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: no kind {kind!r}; there are {', '.join(_KINDS)}")
        return d.kind in _KINDS[kind]
    return d == _dtype(kind)
