"""default_collate: trees of items to trees of batches."""

from collections import namedtuple

import numpy as np
import pytest

import weft
from weft.data import default_collate

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("items", "values", "dtype"),
    [
        ([1, 2], [1, 2], "int64"),
        ([1.5, 2], [1.5, 2], "float32"),
        ([True, False], [True, False], "bool"),
        ([np.float64(1), np.float64(2)], [1, 2], "float64"),
        ([np.zeros(2, "uint8"), np.ones(2, "uint8")], [[0, 0], [1, 1]], "uint8"),
        ([1 + 2j, 3], [1 + 2j, 3], "complex64"),
    ],
)
def test_leaves(items, values, dtype, device):
    batch = default_collate(items)
    assert batch.tolist() == values
    assert batch.dtype == weft.dtype(dtype)
    assert batch.device == device


def test_tensors_stay_where_they_are(device):
    batch = default_collate([weft.arange(3), weft.arange(3) + 1])
    assert batch.device == device
    assert batch.tolist() == [[0, 1, 2], [1, 2, 3]]


def test_trees():
    items = [{"p": Point(i, [float(i)]), "s": "ab"[i], "t": (i, b"z")} for i in range(2)]
    batch = default_collate(items)
    assert list(batch) == ["p", "s", "t"]
    assert isinstance(batch["p"], Point)
    assert batch["p"].x.tolist() == [0, 1]
    assert isinstance(batch["p"].y, list)
    assert batch["p"].y[0].tolist() == [0.0, 1.0]
    assert batch["s"] == ["a", "b"]
    assert isinstance(batch["t"], tuple)
    assert batch["t"][1] == [b"z", b"z"]


@pytest.mark.parametrize(
    ("items", "error", "words"),
    [
        ([np.zeros(2), np.zeros(2), np.zeros(3)], ValueError, r"item 2 of the batch has shape \(3,\)"),
        ([(1, 2), (1,)], ValueError, "item 1 of the batch has length 1"),
        ([{"a": 1}, {"b": 1}], ValueError, "has keys {'b'}"),
        ([{"a": 1}, 5], ValueError, "has keys None"),
        ([None, None], TypeError, "NoneType cannot be stacked"),
        ([object()], TypeError, "collate_fn"),
    ],
)
def test_items_that_are_not_alike(items, error, words):
    with pytest.raises(error, match=words):
        default_collate(items)
