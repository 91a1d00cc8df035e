"""Storage types, register types, and the way from one to the other.

A *storage* type is what lies in memory; a *register* type is what the instructions of a tape compute with. Loading
widens (int8 becomes an int32 register, float16 a float32 one), storing narrows. NumPy knows every type but bfloat16,
which is kept as uint16 and converted by moving bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

STORAGE = (  # in the order of the codes of backend.h
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64",
)  # fmt: skip

_REGISTER = {
    "bool": "bool", "int8": "int32", "int16": "int32", "int32": "int32", "int64": "int64",
    "uint8": "uint32", "uint16": "uint32", "uint32": "uint32", "uint64": "uint64",
    "float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64",
}  # fmt: skip


def register_type(storage: str) -> np.dtype[Any]:
    """The type a register has after loading `storage`."""
    return np.dtype(_REGISTER[storage])


def memory_type(storage: str) -> np.dtype[Any]:
    """The NumPy type of an element in memory."""
    return np.dtype("uint16" if storage == "bfloat16" else storage)


def widen(elements: Array, storage: str) -> Array:
    """Elements from memory as a register."""
    if storage == "bfloat16":
        return (elements.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if storage == "bool":
        return np.not_equal(elements.view(np.uint8), 0)  # any non-zero byte is true
    return elements.astype(_REGISTER[storage], copy=False)


def narrow(register: Array, storage: str) -> Array:
    """A register as elements for memory: floats to nearest even, integers wrap."""
    if storage == "bfloat16":
        return _to_bfloat16(register)
    return convert(register, np.dtype(storage))


def convert(values: Array, to: np.dtype[Any]) -> Array:
    """The "cast" instruction, and what a store does. A float outside an integer's range saturates, NaN gives 0."""
    if to.kind in "iu" and values.dtype.kind == "f":
        info = np.iinfo(to)
        low, above = float(info.min), float(info.max) + 1.0  # both are powers of two (or 0): exact in every float type
        if values.dtype == np.float16:
            values = values.astype(np.float32)
        result = np.where((values >= low) & (values < above), values, values.dtype.type(0)).astype(to)
        result = np.where(values >= above, to.type(info.max), result)
        return np.where(values < low, to.type(info.min), result)
    return values.astype(to, copy=False)


def round_to_odd(high: Array, error: Array) -> Array:
    """`high + error` (the error of a rounding to nearest) rounded to odd in float64.

    Rounding such a value once more, to any narrower type, gives what a single rounding of the exact value would have
    given.
    """
    inexact = (error != 0) & np.isfinite(high) & ((high.view(np.int64) & 1) == 0)
    toward = np.where(error > 0, np.inf, -np.inf)
    return np.where(inexact, np.nextafter(high, toward), high)


def _to_bfloat16(values: Array) -> Array:
    if values.dtype != np.float32:
        wide = values.astype(np.float64)
        values = wide.astype(np.float32)
        # The way through float32 would round twice: make its last bit odd where it was inexact.
        back = values.astype(np.float64)
        bits = values.view(np.uint32)
        inexact = (back != wide) & np.isfinite(wide) & np.isfinite(values) & ((bits & 1) == 0)
        toward = np.where(wide > back, np.inf, -np.inf).astype(np.float32)
        values = np.where(inexact, np.nextafter(values, toward), values)
    bits = values.view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    quiet = (bits >> np.uint32(16)) | np.uint32(0x40)  # a NaN keeps its sign and stays a NaN
    return np.where(np.isnan(values), quiet, rounded).astype(np.uint16)


def from_bits(word: int, dtype: np.dtype[Any]) -> Array:
    """The scalar whose bits are the low bytes of a 64-bit word."""
    if dtype.kind == "b":
        return np.asarray((word & 0xFF) != 0)
    raw = (word & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    return np.frombuffer(raw, dtype=dtype.newbyteorder("<"), count=1).astype(dtype).reshape(())
