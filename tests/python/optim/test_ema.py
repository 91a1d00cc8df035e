"""The moving average against its formula in NumPy."""

import numpy as np
import pytest

import weft
from weft import nn, optim

DECAY = 0.75


def reference(weights):
    average = weights[0]
    for w in weights[1:]:
        average = DECAY * average + (1 - DECAY) * w
    return average


@pytest.mark.parametrize("compiled", [False, True])
def test_formula(compiled):
    weights = np.random.default_rng(0).normal(size=(10, 2, 3)).astype(np.float32)
    p = nn.Parameter(weft.zeros((2, 3)))
    ema = optim.EMA([p], decay=DECAY)

    def step(w):
        p.assign(w)
        ema.update()
        return ()

    if compiled:
        step = weft.compile(step)
    for w in weights:
        step(weft.asarray(w))
    np.testing.assert_allclose(ema.averages[0].numpy(), reference(weights.astype(float)), rtol=1e-5, atol=1e-7)


def test_swap_gives_the_weights_back():
    p = nn.Parameter(weft.asarray([1.0]))
    ema = optim.EMA([p], decay=0.5)
    ema.update()
    p.assign(weft.asarray([3.0]))
    ema.update()
    with ema.swap():
        assert p.tolist() == [2]
    assert p.tolist() == [3]
    with pytest.raises(KeyError), ema.swap():
        raise KeyError
    assert p.tolist() == [3]
    assert ema.averages[0].tolist() == [2]


def test_a_compiled_prediction_sees_the_swap():
    p = nn.Parameter(weft.asarray([1.0]))
    ema = optim.EMA([p], decay=0.5)
    ema.update()
    p.assign(weft.asarray([3.0]))
    predict = weft.compile(lambda x: x * p)
    assert predict(weft.ones(1)).item() == 3
    with ema.swap():
        assert predict(weft.ones(1)).item() == 1
    assert predict(weft.ones(1)).item() == 3
    assert predict.traces == 1


def test_state_goes_on_bit_for_bit():
    weights = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    p = nn.Parameter(weft.zeros(3))
    whole, one, two = (optim.EMA([p], decay=0.9) for _ in range(3))
    for i, w in enumerate(weights):
        p.assign(weft.asarray(w))
        whole.update()
        if i == 3:
            two.load_state_dict(one.state_dict())
        (one if i < 3 else two).update()
    np.testing.assert_array_equal(two.averages[0].numpy(), whole.averages[0].numpy())
    assert two.updates.item() == 6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: optim.EMA([]), ["model.parameters()"]),
        (lambda p: optim.EMA([p], decay=1.5), ["decay", "1.5"]),
        (lambda p: optim.EMA([p]).load_state_dict(optim.EMA([p, p]).state_dict()), ["2 averages", "1"]),
        (lambda p: optim.EMA([p]).load_state_dict(optim.EMA([weft.ones(3)]).state_dict()), ["(3,)", "(2,)"]),
    ],
)
def test_mistakes(call, words):
    with pytest.raises(ValueError, match="EMA") as error:
        call(nn.Parameter(weft.ones(2)))
    for word in words:
        assert word in str(error.value)
