"""Datasets: items by index, subsets, chains, and random shares."""

import numpy as np
import pytest

import weft
from weft import data


def test_rows_of_arrays(rng):
    x, y = rng.normal(size=(5, 2)), rng.integers(3, size=5)
    dataset = data.TensorDataset(x, y)
    assert len(dataset) == 5
    item = dataset[-2]
    np.testing.assert_array_equal(item[0], x[-2])
    assert item[1] == y[-2]
    for rows in (slice(1, 3), np.array([4, 0, 0])):
        got = dataset.gather(rows)
        np.testing.assert_array_equal(got[0], x[rows])
        np.testing.assert_array_equal(got[1], y[rows])


def test_rows_of_tensors_stay_on_their_device(device, rng):
    x = rng.normal(size=(5, 2)).astype("float32")
    (got,) = data.TensorDataset(weft.asarray(x)).gather(np.array([3, 1]))
    assert isinstance(got, weft.Tensor)
    assert got.device == device
    np.testing.assert_array_equal(got.numpy(), x[[3, 1]])


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ((), ValueError, "nothing"),
        ((np.zeros(3), np.zeros(4)), ValueError, r"\(3,\) and \(4,\)"),
        ((np.zeros(3), np.zeros(())), ValueError, "first dimension"),
        ((np.array(["a", "b"]),), TypeError, "encode text"),
        ((np.array([[1], [1, 2]], dtype=object),), TypeError, "pad rows"),
    ],
)
def test_arrays_that_make_no_dataset(arrays, error, words):
    with pytest.raises(error, match=words):
        data.TensorDataset(*arrays)


def test_subsets_of_subsets():
    x = np.arange(10) ** 2
    outer = data.Subset(data.Subset((x,), [9, 7, 5, 3]), [3, 0, -2])
    assert [int(outer[i][0]) for i in range(3)] == [9, 81, 25]
    np.testing.assert_array_equal(outer.gather(slice(0, 2))[0], [9, 81])
    assert not hasattr(data.Subset("abc", [1]), "gather")
    with pytest.raises(IndexError, match="index 4 is out of bounds for a dataset of 4 items"):
        data.Subset([1, 2, 3, 4], [0, 4])


def test_concatenation():
    both = data.ConcatDataset([[1, 2], [], [3]]) + data.Subset([4, 5], [1])
    assert [both[i] for i in range(-4, 4)] == [1, 2, 3, 5] * 2
    for index in (4, -5):
        with pytest.raises(IndexError, match="out of bounds for 4 items"):
            both[index]
    with pytest.raises(ValueError, match="at least one"):
        data.ConcatDataset([])


@pytest.mark.parametrize(
    ("lengths", "counts"), [([3, 7], [3, 7]), ([0.5, 0.25, 0.25], [6, 2, 2]), ([0.7, 0.3], [7, 3]), ([1.0], [10])]
)
def test_random_split(lengths, counts):
    parts = data.random_split(range(10), lengths, seed=4)
    assert [len(part) for part in parts] == counts
    assert sorted(item for part in parts for item in part) == list(range(10))
    again = data.random_split(range(10), lengths, seed=4)
    assert [list(part) for part in parts] == [list(part) for part in again]


def test_random_split_depends_on_the_seed():
    assert list(data.random_split(range(50), [50], 1)[0]) != list(data.random_split(range(50), [50], 2)[0])


@pytest.mark.parametrize("lengths", [[3, 3], [0.5, 0.4], [-1, 11]])
def test_split_that_does_not_add_up(lengths):
    with pytest.raises(ValueError, match="random_split"):
        data.random_split(range(10), lengths)


@pytest.mark.parametrize("dataset", [data.Dataset(), data.IterableDataset()])
def test_what_is_left_to_write_is_named(dataset):
    with pytest.raises(NotImplementedError, match="write __"):
        list(dataset)
