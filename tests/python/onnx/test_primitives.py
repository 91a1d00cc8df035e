"""Each family of primitives: onnxruntime computes from the file what weft computes."""

from __future__ import annotations

import numpy as np
import pytest

import weft

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)


def floats(*shape, low=-2.0, high=2.0, dtype="float32"):
    return weft.asarray(RNG.uniform(low, high, shape).astype(dtype))


def integers(*shape, low=-9, high=9, dtype="int64"):
    return weft.asarray(RNG.integers(low, high, shape).astype(dtype))


SPECIAL = weft.asarray(
    np.array([0.0, -0.0, 1e-30, -1e-30, 1e-4, 0.5, -0.5, 2.5, -2.5, 3e4, np.inf, -np.inf], "float32")
)

# Functions of one tensor, where they are defined.
UNARY = {
    "neg": weft.neg, "abs": weft.abs, "sign": weft.sign, "square": weft.square, "sqrt": lambda x: weft.sqrt(abs(x)),
    "rsqrt": lambda x: weft.rsqrt(abs(x) + 1), "reciprocal": lambda x: weft.reciprocal(abs(x) + 1),
    "exp": lambda x: weft.exp(-abs(x)), "exp2": lambda x: weft.exp2(-abs(x)), "expm1": lambda x: weft.expm1(-abs(x)),
    "log": lambda x: weft.log(abs(x) + 1), "log1p": lambda x: weft.log1p(abs(x)),
    "log2": lambda x: weft.log2(abs(x) + 1), "log10": lambda x: weft.log10(abs(x) + 1),
    "sin": lambda x: weft.sin(x.clip(-9, 9)), "cos": lambda x: weft.cos(x.clip(-9, 9)),
    "tan": lambda x: weft.tan(x.clip(-1, 1)), "asin": lambda x: weft.asin(x.clip(-1, 1)),
    "acos": lambda x: weft.acos(x.clip(-1, 1)), "atan": weft.atan, "sinh": lambda x: weft.sinh(x.clip(-3, 3)),
    "cosh": lambda x: weft.cosh(x.clip(-3, 3)), "tanh": weft.tanh, "asinh": lambda x: weft.asinh(x.clip(-99, 99)),
    "acosh": lambda x: weft.acosh(abs(x) + 1), "atanh": lambda x: weft.atanh(x.clip(-0.9, 0.9)), "erf": weft.erf,
    "sigmoid": weft.sigmoid, "relu": weft.relu, "floor": weft.floor, "ceil": weft.ceil, "trunc": weft.trunc,
    "round": weft.round, "isnan": weft.isnan, "isinf": weft.isinf, "isfinite": weft.isfinite, "signbit": weft.signbit,
    "pow_int": lambda x: x.clip(-3, 3) ** 3, "to_int": lambda x: x.clip(-9, 9).astype(weft.int32),
    "to_bool": lambda x: x.astype(weft.bool), "clip": lambda x: x.clip(-0.5, 0.5),
    "clip_low": lambda x: x.clip(0, None), "clip_high": lambda x: x.clip(None, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_unary(agrees, name):
    agrees(UNARY[name], floats(3, 5))
    agrees(UNARY[name], SPECIAL)


@pytest.mark.parametrize("x", [1e-7, -1e-7, 1e-3, 0.0])
def test_expm1_and_log1p_keep_small_numbers(session, x):
    """Their relative error, which a tolerance of 1e-5 would not see."""
    tiny = weft.asarray(np.array([x], "float32"))
    for name in ("expm1", "log1p"):
        reference = getattr(np, name)
        (found,) = session(getattr(weft, name), tiny, input_names=["x"]).run(None, {"x": tiny.numpy()})
        np.testing.assert_allclose(found, reference(np.float64(x)), rtol=1e-6)


BINARY = {
    "add": weft.add, "sub": weft.subtract, "mul": weft.multiply, "minimum": weft.minimum, "maximum": weft.maximum,
    "less": weft.less, "less_equal": weft.less_equal, "greater": weft.greater, "greater_equal": weft.greater_equal,
    "equal": weft.equal, "not_equal": weft.not_equal,
}  # fmt: skip
BINARY_FLOAT = {
    "div": weft.divide, "pow": lambda a, b: abs(a) ** b, "atan2": weft.atan2, "hypot": weft.hypot,
    "logaddexp": weft.logaddexp, "copysign": weft.copysign, "fma": lambda a, b: weft.fma(a, b, a),
}  # fmt: skip
DIVISION = {"floor_divide": weft.floor_divide, "remainder": weft.remainder, "fmod": weft.fmod}
BITS = {"and": weft.bitwise_and, "or": weft.bitwise_or, "xor": weft.bitwise_xor}


@pytest.mark.parametrize("name", [*BINARY, *BINARY_FLOAT, *DIVISION])
def test_binary_of_floats(agrees, name):
    function = (BINARY | BINARY_FLOAT | DIVISION)[name]
    agrees(function, floats(4, 3), floats(4, 3))
    agrees(function, floats(2, 1, 3), floats(4, 1))  # both are expanded
    agrees(lambda x: function(x, 1.5), floats(4, 3))


@pytest.mark.parametrize("name", [*BINARY, *DIVISION, *BITS])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_binary_of_integers(agrees, name, dtype):
    agrees((BINARY | DIVISION | BITS)[name], integers(5, 7, dtype=dtype), integers(5, 7, dtype=dtype))


def test_a_quarter_of_the_plane_at_a_time(agrees):
    sides = weft.asarray(np.array([-2.0, -0.0, 0.0, 2.0], "float32"))
    agrees(weft.atan2, sides.reshape(4, 1), sides)
    agrees(weft.copysign, sides.reshape(4, 1), sides)


def test_integer_division_by_zero_gives_zero(agrees):
    agrees(weft.floor_divide, integers(3, 3), weft.asarray([0, 2, -2]))


def test_logaddexp_of_infinities(agrees):
    agrees(weft.logaddexp, SPECIAL, SPECIAL)


@pytest.mark.parametrize("name", ["add", "mul", "minimum", "maximum", "equal", "not_equal", "less", "and", "or", "xor"])
def test_binary_of_bools(agrees, name):
    both = weft.asarray([True, True, False, False]), weft.asarray([True, False, True, False])
    agrees((BINARY | BITS)[name], *both)


def test_logic(agrees):
    a, b = integers(9, low=0, high=2), integers(9, low=0, high=2)
    agrees(lambda a, b: weft.logical_and(a, b) ^ weft.logical_or(a, weft.logical_not(b)), a, b)
    agrees(lambda a: ~a, a)
    agrees(lambda a: ~(a > 0), a)


def test_shifts(agrees):
    by = integers(5, low=0, high=5)
    agrees(lambda a, b: (a << b, a >> b), integers(5), by)
    agrees(lambda a, b: (a << b, a >> b), integers(5, low=0, dtype="uint32"), by.astype(weft.uint32))


def test_where_and_broadcast(agrees):
    agrees(weft.where, integers(4, 1, low=0, high=2).astype(weft.bool), floats(3), floats(4, 3))
    agrees(lambda x: weft.broadcast_to(x, (2, 4, 3)), floats(4, 1))
    agrees(lambda x: weft.broadcast_to(x, (2, 3)) + weft.broadcast_to(x, (2, 3)), floats(3))  # nothing else is (2, 3)


def test_float64(agrees):
    agrees(lambda x: weft.logaddexp(x, 0.0) + weft.expm1(x) * x.max(), floats(3, 4, dtype="float64"), tolerance=1e-12)


# ---- movement


def test_movement(agrees):
    x = floats(2, 3, 4)
    agrees(lambda x: x.reshape(6, 4).T.reshape(2, 12), x)
    agrees(lambda x: x.permute(2, 0, 1), x)
    agrees(lambda x: x.reshape(4, 6).reshape(2, 3, 4), x)
    agrees(lambda x: (x[:, 1], x[..., ::2], x[:, ::-1], x[1:, 2:0:-1, 3], x[:, :0]), x)
    agrees(lambda x: weft.flip(x), x)
    agrees(lambda x: weft.roll(x, 1, 2), x)
    agrees(lambda x: weft.concat([x, x[:, :1], x * 2], axis=1), x)
    agrees(lambda x: weft.stack([x, x + 1], axis=-1), x)
    agrees(lambda x: weft.pad(x, [(0, 1), (2, 0), (0, 0)], constant_values=3), x)
    agrees(lambda x: weft._core._pad(x, (0, 1, 0), (0, 0, 2), (1, 0, 2), fill=-1), x)


@pytest.mark.parametrize("axis", [0, 1])
def test_concatenation_is_an_operator(agrees, operators, axis):
    agrees(lambda x: weft.concat([x, x * 2, x], axis=axis), floats(2, 3))
    assert set(operators()) == {"Concat", "Mul", "Identity"}


def test_a_choice_between_padded_tensors_is_no_concatenation(agrees):
    x = floats(3)
    agrees(lambda x: weft.where(weft.arange(6) < 2, weft.pad(x, [(0, 3)]), weft.pad(x, [(3, 0)])), x)
    agrees(lambda x: weft.where(weft.arange(6) < 3, weft.pad(x, [(0, 3)], constant_values=1), weft.pad(x, [(3, 0)])), x)


def test_windows(agrees):
    x = floats(2, 9, 3)
    agrees(lambda x: weft._core.window(x, 1, 4, 3, 2, 2, 1, -1.0), x)
    agrees(lambda x: weft._core.fold(x, 1, 7, 2, 1, 1), floats(2, 4, 3, 2))


def test_constants(agrees):
    table = weft.arange(6, dtype=weft.float32).reshape(2, 3)
    agrees(lambda x: x + table + weft.asarray([1.0, 2.0, 3.0]) + weft.full((2, 3), 7.0), floats(2, 3))
    agrees(lambda x: x.astype(weft.int64) * weft.arange(3), floats(2, 3))


# ---- reductions and order


REDUCTIONS = ["sum", "prod", "max", "min", "mean", "any", "all"]


@pytest.mark.parametrize(
    ("name", "axis"),
    [(name, axis) for name in [*REDUCTIONS, "argmax", "argmin"] for axis in (None, 0, -1)]
    + [(name, axis) for name in REDUCTIONS for axis in [(0, 2), (1, 2)]],
)
def test_reductions(agrees, name, axis):
    agrees(lambda x: getattr(weft, name)(x, axis=axis), floats(2, 3, 4))
    agrees(lambda x: getattr(weft, name)(x, axis=axis, keepdims=True), floats(2, 3, 4))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64"])
def test_reductions_of_integers(agrees, dtype):
    x = integers(3, 4, low=0, high=2, dtype=dtype)
    agrees(lambda x: (x.sum(axis=0), x.max(axis=1), x.min(axis=1), x.prod(), x.any()), x)


def test_softmax_is_an_operator(agrees, operators):
    agrees(lambda x: weft.nn.functional.softmax(x, 1), floats(2, 3, 4))
    assert operators() == ["Softmax", "Identity"]
    agrees(lambda x: weft.nn.functional.log_softmax(x, 0), floats(2, 3, 4))
    agrees(lambda x: x.exp() / x.exp().sum(axis=0, keepdims=True), floats(3, 4))


def test_what_looks_like_softmax(agrees):
    agrees(lambda x: (e := x.exp()) / e.sum(axis=0), floats(3, 3))  # sums of columns, below rows
    agrees(lambda x: (e := x.exp()) / e.sum(axis=0, keepdims=True).T, floats(3, 3))
    agrees(lambda x: (e := (x - x.max(axis=0)).exp()) / e.sum(axis=1, keepdims=True), floats(3, 3))
    agrees(lambda x: (e := x.exp()) / (e + 1).sum(axis=0, keepdims=True), floats(3, 4))


def test_order(agrees):
    x = integers(3, 7, low=0, high=4).astype(weft.float32)  # with ties
    agrees(lambda x: (weft.argsort(x), weft.argsort(x, axis=0, descending=True), weft.sort(x, axis=0)), x)


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "cummax", "cummin"])
def test_running(agrees, name):
    def values(x, axis):
        found = getattr(weft, name)(x, axis)
        return found if isinstance(found, weft.Tensor) else tuple(found)

    agrees(lambda x: (values(x, 1), values(x, 0)), floats(3, 5))


