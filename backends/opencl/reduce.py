"""Reductions in OpenCL C: what they start from, how two partial results combine, and in what order.

The order of a floating point sum or product depends on the length of the inner space alone, whatever shape the code
has: on CPU devices, element q goes to partial result q % 16, and the 16 are combined as a tree; on GPUs, a short row is
summed by one item in order, and a long one by a work-group, element q going to item q % GROUP, then a tree.
"""

from __future__ import annotations

from weft.backend import Instr

from .expressions import choose, extreme, splat
from .names import ITEM_SIZE, REGISTER, UNSIGNED, is_float, literal, vector
from .tape import LANES

_LIMITS = {
    "int32": ("(int)0x80000000", "0x7fffffff"), "int64": ("(long)0x8000000000000000ul", "0x7fffffffffffffffl"),
    "uint32": ("0u", "0xffffffffu"), "uint64": ("0ul", "0xfffffffffffffffful"), "float32": ("-INFINITY", "INFINITY"),
    "float64": ("-(double)INFINITY", "(double)INFINITY"),
}  # fmt: skip


class Reduction:
    """One reduce instruction: `type` is that of the values, `number` the register of the result."""

    def __init__(self, number: int, instr: Instr, type: str) -> None:
        self.number = number
        self.op = instr.op.removeprefix("reduce.")
        self.type = type
        self.name = REGISTER[type]
        self.finds = self.op in ("argmax", "argmin")  # keeps a position beside the value
        self.ordered = self.op in ("sum", "prod") and is_float(type)

    def identity(self) -> str:
        if self.op in ("sum", "any"):
            return literal(0, self.type)
        if self.op == "prod":
            return f"({self.name})1"
        if self.op == "all":
            return "1"
        if self.type == "bool":
            return "0" if "max" in self.op else "1"
        return f"({_LIMITS[self.type][0 if 'max' in self.op else 1]})"

    def combine(self, a: str, b: str, width: int = 1) -> str:
        """Of two partial results (not for argmax and argmin). Bools are 0 or 1 here, in vectors too 0 or -1."""
        if self.op in ("sum", "prod"):
            sign = "+" if self.op == "sum" else "*"
            if is_float(self.type):
                return f"({a} {sign} {b})"
            name, unsigned = vector(self.name, width), vector(UNSIGNED[self.type], width)
            return f"as_{name}(as_{unsigned}({a}) {sign} as_{unsigned}({b}))"
        if self.op in ("any", "all"):
            return f"({a} {'|' if self.op == 'any' else '&'} {b})"
        return extreme(self.op, a, b, self.type, width)

    def better(self, value: str, best: str, width: int = 1) -> str:
        """Whether a later value replaces the best so far: strictly, and the first NaN stays."""
        sign = ">" if self.op == "argmax" else "<"
        if not is_float(self.type):
            return f"({value} {sign} {best})"
        if width == 1:
            return f"({best} == {best} && !({value} <= {best}))".replace("<=", "<=" if sign == ">" else ">=")
        inverse = "<=" if sign == ">" else ">="
        return f"(({best} == {best}) & ~({value} {inverse} {best}))"

    # ---- names: s the scalar partial result, k its position; v and u the same as vectors; t 16 ordered partial results

    def declare(self, ordered_lanes: bool, vectors: bool) -> list[str]:
        n, lines = self.number, []
        if self.ordered and ordered_lanes:
            lines.append(f"{self.name} t{n}[{LANES}]; for (int l = 0; l < {LANES}; ++l) t{n}[l] = {self.identity()};")
        else:
            lines.append(f"{self.name} s{n} = {self.identity()};")
        if self.finds:
            lines[-1] += f" long k{n} = -1;"
        if vectors:
            start = f"-({self.identity()})" if self.type == "bool" else self.identity()
            lines.append(f"{vector(self.name, LANES)} v{n} = {splat(start, self.type, LANES)};")
            if self.finds:
                lines[-1] += f" long{LANES} u{n} = (long{LANES})(-1);"
        return lines

    def take(self, value: str, position: str, lane: str, ordered_lanes: bool) -> str:
        """One more value, at inner position `position`; `lane` is that position modulo 16."""
        n = self.number
        if self.finds:
            return f"if (k{n} < 0 || {self.better(value, f's{n}')}) {{ s{n} = {value}; k{n} = {position}; }}"
        into = f"t{n}[{lane}]" if self.ordered and ordered_lanes else f"s{n}"
        return f"{into} = {self.combine(into, value)};"

    def take_vector(self, value: str, position: str) -> str:
        """16 more values, the first at `position`, which is a multiple of 16 where order matters."""
        n = self.number
        if not self.finds:
            return f"v{n} = {self.combine(f'v{n}', value, LANES)};"
        wide = ITEM_SIZE[self.type] == 8
        new = f"({self.better(value, f'v{n}', LANES)} | {f'(u{n} < 0)' if wide else f'convert_int{LANES}(u{n} < 0)'})"
        chosen = choose("m", value, f"v{n}", self.type, LANES)
        spread = f"(long{LANES})({position}) + (long{LANES})({', '.join(map(str, range(LANES)))})"
        return (
            f"{{ const {'long' if wide else 'int'}{LANES} m = {new}; v{n} = {chosen};"
            f" u{n} = select(u{n}, {spread}, {'m' if wide else f'convert_long{LANES}(m)'}); }}"
        )

    def spill(self) -> str:
        """The vector becomes the ordered partial results."""
        return f"vstore{LANES}(v{self.number}, 0, t{self.number});" if self.ordered else ""

    def merge(self, best: str, where: str, value: str, position: str) -> str:
        """Combine a partial result (value, position) into (best, where)."""
        if not self.finds:
            return f"{best} = {self.combine(best, value)};"
        ahead = self.better(value, best)
        same = (
            f"({value} == {best} || ({value} != {value} && {best} != {best}))"
            if is_float(self.type)
            else f"{value} == {best}"
        )
        return (
            f"if ({position} >= 0 && ({where} < 0 || {ahead} || ({same} && {position} < {where})))"
            f" {{ {best} = {value}; {where} = {position}; }}"
        )

    def finish(self, ordered_lanes: bool, vectors: bool) -> list[str]:
        """Bring the partial results of one item together in s (and k)."""
        n, lines = self.number, []
        if self.ordered and ordered_lanes:
            lines.append(
                f"for (int h = {LANES // 2}; h; h >>= 1) for (int l = 0; l < h; ++l)"
                f" t{n}[l] = {self.combine(f't{n}[l]', f't{n}[l + h]')};"
            )
            lines.append(f"const {self.name} s{n} = t{n}[0];")
        elif vectors:
            value = "-b[l]" if self.type == "bool" else "b[l]"
            lines.append(f"{{ {self.name} b[{LANES}]; vstore{LANES}(v{n}, 0, b);")
            if self.finds:
                lines.append(f"long j[{LANES}]; vstore{LANES}(u{n}, 0, j);")
            lines.append(f"for (int l = 0; l < {LANES}; ++l) {{ {self.merge(f's{n}', f'k{n}', value, 'j[l]')} }} }}")
        return lines

    def across_group(self, group: int) -> list[str]:
        """The tree over a work-group, through local memory; every item then has the result."""
        n, tree = self.number, f"((__local {self.name}*)shared)"
        lines = [f"{tree}[item] = s{n};"]
        if self.finds:
            lines.append(f"places[item] = k{n};")
        step = self.merge(f"{tree}[item]", "places[item]", f"{tree}[item + h]", "places[item + h]")
        lines += [
            "barrier(CLK_LOCAL_MEM_FENCE);",
            f"for (int h = {group // 2}; h; h >>= 1) {{ if (item < h) {{ {step} }} barrier(CLK_LOCAL_MEM_FENCE); }}",
            f"s{n} = {tree}[0];" + (f" k{n} = places[0];" if self.finds else ""),
            "barrier(CLK_LOCAL_MEM_FENCE);",
        ]
        return lines

    def result(self) -> str:
        return f"max(k{self.number}, 0L)" if self.finds else f"s{self.number}"
