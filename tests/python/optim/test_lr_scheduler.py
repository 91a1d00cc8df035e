"""Schedules against their formulas, written out; in plain and in compiled steps."""

import json
import math

import numpy as np
import pytest

import weft
from weft import nn, optim


def sgd(lr=0.4, **options):
    return optim.SGD(
        [{"params": [nn.Parameter(weft.ones(2))]}, {"params": [nn.Parameter(weft.ones(2))], "lr": 0.1}],
        lr=lr,
        **options,
    )


def half_cosine(a, b, share):
    return b + (a - b) * (1 + math.cos(math.pi * share)) / 2


def one_cycle(lr, t):  # 20 steps, the rate rises to step 5 and falls to step 19
    low, high, last = lr / 10, lr, lr / 10 / 100
    return half_cosine(low, high, t / 5) if t <= 5 else half_cosine(high, last, (t - 5) / 14)


def three_phases(lr, t):  # up to step 5, down to step 10, out to step 19
    low, high, last = lr / 10, lr, lr / 10 / 100
    if t <= 5:
        return low + (high - low) * t / 5
    return high + (low - high) * (t - 5) / 5 if t <= 10 else low + (last - low) * (t - 10) / 9


def warmup_cosine(lr, t):
    if t < 4:
        return lr * (t + 1) / 4
    return half_cosine(lr, 0.01, min(1, (t - 4) / 12))


