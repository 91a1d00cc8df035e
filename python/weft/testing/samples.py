"""Inputs: numbers of every dtype, special values, and views of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import weft

__all__ = [
    "FLOATS",
    "INTEGERS",
    "NUMPY",
    "SHAPES",
    "VIEWS",
    "Array",
    "from_weft",
    "numbers",
    "rounded",
    "specials",
    "to_weft",
]

Array = npt.NDArray[Any]

# bfloat16 is held in float32 on NumPy's side, rounded.
NUMPY: dict[str, type] = {
    "bool": np.bool_,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "float16": np.float16,
    "bfloat16": np.float32,
    "float32": np.float32,
    "float64": np.float64,
    "complex64": np.complex64,
    "complex128": np.complex128,
}
FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
SHAPES: list[tuple[int, ...]] = [
    (),
    (0,),
    (1,),
    (7,),
    (64,),
    (65,),
    (0, 3),
    (3, 0, 2),
    (1, 1),
    (5, 1, 3),
    (2, 3, 4),
    (2, 1, 3, 1, 2),
]


def to_bfloat16(x: Array) -> Array:
    """float32 numbers rounded to bfloat16, half to even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    with np.errstate(over="ignore"):
        rounded_bits = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    out: Array = np.where(np.isnan(x), np.float32(np.nan), rounded_bits.view(np.float32))
    return out.reshape(x.shape)


def rounded(x: Array, dtype: str) -> Array:
    """A float64 array as this dtype would hold it."""
    with np.errstate(all="ignore"):
        out: Array = np.asarray(x).astype(NUMPY[dtype])
    return to_bfloat16(out) if dtype == "bfloat16" else out


def to_weft(x: Array, dtype: str) -> weft.Tensor:
    t = weft.asarray(np.asarray(x, NUMPY[dtype]))
    return t.astype("bfloat16") if dtype == "bfloat16" else t


def from_weft(t: weft.Tensor) -> Array:
    out: Array = t.numpy()
    return out


def numbers(shape: tuple[int, ...] | int, dtype: str, low: float = -4, high: float = 4, seed: int = 0) -> Array:
    """Numbers of a dtype between two bounds, the same at every call."""
    generator = np.random.default_rng(seed)
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(np.bool_)
    if dtype in INTEGERS:
        limits = np.iinfo(NUMPY[dtype])
        return generator.integers(max(int(low), limits.min), min(int(high), limits.max), shape, endpoint=True).astype(
            NUMPY[dtype]
        )
    values = generator.uniform(low, high, shape)
    if dtype.startswith("complex"):
        return (values + 1j * generator.uniform(low, high, shape)).astype(NUMPY[dtype])
    return rounded(values, dtype)


def specials(dtype: str, denormals: bool = True) -> Array:
    """Values with rules of their own."""
    if dtype == "bool":
        return np.array([False, True])
    if dtype in INTEGERS:
        limits = np.iinfo(NUMPY[dtype])
        some = {limits.min, limits.min + 1, -7, -2, -1, 0, 1, 2, 3, 7, 31, limits.max // 2, limits.max - 1, limits.max}
        return np.array(sorted(v for v in some if limits.min <= v <= limits.max), NUMPY[dtype])
    big, tiny, least = {
        "float16": (65504.0, 2.0**-14, 2.0**-24),
        "bfloat16": (3.3895313892515355e38, 2.0**-126, 2.0**-133),
        "float32": (3.4028234663852886e38, 2.0**-126, 2.0**-149),
        "float64": (1.7976931348623157e308, 2.0**-1022, 2.0**-1074),
    }[dtype]
    plain = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 1e-3, 100.0, big, tiny, np.inf]
    values = [s * v for v in plain for s in (1, -1)] + [np.nan]
    if denormals:
        values += [least, -least, tiny / 2]
    return rounded(np.array(values, np.float64), dtype)


# Views by operations both sides have: what a kernel then reads is strided, reversed, repeated, or not in order.
VIEWS: dict[str, tuple[tuple[int, ...], Callable[[Any, Any], Any]]] = {
    "whole": ((4, 6), lambda x, m: x),
    "transposed": ((4, 6), lambda x, m: x.T),
    "axes moved": ((3, 4, 5), lambda x, m: m.transpose(x, (2, 0, 1))),
    "every second": ((5, 7), lambda x, m: x[::2, 1::2]),
    "part": ((6, 7), lambda x, m: x[1:4, 2:5]),
    "reversed": ((4, 6), lambda x, m: x[::-1, ::-2]),
    "flipped": ((4, 6), lambda x, m: m.flip(x, axis=1)),
    "a column": ((4, 6), lambda x, m: x[:, 2]),
    "one element": ((4, 6), lambda x, m: x[3, 5]),
    "nothing of it": ((4, 6), lambda x, m: x[2:2]),
    "new axes": ((4, 6), lambda x, m: x[None, :, None]),
    "repeated rows": ((1, 6), lambda x, m: m.broadcast_to(x, (4, 6))),
    "repeated columns": ((4, 1), lambda x, m: m.broadcast_to(x, (3, 4, 6))),
    "one number everywhere": ((), lambda x, m: m.broadcast_to(x, (3, 5))),
    "reshaped": ((4, 6), lambda x, m: m.reshape(x, (3, 8))),
    "transposed and reshaped": ((4, 6), lambda x, m: m.reshape(x.T, (8, 3))),
    "reversed and reshaped": ((4, 6), lambda x, m: m.reshape(x[::-1], (2, 12))),
    "part of a transpose, flat": ((4, 6), lambda x, m: m.reshape(x.T[1:5], (-1,))),
    "repeated and flat": ((1, 6), lambda x, m: m.reshape(m.broadcast_to(x, (4, 6)), (-1,))),
    "joined": ((4, 6), lambda x, m: m.concatenate((x, x[:1], x[::-1]), axis=0)),
    "stacked": ((4, 6), lambda x, m: m.stack((x, x), axis=1)),
    "rolled": ((4, 6), lambda x, m: m.roll(x, 2, axis=1)),
    "tiled": ((2, 3), lambda x, m: m.tile(x, (2, 2))),
}
