"""Every optimizer and schedule that PyTorch has, side by side."""

import math

import numpy as np
import pytest

import weft
from weft import nn, optim

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow
lr_scheduler = torch.optim.lr_scheduler

CASES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.3, "amsgrad": True}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1, "momentum_decay": 0.1, "decoupled_weight_decay": True}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.9, "weight_decay": 0.1, "momentum": 0.5, "centered": True, "eps": 1e-3}),
    ("Adagrad", {}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.2}),
    ("Adafactor", {}),
    ("Adafactor", {"beta2_decay": -0.5, "eps": (1e-3, 0.1), "d": 1.5, "weight_decay": 0.1, "maximize": True}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "adjust_lr_fn": "match_rms_adamw", "weight_decay": 0.3}),
]


def twins(seed=0):
    """A model of three layers in PyTorch and here, with the same weights, and batches of data."""
    rng = np.random.default_rng(seed)
    theirs = torch.nn.Sequential(
        torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)
    )
    ours = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        values = rng.normal(size=tuple(a.shape)).astype(np.float32) * 0.5
        a.data = torch.from_numpy(values)
        b.assign(weft.asarray(values))
    return (
        theirs,
        ours,
        rng.normal(size=(10, 16, 5)).astype(np.float32),
        rng.normal(size=(10, 16, 2)).astype(np.float32),
    )


def same(theirs, ours, rtol=1e-5, atol=2e-6):
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        np.testing.assert_allclose(b.numpy(), a.detach().numpy(), rtol=rtol, atol=atol)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("name", "options"), CASES, ids=[f"{n}-{','.join(o)}" for n, o in CASES])
def test_ten_steps(name, options, compiled):
    theirs, ours, xs, ys = twins()
    trained = [[p for p in model.parameters() if name != "Muon" or p.ndim == 2] for model in (theirs, ours)]
    a = getattr(torch.optim, name)(trained[0], lr=0.01, **options)
    b = getattr(optim, name)(trained[1], lr=0.01, **options)

    def step(x, y):
        b.zero_grad()
        ((ours(x) - y) ** 2).mean().backward()
        b.step()
        return ()

    if compiled:
        step = weft.compile(step)
    for x, y in zip(xs, ys, strict=True):
        a.zero_grad()
        ((theirs(torch.from_numpy(x)) - torch.from_numpy(y)) ** 2).mean().backward()
        a.step()
        step(weft.asarray(x), weft.asarray(y))
    if name == "Muon":  # there the iteration runs in bfloat16
        same(theirs, ours, rtol=0, atol=0.01)
    else:
        same(theirs, ours)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs(search):
    theirs, ours, xs, ys = twins()
    a = torch.optim.LBFGS(theirs.parameters(), lr=0.5, max_iter=4, line_search_fn=search)
    b = optim.LBFGS(ours.parameters(), lr=0.5, max_iter=4, line_search_fn=search)
    x, y, losses = xs[0], ys[0], ([], [])

    def closure_a():
        a.zero_grad()
        loss = ((theirs(torch.from_numpy(x)) - torch.from_numpy(y)) ** 2).mean()
        loss.backward()
        losses[0].append(loss.item())
        return loss

    def closure_b():
        b.zero_grad()
        loss = ((ours(weft.asarray(x)) - weft.asarray(y)) ** 2).mean()
        loss.backward()
        losses[1].append(loss.item())
        return loss

    for _ in range(3):
        a.step(closure_a)
        b.step(closure_b)
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-4)  # the same points, in the same order
    same(theirs, ours, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(
    ("norm_type", "max_norm"), [(2.0, 0.1), (2.0, 100.0), (1.0, 0.1), (math.inf, 0.01), (3.0, 0.1)]
)
def test_clip_grad_norm(norm_type, max_norm):
    theirs, ours, xs, ys = twins()
    ((theirs(torch.from_numpy(xs[0])) - torch.from_numpy(ys[0])) ** 2).mean().backward()
    ((ours(weft.asarray(xs[0])) - weft.asarray(ys[0])) ** 2).mean().backward()
    expected = torch.nn.utils.clip_grad_norm_(theirs.parameters(), max_norm, norm_type)
    norm = optim.clip_grad_norm_(ours.parameters(), max_norm, norm_type)
    np.testing.assert_allclose(norm.item(), expected.item(), rtol=1e-5)
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        np.testing.assert_allclose(b.grad.numpy(), a.grad.numpy(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_average_of_weights(decay):
    a = torch.nn.Linear(3, 2)
    b = nn.Linear(3, 2)
    average = torch.optim.swa_utils.AveragedModel(a, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay))
    ema = optim.EMA(b.parameters(), decay=decay)
    rng = np.random.default_rng(0)
    for _ in range(10):
        for p, q in zip(a.parameters(), b.parameters(), strict=True):
            values = rng.normal(size=tuple(p.shape)).astype(np.float32)
            p.data = torch.from_numpy(values)
            q.assign(weft.asarray(values))
        average.update_parameters(a)
        ema.update()
    with ema.swap():
        same(average.module, b)


SCHEDULES = [
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 7, 7], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.8}),
    ("LambdaLR", {"lr_lambda": lambda t: 1 / (1 + t)}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 20}),
    ("OneCycleLR", {"max_lr": [0.3, 0.1], "total_steps": 20, "three_phase": True, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.3, "epochs": 4, "steps_per_epoch": 5, "pct_start": 0.5, "base_momentum": 0.5}),
]


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize(("schedule", "options"), SCHEDULES, ids=[f"{n}{i}" for i, (n, _) in enumerate(SCHEDULES)])
def test_schedule(schedule, options, name):
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=(20, 2, 3)).astype(np.float32)
    ours = [nn.Parameter(weft.asarray(v)) for v in start]
    theirs = [torch.nn.Parameter(torch.from_numpy(v.copy())) for v in start]
    momentum = {"momentum": 0.9} if name == "SGD" else {}
    a = getattr(torch.optim, name)([{"params": theirs[0]}, {"params": theirs[1], "lr": 0.02}], lr=0.05, **momentum)
    b = getattr(optim, name)([{"params": ours[0]}, {"params": ours[1], "lr": 0.02}], lr=0.05, **momentum)
    one, two = getattr(lr_scheduler, schedule)(a, **options), getattr(optim, schedule)(b, **options)
    for t, g in enumerate(grads):
        np.testing.assert_allclose(two.get_last_lr(), one.get_last_lr(), rtol=1e-9)
        for i in range(2):
            theirs[i].grad, ours[i].grad = torch.from_numpy(g[i].copy()), weft.asarray(g[i])
        a.step()
        b.step()
        if t < 19:
            one.step()
            two.step()
    for p, q in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(q.numpy(), p.detach().numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("sign", [1, -1])
def test_plateau(mode, threshold_mode, sign):
    options = {
        "mode": mode,
        "threshold_mode": threshold_mode,
        "patience": 2,
        "cooldown": 1,
        "threshold": 0.1,
        "min_lr": 1e-3,
    }
    a, b = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0), optim.SGD([weft.ones(1)], lr=1.0)
    one, two = lr_scheduler.ReduceLROnPlateau(a, **options), optim.ReduceLROnPlateau(b, **options)
    for m in sign * (1 + np.random.default_rng(0).random(60).cumsum() * np.random.default_rng(1).normal(size=60)):
        one.step(m)
        two.step(m)
        np.testing.assert_allclose(two.get_last_lr(), one.get_last_lr(), rtol=1e-6)
    assert two.get_last_lr()[0] < 1
