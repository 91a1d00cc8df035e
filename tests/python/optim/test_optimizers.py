"""What all optimizers share: groups, options, state, saving, mistakes."""

import json

import numpy as np
import pytest

import weft
from weft import nn, optim

ALL = [
    (optim.SGD, {"momentum": 0.9}),
    (optim.Adam, {"amsgrad": True}),
    (optim.AdamW, {}),
    (optim.NAdam, {}),
    (optim.RMSprop, {"centered": True, "momentum": 0.5}),
    (optim.Adagrad, {"lr_decay": 0.1, "initial_accumulator_value": 0.1}),
    (optim.Lion, {}),
    (optim.LAMB, {}),
    (optim.Adafactor, {}),
    (optim.Muon, {}),
]
IDS = [cls.__name__ for cls, _ in ALL]


def walk(optimizer, params, grads):
    for step in grads:
        for p, g in zip(params, step, strict=True):
            p.grad = weft.asarray(g)
        optimizer.step()


def values(params):
    return [p.numpy() for p in params]


def fresh(arrays):
    return [nn.Parameter(weft.asarray(a)) for a in arrays]


def written_and_read(state):
    """A state as it comes back from files: tensors as arrays, the rest by way of JSON."""
    plain = [{k: v for k, v in g.items() if not isinstance(v, weft.Tensor)} for g in state["param_groups"]]
    groups = json.loads(json.dumps(plain))
    for group, own in zip(groups, state["param_groups"], strict=True):
        group |= {k: weft.asarray(v.numpy()) for k, v in own.items() if isinstance(v, weft.Tensor)}
    tensors = {i: {k: weft.asarray(v.numpy()) for k, v in s.items()} for i, s in state["state"].items() if s}
    return {"state": tensors, "param_groups": groups}


@pytest.mark.parametrize(("cls", "options"), ALL, ids=IDS)
def test_state_goes_on_bit_for_bit(cls, options):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype(np.float32) for shape in [(3, 4), (2, 2)]]
    grads = [[rng.normal(size=a.shape).astype(np.float32) for a in start] for _ in range(9)]
    whole = fresh(start)
    walk(cls(whole, lr=0.05, **options), whole, grads)

    first = fresh(start)
    one = cls(first, lr=0.05, **options)
    walk(one, first, grads[:4])
    second = fresh(values(first))
    two = cls(second, lr=1.0, **options)
    two.load_state_dict(written_and_read(one.state_dict()))
    assert two.param_groups[0]["step"].item() == 4
    walk(two, second, grads[4:])
    for a, b in zip(values(whole), values(second), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("cls", "options"), ALL, ids=IDS)
def test_a_compiled_step_sees_a_loaded_state(cls, options):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(3, 4)).astype(np.float32)]
    grads = [[rng.normal(size=(3, 4)).astype(np.float32)] for _ in range(6)]
    params = fresh(start)
    optimizer = cls(params, lr=0.05, **options)

    @weft.compile
    def step(g):
        params[0].grad = g
        optimizer.step()
        return ()

    for (g,) in grads:
        step(weft.asarray(g))
    expected = values(params)
    other = fresh(start)
    before = cls(other, lr=0.05, **options)
    walk(before, other, grads[:3])
    params[0].assign(other[0])
    optimizer.load_state_dict(written_and_read(before.state_dict()))
    for (g,) in grads[3:]:
        step(weft.asarray(g))
    np.testing.assert_array_equal(params[0].numpy(), expected[0])
    assert step.traces == 1


def test_groups_have_their_own_options():
    a, b = nn.Parameter(weft.ones((2,))), nn.Parameter(weft.ones((2,)))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5, "weight_decay": 1.0}], lr=0.25)
    a.grad = b.grad = weft.ones((2,))
    optimizer.step()
    assert a.tolist() == [0.75, 0.75]
    assert b.tolist() == [0.0, 0.0]
    optimizer.add_param_group({"params": nn.Parameter(weft.ones(()))})
    assert [len(g["params"]) for g in optimizer.param_groups] == [1, 1, 1]
    assert optimizer.param_groups[2]["lr"].item() == 0.25


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


def test_a_changed_option_is_traced_anew():
    p = nn.Parameter(weft.ones((2,)))
    optimizer = optim.SGD([p], lr=0.5)

    @weft.compile
    def step(g):
        p.grad = g
        optimizer.step()
        return ()

    step(weft.zeros((2,)))
    assert p.tolist() == [1, 1]
    optimizer.param_groups[0]["weight_decay"] = 1.0
    step(weft.zeros((2,)))
    assert p.tolist() == [0.5, 0.5]
    optimizer.param_groups[0]["weight_decay"] = 1.0
    step(weft.zeros((2,)))
    assert step.traces == 2


def test_parameters_without_gradient_stay():
    a, b = nn.Parameter(weft.ones((2,))), nn.Parameter(weft.ones((2,)))
    optimizer = optim.Adam([{"params": a}, {"params": b}], weight_decay=0.1)
    (a * a).sum().backward()
    optimizer.step()
    assert b.tolist() == [1, 1]
    assert a.tolist() != [1, 1]
    assert [g["step"].item() for g in optimizer.param_groups] == [1, 0]


def test_zero_grad():
    a, b = nn.Parameter(weft.ones((2,))), nn.Parameter(weft.ones((2,)))
    optimizer = optim.SGD([a, b])
    a.grad = weft.ones((2,))
    optimizer.zero_grad(set_to_none=False)
    assert a.grad.tolist() == [0, 0]
    assert b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


