"""A compiled kernel: which shapes of code it has, which one serves given sizes, and the commands to put on the
queue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyopencl as cl

from weft.backend import Kernel

from .contract import COLUMNS, TILE, TILE_ITEMS, product_type, render_contraction, rows_of
from .device import Device
from .loops import GROUP, STRIP, Source, can_run, can_strip, has_check, has_inner, render_loop
from .names import ITEM_SIZE

LOCAL = 64  # items of a work-group in the other shapes; fixed, because some drivers build again for each size
LOCAL_CPU = 256
LONG_ROW = 64  # inner points from which on a GPU takes a work-group for a row
VECTOR_ROW = 32  # and a CPU takes vectors along it
PANEL_BYTES = 8 << 20  # of packed operands at a time
BATCHES = 1 << 15  # along the third axis of a grid, which has limits on GPUs
SKINNY = 2  # a contraction with so few rows or columns is a loop


@dataclass(frozen=True)
class Command:
    """One kernel to enqueue: which part, over what grid, with what arguments between `run` and the buffers."""

    part: str
    grid: tuple[int, ...]
    group: tuple[int, ...]
    run: int = 1
    extra: tuple[Any, ...] = ()


def round_up(count: int, step: int) -> int:
    return -(-count // step) * step


@dataclass
class Program:
    """Sources are rendered and built when their shape is first needed."""

    device: Device
    kernel: Kernel
    sources: dict[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.checks = has_check(self.kernel)
        self.reduces = has_inner(self.kernel)
        self.contracts = self.kernel.kind in ("gemm", "conv")
        self.rank = self.kernel.outer_rank + self.kernel.inner_rank
        self.strips = self.device.is_cpu and not self.reduces and can_strip(self.kernel)
        self.runs = self.device.is_cpu and self.reduces and can_run(self.kernel)

    def source(self, part: str) -> Source:
        source = self.sources.get(part)
        if source is None:
            if part in ("tile", "left", "right", "multiply"):
                source = render_contraction(self.kernel, part, self.device.style)
            else:
                source = render_loop(self.kernel, part, self.device.style)
            self.sources[part] = source
        return source

    def commands(self, sizes: Sequence[int]) -> list[Command]:
        """What to enqueue for these sizes of the index space."""
        outer, inner = sizes[: self.kernel.outer_rank], sizes[self.kernel.outer_rank :]
        points, length = math.prod(outer), math.prod(inner)
        if points == 0:
            return []
        if self.contracts:
            attrs = self.kernel.attrs
            nb, nm = attrs["batch"], attrs["m"]
            batch, m, n = math.prod(outer[:nb]), math.prod(outer[nb : nb + nm]), math.prod(outer[nb + nm :])
            if min(m, n) > SKINNY and length > 0:
                return self._panels(batch, m, n, length) if self.device.is_cpu else self._tiles(batch, m, n)
        if not self.reduces:
            return [self._outer_only(outer, points)]
        if self.device.is_cpu:
            if self.runs and length >= VECTOR_ROW:
                run = max(1, min(64, points // (16 * self.device.units)))
                return [Command("run", (-(-points // run),), (1,), run)]
        elif length >= LONG_ROW:
            return [Command("group", (points * GROUP,), (GROUP,))]
        return [Command("item", (round_up(points, LOCAL),), (LOCAL,))]

    def _outer_only(self, outer: Sequence[int], points: int) -> Command:
        if not self.device.is_cpu:
            return Command("flat", (round_up(points, LOCAL),), (LOCAL,))
        if self.strips and outer[-1] >= VECTOR_ROW:
            rows, parts = points // outer[-1], -(-outer[-1] // STRIP)
            run = max(1, min(rows * parts // (16 * self.device.units), STRIP // outer[-1]))
            return Command("strip", (parts, -(-rows // run)), (1, 1), run)
        if len(outer) < 2 or outer[-1] < LOCAL:
            return Command("flat", (round_up(points, LOCAL_CPU),), (LOCAL_CPU,))
        return Command("rows", (round_up(outer[-1], LOCAL_CPU), points // outer[-1]), (LOCAL_CPU, 1))

    def _tiles(self, batch: int, m: int, n: int) -> list[Command]:
        grid = (-(-m // TILE) * TILE_ITEMS, -(-n // TILE))
        return [
            Command("tile", (*grid, min(BATCHES, batch - first)), (TILE_ITEMS, 1, 1), run=first)
            for first in range(0, batch, BATCHES)
        ]

    def _panels(self, batch: int, m: int, n: int, k: int) -> list[Command]:
        """Pack what fits in `PANEL_BYTES`, multiply, go on: over batches, or over rows where one batch is too large."""
        rows, size = rows_of(self.kernel), ITEM_SIZE[product_type(self.kernel)]
        m_all, n_padded = round_up(m, rows), round_up(n, COLUMNS)
        m_step = min(m_all, max(rows, PANEL_BYTES // (k * size) // rows * rows))
        together = max(1, min(batch, PANEL_BYTES // ((m_step + n_padded) * k * size)))
        left = self.device.scratch("left", together * m_step * k * size)
        right = self.device.scratch("right", together * n_padded * k * size)
        commands = []
        for b in range(0, batch, together):
            count = min(together, batch - b)
            commands.append(
                Command("right", (round_up(n_padded, LOCAL), count), (LOCAL, 1), 1,
                        (right, np.int32(0), np.int32(n_padded), np.int32(b)))
            )  # fmt: skip
            for first in range(0, m, m_step):
                padded = min(m_step, round_up(m - first, rows))
                commands.append(
                    Command("left", (round_up(padded, LOCAL), count), (LOCAL, 1), 1,
                            (left, np.int32(first), np.int32(padded), np.int32(b)))
                )  # fmt: skip
                commands.append(
                    Command("multiply", (padded // rows, n_padded // COLUMNS, count), (1, 1, 1), 1,
                            (left, right, np.int32(first), np.int32(padded), np.int32(n_padded), np.int32(b)))
                )  # fmt: skip
        return commands


class Binding:
    """A launch of a loaded plan: kernel objects of its own, whose arguments stay set from run to run."""

    def __init__(self, program: Program, slots: Sequence[int], first_param: int, words: Any, status: Any) -> None:
        self.program, self.slots, self.first_param = program, tuple(slots), first_param
        self.words, self.status = words, status
        self._kernels: dict[str, tuple[Any, list[Any]]] = {}
        self._sizes: tuple[int, ...] | None = None
        self._commands: list[Command] = []

    def enqueue(self, queue: Any, buffers: Sequence[Any], params: Any) -> list[Any]:
        """Put this launch on the queue; its events."""
        sizes = tuple(params[self.first_param : self.first_param + self.program.rank].tolist())
        if sizes != self._sizes or self.program.contracts:  # scratch may have been replaced meanwhile
            self._sizes, self._commands = sizes, self.program.commands(sizes)
        events = []
        for command in self._commands:
            kernel, given = self._kernel(command.part)
            arguments = [np.int32(command.run), *command.extra, *(buffers[slot] for slot in self.slots)]
            for position, argument in enumerate(arguments):
                if position >= len(given) or given[position] is not argument:
                    kernel.set_arg(3 + position, argument)
            given[:] = arguments
            events.append(cl.enqueue_nd_range_kernel(queue, kernel, command.grid, command.group))
        if self.program.checks:  # what failed in this launch stops the next
            cl.enqueue_copy(queue, self.status, self.status, src_offset=4, dst_offset=0, byte_count=4)
        return events

    def _kernel(self, part: str) -> tuple[Any, list[Any]]:
        known = self._kernels.get(part)
        if known is None:
            kernel = self.program.device.kernel(self.program.source(part))
            kernel.set_arg(0, self.words)
            kernel.set_arg(1, np.int32(self.first_param))
            kernel.set_arg(2, self.status)
            self._kernels[part] = known = (kernel, [])
        return known
