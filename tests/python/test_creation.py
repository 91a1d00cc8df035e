"""New tensors, their dtypes and their devices."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import weft

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


@pytest.mark.parametrize("name", DTYPES)
def test_round_trip(device, name):
    a = np.array([[0, 1, 2], [3, 100, 5]]).astype(name)
    t = weft.asarray(a)
    assert t.dtype.name == name
    assert t.shape == (2, 3)
    assert t.device == device
    np.testing.assert_array_equal(t.numpy(), a)
    assert t.numpy().dtype == a.dtype


def test_non_contiguous_and_foreign_arrays(device):
    a = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    np.testing.assert_array_equal(weft.asarray(a.T).numpy(), a.T)
    np.testing.assert_array_equal(weft.asarray(a[:, ::-1, 1::2]).numpy(), a[:, ::-1, 1::2])
    np.testing.assert_array_equal(weft.asarray(a.astype(">i4")).numpy(), a)
    with pytest.raises(TypeError, match="cannot become a tensor"):
        weft.asarray(np.array(["a"]))
    with pytest.raises(TypeError):
        weft.asarray(np.array([None]))


def test_copies_at_once():
    a = np.ones(3)
    t = weft.asarray(a)
    a[:] = 7
    assert t.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="copy"):
        weft.asarray(a, copy=False)


def test_imported_memory_is_never_written():
    a = np.arange(1000, dtype=np.float32)
    t = weft.from_numpy(a, copy=False)
    assert t.numpy().ctypes.data == a.ctypes.data
    for _ in range(3):
        t += 1
        t.eval()
    assert t[0].item() == 3
    assert a[0] == 0
    held = sys.getrefcount(a)
    u = weft.from_numpy(a, copy=False)
    assert sys.getrefcount(a) > held
    del u
    assert sys.getrefcount(a) == held
    assert weft.from_numpy(a[::2], copy=False).tolist() == a[::2].tolist()  # not dense: copied
    b = a.copy()
    copied = weft.from_numpy(b)
    b[:] = 9
    assert copied[1].item() == 1


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (True, "bool"),
        (3, "int64"),
        (2.5, "float32"),
        (1j, "complex64"),
        ([1, 2], "int64"),
        ([1.0, 2], "float32"),
        ([True], "bool"),
        ([], "float32"),
        (2**63, "uint64"),
        (np.float64(1), "float64"),
        (np.float32(1), "float32"),
    ],
)
def test_dtype_of_values(value, dtype):
    assert weft.asarray(value).dtype.name == dtype


def test_python_floats_reach_float64_exactly():
    assert weft.asarray([0.1], dtype=weft.float64).item() == 0.1
    assert weft.asarray(0.1, dtype="float64").item() == 0.1
    assert weft.full((2,), 0.1, dtype=np.float64).tolist() == [0.1, 0.1]


def test_sequences_of_tensors(device):
    a, b = weft.asarray([1, 2]), weft.asarray([3, 4])
    assert weft.asarray([a, b]).tolist() == [[1, 2], [3, 4]]
    assert weft.asarray([[a, b], [b, a]]).shape == (2, 2, 2)


def test_bfloat16(device):
    t = weft.asarray([1.0, 1.00390625, 3.14159], dtype=weft.bfloat16)
    assert t.dtype == weft.bfloat16
    assert t.itemsize == 2
    assert t.numpy().dtype == np.float32
    assert t.tolist() == [1.0, 1.0, 3.140625]


def test_filled(device):
    assert weft.zeros(2, 3).shape == weft.zeros((2, 3)).shape == (2, 3)
    assert weft.zeros(3).dtype == weft.float32
    assert weft.ones((), dtype=int).item() == 1
    assert weft.ones(2, dtype=bool).tolist() == [True, True]
    assert weft.full((2,), 7).dtype == weft.int64
    assert weft.full((2,), True).dtype == weft.bool
    assert weft.full(2, 1.5, dtype="int32").tolist() == [1, 1]
    x = weft.asarray([[1, 2]], dtype=weft.int16)
    for f in (weft.zeros_like, weft.ones_like, weft.empty_like):
        assert (f(x).dtype, f(x).shape) == (weft.int16, (1, 2))
    assert weft.full_like(x, 3).tolist() == [[3, 3]]
    assert weft.full_like(x, 3.5, dtype=weft.float32).tolist() == [[3.5, 3.5]]
    assert weft.zeros((0, 3)).tolist() == []
    with pytest.raises(ValueError, match="negative"):
        weft.zeros((-1,))


@pytest.mark.parametrize("args", [(5,), (2, 5), (5, 2, -1), (0, 1, 0.25), (1.0, 0.0, -0.3), (5, 5), (3, 1), (0, 10, 3)])
def test_arange(device, args):
    expected = np.arange(*args)
    t = weft.arange(*args)
    assert t.shape == expected.shape
    assert t.dtype == (weft.int64 if expected.dtype.kind == "i" else weft.float32)
    np.testing.assert_allclose(t.numpy(), expected, rtol=1e-6, atol=1e-6)


def test_linspace(device):
    np.testing.assert_allclose(weft.linspace(0, 1, 11).numpy(), np.linspace(0, 1, 11, dtype=np.float32), atol=1e-7)
    assert weft.linspace(-3, 7, 5).tolist()[-1] == 7
    np.testing.assert_allclose(weft.linspace(0, 1, 4, endpoint=False).numpy(), np.linspace(0, 1, 4, endpoint=False))
    assert weft.linspace(2, 3, 1).tolist() == [2]
    assert weft.linspace(2, 3, 0).shape == (0,)
    np.testing.assert_allclose(weft.linspace(1, 2j, 3).numpy(), np.linspace(1, 2j, 3), rtol=1e-6)
    np.testing.assert_allclose(weft.logspace(0, 2, 3).numpy(), [1, 10, 100], rtol=1e-5)
    np.testing.assert_allclose(weft.geomspace(1, 8, 4).numpy(), [1, 2, 4, 8], rtol=1e-5)


def test_matrices(device):
    for k in (-2, 0, 1):
        np.testing.assert_array_equal(weft.eye(3, 4, k=k).numpy(), np.eye(3, 4, k))
        m = np.arange(12.0).reshape(3, 4)
        np.testing.assert_array_equal(weft.tril(weft.asarray(m), k).numpy(), np.tril(m, k))
        np.testing.assert_array_equal(weft.triu(weft.asarray(m), k=k).numpy(), np.triu(m, k))
        np.testing.assert_array_equal(weft.diagonal(weft.asarray(m), k).numpy(), np.diagonal(m, k))
        np.testing.assert_array_equal(weft.diag(weft.asarray([1, 2, 3]), k).numpy(), np.diag([1, 2, 3], k))
        np.testing.assert_array_equal(weft.trace(weft.asarray(m), k).numpy(), np.trace(m, k))
    for indexing in ("xy", "ij"):
        for ours, theirs in zip(
            weft.meshgrid(weft.arange(3), weft.arange(2), indexing=indexing),
            np.meshgrid(range(3), range(2), indexing=indexing),
            strict=True,
        ):
            np.testing.assert_array_equal(ours.numpy(), theirs)


def test_defaults():
    assert weft.get_default_dtype() == weft.float32
    weft.set_default_dtype("float64")
    try:
        assert weft.zeros(1).dtype == weft.asarray([0.5]).dtype == weft.asarray(1.5).dtype == weft.float64
        assert weft.asarray(1j).dtype == weft.complex128
    finally:
        weft.set_default_dtype(weft.float32)
    with pytest.raises(TypeError):
        weft.set_default_dtype(weft.int32)


@pytest.mark.parametrize("given", [weft.float32, "float32", np.float32, np.dtype("float32"), "f4", "weft.float32"])
def test_dtype_arguments(given):
    assert weft.zeros(1, dtype=given).dtype == weft.float32


def test_dtype_objects():
    assert weft.float32 != np.float32
    assert weft.float32 != "float32"
    assert weft.float32 != None  # noqa: E711
    assert weft.float32 is weft.zeros(1).dtype
    assert len({weft.float32, weft.float32, weft.int8}) == 2
    assert repr(weft.float32) == "weft.float32"
    assert weft.dtype(float) == weft.float32
    assert weft.dtype(int) == weft.int64
    assert (weft.int16.kind, weft.int16.itemsize, weft.int16.name) == ("i", 2, "int16")
    for bad in ("float8", "nonsense", object, "U3", None):
        with pytest.raises(TypeError):
            weft.dtype(bad)


def test_dtype_questions():
    assert weft.result_type(weft.int8, weft.uint8) == weft.int16
    assert weft.result_type(weft.int64, 1.0) == weft.float32
    assert weft.result_type(weft.asarray(1, dtype=weft.int8), 5) == weft.int8
    assert weft.result_type(weft.bool, 1, 2.0, 1j) == weft.complex64
    assert weft.result_type(1, 2) == weft.int64
    assert weft.can_cast(weft.int8, weft.int16)
    assert not weft.can_cast(weft.float64, weft.float32)
    assert weft.isdtype(weft.float16, "real floating")
    assert weft.isdtype(weft.int8, ("bool", "integral"))
    assert not weft.isdtype(weft.uint8, "signed integer")
    assert weft.finfo(weft.float32).eps == np.finfo(np.float32).eps
    assert weft.finfo(weft.complex128).dtype == weft.float64
    assert weft.finfo(weft.bfloat16).max == pytest.approx(3.39e38, rel=1e-2)
    assert weft.iinfo("uint8").max == 255
    with pytest.raises(TypeError):
        weft.iinfo(weft.float32)


def test_integers_out_of_bounds():
    x = weft.asarray([1], dtype=weft.uint8)
    for bad in (300, -1):
        with pytest.raises(OverflowError, match="out of bounds for uint8"):
            x + bad
    with pytest.raises(OverflowError):
        weft.full((1,), 2**40, dtype=weft.int32)
    with pytest.raises(OverflowError):
        weft.asarray(2**70)
    assert (x < 300).item()
    assert not (x == -1).item()
