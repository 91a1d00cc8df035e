"""How many kernels a step is."""

import numpy as np
import pytest

import weft
from weft import nn, optim

LAYERS = 10
ELEMENTWISE = [optim.SGD, optim.Adam, optim.AdamW, optim.NAdam, optim.RMSprop, optim.Adagrad, optim.Lion]


def count(step, *args):
    step(*args)  # traced, and its kernels built
    with weft.profile() as profile:
        step(*args)
    assert profile.syncs == []
    assert profile.fallbacks == []
    return len(profile.kernels)


def stack_of_layers():
    layers = [layer for _ in range(LAYERS) for layer in (nn.Linear(8, 8), nn.Tanh())]
    return nn.Sequential(*layers), weft.asarray(np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32))


@pytest.mark.parametrize("cls", ELEMENTWISE)
def test_updates_ride_in_the_kernels_that_make_the_gradients(cls):
    model, x = stack_of_layers()
    optimizer = cls(model.parameters())

    def gradients(x):
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        return [p.grad for p in model.parameters()]

    def step(x):
        gradients(x)
        optimizer.step()
        return ()

    alone = count(weft.compile(gradients), x)
    assert count(weft.compile(step), x) <= alone + 6


@pytest.mark.parametrize("cls", ELEMENTWISE)
def test_gradients_at_hand_take_a_handful_of_kernels(cls):
    model, _ = stack_of_layers()
    params = list(model.parameters())
    optimizer = cls(params)
    for p in params:
        p.grad = weft.ones(p.shape)
        p.grad.numpy()
    assert len(params) == 20
    assert count(optimizer.step) <= 9


def test_clipping_by_norm_reads_each_gradient_once():
    params = [nn.Parameter(weft.ones((8, 8))) for _ in range(LAYERS)]
    grads = [weft.ones((8, 8)) for _ in params]
    for g in grads:
        g.numpy()

    @weft.compile
    def norm():
        for p, g in zip(params, grads, strict=True):
            p.grad = g
        return optim.clip_grad_norm_(params, 1.0)

    assert count(norm) <= len(params) + 2
