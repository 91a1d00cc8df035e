"""Addresses: what an access of a kernel becomes in C. `Words` is how a kernel reads its parameter buffer."""

from __future__ import annotations

from dataclasses import dataclass, field

from weft.backend import Access, Kernel

from .names import LOADED, MEMORY, from_word, is_float, vector


@dataclass
class Words:
    """The parameter words a kernel names. They are read once, before its stores could hide that they do not change."""

    index: str  # the C type of sizes and offsets
    used: dict[int, None] = field(default_factory=dict)

    def number(self, position: int) -> str:
        self.used[position] = None
        return f"w{position}"

    def scalar(self, position: int, type: str) -> str:
        return from_word(f"words[base + {position}]", type)

    def declarations(self) -> str:
        return "".join(f"  const {self.index} w{i} = ({self.index})words[base + {i}];\n" for i in sorted(self.used))


@dataclass
class Address:
    element: str  # C expression: position in elements
    inside: str  # C condition, "" where always inside
    fill: str


def address(kernel: Kernel, access: Access, words: Words, coords: list[str], registers: dict[int, str]) -> Address:
    """Where an access touches memory. A coordinate of "0" contributes nothing."""
    rank = kernel.outer_rank + kernel.inner_rank
    position = access.params
    terms = [words.number(position)]
    for d, coord in enumerate(coords):
        if coord == "0" or access.stride_classes[d] == 0:
            continue
        factor = "" if access.stride_classes[d] == 1 else f" * {words.number(position + 1 + d)}"
        terms.append(f"{coord}{factor}")
    position += 1 + rank
    conditions = []
    for _ in range(access.bounds):
        base, limit, step, stride = (words.number(position + i) for i in range(4))
        t = " + ".join(
            [base, *(f"{coord} * {words.number(position + 4 + d)}" for d, coord in enumerate(coords) if coord != "0")]
        )
        t = f"({t})"
        conditions.append(f"{t} >= 0")
        if access.dilated:
            conditions.append(f"{t} % {step} == 0")
            t = f"({t} / {step})"
        conditions.append(f"{t} < {limit}")
        terms.append(f"{t} * {stride}")
        position += 4 + rank
    fill = ""
    if access.bounds:
        fill = words.scalar(position, LOADED[access.dtype])
        position += 1
    for register in access.index_regs:
        stride, limit = words.number(position), words.number(position + 1)
        terms.append(f"({words.index})clamp({registers[register]}, 0L, (long)({limit} - 1)) * {stride}")
        position += 2
    return Address(" + ".join(terms), " && ".join(conditions), fill)


def load(access: Access, element: str, width: int = 1) -> str:
    """The element (or the `width` elements from there on) as a register."""
    memory, register = MEMORY[access.dtype], LOADED[access.dtype]
    pointer = f"((__global const {memory}*)a{access.arg})"
    suffix = "" if width == 1 else str(width)
    if access.dtype == "float16":
        return f"vload_half{suffix}(0, {pointer} + ({element}))"
    value = f"{pointer}[{element}]" if width == 1 else f"vload{width}(0, {pointer} + ({element}))"
    if access.dtype == "bfloat16":
        return f"weft_unbrain{suffix}({value})"
    if access.dtype == "bool":
        return f"({value} != 0)" if width == 1 else f"convert_int{width}({value} != (uchar{width})(0))"
    if register == access.dtype:
        return value
    return f"convert_{vector('int' if register == 'int32' else 'uint', width)}({value})"


def store(access: Access, element: str, value: str, type: str, width: int = 1) -> str:
    """The statement that stores a register of `type`."""
    memory = MEMORY[access.dtype]
    pointer = f"((__global {memory}*)a{access.arg})"
    suffix = "" if width == 1 else str(width)
    if type == "bool" and width > 1:
        value = f"(-{value})"
    if access.dtype in ("float16", "bfloat16") and not is_float(type):
        value, type = f"convert_{vector('float', width)}({value})", "float32"
    if access.dtype == "float16":
        return f"vstore_half{suffix}_rte({value}, 0, {pointer} + ({element}));"
    if access.dtype == "bfloat16":
        value = f"weft_brain{suffix}({f'weft_odd{suffix}({value})' if type == 'float64' else value})"
    elif access.dtype == "bool":
        value = f"({value} != 0)"
        if width > 1:
            value = f"convert_uchar{width}(-convert_char{width}({value}))"
    elif access.dtype != type:
        sat = "_sat_rtz" if is_float(type) and not is_float(access.dtype) else ""
        value = f"convert_{vector(memory, width)}{sat}({value})"
    if width == 1:
        return f"{pointer}[{element}] = {value};"
    return f"vstore{width}({value}, 0, {pointer} + ({element}));"