# ---- products


def test_matmul(agrees):
    a, b = floats(2, 3, 4), floats(4, 5)
    agrees(lambda a, b: a @ b, a, b)
    agrees(lambda a, b: a[0, 0] @ b, a, b)
    agrees(lambda a, b: b.T @ a.mT, a, b)
    agrees(lambda a, b: a @ b, floats(2, 1, 3, 4), floats(5, 4, 2))
    agrees(lambda a: a @ weft.broadcast_to(a[0, 0], (4, 4)).T, a)
    agrees(lambda a, b: a @ b, integers(3, 4), integers(4, 2))


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_convolution(agrees, spatial):
    x, w = floats(2, 4, *(7, 8, 6)[:spatial]), floats(6, 2, *(3, 2, 2)[:spatial])
    convolve = getattr(weft.nn.functional, f"conv{spatial}d")
    agrees(lambda x, w: convolve(x, w, groups=2), x, w)
    agrees(lambda x, w: convolve(x, w, stride=2, padding=1, dilation=2, groups=2), x, w)


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"stride": 3, "output_padding": 2, "groups": 2}])
def test_transposed_convolution(agrees, options):
    w = floats(4, 3, 3, 2)
    agrees(lambda x: weft.nn.functional.conv_transpose2d(x, w, **options), floats(2, 4, 5, 4))


