"""NumPy's ufuncs on tensors, and pickling."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft
from weft import _core
from weft._core import Tensor

__all__ = ["array_ufunc", "rebuild"]

_NAMES = {  # where weft's name is another
    "absolute": "abs",
    "power": "pow",
    "divide": "divide",
    "true_divide": "divide",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "fabs": "abs",
    "conjugate": "conj",
    "float_power": "pow",
}


def array_ufunc(ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """``np.sin(t)`` is ``weft.sin(t)``. What weft has no function for is computed by NumPy and gives arrays."""
    out = kwargs.get("out")
    if out is not None and any(isinstance(o, Tensor) for o in (out if isinstance(out, tuple) else (out,))):
        return NotImplemented  # values are not written through
    function = getattr(weft, _NAMES.get(ufunc.__name__, ufunc.__name__), None)
    known = all(isinstance(x, (Tensor, np.ndarray, np.generic, bool, int, float, complex)) for x in inputs)
    if method == "__call__" and function is not None and known and not kwargs:
        return function(*inputs)
    arrays = [x.detach().numpy() if isinstance(x, Tensor) else x for x in inputs]
    if "where" in kwargs and isinstance(kwargs["where"], Tensor):
        kwargs["where"] = kwargs["where"].numpy()
    return getattr(ufunc, method)(*arrays, **kwargs)


def rebuild(value: np.ndarray[Any, Any], dtype: str, requires_grad: bool) -> Tensor:
    """A tensor from its pickle, on the default device; bfloat16 comes as its bits."""
    return _core._rebuild(value, dtype, requires_grad)
