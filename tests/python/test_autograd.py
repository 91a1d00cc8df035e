"""Gradients: every differentiable function against finite differences, and the ways to ask for them."""

from __future__ import annotations

import numpy as np
import pytest

import weft

STEP = 1e-6


def check(fun, *arrays, rtol=2e-5, atol=2e-7):
    """The gradient of sum(fun * weights) for each array of float64."""
    tensors = [weft.asarray(a).requires_grad_() for a in arrays]
    out = fun(*tensors)
    weights = np.cos(np.arange(out.size, dtype=np.float64)).reshape(out.shape) + 1.5
    (out * weft.asarray(weights)).sum().backward()

    def value(*xs):
        with weft.no_grad():
            return float((fun(*map(weft.asarray, xs)).numpy() * weights).sum())

    for which, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
        expected = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            high, low = [a.copy() for a in arrays], [a.copy() for a in arrays]
            high[which][i] += STEP
            low[which][i] -= STEP
            expected[i] = (value(*high) - value(*low)) / (2 * STEP)
        found = np.zeros_like(array) if tensor.grad is None else tensor.grad.numpy()
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


X = np.array([[0.3, -0.7, 1.2], [2.1, 0.5, -1.6]])
Y = np.array([[1.1, 0.4, -0.85], [0.9, -1.3, 0.6]])
POSITIVE = np.abs(X) + 0.3
UNIT = X / 3
M = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.2], [-0.3, 0.6, 1.8]])

UNARY = {
    "abs": X,
    "negative": X,
    "square": X,
    "sqrt": POSITIVE,
    "rsqrt": POSITIVE,
    "reciprocal": POSITIVE,
    "exp": X,
    "exp2": X,
    "expm1": X,
    "log": POSITIVE,
    "log1p": POSITIVE,
    "log2": POSITIVE,
    "log10": POSITIVE,
    "sin": X,
    "cos": X,
    "tan": UNIT,
    "asin": UNIT,
    "acos": UNIT,
    "atan": X,
    "sinh": X,
    "cosh": X,
    "tanh": X,
    "asinh": X,
    "acosh": POSITIVE + 1,
    "atanh": UNIT,
    "erf": X,
    "sigmoid": X,
    "relu": X,
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    check(getattr(weft, name), UNARY[name])


@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "round", "sign"])
def test_steps_have_no_slope(name):
    x = weft.asarray(X).requires_grad_()
    out = getattr(weft, name)(x)
    if out.requires_grad:
        out.sum().backward()
        assert x.grad is None or not x.grad.numpy().any()


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "subtract",
        "multiply",
        "divide",
        "minimum",
        "maximum",
        "atan2",
        "hypot",
        "logaddexp",
        "copysign",
        "remainder",
        "fmod",
    ],
)
def test_binary(name):
    check(getattr(weft, name), X, Y)
    check(getattr(weft, name), X, Y[:1])  # broadcasting adds up
    check(getattr(weft, name), X[:, :1], Y[0])


def test_pow():
    check(weft.pow, POSITIVE, Y)
    for e in (2, 3, -1, 0.5, 2.5):
        check(lambda x, e=e: x**e, POSITIVE)
    check(lambda x: x**2, X)
    check(lambda x: 2.0**x, X)
    check(lambda a, b, c: weft.fma(a, b, c), X, Y, Y + 1)


