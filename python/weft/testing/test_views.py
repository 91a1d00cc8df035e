"""Every way to look at memory: read by a kernel, copied out, reduced, and written into."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft.testing.compare import exact
from weft.testing.samples import VIEWS, from_weft, numbers, to_weft
from weft.testing.target import Target


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64", "bool", "bfloat16", "complex64"])
@pytest.mark.parametrize("name", VIEWS)
def test_copied_out(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    shape, view = VIEWS[name]
    x = numbers(shape, dtype)
    exact(from_weft(view(to_weft(x, dtype), weft)), view(x, np))


@pytest.mark.parametrize("name", VIEWS)
def test_read_by_a_kernel(target: Target, name: str) -> None:
    shape, view = VIEWS[name]
    x = numbers(shape, "float32")
    t = to_weft(x, "float32")
    exact(from_weft(view(t, weft) * 2), view(x, np) * np.float32(2))
    exact(from_weft(view(t + 1, weft) * 2), view(x + np.float32(1), np) * np.float32(2))  # of what is not in memory


@pytest.mark.parametrize("name", VIEWS)
def test_of_memory_that_is_a_view(target: Target, name: str) -> None:
    """The value at hand is itself strided or reversed."""
    shape, view = VIEWS[name]
    larger = tuple(2 * s for s in shape)
    x = numbers(larger, "float32")
    part = tuple(slice(None, None, -2) for _ in shape)
    t = to_weft(x, "float32")[part]
    weft.eval(t)
    exact(from_weft(view(t, weft) * 2), view(x[part], np) * np.float32(2))
    exact(from_weft(view(t, weft)), view(x[part], np))


@pytest.mark.parametrize("name", VIEWS)
def test_reduced(target: Target, name: str) -> None:
    shape, view = VIEWS[name]
    x = numbers(shape, "int32", -50, 50)
    seen = view(x, np)
    t = view(to_weft(x, "int32"), weft)
    exact(from_weft(t.sum()), np.asarray(seen.sum(dtype=np.int64)))
    if seen.ndim:
        exact(from_weft(t.sum(axis=0)), seen.sum(axis=0, dtype=np.int64))
        exact(from_weft(t.sum(axis=-1)), seen.sum(axis=-1, dtype=np.int64))


@pytest.mark.parametrize("width", [((1, 2), (0, 3)), ((0, 0), (2, 0)), ((3, 3), (1, 1))], ids=str)
def test_padding(target: Target, width: tuple[tuple[int, int], tuple[int, int]]) -> None:
    x = numbers((4, 5), "float32")
    t = to_weft(x, "float32")
    exact(from_weft(weft.pad(t, width, constant_values=7)), np.pad(x, width, constant_values=7))
    exact(
        from_weft(weft.pad(t.T * 2, width, constant_values=-1)[::-1]),
        np.pad(x.T * np.float32(2), width, constant_values=-1)[::-1],
    )


@pytest.mark.parametrize("dtype", ["float32", "int16", "bool"])
def test_pieces_written_together(target: Target, dtype: str) -> None:
    target.need(dtype)
    pieces = [numbers((n, 3), dtype, seed=n) for n in (1, 4, 0, 2, 5)]
    exact(from_weft(weft.concat([to_weft(p, dtype) for p in pieces], axis=0)), np.concatenate(pieces))
    exact(
        from_weft(weft.concat([to_weft(p.T, dtype) for p in pieces], axis=1)),
        np.concatenate([p.T for p in pieces], axis=1),
    )


def test_many_pieces(target: Target) -> None:
    """More than a kernel has arguments."""
    pieces = [numbers(3, "float32", seed=n) for n in range(50)]
    exact(from_weft(weft.concat([to_weft(p, "float32") for p in pieces], axis=0)), np.concatenate(pieces))
    exact(from_weft(weft.stack([to_weft(p, "float32") for p in pieces], axis=1)), np.stack(pieces, axis=1))
