"""Every optimizer, step by step and compiled, against its formula in NumPy, float64."""

import numpy as np
import pytest

import weft
from weft import nn, optim

LR = float(np.float32(0.05))  # learning rates are float32
STEPS = 12


def sgd(p, grads, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    velocity = None
    for g in grads:
        g = g + weight_decay * p
        if momentum:
            velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
            g = g + momentum * velocity if nesterov else velocity
        p = p - LR * g
    return p


def adam(p, grads, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, amsgrad=False, decoupled=False):
    m = v = largest = np.zeros_like(p)
    for t, g in enumerate(grads, 1):
        if decoupled:
            p = p - LR * weight_decay * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        largest = np.maximum(largest, v)
        root = np.sqrt((largest if amsgrad else v) / (1 - betas[1] ** t))
        p = p - LR * (m / (1 - betas[0] ** t)) / (root + eps)
    return p


def adamw(p, grads, weight_decay=0.01, **options):
    return adam(p, grads, weight_decay=weight_decay, decoupled=True, **options)


def nadam(p, grads, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, momentum_decay=4e-3, decoupled_weight_decay=False):
    m = v = np.zeros_like(p)
    product = 1.0
    for t, g in enumerate(grads, 1):
        if decoupled_weight_decay:
            p = p - LR * weight_decay * p
        else:
            g = g + weight_decay * p
        now, later = (betas[0] * (1 - 0.5 * 0.96 ** (s * momentum_decay)) for s in (t, t + 1))
        product *= now
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        mean = later * m / (1 - product * later) + (1 - now) * g / (1 - product)
        p = p - LR * mean / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return p


def rmsprop(p, grads, alpha=0.99, eps=1e-8, weight_decay=0.0, momentum=0.0, centered=False):
    v = mean = velocity = np.zeros_like(p)
    for g in grads:
        g = g + weight_decay * p
        v = alpha * v + (1 - alpha) * g * g
        mean = alpha * mean + (1 - alpha) * g
        velocity = momentum * velocity + g / (np.sqrt(v - mean**2 if centered else v) + eps)
        p = p - LR * velocity
    return p


def adagrad(p, grads, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0, eps=1e-10):
    total = np.full_like(p, initial_accumulator_value)
    for t, g in enumerate(grads, 1):
        g = g + weight_decay * p
        total = total + g * g
        p = p - LR / (1 + (t - 1) * lr_decay) * g / (np.sqrt(total) + eps)
    return p


def lion(p, grads, betas=(0.9, 0.99), weight_decay=0.0):
    m = np.zeros_like(p)
    for g in grads:
        p = p - LR * (np.sign(betas[0] * m + (1 - betas[0]) * g) + weight_decay * p)
        m = betas[1] * m + (1 - betas[1]) * g
    return p


def lamb(p, grads, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
    m = v = np.zeros_like(p)
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        r = (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps) + weight_decay * p
        p = p - LR * np.linalg.norm(p) / np.linalg.norm(r) * r
    return p


def adafactor(p, grads, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0, weight_decay=0.0):
    def rms(x):
        return np.sqrt(np.mean(x * x))

    least = np.finfo(np.float32).eps if eps[0] is None else eps[0]
    rows = columns = square = 0.0
    for t, g in enumerate(grads, 1):
        beta = 1 - t**beta2_decay
        size = max(eps[1], rms(p)) * min(LR, 1 / np.sqrt(t))
        p = p - LR * weight_decay * p
        if p.ndim > 1:
            rows = beta * rows + (1 - beta) * np.mean(g * g, -1, keepdims=True)
            columns = beta * columns + (1 - beta) * np.mean(g * g, -2, keepdims=True)
            v = rows * columns / np.maximum(np.mean(rows, -2, keepdims=True), least)
        else:
            v = square = beta * square + (1 - beta) * g * g
        u = g / np.sqrt(np.maximum(v, least**2))
        p = p - size * u / max(1, rms(u) / d)
    return p


def muon(
    p,
    grads,
    weight_decay=0.1,
    momentum=0.95,
    nesterov=True,
    ns_coefficients=(3.4445, -4.775, 2.0315),
    ns_steps=5,
    adjust_lr_fn=None,
):
    a, b, c = ns_coefficients
    rows, columns = p.shape
    scale = 0.2 * np.sqrt(max(rows, columns)) if adjust_lr_fn == "match_rms_adamw" else np.sqrt(max(1, rows / columns))
    m = np.zeros_like(p)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        x = momentum * m + (1 - momentum) * g if nesterov else m
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        s = s / np.linalg.norm(s)
        for _ in range(ns_steps):
            s = a * s + b * s**3 + c * s**5  # the iteration works on the singular values alone
        p = p - LR * weight_decay * p - LR * scale * (u * s) @ vt
    return p


CASES = [
    (optim.SGD, sgd, {}),
    (optim.SGD, sgd, {"momentum": 0.9}),
    (optim.SGD, sgd, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    (optim.SGD, sgd, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1}),
    (optim.Adam, adam, {"betas": (0.0, 0.9), "amsgrad": True}),
    (optim.AdamW, adamw, {}),
    (optim.AdamW, adamw, {"weight_decay": 0.2, "amsgrad": True, "betas": (0.9, 0.5)}),
    (optim.NAdam, nadam, {}),
    (optim.NAdam, nadam, {"betas": (0.8, 0.99), "eps": 1e-4, "weight_decay": 0.1, "momentum_decay": 0.5}),
    (optim.NAdam, nadam, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    (optim.RMSprop, rmsprop, {}),
    (optim.RMSprop, rmsprop, {"alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.9}),
    (optim.RMSprop, rmsprop, {"alpha": 0.9, "eps": 1e-2, "centered": True}),
    (optim.Adagrad, adagrad, {}),
    (optim.Adagrad, adagrad, {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 0.1}),
    (optim.Lion, lion, {}),
    (optim.Lion, lion, {"betas": (0.5, 0.9), "weight_decay": 0.3}),
    (optim.LAMB, lamb, {}),
    (optim.LAMB, lamb, {"betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0.5}),
    (optim.Adafactor, adafactor, {}),
    (optim.Adafactor, adafactor, {"beta2_decay": -0.5, "eps": (0.1, 2.0), "d": 1.1, "weight_decay": 0.1}),
    (optim.Muon, muon, {}),
    (optim.Muon, muon, {"adjust_lr_fn": "match_rms_adamw", "weight_decay": 0.0, "momentum": 0.5}),
    (optim.Muon, muon, {"nesterov": False, "ns_steps": 3, "ns_coefficients": (2.0, -1.5, 0.5)}),
]
NAMES = [f"{cls.__name__}-{','.join(options) or 'default'}" for cls, _, options in CASES]


def run(cls, p, grads, compiled, **options):
    """Parameters of these values, after a step along each gradient."""
    params = [nn.Parameter(weft.asarray(value)) for value in p]
    optimizer = cls(params, lr=0.05, **options)

    def step(gradients):
        for parameter, g in zip(params, gradients, strict=True):
            parameter.grad = g
        optimizer.step()
        return ()

    if compiled:
        step = weft.compile(step)
    for gradients in grads:
        step([weft.asarray(g) for g in gradients])
    if compiled:
        assert step.traces == 1
    return [parameter.numpy() for parameter in params]


def problem(cls, dtype):
    rng = np.random.default_rng(0)
    shapes = [(4, 3), (2, 5)] if cls is optim.Muon else [(4, 3), (5,), (2, 3, 4)]
    values = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    return values, [[rng.normal(size=shape).astype(dtype) for shape in shapes] for _ in range(STEPS)]


@pytest.mark.parametrize(("cls", "reference", "options"), CASES, ids=NAMES)
def test_formula(cls, reference, options):
    p, grads = problem(cls, np.float32)
    got = run(cls, p, grads, compiled=False, **options)
    for i, value in enumerate(got):
        expected = reference(p[i].astype(float), [step[i].astype(float) for step in grads], **options)
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=2e-5 if cls is optim.Muon else 2e-6)
    again = run(cls, p, grads, compiled=True, **options)
    for value, other in zip(got, again, strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("cls", [optim.SGD, optim.Adam, optim.AdamW, optim.NAdam, optim.RMSprop, optim.Adagrad])
def test_maximize_turns_the_gradient_round(cls):
    p, grads = problem(cls, np.float32)
    down = run(cls, p, [[-g for g in step] for step in grads], compiled=False, weight_decay=0.1)
    up = run(cls, p, grads, compiled=False, weight_decay=0.1, maximize=True)
    for a, b in zip(down, up, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    values, grads = problem(optim.Adam, np.float32)
    grads = [[np.sign(g) * (0.5 + abs(g)) for g in step] for step in grads]  # their squares are no subnormal float16
    p = nn.Parameter(weft.asarray(values[0]).astype(weft.dtype(dtype)))
    optimizer = optim.Adam([p], lr=0.05, eps=1e-4)
    start = p.numpy().astype(float)
    for step in grads:
        p.grad = weft.asarray(step[0]).astype(p.dtype)
        optimizer.step()
    assert p.dtype.name == dtype
    expected = adam(start, [step[0].astype(float) for step in grads], eps=1e-4)
    np.testing.assert_allclose(p.numpy().astype(float), expected, atol=0.05 if dtype == "bfloat16" else 0.01)
    assert np.abs(expected - start).max() > 0.1


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_muon_steps_are_nearly_orthogonal(shape):
    matrix = weft.asarray(np.random.default_rng(1).normal(size=shape).astype(np.float32))
    p = nn.Parameter(weft.zeros(shape))
    p.grad = matrix
    optim.Muon([p], lr=1.0).step()
    values = np.linalg.svd(p.numpy(), compute_uv=False) / np.sqrt(max(1, shape[0] / shape[1]))
    assert ((values > 0.3) & (values < 1.4)).all()


def test_lamb_of_zeros_steps_as_adam():
    values = np.array([1.0, -2.0, 0.5], np.float32)
    got = []
    for cls in (optim.LAMB, optim.Adam):
        p = nn.Parameter(weft.zeros(3))
        p.grad = weft.asarray(values)
        cls([p], lr=0.05, eps=1e-6).step()
        got.append(p.numpy())
    np.testing.assert_allclose(got[0], got[1], rtol=1e-6)
    assert np.abs(got[0]).min() > 0.04
