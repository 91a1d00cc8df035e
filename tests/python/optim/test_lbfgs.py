"""L-BFGS on problems whose answers are known, and its line search against the Wolfe conditions."""

import math

import numpy as np
import pytest

import weft
from weft import nn, optim
from weft.optim.line_search import Point, cubic_minimum, strong_wolfe


def minimize(params, loss, steps, **options):
    optimizer = optim.LBFGS(params, **options)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    for _ in range(steps):
        optimizer.step(closure)
    return optimizer, closure, lambda: calls


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


def quadratic():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(6, 6))
    matrix, b = a @ a.T + np.eye(6), rng.normal(size=6)
    return matrix.astype(np.float32), b.astype(np.float32)


def two_loop(steps, lr, history):
    """The iterates of Nocedal and Wright's algorithm 7.4 on a quadratic, float64."""
    matrix, b = (a.astype(float) for a in quadratic())
    x, pairs, previous = np.zeros(6), [], None
    for _ in range(steps):
        g = matrix @ x - b
        if previous is not None:
            s, y = x - previous[0], g - previous[1]
            pairs = [*pairs, (s, y)][-history:]
        q, alphas = g.copy(), []
        for s, y in reversed(pairs):
            alphas.append(s @ q / (y @ s))
            q -= alphas[-1] * y
        if pairs:
            s, y = pairs[-1]
            q *= s @ y / (y @ y)
        for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
            q += (alpha - y @ q / (y @ s)) * s
        previous = x, g
        x = x - lr * (1 if pairs else min(1, 1 / np.abs(g).sum())) * q
    return x


@pytest.mark.parametrize("history", [2, 100])
@pytest.mark.parametrize("calls", [1, 4])
def test_two_loops(history, calls):
    matrix, b = (weft.asarray(a) for a in quadratic())
    first, second = nn.Parameter(weft.zeros((2, 2))), nn.Parameter(weft.zeros(2))

    def loss():
        x = weft.concat([first.reshape(-1), second])
        return 0.5 * (x @ (matrix @ x)) - b @ x

    # The last iteration of a call does not look at where it ends, the next call does: so many calls make the same path.
    minimize([first, second], loss, calls, lr=0.5, max_iter=12 // calls, max_eval=100, history_size=history)
    got = np.concatenate([first.numpy().ravel(), second.numpy()])
    np.testing.assert_allclose(got, two_loop(12, 0.5, history), rtol=2e-3, atol=2e-4)


def test_rosenbrock():
    p = nn.Parameter(weft.asarray([-1.2, 1.0]))
    _, _, calls = minimize([p], lambda: rosenbrock(p), 4, line_search_fn="strong_wolfe")
    np.testing.assert_allclose(p.numpy(), [1, 1], atol=2e-3)
    assert calls() < 100


def test_logistic_regression_reaches_the_optimum():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    y = (x @ [1.0, -2.0, 0.5] + rng.normal(size=200) > 0).astype(np.float32)
    w = nn.Parameter(weft.zeros(3))
    xs, signs = weft.asarray(x), weft.asarray(2 * y - 1)
    minimize([w], lambda: (1 + (-signs * (xs @ w)).exp()).log().mean(), 2, line_search_fn="strong_wolfe")
    p = 1 / (1 + np.exp(-x.astype(float) @ w.numpy().astype(float)))
    assert np.abs(x.T.astype(float) @ (p - y)).max() / 200 < 1e-4  # the gradient, float64; at first it is 0.4


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_state_goes_on_bit_for_bit(search):
    p = nn.Parameter(weft.asarray([-1.2, 1.0]))
    options = {"line_search_fn": search, "max_iter": 3, "lr": 1.0 if search else 0.1}
    optimizer, closure, _ = minimize([p], lambda: rosenbrock(p), 3, **options)
    middle, state = p.numpy(), optimizer.state_dict()
    for _ in range(3):
        optimizer.step(closure)
    q = nn.Parameter(weft.asarray(middle))
    other, closure, _ = minimize([q], lambda: rosenbrock(q), 0, **{**options, "lr": 7.0})
    kept = {k: weft.asarray(v.numpy()) for k, v in state["state"][0].items()}
    assert kept["steps"].shape == kept["changes"].shape
    other.load_state_dict({**state, "state": {0: kept}})
    for _ in range(3):
        other.step(closure)
    np.testing.assert_array_equal(q.numpy(), p.numpy())


def test_a_minimum_stays():
    p = nn.Parameter(weft.asarray([1.0, 1.0]))
    minimize([p], lambda: rosenbrock(p), 2)
    assert p.tolist() == [1, 1]


def test_losses_that_are_no_numbers_end():
    p = nn.Parameter(weft.asarray([1.0]))
    minimize([p], lambda: (p * p).sum() + math.nan, 2, line_search_fn="strong_wolfe")


def line(f, slope):
    return lambda t: Point(t, f(t), weft.zeros(()), slope(t))


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 30.0])
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda t: (t - 2) ** 2, lambda t: 2 * (t - 2)),
        (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),  # More and Thuente, 1994, (5.1)
        (lambda t: math.cos(t) + 0.01 * t * t - t * 0.5, lambda t: -math.sin(t) + 0.02 * t - 0.5),
    ],
)
def test_strong_wolfe(f, slope, first):
    at = line(f, slope)
    end = strong_wolfe(at, at(0.0), first, reach=1.0, tolerance=1e-9, limit=50)
    assert end.loss == f(end.t)
    assert end.loss <= f(0) + 1e-4 * end.t * slope(0)
    assert abs(slope(end.t)) <= -0.9 * slope(0)


def test_cubic_minimum():
    def at(t):  # t^3 - 3 t has its minimum at 1
        return Point(t, t**3 - 3 * t, weft.zeros(()), 3 * t * t - 3)

    assert abs(cubic_minimum(at(0.2), at(3.0), 0.2, 3.0) - 1) < 1e-12
    assert abs(cubic_minimum(at(3.0), at(0.2), 0.2, 3.0) - 1) < 1e-12
    assert cubic_minimum(at(2.0), at(3.0), 2.0, 3.0) == 2
    assert cubic_minimum(at(2.0), at(2.0), 1.0, 4.0) == 2.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: optim.LBFGS([{"params": [p]}, {"params": [weft.ones(2)]}]), ["one group"]),
        (lambda p: optim.LBFGS([p], line_search_fn="armijo"), ["armijo", "strong_wolfe"]),
        (lambda p: optim.LBFGS([p], max_iter=0), ["max_iter", "0"]),
        (lambda p: optim.LBFGS([p]).step(), ["closure"]),
        (lambda p: optim.LBFGS([p]).step(lambda: None), ["closure", "NoneType"]),
        (
            lambda p: optim.LBFGS([p]).load_state_dict(
                {**optim.LBFGS([p]).state_dict(), "state": {0: {"gradient": weft.ones(3)}}}
            ),
            ["gradient", "(3,)", "2"],
        ),
    ],
)
def test_mistakes(call, words):
    with pytest.raises((ValueError, TypeError)) as error:
        call(nn.Parameter(weft.ones(2)))
    for word in words:
        assert word in str(error.value)