REDUCTIONS = {
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(1, keepdims=True),
    "prod": lambda x: x.prod(1),
    "max": lambda x: x.max(1),
    "min": lambda x: x.min(),
    "var": lambda x: x.var(1, correction=1),
    "std": lambda x: x.std(0),
    "logsumexp": lambda x: weft.logsumexp(x, 1),
    "cumsum": lambda x: x.cumsum(1),
    "cumprod": lambda x: x.cumprod(0),
    "cummax": lambda x: weft.cummax(x, 1),
    "norm": weft.linalg.vector_norm,
    "median": lambda x: weft.median(x, 1),
    "quantile": lambda x: weft.quantile(x, 0.3),
    "sort": lambda x: x.sort(1),
    "topk": lambda x: x.topk(2)[0],
    "softmax": lambda x: weft.exp(x - weft.logsumexp(x, 1, keepdims=True)),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    check(REDUCTIONS[name], X)


MOVEMENT = {
    "reshape": lambda x: x.reshape(3, 2),
    "transpose": lambda x: x.T,
    "broadcast": lambda x: weft.broadcast_to(x, (4, 2, 3)),
    "squeeze": lambda x: x.unsqueeze(1).squeeze(),
    "flip": lambda x: x.flip(1),
    "roll": lambda x: x.roll(1, 1),
    "tile": lambda x: x.tile(2, 2),
    "repeat": lambda x: x.repeat(2, 1),
    "repeats": lambda x: weft.repeat(x, [2, 0, 1], 1),
    "pad": lambda x: weft.pad(x, ((1, 2), (0, 1)), constant_values=3),
    "reflect": lambda x: weft.pad(x, ((0, 0), (2, 1)), mode="reflect"),
    "edge": lambda x: weft.pad(x, 1, mode="edge"),
    "wrap": lambda x: weft.pad(x, 1, mode="wrap"),
    "concat": lambda x: weft.concat([x, 2 * x], 1),
    "stack": lambda x: weft.stack([x, x * x]),
    "split": lambda x: x.split(2, 1)[0] * 3,
    "diag": lambda x: weft.diag(x[0]),
    "diagonal": weft.diagonal,
    "diff": weft.diff,
    "window": lambda x: weft._core.window(x, 1, 3, 2, 1, 1, 1, 0.0),
    "fold": lambda x: weft._core.fold(x, 0, 5, 2, 1, 0),
    "slice": lambda x: x[:, ::-2],
    "integer": lambda x: x[1, 2] + x[0],
    "array": lambda x: x[[0, 1, 1], [2, 0, 0]],
    "mask": lambda x: x[weft.asarray(X > 0)],
    "tensor": lambda x: x[:, weft.asarray([0, 0, 2])],
    "take": lambda x: weft.take(x, [1, 1, 2], 1),
    "take_along_axis": lambda x: weft.take_along_axis(x, weft.asarray([[0, 0], [2, 1]]), 1),
    "where": lambda x: weft.where(x > 0, x, 3 * x),
    "clip": lambda x: x.clip(-0.6, 1.0),
    "tril": weft.tril,
    "cast": lambda x: x.astype(weft.float64) * 2,
    "nan_to_num": weft.nan_to_num,
    "fancy": lambda x: x[None, [1, 0], ..., 1:],
}


@pytest.mark.parametrize("name", MOVEMENT)
def test_movement(name):
    check(MOVEMENT[name], X)


@pytest.mark.parametrize(
    "index", [0, (slice(None), 1), (slice(None), slice(None, None, -2)), (0, 2), ([1, 0],), ([1, 0], [0, 2])], ids=str
)
def test_setitem(index):
    def fun(x, y):
        z = x * 1
        z[index] = y * 2
        return z

    check(fun, X, np.asarray(Y[index]))


PRODUCTS = {
    "matmul": (weft.matmul, X, Y.T),
    "vector": (weft.matmul, X, Y[0]),
    "batch": (weft.matmul, np.stack([X, Y]), M),
    "outer": (weft.outer, X[0], Y[0]),
    "tensordot": (weft.tensordot, X, Y),
    "einsum": (lambda a, b: weft.einsum("ij,kj->k", a, b), X, Y),
    "vecdot": (weft.vecdot, X, Y),
    "conv": (
        lambda x, w: weft._core.conv(x, w, (2, 1), (1, 2), (1, 0), (0, 1)),
        np.cos(np.arange(72.0)).reshape(1, 2, 1, 6, 6),
        np.sin(np.arange(16.0)).reshape(2, 2, 1, 2, 2),
    ),
    "scatter_add": (lambda x, y: weft.scatter_add(x, 0, weft.asarray([[1, 0, 1], [1, 1, 0]]), y), X, Y),
    "scatter": (lambda x, y: weft.scatter(x, 1, weft.asarray([[1, 2], [0, 0]]), y), X, Y[:, :2]),
    "index_add": (lambda x, y: weft.index_add(x, 1, [0, 0, 2], y), X, Y),
    "cross": (weft.linalg.cross, X, Y),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name):
    fun, *arrays = PRODUCTS[name]
    check(fun, *arrays)


# ---- asking for gradients


def test_backward_adds_up(device):
    w = weft.asarray([1.0, 2.0]).requires_grad_()
    (w * w).sum().backward()
    first = w.grad
    (3 * w).sum().backward()
    assert w.grad is first
    assert w.grad.tolist() == [5, 7]
    w.zero_grad()
    assert w.grad is None
    w.grad = weft.ones(2)
    assert w.grad.tolist() == [1, 1]
    with pytest.raises(ValueError, match="grad"):
        w.grad = weft.ones(3)
    with pytest.raises(TypeError, match="grad"):
        w.grad = 1


def test_backward_errors():
    w = weft.asarray([1.0, 2.0]).requires_grad_()
    with pytest.raises(RuntimeError, match="gradient is needed"):
        (w * 2).backward()
    (w * 2).backward(weft.asarray([1.0, 10.0]))
    assert w.grad.tolist() == [2, 20]
    with pytest.raises(RuntimeError, match="requires no gradient"):
        weft.ones(1).backward()
    loss = (w * w).sum()
    loss.backward()
    loss.item()
    with pytest.raises(RuntimeError, match="retain_graph"):
        loss.backward()
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    with pytest.raises(TypeError, match="floating"):
        weft.asarray([1]).requires_grad_()


def test_leaves_and_in_place():
    w = weft.ones(2).requires_grad_()
    y = w * 2
    assert w.is_leaf
    assert w.requires_grad
    assert not y.is_leaf
    assert y.requires_grad
    assert not y.detach().requires_grad
    with pytest.raises(RuntimeError, match="no_grad"):
        w += 1
    with pytest.raises(RuntimeError, match="no_grad"):
        w[0] = y[0]
    with weft.no_grad():
        w -= 0.5
    assert w.is_leaf
    assert w.requires_grad
    assert w.tolist() == [0.5, 0.5]
    w.assign([3.0, 4.0])
    (w * w).sum().backward()
    assert w.grad.tolist() == [6, 8]
    with pytest.raises(ValueError, match="assign"):
        w.assign(weft.ones(3))
    w.requires_grad = False
    assert not (w * 2).requires_grad
    with pytest.raises(RuntimeError, match="detach"):
        y.requires_grad_(False)


def test_modes():
    w = weft.ones(2).requires_grad_()
    with weft.no_grad():
        assert not (w * 2).requires_grad
        assert not weft.is_grad_enabled()
        with weft.enable_grad():
            assert (w * 2).requires_grad

    @weft.no_grad()
    def f():
        return w * 2

    assert not f().requires_grad
    assert weft.is_grad_enabled()
    assert not weft.stop_gradient(w).requires_grad


def test_a_training_loop(device):
    rng = np.random.default_rng(0)
    x, true = weft.asarray(rng.standard_normal((64, 3)).astype(np.float32)), weft.asarray([1.0, -2.0, 0.5])
    y, w = x @ true, weft.zeros(3).requires_grad_()
    for _ in range(60):
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        with weft.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
    np.testing.assert_allclose(w.detach().numpy(), [1, -2, 0.5], atol=1e-2)


def test_grad_of_trees():
    params = {"w": weft.asarray([1.0, 2.0]), "b": [weft.asarray(3.0)], "n": 2}
    value, g = weft.value_and_grad(lambda p, k: k * (p["w"] * p["w"]).sum() + p["b"][0] * p["n"])(params, 3.0)
    assert value.item() == 21
    assert g["w"].tolist() == [6, 12]
    assert g["b"][0].item() == 2
    assert g["n"] == 2
    assert not value.requires_grad
    a, b = weft.grad(lambda x, y: (x * y).sum(), argnums=(0, 1))(weft.asarray([2.0]), weft.asarray([5.0]))
    assert (a.item(), b.item()) == (5, 2)
    x = weft.asarray(3.0)
    assert [g.item() for g in weft.grad(lambda x, y: x * x * y, argnums=(0, 1))(x, x)] == [18, 9]
    g, aux = weft.grad(lambda x: (x * x, "aux"), has_aux=True)(x)
    assert (g.item(), aux) == (6, "aux")
    assert weft.grad(lambda x: weft.asarray(1.0))(x).item() == 0
    with pytest.raises(TypeError, match="one floating-point number"):
        weft.grad(lambda x: x)(weft.ones(2))
    with pytest.raises(TypeError, match="argument 0"):
        weft.grad(lambda x: x)(weft.ones(2, dtype=int))


def test_higher_orders():
    x = weft.asarray(0.7)
    f = weft.sin
    derivatives = [f(x).item()]
    for _ in range(4):
        f = weft.grad(f)
        derivatives.append(f(x).item())
    s, c = np.sin(0.7), np.cos(0.7)
    np.testing.assert_allclose(derivatives, [s, c, -s, -c, s], rtol=1e-6)
    w = weft.asarray(2.0).requires_grad_()
    (w**3).backward(create_graph=True)
    g = w.grad
    w.grad = None
    g.backward()
    assert w.grad.item() == 12


def test_vjp_and_jvp():
    x, v = weft.asarray(X), weft.asarray(Y)
    value, pull = weft.vjp(lambda a, b: {"p": a @ b.T, "s": a.sum()}, x, v)
    ga, gb = pull({"p": weft.ones((2, 2), dtype=weft.float64), "s": weft.asarray(1.0, dtype=weft.float64)})
    np.testing.assert_allclose(ga.numpy(), np.ones((2, 2)) @ Y + 1)
    np.testing.assert_allclose(gb.numpy(), np.ones((2, 2)) @ X)
    assert not value["s"].requires_grad
    value, tangent = weft.jvp(lambda a: weft.sin(a) * 2, (x,), (v,))
    np.testing.assert_allclose(value.numpy(), 2 * np.sin(X))
    np.testing.assert_allclose(tangent.numpy(), 2 * np.cos(X) * Y)
    _, second = weft.jvp(weft.grad(lambda a: (a**3).sum()), (x,), (v,))
    np.testing.assert_allclose(second.numpy(), 6 * X * Y)
    with pytest.raises(ValueError, match="vjp"):
        pull({"p": weft.ones(2), "s": weft.ones(())})


def test_function():
    class Clamp(weft.Function):
        @staticmethod
        def forward(ctx, x, low):
            ctx.save_for_backward(x)
            ctx.low = low
            return x.clip(low), x * 2

        @staticmethod
        def backward(ctx, g, g2):
            (x,) = ctx.saved_tensors
            return g * (x > ctx.low) + 2 * g2, None

    x = weft.asarray([1.0, -3.0]).requires_grad_()
    a, b = Clamp.apply(x, -1.0)
    (a.sum() * 10 + b.sum()).backward()
    assert x.grad.tolist() == [12, 2]
    with weft.no_grad():
        assert not Clamp.apply(x, 0.0)[0].requires_grad

    class Wrong(weft.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g, g

    with pytest.raises(ValueError, match="2 gradients for 1"):
        Wrong.apply(x).sum().backward()


def test_errors_in_a_function_reach_the_caller():
    class Broken(weft.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Broken.apply(weft.ones(2).requires_grad_()).sum().backward()


def test_checkpoint():
    w = weft.asarray([1.0, 2.0, 3.0]).requires_grad_()
    calls = []

    def block(x):
        calls.append(1)
        noise = weft.random.uniform(size=3)
        return weft.tanh(x * w) * noise

    def gradients(run):
        weft.manual_seed(3)
        x = weft.asarray([0.5, -0.5, 0.25]).requires_grad_()
        w.grad = None
        out = run(x * 2)
        after = weft.random.uniform(size=2)
        out.sum().backward()
        return [t.tolist() for t in (out.detach(), x.grad, w.grad, after)]

    plain = gradients(block)
    n = len(calls)
    assert gradients(lambda x: weft.checkpoint(block, x)) == plain
    assert len(calls) == n + 3
    with weft.no_grad():
        assert not weft.checkpoint(block, weft.ones(3)).requires_grad


def test_complex_gradients():
    z = weft.asarray([1 + 2j, -0.5 + 1j]).requires_grad_()
    (z * z.conj()).real.sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), 2 * z.detach().numpy())
    z.grad = None
    weft.abs(z).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), z.detach().numpy() / np.abs(z.detach().numpy()), rtol=1e-6)


def test_narrow_gradients_keep_their_dtype(device):
    w = weft.ones(4, dtype=weft.float16).requires_grad_()
    (w * 2).sum().backward()
    assert w.grad.dtype == weft.float16
    assert w.grad.tolist() == [2] * 4


def test_gradients_on_every_backend(device):
    x = weft.asarray(X.astype(np.float32)).requires_grad_()
    w = weft.asarray(M.astype(np.float32)).requires_grad_()
    h = weft.tanh(x @ w)
    (weft.logsumexp(h, 1) - h[:, 0]).mean().backward()
    with weft.device("cpu"):
        x64, w64 = weft.asarray(X).requires_grad_(), weft.asarray(M).requires_grad_()
        h = weft.tanh(x64 @ w64)
        (weft.logsumexp(h, 1) - h[:, 0]).mean().backward()
    np.testing.assert_allclose(x.grad.numpy(), x64.grad.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(w.grad.numpy(), w64.grad.numpy(), rtol=1e-4, atol=1e-6)
