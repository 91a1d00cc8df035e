"""How tensors print: as NumPy's arrays do, with what differs from the defaults said at the end."""

from __future__ import annotations

import numpy as np

import weft
from weft._core import Tensor

__all__ = ["tensor_repr", "tensor_str"]


def tensor_str(t: Tensor) -> str:
    """The elements alone, as ``str`` of an array."""
    return str(t.detach().numpy())


def tensor_repr(t: Tensor) -> str:
    """``Tensor([1., 2.], dtype=float64, device='opencl:0', requires_grad=True)``."""
    value = t.detach().numpy()
    text = np.array2string(value, separator=", ", prefix="Tensor(")
    floating = weft.get_default_dtype()
    plain = {
        "f": floating,
        "i": weft.int64,
        "b": weft.bool,
        "c": weft.complex64 if floating == weft.float32 else weft.complex128,
    }
    notes = []
    if value.size == 0 and value.shape != (0,):
        notes.append(f"shape={value.shape}")
    if plain.get(t.dtype.kind) != t.dtype or not value.size:
        notes.append(f"dtype={t.dtype.name}")
    if t.device != weft.get_default_device():
        notes.append(f"device='{t.device}'")
    if t.requires_grad:
        notes.append("requires_grad=True")
    return f"Tensor({', '.join([text, *notes])})"
