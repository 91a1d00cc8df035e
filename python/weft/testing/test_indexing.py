"""Reading and writing at places that index tensors name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weft
from weft.testing.compare import exact
from weft.testing.samples import Array, from_weft, numbers, to_weft
from weft.testing.target import Target

ROWS = np.array([2, 0, -1, 4, 2])
GRID = np.array([[0, 3], [-4, 1], [2, 2]])

# What stands between the brackets; arrays become tensors.
INDEXES: dict[str, Any] = {
    "rows": (ROWS,),
    "rows of the second axis": (slice(None), np.array([0, -1, 3, 3])),
    "a grid": (GRID,),
    "two index tensors": (ROWS, np.array([1, 1, 0, -2, 3])),
    "two that broadcast": (ROWS[:, None], np.array([0, 2])),
    "three": (ROWS, np.array([1, 1, 0, -2, 3]), np.array([0, 1, 2, -1, -3])),
    "apart": (np.array([0, 1]), slice(None), np.array([2, -1])),
    "with a slice before": (slice(1, 4), np.array([0, 0, 2])),
    "with a number": (2, np.array([0, 3, 1])),
    "with an ellipsis": (..., np.array([2, 0])),
    "none at all": (np.zeros(0, np.int64),),
    "narrow indices": (np.array([1, 2, 0], np.int8),),
    "unsigned indices": (np.array([1, 2, 0], np.uint32),),
}
SHAPE = (5, 4, 3)


def _tensors(index: Any) -> Any:
    return tuple(weft.asarray(i) if isinstance(i, np.ndarray) else i for i in index)


@pytest.mark.parametrize("dtype", ["float32", "int8", "bool", "int64", "bfloat16", "complex64"])
@pytest.mark.parametrize("name", INDEXES)
def test_read(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    if dtype != "float32" and name not in ("rows", "two that broadcast"):
        pytest.skip("one dtype is enough")
    x = numbers(SHAPE, dtype)
    exact(from_weft(to_weft(x, dtype)[_tensors(INDEXES[name])]), x[INDEXES[name]])


@pytest.mark.parametrize("name", INDEXES)
def test_read_an_expression(target: Target, name: str) -> None:
    x = numbers(SHAPE, "float32")
    t = to_weft(x, "float32")
    exact(from_weft((t.T * 2).T[_tensors(INDEXES[name])] + 1), x[INDEXES[name]] * np.float32(2) + np.float32(1))


@pytest.mark.parametrize("name", [n for n in INDEXES if n != "rows"])
def test_write(target: Target, name: str) -> None:
    """Of several values for one place the last stays."""
    x = numbers(SHAPE, "float32")
    want = x.copy()
    values = numbers(want[INDEXES[name]].shape, "float32", seed=1)
    want[INDEXES[name]] = values
    t = to_weft(x, "float32")
    before = t + 0
    t[_tensors(INDEXES[name])] = to_weft(values, "float32")
    exact(from_weft(t), want)
    exact(from_weft(before), x)


@pytest.mark.parametrize(
    "index", [2, -1, (slice(1, 3),), (slice(None), 2), (slice(None, None, -2), 1), (..., 0), (1, 2, 0)], ids=str
)
def test_write_a_region(target: Target, index: Any) -> None:
    x = numbers(SHAPE, "float32")
    want = x.copy()
    want[index] = 7
    t = to_weft(x, "float32")
    t[index] = 7
    exact(from_weft(t), want)
    values = numbers(want[index].shape, "float32", seed=1)
    want[index] = values
    t[index] = to_weft(values, "float32")
    exact(from_weft(t), want)


def test_an_index_of_padded_rows_that_an_index_chose(target: Target) -> None:
    """In one kernel, whether a place is inside differs along a run of one index."""
    x = numbers((2, 3, 4), "float32")
    rows, again = np.array([-1, 0, 1, -1, -1]), np.array([4, 3, 4, -2, 1])
    width = ((0, 0), (1, 0), (0, 0))
    padded = weft.pad(to_weft(x, "float32")[weft.asarray(rows) * 1], width, constant_values=0.5)
    want = np.pad(x[rows], width, constant_values=0.5)
    got = padded[weft.asarray(again) * 1] + padded.max(axis=2, keepdims=True)
    exact(from_weft(got), want[again] + want.max(axis=2, keepdims=True))


def test_masks(target: Target) -> None:
    x, mask = numbers((6, 5), "float32"), numbers((6, 5), "bool", seed=3)
    t, m = to_weft(x, "float32"), to_weft(mask, "bool")
    exact(from_weft(t[m]), x[mask])
    exact(from_weft(t[m[:, 0]]), x[mask[:, 0]])
    t[m] = 9
    exact(from_weft(t), np.where(mask, np.float32(9), x))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_along_an_axis(target: Target, axis: int) -> None:
    x = numbers(SHAPE, "float32")
    index = numbers(tuple(2 if d == axis % 3 else s for d, s in enumerate(SHAPE)), "int64", 0, SHAPE[axis] - 1)
    exact(
        from_weft(weft.take_along_axis(to_weft(x, "float32"), to_weft(index, "int64"), axis)),
        np.take_along_axis(x, index, axis),
    )
    exact(
        from_weft(weft.take(to_weft(x, "float32"), weft.asarray([0, -1, 1]), axis=axis)),
        np.take(x, [0, -1, 1], axis=axis),
    )


def _scattered(x: Array, index: Array, values: Array) -> Array:
    out = x.copy()
    np.add.at(out, index, values)
    return out


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "float64"])
def test_add_at(target: Target, dtype: str) -> None:
    """Repeated places add up: small integers, so that no order of additions shows."""
    target.need(dtype)
    x, values = numbers((6, 3), dtype, -9, 9), numbers((40, 3), "int32", -9, 9, seed=1).astype(numbers(1, dtype).dtype)
    x = np.trunc(x).astype(x.dtype)
    index = numbers(40, "int64", -6, 5, seed=2)
    got = weft.index_add(to_weft(x, dtype), 0, to_weft(index, "int64"), to_weft(values, dtype))
    exact(from_weft(got), _scattered(x, index, values))


def test_gradient_of_reading_adds_up(target: Target) -> None:
    x = numbers((6, 3), "float32")
    index = np.array([1, 1, 5, 0, 1, -1])
    t = to_weft(x, "float32").requires_grad_()
    (t[weft.asarray(index)] * 2).sum().backward()
    assert t.grad is not None
    exact(from_weft(t.grad), _scattered(np.zeros_like(x), index, np.full((6, 3), 2, np.float32)))


def test_embedding_rows(target: Target) -> None:
    table, index = numbers((20, 8), "float32"), numbers((4, 5), "int64", 0, 19, seed=1)
    exact(from_weft(weft.nn.functional.embedding(to_weft(index, "int64"), to_weft(table, "float32"))), table[index])