# ---- indexing


def test_gather(agrees):
    x, i = floats(5, 6, 2), integers(3, 4, low=-5, high=5)
    agrees(lambda x, i: x[i], x, i)
    agrees(lambda x, i: x[:, i], x, i)
    agrees(lambda x, i: x[i, i[0]], x, i)
    agrees(lambda x, i: x[:, i, i % 2], x, i)
    agrees(lambda x, i: weft.take_along_axis(x, i.reshape(3, 4, 1)[:, :1] % 2, axis=2), x[:3, :1], i)


def test_scatter(agrees):
    x, i, v = floats(5, 3), weft.asarray([0, 4, -2]), floats(3, 3)

    def put(x, i, v):
        y = x + 0
        y[i] = v
        return y

    agrees(put, x, i, v)
    agrees(lambda x, i, v: weft.index_add(x, 0, i % 2, v), x, i, v)
    agrees(lambda x, v: weft.scatter_add(x, 0, weft.asarray([[0, 1, 2], [0, 3, 4], [0, 1, 1]]), v), x, v)
    agrees(lambda x, v: weft.scatter(x, 1, weft.asarray([[2, 1, 0]]), v), x, v[:1])


# ---- loops


@pytest.mark.parametrize("reverse", [False, True])
def test_loop(agrees, reverse):
    w, u = floats(3, 4), floats(4, 4, low=-0.3, high=0.3)

    def run(x, h):
        return weft.loop(lambda h, x, c: ((x @ c[0] + h @ c[1]).tanh(),) * 2, h, x, [w, u], reverse=reverse)

    agrees(run, floats(6, 2, 3), floats(2, 4))


def test_loop_without_sequences_or_outputs(agrees):
    agrees(lambda x: weft.loop(lambda c, _, k: (c * 0.5 + k, None), x, None, x.sum(), length=4)[0], floats(3))


def test_loop_in_a_loop(agrees):
    def inner(x):
        return weft.loop(lambda c, x, _: (c + x, c * x), weft.zeros(()), x)[1]

    agrees(lambda x: weft.loop(lambda c, x, _: (c + x, inner(x) + c), weft.zeros(3), x), floats(4, 3))


def test_loop_that_hands_on_what_it_was_given(agrees):
    agrees(lambda x: weft.loop(lambda c, x, _: ((c[1], c[0]), x), (x[0], x[1]), x), floats(4, 3))