def test_closure():
    p = nn.Parameter(weft.asarray([3.0]))
    optimizer = optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with weft.no_grad():
        assert optimizer.step(closure).item() == 9
    assert p.item() == 1.5


def test_tensors_that_need_no_gradient_are_trained_too():
    """Such a handle names its value itself; a compiled step must read it anew."""
    p = weft.ones((2,))
    optimizer = optim.SGD([p], lr=0.5)

    @weft.compile
    def step(g):
        p.grad = g
        optimizer.step()
        return ()

    for _ in range(3):
        step(weft.ones((2,)))
    assert p.tolist() == [-0.5, -0.5]


@pytest.mark.parametrize("compiled", [False, True])
def test_moving_the_model_moves_the_state(compiled):
    model = nn.Linear(2, 2)
    optimizer = optim.Adam(model.parameters())
    mean = optimizer.state[model.weight]["mean"]

    def step(x):
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()
        return ()

    if compiled:
        step = weft.compile(step)
    step(weft.ones((1, 2)))
    before = mean.numpy()
    model.to(weft.float16)
    step(weft.zeros((1, 2), dtype=weft.float16))
    assert optimizer.state[model.weight]["mean"] is mean
    assert mean.dtype == weft.float16
    np.testing.assert_allclose(mean.numpy(), 0.9 * before, rtol=2e-3)


def p2():
    return nn.Parameter(weft.ones((2, 2)))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda p: optim.Adam([]), ValueError, ["no parameters", "model.parameters()"]),
        (lambda p: optim.Adam(p), TypeError, ["iterable", "[parameter]"]),
        (lambda p: optim.Adam([p], lr=-1), ValueError, ["lr", "-1"]),
        (lambda p: optim.Adam([p], lr=float("nan")), ValueError, ["lr", "nan"]),
        (lambda p: optim.Adam([p], betas=(0.9, 1.0)), ValueError, ["betas", "1.0"]),
        (lambda p: optim.Adam([p], betas=(0.9,)), ValueError, ["betas", "two"]),
        (lambda p: optim.RMSprop([p], alpha=2), ValueError, ["alpha", "2"]),
        (lambda p: optim.Adagrad([p], lr_decay=-2), ValueError, ["lr_decay", "-2"]),
        (lambda p: optim.NAdam([p], momentum_decay=-2), ValueError, ["momentum_decay", "-2"]),
        (lambda p: optim.Adafactor([p], beta2_decay=0.5), ValueError, ["beta2_decay", "0.5"]),
        (lambda p: optim.Adafactor([p], d=0.5), ValueError, ["d must", "0.5"]),
        (lambda p: optim.Adafactor([p], eps=1e-3), ValueError, ["eps", "pair"]),
        (lambda p: optim.SGD([p], nesterov=True), ValueError, ["nesterov", "momentum"]),
        (lambda p: optim.SGD([{"params": p, "nesterov": True}]), ValueError, ["nesterov", "momentum"]),
        (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}]), ValueError, ["two groups"]),
        (lambda p: optim.SGD([p * 2]), ValueError, ["leaf", "Parameter"]),
        (lambda p: optim.SGD([{"params": [p], "rate": 1}]), TypeError, ["rate", "momentum"]),
        (lambda p: optim.SGD([{"lr": 1}]), TypeError, ["params"]),
        (lambda p: optim.SGD([3]), TypeError, ["Tensor", "int"]),
        (lambda p: optim.SGD([weft.asarray([1, 2])]), TypeError, ["floating", "int64"]),
        (lambda p: optim.Muon([p]), ValueError, ["matrices", "(2,)", "AdamW"]),
        (lambda p: optim.Muon([p2()], adjust_lr_fn="other"), ValueError, ["adjust_lr_fn", "other", "match_rms_adamw"]),
        (lambda p: optim.Muon([p2()], ns_steps=1000), ValueError, ["ns_steps", "99"]),
    ],
)
def test_mistakes(call, error, words):
    with pytest.raises(error) as raised:
        call(nn.Parameter(weft.ones((2,))))
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: optim.Adam([weft.ones(2), weft.ones(2)]), ["[2]", "[1]"]),
        (lambda: optim.Adam([weft.ones(3)]), ["mean", "(3,)", "(2,)"]),
        (lambda: optim.SGD([weft.ones(2)], momentum=0.9), ["velocity", "mean"]),
        (lambda: optim.SGD([weft.ones(2)]), ["mean"]),
        (lambda: optim.Adam([weft.ones(2)], amsgrad=True), None),
    ],
)
def test_states_that_do_not_fit_change_nothing(other, words):
    p = nn.Parameter(weft.ones((2,)))
    optimizer = optim.Adam([p], lr=0.5)
    walk(optimizer, [p], [[np.ones(2, np.float32)]] * 2)
    before = optimizer.state_dict()
    state = other().state_dict()
    if words is None:  # its options come along, and with them what is kept
        optimizer.load_state_dict(state)
        assert sorted(optimizer.state[p]) == ["largest", "mean", "square"]
        return
    with pytest.raises(ValueError, match="Adam: ") as raised:
        optimizer.load_state_dict(state)
    for word in words:
        assert word in str(raised.value)
    after = optimizer.state_dict()
    assert after["param_groups"][0]["lr"].item() == 0.5
    for key, value in before["state"][0].items():
        np.testing.assert_array_equal(after["state"][0][key].numpy(), value.numpy())
