"""Builds kernels by hand, and runs them on any backend of the Python protocol."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft.backend import Access, Backend, Instr, Kernel, Launch, Plan, Stage

STORAGE = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64",
]  # fmt: skip
REGISTER = {
    "bool": "bool", "int8": "int32", "int16": "int32", "int32": "int32", "int64": "int64",
    "uint8": "uint32", "uint16": "uint32", "uint32": "uint32", "uint64": "uint64",
    "float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64",
}  # fmt: skip
_PACK = {"bool": "?", "int32": "<i", "int64": "<q", "uint32": "<I", "uint64": "<Q", "float32": "<f", "float64": "<d"}


def bits_of(value: Any, type: str) -> int:
    return int.from_bytes(struct.pack(_PACK[type], value).ljust(8, b"\0"), "little")


def row_major(shape: Sequence[int]) -> list[int]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return strides[::-1]


class Builder:
    """One kernel with its arguments and parameter words."""

    def __init__(
        self, outer: Sequence[int], inner: Sequence[int] = (), kind: str = "loop", index_bits: int = 64, **attrs: int
    ):
        self.sizes = [*outer, *inner]
        self.outer, self.inner, self.kind, self.index_bits, self.attrs = len(outer), len(inner), kind, index_bits, attrs
        self.words: list[int] = list(self.sizes)
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.accesses: list[Access] = []
        self.instrs: list[Instr] = []
        self.stages: list[Stage] = []

    def arg(self, array: np.ndarray[Any, Any]) -> int:
        self.arrays.append(np.array(array, order="C"))
        return len(self.arrays) - 1

    def access(
        self,
        arg: int,
        strides: Sequence[int],
        offset: int = 0,
        bounds: Sequence[tuple[int, int, int, int, Sequence[int]]] = (),  # base, limit, step, stride, coefficients
        fill: Any = 0,
        indices: Sequence[tuple[int, int, int]] = (),  # register, stride, limit
        store: bool = False,
        dtype: str = "",
    ) -> int:
        assert len(strides) == len(self.sizes)
        dtype = dtype or self.arrays[arg].dtype.name
        params = len(self.words)
        self.words += [offset, *strides]
        for base, limit, step, stride, coefficients in bounds:
            self.words += [base, limit, step, stride, *coefficients]
        if bounds:
            self.words.append(bits_of(fill, REGISTER[dtype]))
        for _, stride, limit in indices:
            self.words += [stride, limit]
        classes = tuple(s if s in (0, 1) else 2 for s in strides)
        dilated = any(bound[2] != 1 for bound in bounds)
        registers = tuple(index[0] for index in indices)
        self.accesses.append(Access(arg, dtype, store, dilated, params, len(bounds), registers, classes))
        return len(self.accesses) - 1

    @contextmanager
    def stage(self, inner: bool = False) -> Iterator[None]:
        first = len(self.instrs)
        yield
        self.stages.append(Stage(first, len(self.instrs) - first, inner))

    def op(self, op: str, type: str, a: int = -1, b: int = -1, c: int = -1, imm: int = 0, bits: int = 0) -> int:
        self.instrs.append(Instr(op, type, a, b, c, imm, bits))
        return len(self.instrs) - 1

    def imm(self, value: Any, type: str = "float32") -> int:
        return self.op("imm", type, bits=bits_of(value, type))

    def param(self, value: Any, type: str = "float32") -> int:
        self.words.append(bits_of(value, type))
        return self.op("param", type, imm=len(self.words) - 1)

    def load(self, access: int) -> int:
        return self.op("load", REGISTER[self.accesses[access].dtype], imm=access)

    def store(self, access: int, a: int) -> int:
        return self.op("store", self.instrs[a].type, a, imm=access)

    def kernel(self) -> Kernel:
        parts = (
            self.kind, len(self.arrays), self.outer, self.inner, self.index_bits, len(self.words),
            tuple(self.accesses), tuple(self.instrs), tuple(self.stages),
        )  # fmt: skip
        text = repr((*parts, sorted(self.attrs.items())))
        return Kernel(
            self.kind, text, len(self.arrays), self.outer, self.inner, self.index_bits, len(self.words),
            tuple(self.accesses), tuple(self.instrs), tuple(self.stages), dict(self.attrs),
        )  # fmt: skip

    def packed(self) -> list[int]:
        return [word - (1 << 64) if word >= 1 << 63 else word for word in self.words]

    def run(self, backend: Backend, device: int = 0) -> list[np.ndarray[Any, Any]]:
        """Run the kernel alone; every argument afterwards."""
        return run_plan(backend, [self], device)[0]


def run_plan(backend: Backend, builders: Sequence[Builder], device: int = 0) -> list[list[np.ndarray[Any, Any]]]:
    """Run kernels as one plan, each with arguments of its own. `status` is left to the caller."""
    words, launches, buffers, slots = [7] * 3, [], [], 0
    for builder in builders:
        program = backend.compile(device, builder.kernel())
        launches.append(Launch(program, tuple(range(slots, slots + len(builder.arrays))), len(words)))
        slots += len(builder.arrays)
        words += builder.packed()
        for array in builder.arrays:
            buffer = backend.alloc(device, array.nbytes)
            if array.nbytes:
                backend.copy_in(device, buffer, 0, memoryview(array.reshape(-1).view(np.uint8)))
            buffers.append(buffer)
    executable = backend.load(device, Plan(slots, len(words), tuple(launches)))
    backend.run(executable, buffers, memoryview(np.array(words, np.int64)), False)
    results, position = [], 0
    for builder in builders:
        arrays = []
        for array in builder.arrays:
            out = np.empty_like(array)
            if array.nbytes:
                backend.copy_out(device, memoryview(out.reshape(-1).view(np.uint8)), buffers[position], 0)
            arrays.append(out)
            position += 1
        results.append(arrays)
    backend.unload(executable)
    for buffer in buffers:
        backend.free(device, buffer)
    return results


def elementwise(
    op: str, type: str, *inputs: np.ndarray[Any, Any], out: np.dtype[Any] | str | None = None, imm: int = 0
) -> Builder:
    """out[i] = op(inputs[i]...), all one-dimensional."""
    n = inputs[0].size
    builder = Builder([n])
    args = [builder.arg(array) for array in inputs]
    result = np.zeros(n, type if out is None else out)
    target = builder.access(builder.arg(result), [1], store=True)
    sources = [builder.access(arg, [1]) for arg in args]
    with builder.stage():
        registers = [builder.load(source) for source in sources]
        builder.store(target, builder.op(op, type, *registers, imm=imm))
    return builder
