"""From a kernel to the text of a Python function ``run(words, memory) -> code of the first failed check, or 0``.

for i0, i1 in product(range(w[0]), range(w[1])):      the outer space
    r0 = m0[w[5] + w[6] * i0]                          an outer stage
    for at, (i2,) in enumerate(product(range(w[2]))):  an inner stage, at every inner point
        r1 = f32(r0 * r0)
        r2 = r1 if at == 0 else f32(r2 + r1)           a reduction
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

from weft.backend import Access, Instr, Kernel

from . import numbers

# Functions of one float that NumPy has by the same name, or by another.
UNARY = "floor ceil trunc rint sqrt exp expm1 log log1p sin cos tan tanh asin acos atan".split()  # noqa: SIM905
RENAMED = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}

# One line for each instruction: a, b, c are registers; the result goes through its type's WRAP.
FLOAT = {
    "div": "divide({a}, {b})",
    "rem": "fmod({a}, {b})",
    "fma": "fma({a}, {b}, {c}, {single})",
    "min": "least({a}, {b})",
    "max": "most({a}, {b})",
    "erf": "erf({a})",
    "atan2": "atan2({a}, {b})",
    "pow": "pow_({a}, {b})",
    **{name: name + "({a})" for name in UNARY},
}
INTEGER = {
    "div": "int_divide({a}, {b})",
    "rem": "int_remainder({a}, {b})",
    "min": "min({a}, {b})",
    "max": "max({a}, {b})",
    "shl": "shift_left({a}, {b}, {width})",
    "shr": "shift_right({a}, {b}, {width})",
}
BOTH = {
    "add": "{a} + {b}",
    "sub": "{a} - {b}",
    "mul": "{a} * {b}",
    "neg": "-{a}",
    "abs": "abs({a})",
    "lt": "{a} < {b}",
    "le": "{a} <= {b}",
    "eq": "{a} == {b}",
    "ne": "{a} != {b}",
    "and": "{a} & {b}",
    "or": "{a} | {b}",
    "xor": "{a} ^ {b}",
    "select": "{b} if {a} else {c}",
}
REDUCE = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "or", "all": "and"}
EMPTY = {"sum": "0", "prod": "1", "any": "False", "all": "True"}  # what a reduction over nothing gives

# Storage types by their numbers, how each lies in memory (the format of a memoryview), and the way in and out.
FORMAT = {
    "bool": "B",
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
    "float16": "H",
    "bfloat16": "H",
    "float32": "f",
    "float64": "d",
}
STORAGE = list(FORMAT)
READ = {"bool": "{} != 0", "float16": "half({})", "bfloat16": "brain({})"}
WRITE = {"bool": "int({})", "float16": "to_half({})", "bfloat16": "to_brain({})", "float32": "{}", "float64": "{}"}

# What the functions see.
SHORT = {"int32": "i32", "int64": "i64", "uint32": "u32", "uint64": "u64", "float32": "f32", "float64": "", "bool": ""}
NAMES: dict[str, Any] = {name: getattr(numbers, name) for name in dir(numbers) if not name.startswith("_")}
NAMES |= {short: numbers.WRAP[name] for name, short in SHORT.items() if short}
NAMES |= {name: numbers.by_numpy(RENAMED.get(name, name)) for name in UNARY}
NAMES |= {
    "atan2": numbers.by_numpy("arctan2"),
    "pow_": numbers.by_numpy("float_power"),
    "fmod": numbers.by_numpy("fmod"),
}
NAMES |= {"erf": math.erf, "product": product, "inf": math.inf, "nan": math.nan}


class Writer:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.rank = kernel.outer_rank + kernel.inner_rank
        self.lines: list[str] = []
        self.depth = 1

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def loop(self, first: int, last: int) -> tuple[str, str]:
        names = "".join(f"i{d}, " for d in range(first, last))
        return f"({names})", f"product({', '.join(f'range(w[{d}])' for d in range(first, last))})"

    def affine(self, base: int, first: int) -> str:
        """w[base] + w[first] * i0 + w[first + 1] * i1 + ..."""
        return f"w[{base}]" + "".join(f" + w[{first + d}] * i{d}" for d in range(self.rank))

    def place(self, a: Access) -> str | None:
        """Write down `at`, the element an access touches; the condition for being inside, if there is one."""
        word = a.params
        self.line(f"at = {self.affine(word, word + 1)}")
        word += 1 + self.rank
        inside = []
        for b in range(a.bounds):
            self.line(f"t{b} = {self.affine(word, word + 4)}")
            inside.append(f"t{b} >= 0 and t{b} % w[{word + 2}] == 0 and t{b} // w[{word + 2}] < w[{word + 1}]")
            self.line(f"at += t{b} // w[{word + 2}] * w[{word + 3}]")
            word += 4 + self.rank
        self.fill = word
        word += 1 if a.bounds else 0
        for register in a.index_regs:
            self.line(f"at += min(max(r{register}, 0), w[{word + 1}] - 1) * w[{word}]")
            word += 2
        return " and ".join(inside) or None

    def instruction(self, number: int, i: Instr) -> None:
        a, b, c = f"r{i.a}", f"r{i.b}", f"r{i.c}"
        kind = self.kernel.instrs[i.a].type if i.a >= 0 else i.type  # of the operands
        out = f"r{number}"
        if i.op == "imm":
            self.line(f"{out} = {numbers.constant(i.bits, i.type)!r}")
        elif i.op == "param":
            self.line(f"{out} = constant(w[{i.imm}], {i.type!r})")
        elif i.op == "index":
            self.line(f"{out} = i{i.imm}")
        elif i.op == "load":
            access = self.kernel.accesses[i.imm]
            inside = self.place(access)
            value = READ.get(access.dtype, "{}").format(f"m{i.imm}[at]")
            self.line(
                f"{out} = {value}" + (f" if {inside} else constant(w[{self.fill}], {i.type!r})" if inside else "")
            )
        elif i.op == "store":
            access = self.kernel.accesses[i.imm]
            inside = self.place(access)
            value = WRITE.get(access.dtype, f"WRAP[{access.dtype!r}]({{}})").format(a)
            self.line((f"if {inside}: " if inside else "") + f"m{i.imm}[at] = {value}")
        elif i.op == "check":
            self.line(f"if not {a}: return {i.imm}")
        elif i.op == "cast":
            self.line(f"{out} = cast({a}, {kind!r}, {i.type!r})")
        elif i.op == "bits":
            self.line(f"{out} = bits({a}, {kind!r}, {i.type!r})")
        elif i.op == "narrow":
            storage = STORAGE[i.imm]
            self.line(
                f"{out} = "
                + {"float16": f"half(to_half({a}))", "bfloat16": f"brain(to_brain({a}))"}.get(
                    storage, f"WRAP[{storage!r}]({a})"
                )
            )
        elif i.op == "not":
            self.line(f"{out} = " + (f"not {a}" if i.type == "bool" else f"{SHORT[i.type]}(~{a})"))
        elif i.op.startswith("reduce.arg"):
            best, sign = f"best{number}", ">" if i.op.endswith("max") else "<"
            better = f"{a} {sign} {best} or ({a} != {a} and {best} == {best})"
            self.line(f"if point == 0 or {better}: {out}, {best} = point, {a}")
        elif i.op.startswith("reduce."):
            joined = self.expression(REDUCE[i.op[7:]], i.type, i.type, out, a, "")
            self.line(f"{out} = {a} if point == 0 else {joined}")
        else:
            self.line(f"{out} = {self.expression(i.op, i.type, kind, a, b, c)}")

    def expression(self, op: str, kind: str, operands: str, a: str, b: str, c: str) -> str:
        table = FLOAT if operands.startswith("float") else INTEGER
        text = (table.get(op) or BOTH[op]).format(a=a, b=b, c=c, width=kind[-2:], single=kind == "float32")
        exact = op in ("lt", "le", "eq", "ne", "select", "min", "max") or kind == "bool"
        return f"({text})" if exact or not SHORT[kind] else f"{SHORT[kind]}({text})"

    def source(self) -> str:
        k = self.kernel
        for n, a in enumerate(k.accesses):
            self.line(f"m{n} = memory[{a.arg}].cast({FORMAT[a.dtype]!r})")
        names, space = self.loop(0, k.outer_rank)
        self.line(f"for {names} in {space}:")
        self.depth = 2
        for d in range(k.outer_rank, self.rank):
            self.line(f"i{d} = 0")
        for stage in k.stages:
            numbers_ = range(stage.first, stage.first + stage.count)
            if stage.inner:
                for n in numbers_:
                    if k.instrs[n].op.startswith("reduce."):
                        self.line(f"r{n} = {EMPTY.get(k.instrs[n].op[7:], '0')}")
                names, space = self.loop(k.outer_rank, self.rank)
                self.line(f"for point, {names} in enumerate({space}):")
                self.depth = 3
            for n in numbers_:
                self.instruction(n, k.instrs[n])
            self.depth = 2
            if stage.inner:
                for d in range(k.outer_rank, self.rank):
                    self.line(f"i{d} = 0")
        return "\n".join(["def run(w, memory):", *self.lines, "    return 0"])


def source_of(kernel: Kernel) -> str:
    return Writer(kernel).source()