SCHEDULES = [
    (lambda o: optim.LambdaLR(o, lambda t: 1 / (1 + t)), lambda lr, t: lr / (1 + t)),
    (lambda o: optim.LambdaLR(o, [lambda t: 0.5**t, lambda t: 0.5**t]), lambda lr, t: lr * 0.5**t),
    (lambda o: optim.StepLR(o, 3, gamma=0.5), lambda lr, t: lr * 0.5 ** (t // 3)),
    (lambda o: optim.MultiStepLR(o, [7, 2, 7]), lambda lr, t: lr * (1 if t < 2 else 0.1 if t < 7 else 0.001)),
    (lambda o: optim.ExponentialLR(o, 0.9), lambda lr, t: lr * 0.9**t),
    (lambda o: optim.CosineAnnealingLR(o, 8, eta_min=0.01), lambda lr, t: half_cosine(lr, 0.01, t / 8)),
    (lambda o: optim.WarmupCosine(o, 4, 16, eta_min=0.01), warmup_cosine),
    (
        lambda o: optim.OneCycleLR(
            o, [0.4, 0.1], total_steps=20, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
        one_cycle,
    ),
    (
        lambda o: optim.OneCycleLR(
            o,
            [0.4, 0.1],
            epochs=4,
            steps_per_epoch=5,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=10,
            final_div_factor=100,
            three_phase=True,
        ),
        three_phases,
    ),
]
NAMES = [
    "Lambda",
    "Lambdas",
    "Step",
    "MultiStep",
    "Exponential",
    "CosineAnnealing",
    "WarmupCosine",
    "OneCycle",
    "OneCycle3",
]


@pytest.mark.parametrize(("make", "formula"), SCHEDULES, ids=NAMES)
def test_formula(make, formula):
    optimizer = sgd()
    scheduler = make(optimizer)
    for t in range(20):
        expected = [formula(0.4, t), formula(0.1, t)]
        np.testing.assert_allclose(scheduler.get_last_lr(), expected, rtol=1e-12)
        np.testing.assert_allclose([g["lr"].item() for g in optimizer.param_groups], expected, rtol=1e-6)
        if t < 19:
            optimizer.step()
            scheduler.step()


@pytest.mark.parametrize(("make", "formula"), SCHEDULES, ids=NAMES)
def test_state_goes_on(make, formula):
    one = make(sgd())
    for _ in range(6):
        one.step()
    optimizer = sgd(lr=7.0)
    two = make(optimizer)
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert two.get_last_lr() == one.get_last_lr()
    np.testing.assert_allclose(optimizer.lr.item(), formula(0.4, 6), rtol=1e-6)
    for _ in range(7):
        one.step()
        two.step()
        assert two.get_last_lr() == one.get_last_lr()


def test_the_first_rate_comes_back_with_the_optimizer():
    first = sgd()
    scheduler = optim.ExponentialLR(first, 0.5)
    scheduler.step()
    scheduler.step()
    second = sgd(lr=9.0)
    second.load_state_dict(first.state_dict())
    later = optim.ExponentialLR(second, 0.5, last_epoch=2)  # two steps were done; it takes the third
    assert later.base_lrs == [0.4, 0.1]
    assert later.get_last_lr() == [0.05, 0.0125]


def test_compiled_steps_see_the_schedule():
    lr = 0.5
    p = nn.Parameter(weft.zeros(2))
    optimizer = optim.SGD([p], lr=lr)
    scheduler = optim.StepLR(optimizer, 2, gamma=0.5)

    @weft.compile
    def step(g):
        p.grad = g
        optimizer.step()
        return ()

    for _ in range(6):
        step(weft.ones(2))
        scheduler.step()
    assert p.tolist() == [-(0.5 + 0.5 + 0.25 + 0.25 + 0.125 + 0.125)] * 2
    assert step.traces == 1


def momentum_at(t):
    return half_cosine(0.95, 0.85, t / 2) if t <= 2 else half_cosine(0.85, 0.95, (t - 2) / 7)


def rate_at(t):
    return half_cosine(0.004, 0.1, t / 2) if t <= 2 else half_cosine(0.1, 0.004 / 1e4, (t - 2) / 7)


def cycled_sgd(p, grads):
    velocity = np.zeros_like(p)
    for t, g in enumerate(grads):
        velocity = momentum_at(t) * velocity + g
        p = p - rate_at(t) * velocity
    return p


def cycled_adam(p, grads):
    m = v = np.zeros_like(p)
    for t, g in enumerate(grads):
        beta = momentum_at(t)
        m = beta * m + (1 - beta) * g
        v = 0.999 * v + 0.001 * g * g
        p = p - rate_at(t) * (m / (1 - beta ** (t + 1))) / (np.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8)
    return p


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("make", "reference"),
    [
        (lambda p: optim.SGD([p]), cycled_sgd),
        (lambda p: optim.SGD([p], momentum=0.5), cycled_sgd),
        (lambda p: optim.Adam([p]), cycled_adam),
    ],
    ids=["SGD", "SGD-momentum", "Adam"],
)
def test_one_cycle_moves_the_momentum_too(make, reference, compiled):
    grads = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    p = nn.Parameter(weft.ones(3))
    optimizer = make(p)
    scheduler = optim.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)

    def step(g):
        p.grad = g
        optimizer.step()
        return ()

    if compiled:
        step = weft.compile(step)
    for g in grads:
        step(weft.asarray(g))
        scheduler.step()
    if compiled:
        assert step.traces == 1
    np.testing.assert_allclose(p.numpy(), reference(np.ones(3), grads.astype(float)), rtol=1e-5)


def test_one_cycle_goes_on_bit_for_bit():
    grads = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)

    def run(steps, start, state=None):
        p = nn.Parameter(weft.asarray(start))
        optimizer = optim.Adam([p])
        scheduler = optim.OneCycleLR(optimizer, max_lr=0.1, total_steps=10)
        if state:
            optimizer.load_state_dict(state[0])
            scheduler.load_state_dict(state[1])
        for t in steps:
            p.grad = weft.asarray(grads[t])
            optimizer.step()
            scheduler.step()
        return p.numpy(), (optimizer.state_dict(), json.loads(json.dumps(scheduler.state_dict())))

    whole, _ = run(range(10), np.ones(3, np.float32))
    half, (state, schedule) = run(range(5), np.ones(3, np.float32))
    json.dumps(state["param_groups"][0]["betas"])
    end, _ = run(range(5, 10), half, (state, schedule))
    np.testing.assert_array_equal(end, whole)


def plateau(metrics, **options):
    optimizer = sgd(lr=1.0)
    scheduler = optim.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for m in metrics:
        scheduler.step(m)
        rates.append(optimizer.lr.item())
    return rates


