"""Loop kernels: a tape of instructions over an index space.

A kernel has an outer index space and, for each of its points, an inner one. NumPy has no use for one point at a time,
so the tape is run over a *box* of outer points at once, with all their inner points: each register is an array whose
dimensions are those of the index space. A register that is the same along some dimension has size 1 there, and NumPy's
broadcasting does the rest. Boxes are cut small enough that the registers of one stay in bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from weft.backend import Instr, Kernel, Stage

from .arithmetic import ARITHMETIC, REDUCTIONS
from .dtypes import Array, from_bits
from .memory import Box, Place, coordinate

POINTS = 1 << 18  # of a box, unless one outer point alone has more

Contract = Callable[[Array, Array, Box], Array]


def boxes(sizes: list[int], limit: int) -> Iterator[Box]:
    """Cut an index space into boxes of at most `limit` points, in row-major order."""
    if not sizes:
        yield []
        return
    below = math.prod(sizes[1:])
    step = max(1, limit // max(1, below))
    for start in range(0, sizes[0], step):
        count = min(step, sizes[0] - start)
        for rest in boxes(sizes[1:], max(1, limit // count)):
            yield [(start, count), *rest]


def points_of(box: Box) -> int:
    return math.prod([count for _, count in box])


class Tape:
    """One run of a kernel's tape: the kernel, its parameter words, and its buffers.

    `contract` replaces the first stage's product and sum for the kinds "gemm" and "conv"; see kinds.py.
    """

    def __init__(self, kernel: Kernel, words: Array, buffers: list[Array], contract: Contract | None = None) -> None:
        rank = kernel.outer_rank + kernel.inner_rank
        self.kernel = kernel
        self.words = words
        self.sizes = [int(size) for size in words[:rank]]
        self.places = [Place(access, words, rank, buffers[access.arg]) for access in kernel.accesses]
        self.contract = contract
        self.failed: int = 0

    def run(self, points: int = POINTS) -> int:
        """Run over the whole index space; the code of the first check that failed, or 0."""
        outer, inner = self.sizes[: self.kernel.outer_rank], self.sizes[self.kernel.outer_rank :]
        if math.prod(outer):
            for box in boxes(outer, max(1, points // max(1, math.prod(inner)))):
                self.run_box([*box, *((0, size) for size in inner)])
        return self.failed

    def run_box(self, box: Box) -> None:
        registers: dict[int, Array] = {}
        first_point = [*box[: self.kernel.outer_rank], *((0, 1) for _ in range(self.kernel.inner_rank))]
        for stage in self.kernel.stages:
            for number in range(stage.first, stage.first + stage.count):
                instr = self.kernel.instrs[number]
                value = self.step(instr, stage, box if stage.inner else first_point, registers)
                if value is not None:
                    registers[number] = value
            if stage.inner:  # its registers end here, but for the results of reductions
                for number in range(stage.first, stage.first + stage.count):
                    if not self.kernel.instrs[number].op.startswith("reduce."):
                        registers.pop(number, None)

    def step(self, instr: Instr, stage: Stage, box: Box, registers: dict[int, Array]) -> Array | None:
        op, dtype = instr.op, np.dtype(instr.type)
        a, b, c = (registers.get(number) for number in (instr.a, instr.b, instr.c))
        if op == "imm":
            return from_bits(instr.bits, dtype)
        if op == "param":
            return from_bits(int(self.words[instr.imm]), dtype)
        if op == "index":
            return coordinate(box, instr.imm)
        if op == "load":
            return self.places[instr.imm].load(box, registers)
        if op == "store":
            assert a is not None
            if points_of(box):
                self.places[instr.imm].store(box, registers, a)
            return None
        if op == "check":
            assert a is not None
            if not self.failed and points_of(box) and not bool(a.all()):
                self.failed = instr.imm
            return None
        if self.contract is not None and stage.inner:
            if op == "mul":
                assert a is not None
                assert b is not None
                return self.contract(a, b, box)
            if op == "reduce.sum":
                return a  # `contract` has summed already
        if op in REDUCTIONS:
            assert a is not None
            return self.reduce(op, dtype, a, box)
        return np.asarray(ARITHMETIC[op](dtype, a, b, c, instr.imm), dtype=dtype)

    def reduce(self, op: str, dtype: np.dtype[Any], a: Array, box: Box) -> Array:
        """Over the inner space, which is laid out as one contiguous row: so the order depends on its length alone."""
        outer_rank, shape = self.kernel.outer_rank, [count for _, count in box]
        still = [1 if a.ndim == 0 or a.shape[d] == 1 else shape[d] for d in range(outer_rank)]
        full = np.broadcast_to(a, [*still, *shape[outer_rank:]])
        rows = np.ascontiguousarray(full).reshape(math.prod(still), math.prod(shape[outer_rank:]))
        return REDUCTIONS[op](rows, dtype).reshape(*still, *([1] * self.kernel.inner_rank))
