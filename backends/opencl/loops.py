"""Loop kernels in OpenCL C, in the few shapes that devices want.

flat    outer points only: one item for each
rows    outer points only: the last dimension along the items, the others along the second axis of the grid (CPU)
strip   outer points only: one item for a run of rows, or part of one, in vectors of 16 (CPU)
item    inner stages: one item for each outer point, which walks its row
run     inner stages: one item for a run of outer points, with vectors of 16 along the row (CPU)
group   inner stages: one work-group for each outer point (GPU)
"""

from __future__ import annotations

from dataclasses import dataclass

from weft.backend import Kernel, Stage

from .access import Words
from .expressions import Style
from .prelude import with_prelude
from .reduce import Reduction
from .tape import LANES, TapeWriter

STRIP = 4096  # elements along the last dimension for an item of shape "strip"
GROUP = 256  # items of a work-group of shape "group"
GUARD = "  if (*status) return;\n"  # what every kernel does first: after a failed check it has no effect


@dataclass(frozen=True)
class Source:
    text: str
    name: str = "loop"


def has_inner(kernel: Kernel) -> bool:
    return any(stage.inner for stage in kernel.stages) and kernel.inner_rank > 0


def has_check(kernel: Kernel) -> bool:
    return any(instr.op == "check" for instr in kernel.instrs)


def index_type(kernel: Kernel) -> str:
    return "int" if kernel.index_bits == 32 else "long"


def signature(kernel: Kernel, name: str, extra: str = "") -> str:
    """Arguments of every kernel: the plan's words, where its own begin, the status words, points for an item."""
    arguments = "".join(f", __global char* a{i}" for i in range(kernel.args))
    return (
        f"__kernel void {name}(__global const long* words, const int base, __global volatile int* status,"
        f" const int run{extra}{arguments})"
    )


def split(index: str, linear: str, dims: list[int], words: Words) -> list[str]:
    """Declare the coordinates of dimensions `dims` of a row-major position."""
    lines = [
        f"const {index} c{d} = {linear} % {words.number(d)}; {linear} /= {words.number(d)};" for d in reversed(dims[1:])
    ]
    if dims:
        lines.append(f"const {index} c{dims[0]} = {linear};")
    return lines


def can_run(kernel: Kernel) -> bool:
    """Whether the shape "run" fits: every inner stage goes along contiguous rows."""
    last = kernel.outer_rank + kernel.inner_rank - 1
    stages = [stage for stage in kernel.stages if stage.inner]
    return TapeWriter(kernel, Words("long")).can_vectorise(stages, last, (0, 1))


def can_strip(kernel: Kernel) -> bool:
    """Whether the shape "strip" fits: outer points only, all accesses along contiguous rows."""
    stages = list(kernel.stages)
    return kernel.outer_rank > 0 and TapeWriter(kernel, Words("long")).can_vectorise(
        stages, kernel.outer_rank - 1, (0, 1)
    )


