"""The names OpenCL C has for the types of a kernel, and the widths they have as vectors.

Registers hold bool as int: 0 or 1 where scalar, 0 or -1 in each lane of a vector (what a vector comparison gives).
"""

from __future__ import annotations

STORAGE = (  # in the order of the codes of backend.h
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64",
)  # fmt: skip

REGISTER = {  # C type of a register
    "bool": "int", "int32": "int", "int64": "long", "uint32": "uint", "uint64": "ulong",
    "float32": "float", "float64": "double",
}  # fmt: skip

MEMORY = {  # C type of an element
    "bool": "uchar", "int8": "char", "int16": "short", "int32": "int", "int64": "long", "uint8": "uchar",
    "uint16": "ushort", "uint32": "uint", "uint64": "ulong", "float16": "half", "bfloat16": "ushort",
    "float32": "float", "float64": "double",
}  # fmt: skip

LOADED = {  # register type after a load
    "bool": "bool", "int8": "int32", "int16": "int32", "int32": "int32", "int64": "int64", "uint8": "uint32",
    "uint16": "uint32", "uint32": "uint32", "uint64": "uint64", "float16": "float32", "bfloat16": "float32",
    "float32": "float32", "float64": "float64",
}  # fmt: skip

ITEM_SIZE = {"bool": 4, "int32": 4, "uint32": 4, "float32": 4, "int64": 8, "uint64": 8, "float64": 8}

UNSIGNED = {"int32": "uint", "int64": "ulong", "uint32": "uint", "uint64": "ulong"}


def is_float(type: str) -> bool:
    return type.startswith("float")


def vector(name: str, width: int) -> str:
    """The vector type of `width` lanes, or the scalar type for width 1."""
    return name if width == 1 else f"{name}{width}"


def literal(bits: int, type: str) -> str:
    """The constant with these bits."""
    if type == "bool":
        return "1" if bits & 0xFF else "0"
    if ITEM_SIZE[type] == 4:
        return f"as_{REGISTER[type]}(0x{bits & 0xFFFFFFFF:x}u)"
    return f"as_{REGISTER[type]}(0x{bits & 0xFFFFFFFFFFFFFFFF:x}ul)"


def from_word(word: str, type: str) -> str:
    """The scalar held in the low bytes of a parameter word (a C expression of type long)."""
    if type == "bool":
        return f"(({word} & 0xff) != 0)"
    if ITEM_SIZE[type] == 4:
        return f"as_{REGISTER[type]}((uint)(ulong){word})"
    return f"as_{REGISTER[type]}({word})"
