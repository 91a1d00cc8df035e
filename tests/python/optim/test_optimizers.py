"""Optimizers against their formulas in NumPy, float64."""

import numpy as np
import pytest

import weft
from weft import nn, optim

LR = float(np.float32(0.05))  # learning rates are float32


def sgd(p, grads, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    velocity = None
    for g in grads:
        g = g + weight_decay * p
        if momentum:
            velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
            g = g + momentum * velocity if nesterov else velocity
        p = p - LR * g
    return p


def adam(p, grads, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, decoupled=False):
    m = v = np.zeros_like(p)
    for t, g in enumerate(grads, 1):
        if decoupled:
            p = p - LR * weight_decay * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        p = p - LR * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return p


def run(make, p, grads):
    parameter = nn.Parameter(weft.asarray(p))
    optimizer = make([parameter])
    for g in grads:
        parameter.grad = weft.asarray(g)
        optimizer.step()
    return parameter.numpy()


@pytest.mark.parametrize(
    ("cls", "reference", "options"),
    [
        (optim.SGD, sgd, {}),
        (optim.SGD, sgd, {"momentum": 0.9}),
        (optim.SGD, sgd, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
        (optim.SGD, sgd, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
        (optim.Adam, adam, {}),
        (optim.Adam, adam, {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
        (optim.Adam, adam, {"betas": (0.0, 0.9)}),
        (optim.AdamW, adam, {"weight_decay": 0.2}),
    ],
)
def test_formula(cls, reference, options):
    rng = np.random.default_rng(0)
    p, grads = rng.normal(size=(4, 3)), rng.normal(size=(8, 4, 3))
    expected = reference(p, grads, **options, **({"decoupled": True} if cls is optim.AdamW else {}))
    got = run(lambda params: cls(params, lr=0.05, **options), p, grads)
    np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-7)  # bias correction is float32


def test_groups_have_their_own_options():
    a, b = nn.Parameter(weft.ones((2,))), nn.Parameter(weft.ones((2,)))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.25)
    a.grad = b.grad = weft.ones((2,))
    optimizer.step()
    assert a.tolist() == [0.75, 0.75]
    assert b.tolist() == [0.5, 0.5]


def test_learning_rate_is_a_tensor_that_stays():
    p = nn.Parameter(weft.ones((2,)))
    optimizer = optim.SGD([p], lr=0.25)
    lr = optimizer.lr
    for change in (lambda: setattr(optimizer, "lr", 0.5), lambda: optimizer.param_groups[0].__setitem__("lr", 0.5)):
        change()
        assert optimizer.lr is lr
        assert lr.item() == 0.5
    optimizer.param_groups[0]["lr"] *= 0.5
    assert optimizer.lr is lr
    assert lr.item() == 0.25


def test_parameters_without_gradient_stay():
    a, b = nn.Parameter(weft.ones((2,))), nn.Parameter(weft.ones((2,)))
    optimizer = optim.Adam([a, b])
    (a * a).sum().backward()
    optimizer.step()
    assert b.tolist() == [1, 1]
    assert a.tolist() != [1, 1]
    optimizer.zero_grad()
    assert a.grad is None


@pytest.mark.parametrize("cls", [optim.SGD, optim.Adam, optim.AdamW])
def test_state_goes_on(cls):
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=5), rng.normal(size=(6, 5))
    options = {"momentum": 0.9} if cls is optim.SGD else {}
    expected = run(lambda params: cls(params, lr=0.05, **options), start, grads)
    first = nn.Parameter(weft.asarray(start))
    one = cls([first], lr=0.05, **options)
    for g in grads[:3]:
        first.grad = weft.asarray(g)
        one.step()
    second = nn.Parameter(weft.asarray(first.numpy()))
    two = cls([second], lr=1.0, **options)
    two.load_state_dict(one.state_dict())
    for g in grads[3:]:
        second.grad = weft.asarray(g)
        two.step()
    np.testing.assert_array_equal(second.numpy(), expected)


def test_moving_the_model_moves_the_state():
    model = nn.Linear(2, 2)
    optimizer = optim.Adam(model.parameters())
    model.to(weft.float64)
    model(weft.ones((1, 2), dtype=weft.float64)).sum().backward()
    optimizer.step()
    assert optimizer.state[model.weight]["mean"].dtype == weft.float64


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: optim.Adam([]), ["no parameters", "model.parameters()"]),
        (lambda p: optim.Adam([p], lr=-1), ["lr", "-1"]),
        (lambda p: optim.Adam([p], betas=(0.9, 1.0)), ["betas", "1.0"]),
        (lambda p: optim.SGD([p], nesterov=True), ["nesterov", "momentum"]),
        (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}]), ["two groups"]),
        (lambda p: optim.SGD([p * 2]), ["leaf"]),
        (lambda p: optim.SGD([{"params": [p], "rate": 1}]), ["rate"]),
        (lambda p: optim.SGD([3]), ["Tensor", "int"]),
        (lambda p: optim.SGD([p]).load_state_dict(optim.SGD([p, weft.ones(2)]).state_dict()), ["[2]", "[1]"]),
    ],
)
def test_mistakes(call, words):
    with pytest.raises((ValueError, TypeError)) as error:
        call(nn.Parameter(weft.ones((2,))))
    for word in words:
        assert word in str(error.value)


def test_cosine():
    schedule = optim.cosine(1.0, steps=110, warmup=10, final=0.1)
    assert schedule(0) == 0.1
    assert schedule(9) == 1.0
    assert schedule(10) == 1.0
    assert abs(schedule(60) - 0.55) < 1e-12
    assert abs(schedule(110) - 0.1) < 1e-12
    assert schedule(1000) == schedule(110)