@pytest.mark.parametrize(
    ("metrics", "options", "expected"),
    [
        ([5, 4, 4, 4, 4, 3], {"patience": 1, "factor": 0.5}, [1, 1, 1, 0.5, 0.5, 0.5]),
        ([5, 5, 5, 5, 5, 5], {"patience": 0, "factor": 0.5, "cooldown": 1}, [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
        ([1, 2, 2, 2], {"patience": 1, "factor": 0.5, "mode": "max"}, [1, 1, 1, 0.5]),
        ([1, 0.95, 0.85], {"patience": 0, "factor": 0.5, "threshold": 0.1}, [1, 0.5, 0.5]),
        ([1, 0.95, 0.85], {"patience": 0, "factor": 0.5, "threshold": 0.2, "threshold_mode": "abs"}, [1, 0.5, 0.25]),
        (
            [1, 1, 1, 1],
            {"patience": 0, "factor": 0.5, "min_lr": [0.4, 0.0]},
            [1, 0.5, 0.4000000059604645, 0.4000000059604645],
        ),
        ([1, 1, 1], {"patience": 0, "factor": 0.5, "eps": 0.3}, [1, 0.5, 0.5]),
        ([math.nan, math.nan], {"patience": 0, "factor": 0.5}, [0.5, 0.25]),
        ([weft.asarray(1.0), weft.asarray(2.0)], {"patience": 0, "factor": 0.5}, [1, 0.5]),
    ],
)
def test_plateau(metrics, options, expected):
    assert plateau(metrics, **options) == expected


def test_plateau_state_goes_on():
    one, two = (optim.ReduceLROnPlateau(sgd(), patience=1, cooldown=1) for _ in range(2))
    metrics = [3, 2, 2, 2, 2, 2, 2, 2, 2]
    for m in metrics[:4]:
        one.step(m)
    two.load_state_dict(json.loads(json.dumps(one.state_dict())))
    for m in metrics[4:]:
        one.step(m)
        two.step(m)
        assert two.state_dict() == one.state_dict()
    assert one.get_last_lr()[0] < 0.01


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optim.StepLR(sgd().param_groups, 3), ["optimizer", "list"]),
        (lambda: optim.StepLR(sgd(), 0), ["step_size", "0"]),
        (lambda: optim.StepLR(sgd(), 1, last_epoch=4), ["last_epoch=4", "initial_lr"]),
        (lambda: optim.LambdaLR(sgd(), [abs]), ["1 functions", "2 groups"]),
        (lambda: optim.CosineAnnealingLR(sgd(), 0), ["T_max", "0"]),
        (lambda: optim.WarmupCosine(sgd(), 9, 5), ["warmup_steps", "9", "5"]),
        (lambda: optim.OneCycleLR(sgd(), 0.1), ["total_steps", "epochs"]),
        (lambda: optim.OneCycleLR(sgd(), 0.1, total_steps=0), ["0"]),
        (lambda: optim.OneCycleLR(sgd(), [0.1], total_steps=9), ["max_lr", "1 values", "2 groups"]),
        (lambda: optim.OneCycleLR(sgd(), 0.1, total_steps=9, pct_start=2), ["pct_start", "2"]),
        (lambda: optim.OneCycleLR(sgd(), 0.1, total_steps=9, anneal_strategy="sin"), ["sin", "linear"]),
        (lambda: optim.OneCycleLR(optim.Adagrad([weft.ones(2)]), 0.1, total_steps=9), ["momentum", "cycle_momentum"]),
        (lambda: optim.ReduceLROnPlateau(sgd(), mode="least"), ["mode", "least"]),
        (lambda: optim.ReduceLROnPlateau(sgd(), factor=1.0), ["factor", "1.0"]),
        (lambda: optim.ReduceLROnPlateau(sgd(), threshold_mode="x"), ["threshold_mode", "x"]),
        (
            lambda: optim.StepLR(sgd(), 3).load_state_dict(optim.ExponentialLR(sgd(), 0.5).state_dict()),
            ["StepLR", "step_size"],
        ),
        (
            lambda: optim.StepLR(sgd(), 3).load_state_dict(optim.StepLR(optim.SGD([weft.ones(2)]), 3).state_dict()),
            ["1 rates", "2 groups"],
        ),
    ],
)
def test_mistakes(call, words):
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    for word in words:
        assert word in str(error.value)


def test_one_cycle_ends():
    optimizer = optim.SGD([weft.ones(2)], lr=1.0)
    scheduler = optim.OneCycleLR(optimizer, 0.1, total_steps=3, cycle_momentum=False)
    for _ in range(3):
        scheduler.step()
    for _ in range(2):
        with pytest.raises(ValueError, match="3 steps"):
            scheduler.step()


def test_cosine_as_a_function():
    schedule = optim.cosine(1.0, steps=110, warmup=10, final=0.1)
    assert schedule(0) == 0.1
    assert schedule(9) == 1.0
    assert schedule(10) == 1.0
    assert abs(schedule(60) - 0.55) < 1e-12
    assert abs(schedule(110) - 0.1) < 1e-12
    assert schedule(1000) == schedule(110)