class LoopWriter:
    def __init__(self, kernel: Kernel, shape: str, style: Style) -> None:
        self.kernel, self.shape = kernel, shape
        self.lanes = style.cpu  # floating point sums in 16 partial results: the order of CPU devices
        self.index = index_type(kernel)
        self.words = Words(self.index)
        self.tape = TapeWriter(kernel, self.words, style)
        self.outer = list(range(kernel.outer_rank))
        self.inner = list(range(kernel.outer_rank, kernel.outer_rank + kernel.inner_rank))

    def source(self) -> Source:
        point = ["0" for _ in self.outer + self.inner]
        for d in self.outer:
            point[d] = f"c{d}"
        body = []
        if self.shape == "strip":
            body += self._strip(point)
        for stage in self.kernel.stages if self.shape != "strip" else ():
            if stage.inner and self.inner:
                body += self._inner_stage(stage)
            else:
                first = "if (item == 0) " if self.shape == "group" else ""
                body += self._single_stage(stage, point, first)
        head, opening, closing = self._grid()
        text = "\n".join("    " + line for line in [*opening, *body, *closing])
        attribute = "__attribute__((reqd_work_group_size(1, 1, 1)))\n" if self.shape in ("run", "strip") else ""
        return Source(
            with_prelude(
                f"{attribute}{signature(self.kernel, 'loop')} {{\n{head}{GUARD}{self.words.declarations()}{text}\n}}\n"
            )
        )

    def _grid(self) -> tuple[str, list[str], list[str]]:
        """What comes before the parameter words, and around the body."""
        count = " * ".join(["1", *(self.words.number(d) for d in self.outer)])
        if self.shape == "rows":
            last = self.outer[-1]
            opening = [f"const {self.index} c{last} = get_global_id(0);", f"{self.index} p = get_global_id(1);"]
            opening += split(self.index, "p", self.outer[:-1], self.words)
            return "", [*opening, f"if (c{last} < {self.words.number(last)}) {{"], ["}"]
        if self.shape == "strip":
            last = self.outer[-1]
            rows = " * ".join(["1", *(self.words.number(d) for d in self.outer[:-1])])
            opening = [
                f"const {self.index} rows = {rows}, first = get_global_id(1) * run;",
                f"const {self.index} begin = get_global_id(0) * {STRIP};",
                f"const {self.index} end = min(begin + {STRIP}, {self.words.number(last)});",
                f"for ({self.index} q = first; q < first + run && q < rows; ++q) {{ {self.index} p = q;",
            ]
            return "", [*opening, *split(self.index, "p", self.outer[:-1], self.words)], ["}"]
        if self.shape == "run":
            opening = [
                f"const {self.index} points = {count}, first = ({self.index})get_global_id(0) * run;",
                f"for ({self.index} q = first; q < first + run && q < points; ++q) {{ {self.index} p = q;",
            ]
            return "", [*opening, *split(self.index, "p", self.outer, self.words)], ["}"]
        if self.shape == "group":
            head = f"  __local ulong shared[{GROUP}]; __local long places[{GROUP}];\n"
            opening = ["const int item = get_local_id(0);", f"{self.index} p = get_group_id(0);"]
            return head, [*opening, *split(self.index, "p", self.outer, self.words)], []
        opening = [f"{self.index} p = get_global_id(0);", f"if (p < {count}) {{"]
        return "", [*opening, *split(self.index, "p", self.outer, self.words)], ["}"]

    def _strip(self, point: list[str]) -> list[str]:
        last = self.outer[-1]
        wide = [line for stage in self.kernel.stages for line in self._single_stage(stage, point, "", LANES)]
        single = [line for stage in self.kernel.stages for line in self._single_stage(stage, point, "")]
        return [
            f"{self.index} c{last} = begin;",
            f"for (; c{last} + {LANES} <= end; c{last} += {LANES}) {{", *wide, "}",
            f"for (; c{last} < end; ++c{last}) {{", *single, "}",
        ]  # fmt: skip

    def _single_stage(self, stage: Stage, point: list[str], only_first: str, width: int = 1) -> list[str]:
        """A stage of one point for each outer point: an outer stage, or an inner one without inner dimensions."""

        def single(number: int, value: str, width: int) -> str:
            one = Reduction(number, self.kernel.instrs[number], self.tape.type_of(self.kernel.instrs[number].a))
            self.tape.registers[number] = "0L" if one.finds else value
            if width > 1 and not one.finds:
                self.tape.vectors.add(number)
            return ""

        lane = self.outer[-1] if width > 1 else -1
        return self.tape.write(stage, point, width, lane, single, only_first)

    def _inner_stage(self, stage: Stage) -> list[str]:
        instrs = self.kernel.instrs
        reductions = {
            number: Reduction(number, instrs[number], self.tape.type_of(instrs[number].a))
            for number in range(stage.first, stage.first + stage.count)
            if instrs[number].op.startswith("reduce.")
        }
        vectors = self.shape == "run"
        lines = [line for r in reductions.values() for line in r.declare(self.lanes, vectors)]
        if self.shape == "group":
            lines += self._walk_group(stage, reductions)
        elif vectors:
            lines += self._walk_vectors(stage, reductions)
        elif len(self.inner) == 1 and self.lanes and any(r.ordered for r in reductions.values()):
            lines += self._walk_blocks(stage, reductions)
        else:
            lines += self._walk(stage, reductions)
        for number, r in reductions.items():
            lines += r.finish(self.lanes, vectors)
            if self.shape == "group":
                lines += r.across_group(GROUP)
            self.tape.registers[number] = r.result()
            self.tape.vectors.discard(number)
        if self.shape == "group" and any(
            instrs[number].op == "store" for number in range(stage.first, stage.first + stage.count)
        ):
            lines.append("barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);")
        return lines

    def _body(
        self, stage: Stage, reductions: dict[int, Reduction], position: str, width: int = 1, lane: str = ""
    ) -> list[str]:
        def on_reduce(number: int, value: str, lanes: int) -> str:
            if lanes > 1:
                return reductions[number].take_vector(value, position)
            return reductions[number].take(value, position, lane or f"({position}) & {LANES - 1}", self.lanes)

        coords = [f"c{d}" for d in self.outer + self.inner]
        return self.tape.write(stage, coords, width, self.inner[-1] if width > 1 else -1, on_reduce)

    def _loops(self, dims: list[int]) -> list[str]:
        return [f"for ({self.index} c{d} = 0; c{d} < {self.words.number(d)}; ++c{d}) {{" for d in dims]

    def _in_order(self, loop: str, reductions: dict[int, Reduction]) -> list[str]:
        """An innermost loop whose sums keep their order: Intel's compiler for CPUs would change it to vectorise."""
        ordered = any(r.ordered for r in reductions.values())
        return ["#pragma clang loop vectorize(disable)", loop] if ordered else [loop]

    def _walk(self, stage: Stage, reductions: dict[int, Reduction]) -> list[str]:
        """Every inner point in order."""
        *leading, last = self._loops(self.inner)
        loops = [*leading, *self._in_order(last, reductions)]
        if not leading:
            return [*loops, *self._body(stage, reductions, f"c{self.inner[0]}"), "}"]
        body = self._body(stage, reductions, "n")
        return ["{ long n = 0;", *loops, *body, "++n;", "}" * len(self.inner), "}"]

    def _walk_blocks(self, stage: Stage, reductions: dict[int, Reduction]) -> list[str]:
        """As `_walk`, 16 at a time, so that the 16 partial results can stay in registers."""
        d = self.inner[0]
        size = self.words.number(d)
        body = self._body(stage, reductions, f"c{d}", lane="l")
        block = [
            f"{{ {self.index} o = 0;",
            *self._in_order(f"for (; o + {LANES} <= {size}; o += {LANES}) {{", reductions),
            "#pragma unroll",
            f"for (int l = 0; l < {LANES}; ++l) {{ const {self.index} c{d} = o + l;", *body, "} }",
        ]  # fmt: skip
        rest = self._in_order(f"for (int l = 0; o + l < {size}; ++l) {{ const {self.index} c{d} = o + l;", reductions)
        return [*block, *rest, *body, "} }"]

    def _walk_vectors(self, stage: Stage, reductions: dict[int, Reduction]) -> list[str]:
        """16 neighbours along the last dimension at a time, then what is left of the row one by one."""
        *leading, last = self.inner
        size = self.words.number(last)
        linear = "0"
        for d in leading:
            linear = f"({linear} * {self.words.number(d)} + c{d})"
        position = f"((long){linear} * {size} + c{last})" if leading else f"c{last}"
        wide = self._body(stage, reductions, position, LANES)
        spills = [r.spill() for r in reductions.values() if r.ordered]
        single = self._body(stage, reductions, position)
        vector_loop = [f"for (; c{last} + {LANES} <= {size}; c{last} += {LANES}) {{", *wide, "}"]
        single_loop = [*self._in_order(f"for (; c{last} < {size}; ++c{last}) {{", reductions), *single, "}"]
        start = f"{self.index} c{last} = 0;"
        if not leading:
            return ["{", start, *vector_loop, *spills, *single_loop, "}"]
        # Rows that do not start on a multiple of 16 would put their elements into other partial results.
        whole = f"if (({size} & {LANES - 1}) == 0) {{" if spills else "{"
        rest = [] if spills else single_loop
        lines = [whole, *self._loops(leading), start, *vector_loop, *rest, "}" * len(leading)]
        if not spills:
            return [*lines, "}"]
        return [*lines, *spills, "} else {", *self._loops(leading), start, *single_loop, "}" * len(leading), "}"]

    def _walk_group(self, stage: Stage, reductions: dict[int, Reduction]) -> list[str]:
        """Item i of the group takes every GROUP-th inner point from i on."""
        count = " * ".join(self.words.number(d) for d in self.inner)
        lines = self._in_order(
            f"for ({self.index} n = item; n < {count}; n += {GROUP}) {{ {self.index} m = n;", reductions
        )
        lines += split(self.index, "m", self.inner, self.words)
        return [*lines, *self._body(stage, reductions, "n"), "}"]


def render_loop(kernel: Kernel, shape: str, style: Style) -> Source:
    return LoopWriter(kernel, shape, style).source()
