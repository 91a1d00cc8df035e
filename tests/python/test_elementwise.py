"""Every function of one or two elements against NumPy, for every dtype it takes."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import weft

INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
TOLERANCE = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-13, "complex64": 1e-5, "complex128": 1e-13}

UNIT = np.array([-1.0, -0.9, -0.5, -0.1, 0.0, 0.1, 0.3, 0.7, 0.99, 1.0])
WIDE = np.array([-5.0, -2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 2.5, 3.25, 7.0])
POSITIVE = np.array([0.001, 0.1, 0.5, 1.0, 1.5, 2.0, 10.0, 100.0])
PLANE = np.array([1 + 2j, -0.5 + 0.25j, 0.3 - 1j, -1.2 - 0.7j, 2 + 0j, 0.1j])

erf = np.vectorize(math.erf, otypes=[float])

# name: (NumPy's function, arguments, kinds of dtypes)
UNARY = {
    "abs": (np.abs, WIDE, "iufc"),
    "negative": (np.negative, WIDE, "iufc"),
    "sign": (np.sign, WIDE, "iuf"),
    "square": (np.square, WIDE, "iufc"),
    "sqrt": (np.sqrt, POSITIVE, "fc"),
    "rsqrt": (lambda x: 1 / np.sqrt(x), POSITIVE, "f"),
    "reciprocal": (np.reciprocal, POSITIVE, "fc"),
    "exp": (np.exp, WIDE, "fc"),
    "exp2": (np.exp2, WIDE, "f"),
    "expm1": (np.expm1, UNIT, "f"),
    "log": (np.log, POSITIVE, "fc"),
    "log1p": (np.log1p, POSITIVE, "f"),
    "log2": (np.log2, POSITIVE, "f"),
    "log10": (np.log10, POSITIVE, "f"),
    "sin": (np.sin, WIDE, "fc"),
    "cos": (np.cos, WIDE, "fc"),
    "tan": (np.tan, UNIT, "fc"),
    "asin": (np.arcsin, UNIT, "f"),
    "acos": (np.arccos, UNIT, "f"),
    "atan": (np.arctan, WIDE, "f"),
    "sinh": (np.sinh, UNIT, "fc"),
    "cosh": (np.cosh, UNIT, "fc"),
    "tanh": (np.tanh, WIDE, "fc"),
    "asinh": (np.arcsinh, WIDE, "f"),
    "acosh": (np.arccosh, POSITIVE + 1, "f"),
    "atanh": (np.arctanh, UNIT * 0.9, "f"),
    "erf": (erf, WIDE, "f"),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), WIDE, "f"),
    "relu": (lambda x: np.maximum(x, 0), WIDE, "if"),
    "floor": (np.floor, WIDE, "iuf"),
    "ceil": (np.ceil, WIDE, "iuf"),
    "trunc": (np.trunc, WIDE, "iuf"),
    "round": (np.round, WIDE, "iuf"),
    "real": (np.real, PLANE, "c"),
    "imag": (np.imag, PLANE, "c"),
    "conj": (np.conj, PLANE, "c"),
    "isnan": (np.isnan, WIDE, "fc"),
    "isinf": (np.isinf, WIDE, "fc"),
    "isfinite": (np.isfinite, WIDE, "fc"),
    "signbit": (np.signbit, WIDE, "f"),
    "logical_not": (np.logical_not, WIDE, "biufc"),
    "bitwise_invert": (np.invert, WIDE, "biu"),
}

BINARY = {
    "add": (np.add, "biufc"),
    "subtract": (np.subtract, "iufc"),
    "multiply": (np.multiply, "biufc"),
    "divide": (np.divide, "fc"),
    "floor_divide": (np.floor_divide, "iuf"),
    "remainder": (np.remainder, "iuf"),
    "fmod": (np.fmod, "if"),
    "minimum": (np.minimum, "biuf"),
    "maximum": (np.maximum, "biuf"),
    "atan2": (np.arctan2, "f"),
    "hypot": (np.hypot, "f"),
    "logaddexp": (np.logaddexp, "f"),
    "copysign": (np.copysign, "f"),
    "bitwise_and": (np.bitwise_and, "biu"),
    "bitwise_or": (np.bitwise_or, "biu"),
    "bitwise_xor": (np.bitwise_xor, "biu"),
    "logical_and": (np.logical_and, "biufc"),
    "logical_or": (np.logical_or, "biufc"),
    "logical_xor": (np.logical_xor, "biufc"),
    "less": (np.less, "biuf"),
    "less_equal": (np.less_equal, "biuf"),
    "greater": (np.greater, "biuf"),
    "greater_equal": (np.greater_equal, "biuf"),
    "equal": (np.equal, "biufc"),
    "not_equal": (np.not_equal, "biufc"),
}


def dtypes_of(kinds: str) -> list[str]:
    groups = {"b": ["bool"], "i": INTS[:4], "u": INTS[4:], "f": FLOATS, "c": COMPLEX}
    return [d for kind in kinds for d in groups[kind]]


def values(sample: np.ndarray, dtype: str) -> np.ndarray:
    if dtype.startswith("complex"):
        return PLANE.astype(dtype)
    if dtype.startswith(("uint", "bool")):
        sample = np.abs(sample)
    return sample.astype(dtype)


def close(ours: weft.Tensor, theirs: np.ndarray, dtype: str, what: str) -> None:
    got = ours.numpy()
    assert ours.dtype.name == theirs.dtype.name, what
    if theirs.dtype.kind in "biu":
        np.testing.assert_array_equal(got, theirs, err_msg=what)
    else:
        tolerance = TOLERANCE[dtype if dtype in TOLERANCE else "float32"]
        np.testing.assert_allclose(got, theirs, rtol=tolerance, atol=tolerance, err_msg=what)


def supported(device: weft.device, dtype: str) -> bool:
    need = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    return need in weft._core._capabilities(device)["dtypes"]


@pytest.mark.parametrize("name", UNARY)
def test_unary(device, name):
    function, sample, kinds = UNARY[name]
    cases = []
    for dtype in filter(lambda d: supported(device, d), dtypes_of(kinds)):
        a = values(sample, dtype)
        with np.errstate(all="ignore"):
            expected = function(a.astype("complex128" if dtype == "complex64" else a.dtype))
            expected = expected.astype(
                a.dtype if expected.dtype.kind in "fc" and a.dtype.kind == expected.dtype.kind else expected.dtype
            )
        if a.dtype.kind == "c" and expected.dtype.kind == "f":
            expected = expected.astype("float32" if dtype == "complex64" else "float64")
        cases.append((getattr(weft, name)(weft.asarray(a)), expected, dtype))
        assert getattr(weft.Tensor, name) is not None
    weft.eval([ours for ours, _, _ in cases])
    for ours, expected, dtype in cases:
        if name == "erf":
            expected = expected.astype(dtype)
        close(ours, expected, dtype, f"{name} of {dtype}")


@pytest.mark.parametrize("name", BINARY)
def test_binary(device, name):
    function, kinds = BINARY[name]
    cases = []
    for dtype in filter(lambda d: supported(device, d), dtypes_of(kinds)):
        a, b = values(WIDE, dtype), values(WIDE[::-1] + 0.25, dtype)
        if name == "divide":
            a, b = a + 1, b + 1
        with np.errstate(all="ignore"):
            expected = function(a, b)
        cases.append((getattr(weft, name)(weft.asarray(a), weft.asarray(b)), expected, dtype))
    weft.eval([ours for ours, _, _ in cases])
    for ours, expected, dtype in cases:
        close(ours, expected, dtype, f"{name} of {dtype}")


@pytest.mark.parametrize("name", ["sin", "exp", "sqrt", "divide", "mean"])
def test_integers_become_the_default_float(device, name):
    x = weft.asarray([1, 2, 3])
    result = weft.divide(x, x) if name == "divide" else getattr(weft, name)(x)
    assert result.dtype == weft.float32


@pytest.mark.parametrize("dtype", INTS)
def test_shifts(device, dtype):
    a, n = np.array([1, 5, 100, 127, 3]).astype(dtype), np.array([0, 1, 2, 3, 7]).astype(dtype)
    np.testing.assert_array_equal((weft.asarray(a) << weft.asarray(n)).numpy(), a << n)
    np.testing.assert_array_equal((weft.asarray(a) >> weft.asarray(n)).numpy(), a >> n)


def test_pow(device):
    a = np.array([0.5, 1.0, 2.0, 3.0], dtype=np.float32)
    t = weft.asarray(a)
    for e in (0, 1, 2, 3, -1, -2, 0.5, 2.5, -0.5, 20):
        np.testing.assert_allclose((t**e).numpy(), a ** np.float32(e), rtol=2e-6, err_msg=str(e))
    np.testing.assert_allclose(
        (t ** weft.asarray([1.0, 2.0, 3.0, -1.0])).numpy(), a ** np.array([1, 2, 3, -1], np.float32), rtol=2e-6
    )
    np.testing.assert_allclose((2.0**t).numpy(), 2**a, rtol=2e-6)
    i = weft.asarray([-3, 2, 5])
    assert (i**2).tolist() == [9, 4, 25]
    assert (i ** weft.asarray([3, 0, 1])).tolist() == [-27, 1, 5]
    with pytest.raises(ValueError, match="negative integer powers"):
        i**-1


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan], dtype=np.float32)


@pytest.mark.parametrize(
    "name",
    [
        "minimum",
        "maximum",
        "floor_divide",
        "remainder",
        "atan2",
        "copysign",
        "hypot",
        "less",
        "equal",
        "divide",
        "logaddexp",
        "fmod",
        "pow",
        "nextafter",
    ],
)
def test_special_values(device, name):
    a, b = (x.ravel() for x in np.meshgrid(SPECIAL, SPECIAL))
    function = {"atan2": np.arctan2, "pow": np.power}.get(name) or getattr(np, name)
    with np.errstate(all="ignore"):
        expected = function(a, b)
    np.testing.assert_allclose(getattr(weft, name)(weft.asarray(a), weft.asarray(b)).numpy(), expected, rtol=1e-6)


def test_integer_division_by_zero(device):
    x, zero = weft.asarray([7, -7, 0]), weft.asarray([0, 0, 0])
    assert (x // zero).tolist() == [0, 0, 0]
    assert (x % zero).tolist() == [0, 0, 0]
    assert (x // weft.asarray([2, 2, 2])).tolist() == [3, -4, 0]
    assert (x % weft.asarray([-4, 4, 4])).tolist() == [-1, 1, 0]


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ("int8", "uint8", "int16"),
        ("int32", "uint32", "int64"),
        ("float16", "float32", "float32"),
        ("int64", "float32", "float32"),
        ("bool", "int8", "int8"),
        ("float32", "complex64", "complex64"),
        ("float64", "complex64", "complex128"),
    ],
)
def test_promotion(left, right, result):
    assert (weft.ones(2, dtype=left) + weft.ones(2, dtype=right)).dtype.name == result


@pytest.mark.parametrize(
    ("dtype", "number", "result"),
    [
        ("int8", 1, "int8"),
        ("float16", 1, "float16"),
        ("float16", 1.5, "float16"),
        ("bfloat16", 2.5, "bfloat16"),
        ("int32", 1.5, "float32"),
        ("float64", 1.5, "float64"),
        ("float32", 1j, "complex64"),
        ("bool", 1, "int64"),
        ("int8", True, "int8"),
    ],
)
def test_python_numbers_are_weak(dtype, number, result):
    x = weft.ones(2, dtype=dtype)
    assert (x + number).dtype.name == result
    assert (number + x).dtype.name == result
    assert (x + np.float64(1)).dtype.name == ("complex128" if dtype == "complex64" else "float64")


@pytest.mark.parametrize(
    "op",
    [
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.pow,
        operator.lt,
        operator.eq,
    ],
)
def test_operators_on_both_sides(device, op):
    a = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    t = weft.asarray(a)
    np.testing.assert_allclose(op(t, 2).numpy(), op(a, 2), rtol=1e-6)
    np.testing.assert_allclose(op(2, t).numpy(), op(2, a), rtol=1e-6)
    np.testing.assert_allclose(op(t, a).numpy(), op(a, a), rtol=1e-6)
    assert isinstance(op(a, t), weft.Tensor)
    np.testing.assert_allclose(op(a, t).numpy(), op(a, a), rtol=1e-6)


def test_in_place_rebinds_one_handle(device):
    x = weft.asarray([1.0, 2.0])
    y, view = x, x[0:1]
    x += 1
    assert y is x
    assert x.tolist() == [2, 3]
    assert view.tolist() == [1]
    x *= weft.asarray([2.0, 3.0])
    x -= 1
    x /= 2
    x **= 2
    assert x.tolist() == [2.25, 16.0]
    with pytest.raises(ValueError, match="in-place"):
        x += weft.ones((3, 2))
    assert x.add_(1).tolist() == [3.25, 17.0]


def test_where_clip_round(device):
    a = np.array([-2.0, -0.5, 0.5, 2.0], dtype=np.float32)
    t = weft.asarray(a)
    assert weft.where(t > 0, t, 0).dtype == weft.float32
    assert weft.where(t > 0, 1, 0).tolist() == [0, 0, 1, 1]
    assert weft.where(t > 0, 1, 0).device == t.device
    assert weft.where(a > 0, t, weft.asarray(9.0)).tolist() == [9, 9, 0.5, 2]
    assert t.where(t > 0, -1).tolist() == [-1, -1, 0.5, 2]
    assert t.masked_fill(t < 0, 3).tolist() == [3, 3, 0.5, 2]
    assert t.clip(-1, 1).tolist() == [-1, -0.5, 0.5, 1]
    assert t.clamp(min=0).tolist() == [0, 0, 0.5, 2]
    assert weft.clip(t, max=weft.asarray([0.0, 0, 0, 5])).tolist() == [-2, -0.5, 0, 2]
    assert weft.round(weft.asarray([1.256, 2.5, 3.5]), 1).numpy() == pytest.approx([1.3, 2.5, 3.5])
    assert weft.asarray([0.5, 1.5, 2.5, -0.5]).round().tolist() == [0, 2, 2, 0]
    assert weft.nan_to_num(weft.asarray([math.nan, math.inf, 1.0]), posinf=5).tolist() == [0, 5, 1]
    assert weft.fma(t, 2, 1).tolist() == [-3, 0, 2, 5]


def test_close():
    assert weft.allclose(weft.ones(3), 1 + 1e-7)
    assert not weft.allclose(weft.ones(3), [1, 1, 2])
    nan = weft.asarray([math.nan, math.inf])
    assert weft.isclose(nan, nan).tolist() == [False, True]
    assert weft.isclose(nan, nan, equal_nan=True).tolist() == [True, True]
    assert not weft.array_equal(weft.ones(2), weft.ones(3))


def test_errors_name_the_operation():
    with pytest.raises(ValueError, match=r"add.*\(2,\).*\(3,\)"):
        weft.ones(2) + weft.ones(3)
    with pytest.raises(TypeError):
        weft.ones(2) & weft.ones(2)
    with pytest.raises(TypeError):
        weft.ones(2) + "a"
    with pytest.raises(TypeError):
        weft.sin("a")
    with pytest.raises(TypeError):
        ~weft.ones(2)


def test_complex_parts(device):
    z = weft.complex(weft.asarray([1.0, 2.0]), weft.asarray([3.0, 4.0]))
    assert z.tolist() == [1 + 3j, 2 + 4j]
    assert z.real.tolist() == [1, 2]
    assert z.imag.tolist() == [3, 4]
    assert (z * 1j).tolist() == [-3 + 1j, -4 + 2j]
