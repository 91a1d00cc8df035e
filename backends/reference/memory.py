"""Where an access of a kernel touches memory.

An access names an argument and a place in the parameter words; `Place` reads those words and then loads or stores a
whole box of the index space at once. A box is a list of (start, count), one for each dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from weft.backend import Access

from .dtypes import Array, from_bits, memory_type, narrow, register_type, widen

Box = list[tuple[int, int]]


@dataclass
class Bound:
    """Inside where t = base + coefficients . coord has t >= 0, t % step == 0 and t / step < limit."""

    base: int
    limit: int
    step: int
    stride: int
    coefficients: list[int]


def coordinate(box: Box, d: int) -> Array:
    """The coordinates along dimension `d` of a box, shaped so that they broadcast against the other dimensions."""
    start, count = box[d]
    shape = [1] * len(box)
    shape[d] = count
    return np.arange(start, start + count, dtype=np.int64).reshape(shape)


def _affine(box: Box, base: int, coefficients: list[int]) -> Array:
    """Base + sum of coefficient * coordinate; dimensions that do not matter stay of size 1."""
    result = np.full([1] * len(box), base, dtype=np.int64)
    for d, coefficient in enumerate(coefficients):
        if coefficient:
            result = result + coefficient * coordinate(box, d)
    return result


class Place:
    """An access with its parameter words, over a buffer."""

    def __init__(self, access: Access, words: Array, rank: int, buffer: Array) -> None:
        numbers = iter(int(word) for word in words[access.params :])

        def take(count: int) -> list[int]:
            return [next(numbers) for _ in range(count)]

        self.storage = access.dtype
        memory = memory_type(access.dtype)
        self.elements = buffer[: buffer.size // memory.itemsize * memory.itemsize].view(memory)
        self.offset, self.strides = next(numbers), take(rank)
        self.bounds = [
            Bound(next(numbers), next(numbers), next(numbers), next(numbers), take(rank)) for _ in range(access.bounds)
        ]
        self.fill = from_bits(next(numbers) if self.bounds else 0, register_type(access.dtype))
        # register, stride and limit of each
        self.indices = [(register, next(numbers), next(numbers)) for register in access.index_regs]

    def load(self, box: Box, registers: dict[int, Array]) -> Array:
        """The elements of a box, as a fresh register. Dimensions along which the access does not move have size 1."""
        if any(count == 0 for _, count in box):
            return np.zeros([min(count, 1) for _, count in box], register_type(self.storage))
        if not self.bounds and not self.indices:
            return np.array(widen(self._window(box, np.array(self.strides) != 0), self.storage), order="C")
        where, inside = self._scattered(box, registers)
        if inside is None:
            return widen(self.elements[where], self.storage)
        if self.elements.size == 0:
            return np.broadcast_to(self.fill, inside.shape).copy()
        return np.where(inside, widen(self.elements[np.where(inside, where, 0)], self.storage), self.fill)

    def store(self, box: Box, registers: dict[int, Array], value: Array) -> None:
        """Write a register to the elements of a box."""
        shape = [count for _, count in box]
        elements = narrow(value, self.storage)
        if not self.bounds and not self.indices:
            self._window(box, np.ones(len(box), bool))[...] = np.broadcast_to(elements, shape)
            return
        where, inside = self._scattered(box, registers)
        where, elements = np.broadcast_to(where, shape), np.broadcast_to(elements, shape)
        if inside is None:
            self.elements[where] = elements
        else:
            inside = np.broadcast_to(inside, shape)
            self.elements[where[inside]] = elements[inside]

    def _window(self, box: Box, moving: Array) -> Array:
        """A strided view of the buffer: no copy. Dimensions that are not moving get size 1."""
        shape = [count if moves else 1 for (_, count), moves in zip(box, moving, strict=True)]
        first = self.offset + sum(stride * start for stride, (start, _) in zip(self.strides, box, strict=True))
        steps = [stride * (count - 1) for stride, count in zip(self.strides, shape, strict=True)]
        low, high = first + sum(min(s, 0) for s in steps), first + sum(max(s, 0) for s in steps)
        if low < 0 or high >= self.elements.size:
            raise IndexError(f"an access to elements {low}..{high} of a buffer of {self.elements.size}")
        size = self.elements.itemsize
        return as_strided(self.elements[first:], shape, [stride * size for stride in self.strides])

    def _scattered(self, box: Box, registers: dict[int, Array]) -> tuple[Array, Array | None]:
        """The position of each element, and where the access is inside (None: everywhere)."""
        where: Array = _affine(box, self.offset, self.strides)
        inside: Any = None
        for bound in self.bounds:
            t = _affine(box, bound.base, bound.coefficients)
            ok = (t >= 0) & (t % bound.step == 0) & (t // bound.step < bound.limit)
            inside = ok if inside is None else inside & ok
            where = where + t // bound.step * bound.stride
        for register, stride, limit in self.indices:
            where = where + np.clip(registers[register], 0, limit - 1) * stride
        if inside is not None:
            where, inside = np.broadcast_arrays(where, inside)
        return where, inside
