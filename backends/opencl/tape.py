"""The tape of a kernel as statements of OpenCL C, at given coordinates: one point, or 16 points at once along one
dimension.
"""

from __future__ import annotations

from collections.abc import Callable

from weft.backend import Kernel, Stage

from .access import Words, address, load, store
from .expressions import Style, expression, splat
from .names import ITEM_SIZE, LOADED, REGISTER, literal, vector

LANES = 16  # of a vector
_PLAIN = Style(cpu=False)

OnReduce = Callable[[int, str, int], str]  # (instruction, value, width) -> statement


class TapeWriter:
    """Writes instructions, and remembers what C name each register has."""

    def __init__(self, kernel: Kernel, words: Words, style: Style = _PLAIN) -> None:
        self.kernel = kernel
        self.words = words
        self.style = style
        self.registers: dict[int, str] = {}
        self.vectors: set[int] = set()

    def type_of(self, register: int) -> str:
        return self.kernel.instrs[register].type

    def can_vectorise(self, stages: list[Stage], lane: int, strides: tuple[int, ...]) -> bool:
        """Whether these stages can run on 16 neighbours along dimension `lane`, all strides there of these classes."""
        for stage in stages:
            inside = range(stage.first, stage.first + stage.count)
            for number in inside:
                instr = self.kernel.instrs[number]
                if instr.op == "philox" or (instr.op.startswith("reduce.arg") and self.type_of(instr.a) == "bool"):
                    return False
                if instr.op in ("load", "store"):
                    access = self.kernel.accesses[instr.imm]
                    stride = access.stride_classes[lane]
                    if access.bounds or stride not in strides or (instr.op == "store" and stride == 0):
                        return False
                    if any(register in inside for register in access.index_regs):
                        return False
        return True

    def write(
        self,
        stage: Stage,
        coords: list[str],
        width: int = 1,
        lane: int = -1,
        on_reduce: OnReduce | None = None,
        only_first: str = "",
        only: set[int] | None = None,
    ) -> list[str]:
        """The statements of a stage, or of `only` some of its instructions.

        `only_first` is a condition put before stores, for points that several items compute.
        """
        lines = []
        for number in range(stage.first, stage.first + stage.count):
            if only is not None and number not in only:
                continue
            instr = self.kernel.instrs[number]
            self.vectors.discard(number)
            if instr.op == "imm":
                self.registers[number] = literal(instr.bits, instr.type)
            elif instr.op == "param":
                self.registers[number] = f"p{number}"
                lines.append(f"const {REGISTER[instr.type]} p{number} = {self.words.scalar(instr.imm, instr.type)};")
            elif instr.op == "store":
                lines += [only_first + line for line in self._store(number, coords, width, lane)]
            elif instr.op == "check":
                value = self.registers[instr.a]
                failed = f"any(~{value})" if instr.a in self.vectors else f"!{value}"
                lines.append(f"if ({failed}) atomic_cmpxchg(status + 1, 0, {instr.imm});")
            elif instr.op.startswith("reduce."):
                assert on_reduce is not None
                type = self.type_of(instr.a)
                value = self.registers[instr.a]
                if width > 1 and instr.a not in self.vectors:
                    value = splat(f"-({value})" if type == "bool" else value, type, width)
                lines.append(on_reduce(number, value, width))
            else:
                lines.append(self._value(number, coords, width, lane))
        return lines

    def _value(self, number: int, coords: list[str], width: int, lane: int) -> str:
        """The statement that defines a register."""
        instr = self.kernel.instrs[number]
        operands = [register for register in (instr.a, instr.b, instr.c) if register >= 0]
        if instr.op == "load":
            return self._load(number, coords, width, lane)
        if instr.op == "index":
            if width > 1 and instr.imm == lane:
                self.vectors.add(number)
                value = f"(long{width})({coords[instr.imm]}) + (long{width})({', '.join(map(str, range(width)))})"
            else:
                value = f"(long)({coords[instr.imm]})"
        else:
            across = width if any(register in self.vectors for register in operands) else 1
            if across > 1:
                self.vectors.add(number)
            texts = [self._operand(register, across) for register in operands]
            source = self.type_of(operands[1] if len(operands) > 1 else operands[0])
            value = expression(instr.op, instr.type, source, texts, across, instr.imm, self.style)
        return self._define(number, value, width)

    def _define(self, number: int, value: str, width: int) -> str:
        self.registers[number] = f"r{number}"
        name = vector(REGISTER[self.type_of(number)], width if number in self.vectors else 1)
        return f"const {name} r{number} = {value};"

    def _operand(self, register: int, width: int) -> str:
        text = self.registers[register]
        if width == 1 or register in self.vectors:
            return text
        type = self.type_of(register)
        return splat(f"-({text})" if type == "bool" else text, type, width)

    def _load(self, number: int, coords: list[str], width: int, lane: int) -> str:
        access = self.kernel.accesses[self.kernel.instrs[number].imm]
        place = address(self.kernel, access, self.words, coords, self.registers)
        stride = access.stride_classes[lane] if width > 1 else 0
        if stride == 0:
            value = load(access, place.element)
            if place.inside:
                value = f"({place.inside}) ? {value} : {place.fill}"
        elif stride == 1:
            self.vectors.add(number)
            value = load(access, place.element, width)
        else:
            self.vectors.add(number)
            step = self.words.number(access.params + 1 + lane)
            sign = "-" if LOADED[access.dtype] == "bool" else ""
            lanes = ", ".join(f"{sign}{load(access, f'{place.element} + {i} * {step}')}" for i in range(width))
            value = f"({vector(REGISTER[LOADED[access.dtype]], width)})({lanes})"
        return self._define(number, value, width)

    def _store(self, number: int, coords: list[str], width: int, lane: int) -> list[str]:
        instr = self.kernel.instrs[number]
        access = self.kernel.accesses[instr.imm]
        place = address(self.kernel, access, self.words, coords, self.registers)
        type = self.type_of(instr.a)
        if width == 1:
            line = store(access, place.element, self.registers[instr.a], type)
            return [f"if ({place.inside}) {{ {line} }}" if place.inside else line]
        value = self._operand(instr.a, width)
        if access.stride_classes[lane] == 1:
            return [store(access, place.element, value, type, width)]
        step = self.words.number(access.params + 1 + lane)
        lines = [f"{{ const {vector(REGISTER[type], width)} v = {value};"]
        for i in range(width):
            one = f"v.s{i:x}" if type != "bool" else f"(-v.s{i:x})"
            lines.append("  " + store(access, f"{place.element} + {i} * {step}", one, type))
        return [*lines, "}"]


def largest_register(kernel: Kernel) -> int:
    return max((ITEM_SIZE[instr.type] for instr in kernel.instrs), default=4)
