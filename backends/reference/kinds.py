"""The kinds beyond "loop". Each is a few lines because NumPy has it; a backend that claims none still runs it all."""

from __future__ import annotations

import math

import numpy as np

from weft.backend import Kernel

from .dtypes import Array
from .loop import Tape, boxes, points_of
from .memory import Box

OPERAND_ELEMENTS = 1 << 22  # of one gathered operand of a contraction


def run_contraction(kernel: Kernel, words: Array, buffers: list[Array]) -> int:
    """Kinds "gemm" and "conv": the tape as it is, but its product and sum done by one matrix product.

    A load gives only the dimensions along which its access moves, so the operands arrive as (batch, m, 1, k) and
    (batch, 1, n, k): for a convolution these are the gathered windows.
    """
    nb, nm, nn = (kernel.attrs[name] for name in ("batch", "m", "n"))

    def contract(a: Array, b: Array, box: Box) -> Array:
        shape = [count for _, count in box]
        batch, m, n, k = shape[:nb], shape[nb : nb + nm], shape[nb + nm : nb + nm + nn], shape[nb + nm + nn :]
        left = np.broadcast_to(a, [*batch, *m, *([1] * nn), *k]).reshape(math.prod(batch), math.prod(m), math.prod(k))
        right = np.broadcast_to(b, [*batch, *([1] * nm), *n, *k]).reshape(math.prod(batch), math.prod(n), math.prod(k))
        product: Array = np.matmul(left, right.swapaxes(1, 2))
        return product.reshape([*batch, *m, *n, *([1] * len(k))])

    tape = Tape(kernel, words, buffers, contract)
    sizes, inner = tape.sizes[: kernel.outer_rank], tape.sizes[kernel.outer_rank :]
    k = max(1, math.prod(inner))
    rows = min(max(1, OPERAND_ELEMENTS // k), 2048)
    if math.prod(sizes):
        for m_box in boxes(sizes[nb : nb + nm], rows):
            for n_box in boxes(sizes[nb + nm :], rows):
                most = max(points_of(m_box), points_of(n_box)) * k + points_of(m_box) * points_of(n_box)
                for batch_box in boxes(sizes[:nb], max(1, OPERAND_ELEMENTS // most)):
                    tape.run_box([*batch_box, *m_box, *n_box, *((0, size) for size in inner)])
    return tape.failed


def run_sort(kernel: Kernel, words: Array, buffers: list[Array]) -> int:
    """Stable argsort of each row, NaN last in both directions."""
    keys, positions = Tape(kernel, words, buffers).places
    box = _whole(kernel, words)
    rows = np.broadcast_to(keys.load(box, {}), [count for _, count in box])
    if kernel.attrs["descending"]:
        rows = -rows if rows.dtype.kind == "f" else ~rows  # both turn the order round and keep equals in place
    positions.store(box, {}, np.argsort(rows, axis=-1, kind="stable"))
    return 0


def run_scan(kernel: Kernel, words: Array, buffers: list[Array]) -> int:
    """Inclusive scan of each row."""
    source, target = Tape(kernel, words, buffers).places
    box = _whole(kernel, words)
    rows = np.broadcast_to(source.load(box, {}), [count for _, count in box])
    ufunc = (np.add, np.multiply, np.maximum, np.minimum)[kernel.attrs["op"]]
    target.store(box, {}, ufunc.accumulate(rows, axis=-1, dtype=rows.dtype))
    return 0


def run_scatter(kernel: Kernel, words: Array, buffers: list[Array]) -> int:
    """out[row, rest] = base[row, rest] combined, in order of n, with values[rest, n] wherever index[rest, n] == row."""
    base, index, values, out = Tape(kernel, words, buffers).places
    box = _whole(kernel, words)
    rows, rest, (_, n) = box[0], box[1:-1], box[-1]
    updates = [(0, 1), *rest, (0, n)]  # accesses 1 and 2 do not move along the row
    shape = [count for _, count in updates]
    result = np.broadcast_to(base.load([*box[:-1], (0, 1)], {}), [*(count for _, count in box[:-1]), 1]).copy()
    where = np.broadcast_to(index.load(updates, {}), shape)
    what = np.broadcast_to(values.load(updates, {}), shape)
    keep = (where >= 0) & (where < rows[1])
    others = np.ogrid[tuple(slice(count) for count in shape)][1:-1]
    places = tuple(position[keep] for position in np.broadcast_arrays(where, *others))
    target = result[..., 0]
    if kernel.attrs["op"] == 0:
        target[places] = what[keep]  # of several values for one place NumPy keeps the last
    else:
        ufunc = (np.add, np.multiply, np.maximum, np.minimum)[kernel.attrs["op"] - 1]
        ufunc.at(target, places, what[keep])
    out.store([*box[:-1], (0, 1)], {}, result)
    return 0


def _whole(kernel: Kernel, words: Array) -> Box:
    return [(0, int(size)) for size in words[: kernel.outer_rank + kernel.inner_rank]]
