"""Reading and writing by index, by NumPy's rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import weft

A = np.arange(2 * 3 * 4 * 5, dtype=np.int32).reshape(2, 3, 4, 5)


@st.composite
def indices(draw, shape=A.shape):
    """A random index: integers, slices, None, ..., integer arrays that broadcast, and at most one mask."""
    index, axis, dots, masked = [], 0, False, False
    lengths = draw(st.sampled_from([(), (1,), (3,), (2, 3)]))
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["int", "slice", "slice", "none", "dots", "array", "array", "mask", "bool"]))
        if kind == "none":
            index.append(None)
        elif kind == "dots":
            if not dots:
                index.append(...)
                axis += draw(st.integers(0, len(shape) - axis)) if axis < len(shape) else 0
                dots = True
        elif axis >= len(shape) or (dots and axis >= len(shape)):
            continue
        elif kind == "int":
            index.append(draw(st.integers(0, 1)))
            axis += 1
        elif kind == "slice":
            part = st.one_of(st.none(), st.integers(-6, 6))
            index.append(slice(draw(part), draw(part), draw(st.sampled_from([None, 1, 2, 3, -1, -2]))))
            axis += 1
        elif kind == "array":
            index.append(
                np.array(
                    draw(st.lists(st.integers(-2, 1), min_size=int(np.prod(lengths)), max_size=int(np.prod(lengths))))
                ).reshape(lengths)
            )
            axis += 1
        elif kind == "mask" and not masked and not dots and lengths in ((), (1,)):
            mask = np.zeros(shape[axis], bool)
            mask[draw(st.integers(0, shape[axis] - 1))] = True
            index.append(mask)
            masked = True
            axis += 1
        elif kind == "bool" and not masked and lengths == ():
            index.append(draw(st.booleans()))
            masked = True
    return tuple(index)


@given(index=indices())
def test_reading(index):
    try:
        expected = A[index]
    except IndexError:
        return
    t = weft.asarray(A)
    np.testing.assert_array_equal(t[index].numpy(), expected)
    ours = tuple(weft.asarray(i) if isinstance(i, np.ndarray) else i for i in index)
    np.testing.assert_array_equal(t[ours].numpy(), expected)
    with weft.device("reference"):
        np.testing.assert_array_equal(weft.asarray(A)[index].numpy(), expected)


@given(index=indices(), data=st.data())
def test_writing(index, data):
    expected = A.copy()
    try:
        region = expected[index]
    except IndexError:
        return
    counted = -1 - np.arange(region.size, dtype=np.int32).reshape(region.shape)
    value = data.draw(st.sampled_from([-7, counted]))
    expected[index] = value
    t = weft.asarray(A)
    before = t[0]
    t[index] = value if isinstance(value, int) else weft.asarray(value)
    np.testing.assert_array_equal(t.numpy(), expected)
    np.testing.assert_array_equal(before.numpy(), A[0])  # views keep their values


CASES = [
    0,
    -1,
    (1, 2),
    (..., 1),
    (0, ..., 2),
    slice(1, None),
    (slice(None, None, -1), 0),
    None,
    (None, 0, None),
    ([0, 1, 1],),
    ([1, 0], [2, 0]),
    (slice(None), [2, 0, 1]),
    ([0], slice(None), [1]),
    (0, slice(None), [1, 2]),
    (slice(None), 0, [1, 2]),
    (slice(None), [[0], [1]], slice(1, 3), [2, 3]),
    True,
    False,
    (np.array([True, False]),),
    (slice(None), np.array([True, False, True])),
    ([],),
    (slice(5, 2), 0),
    (np.int64(1), np.array(2)),
]


@pytest.mark.parametrize("index", CASES, ids=str)
def test_every_backend(device, index):
    t = weft.asarray(A)
    np.testing.assert_array_equal(t[index].numpy(), A[index])
    expected = A.copy()
    expected[index] = 9
    t[index] = 9
    np.testing.assert_array_equal(t.numpy(), expected)


def test_masks(device):
    a = np.array([[1.0, -2.0], [-3.0, 4.0]], dtype=np.float32)
    t = weft.asarray(a)
    assert t[t > 0].tolist() == [1, 4]
    assert t[a > 0].tolist() == [1, 4]
    t[t < 0] = 0
    assert t.tolist() == [[1, 0], [0, 4]]
    t[t > 0] = weft.asarray([7.0, 8.0])
    assert t.tolist() == [[7, 0], [0, 8]]
    t[weft.asarray([True, False])] = weft.asarray([5.0, 6.0])
    assert t.tolist() == [[5, 6], [0, 8]]
    with pytest.raises(IndexError, match="mask"):
        t[weft.asarray([True, False, True])]
    with pytest.raises(IndexError, match="mask"):
        t[weft.asarray([True, False, True])] = 1


def test_masks_with_a_scalar_do_not_wait():
    t = weft.asarray([1.0, -1.0])
    with weft.profile() as p:
        t[t < 0] = 0
    assert p.syncs == []
    with weft.profile() as p:
        t[t > 0]
    assert len(p.syncs) == 1


def test_last_write_wins(device):
    t = weft.zeros(3, dtype=int)
    t[[0, 1, 0, 0]] = weft.asarray([1, 2, 3, 4])
    assert t.tolist() == [4, 2, 0]


def test_values_are_cast_and_broadcast(device):
    t = weft.zeros((2, 3), dtype=weft.int32)
    t[0] = 2.9
    t[1] = np.array([[1, 2, 3]])
    t[:, 1] = [7, 8]
    assert t.tolist() == [[2, 7, 2], [1, 8, 3]]
    assert t.dtype == weft.int32
    t[...] = 5
    assert t.tolist() == [[5] * 3] * 2
    t[0, 0] += 1
    assert t[0, 0].item() == 6
    with pytest.raises(ValueError, match="broadcast"):
        t[0] = weft.ones(2)


@pytest.mark.parametrize("index", [2, -3, (0, 3), [0, 5], np.array([-4]), (slice(None), 3)])
def test_bounds_are_checked_at_the_call(index):
    t = weft.ones((2, 3))
    with pytest.raises(IndexError, match="out of bounds"):
        t[index]
    with pytest.raises(IndexError, match="out of bounds"):
        t[index] = 0


def test_computed_indices_are_checked_later(device):
    t = weft.arange(4)
    i = weft.asarray([1, 2]) + weft.asarray([0, 5])
    picked = t[i]
    with pytest.raises(IndexError):
        picked.tolist()
    assert t[weft.asarray([3, -1])].tolist() == [3, 3]


@pytest.mark.parametrize("index", [1.5, "a", (0, 0, 0), (..., ...), [1.5], np.array([0.5])])
def test_wrong_indices(index):
    with pytest.raises(IndexError):
        weft.ones((2, 3))[index]


def test_take_and_gather(device, rng):
    a = rng.integers(0, 100, (3, 4, 5))
    t = weft.asarray(a)
    i = np.array([[2, 0], [1, -1]])
    for index in (i, weft.asarray(i)):
        np.testing.assert_array_equal(weft.take(t, index, 1).numpy(), np.take(a, i, 1))
    np.testing.assert_array_equal(weft.take(t, [5, 7]).numpy(), np.take(a, [5, 7]))
    along = rng.integers(0, 4, (3, 2, 5))
    np.testing.assert_array_equal(
        weft.take_along_axis(t, weft.asarray(along), 1).numpy(), np.take_along_axis(a, along, 1)
    )
    np.testing.assert_array_equal(
        t.gather(1, weft.asarray(along[:2, :, :3])).numpy(), np.take_along_axis(a[:2, :, :3], along[:2, :, :3], 1)
    )
    np.testing.assert_array_equal(t.index_select(0, [2, 0]).numpy(), a[[2, 0]])
    with pytest.raises(IndexError, match="out of bounds"):
        weft.take(t, [3], 0)


def test_scatter(device, rng):
    base, source = rng.standard_normal((4, 5)), rng.standard_normal((3, 5))
    index = rng.integers(0, 4, (3, 5))
    expected, added = base.copy(), base.copy()
    for i in range(3):
        for j in range(5):
            expected[index[i, j], j] = source[i, j]
            added[index[i, j], j] += source[i, j]
    x, i, s = weft.asarray(base), weft.asarray(index), weft.asarray(source)
    np.testing.assert_allclose(weft.scatter(x, 0, i, s).numpy(), expected)
    np.testing.assert_allclose(x.scatter_add(0, i, s).numpy(), added)
    np.testing.assert_allclose(x.scatter(0, i[:, :2], s).numpy()[:, :2], expected[:, :2])
    np.testing.assert_allclose(x.scatter(0, i, 3.0, reduce="amax").numpy().max(), max(base.max(), 3.0))
    rows = np.array([1, 1, 3])
    summed = base.copy()
    np.add.at(summed, rows, source)
    np.testing.assert_allclose(x.index_add(0, rows, s).numpy(), summed)
    with pytest.raises(ValueError, match="reduce"):
        x.scatter(0, i, s, reduce="other")
