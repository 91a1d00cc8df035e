"""compile(): the same values as without, state read and updated at each call, one trace for each kind of arguments."""

import numpy as np
import pytest

import weft


def test_results_are_those_of_the_function(device, rng):
    def f(x, y):
        return {"sum": x + y, "product": [x * y]}

    compiled = weft.compile(f)
    for _ in range(3):
        a, b = rng.standard_normal((2, 4, 5)).astype("float32")
        got = compiled(weft.asarray(a), weft.asarray(b))
        np.testing.assert_array_equal(got["sum"].numpy(), a + b)
        np.testing.assert_array_equal(got["product"][0].numpy(), a * b)
    assert compiled.traces == 1


def test_updates_take_effect_at_every_call(device):
    total = weft.zeros(3)

    @weft.compile
    def add(x):
        total.assign(total + x)
        return total * 2

    for n in (1, 2, 3):
        assert add(weft.ones(3)).tolist() == [2.0 * n] * 3
        assert total.tolist() == [float(n)] * 3
    total.assign(weft.full(3, 10.0))  # from outside: seen by the next call
    assert add(weft.ones(3)).tolist() == [22.0] * 3
    assert add.traces == 1


def test_two_handles_of_one_value_part_later(device):
    zero = weft.zeros(())
    a, b = weft.zeros(()), weft.zeros(())
    a.assign(zero), b.assign(zero)

    @weft.compile
    def step(x):
        a.assign(a + x)
        b.assign(b + 2 * x)
        return a - b

    for _ in range(3):
        step(weft.ones(()))
    assert (a.item(), b.item()) == (3.0, 6.0)


def test_shapes_and_static_arguments_choose_the_trace(device):
    compiled = weft.compile(lambda x, power: x**power)
    assert compiled(weft.asarray([2.0]), 2).tolist() == [4.0]
    assert compiled(weft.asarray([2.0]), 3).tolist() == [8.0]
    assert compiled(weft.asarray([2.0, 3.0]), 3).tolist() == [8.0, 27.0]
    assert compiled(weft.asarray([4.0]), 2).tolist() == [16.0]
    assert compiled.traces == 3


def test_a_strided_argument_is_no_other_value(device, rng):
    x = weft.asarray(rng.standard_normal((6, 4)).astype("float32"))
    double = weft.compile(lambda x: x * 2)
    for view in (x[:4], x[2:], x.T[:, :4].T, x[::-1][:4]):
        np.testing.assert_array_equal(double(view).numpy(), view.numpy() * 2)


def test_gradients_inside(device, rng):
    w = weft.asarray(rng.standard_normal((3, 2)))

    @weft.compile
    def gradient(x):
        return weft.grad(lambda w: weft.tanh(x @ w).sum())(w)

    for _ in range(2):
        x = rng.standard_normal((5, 3))
        expected = x.T @ (1 - np.tanh(x @ w.numpy()) ** 2)
        np.testing.assert_allclose(gradient(weft.asarray(x)).numpy(), expected, rtol=1e-10)


def test_random_numbers_are_state(device):
    weft.random.seed(3)
    eager = [weft.random.uniform(size=(4,)).tolist() for _ in range(3)]
    weft.random.seed(3)
    draw = weft.compile(lambda: weft.random.uniform(size=(4,)))
    assert [draw().tolist() for _ in range(3)] == eager


@pytest.mark.parametrize(
    "read", [lambda x: x.item(), bool, lambda x: x.numpy(), repr], ids=["item", "bool", "numpy", "repr"]
)
def test_reading_a_value_raises(device, read):
    compiled = weft.compile(lambda x: x * read(x.sum()))
    with pytest.raises(RuntimeError, match="traced"):
        compiled(weft.ones(3))
    assert weft.ones(2).sum().item() == 2  # the trace is over


def test_bad_arguments_and_results(device):
    with pytest.raises(TypeError, match="hashable"):
        weft.compile(lambda x: x)(np.zeros(3))
    with pytest.raises(TypeError, match="returned a str"):
        weft.compile(lambda x: "no")(weft.ones(2))


def test_a_failed_check_leaves_the_state(device):
    state = weft.zeros(2)
    table = weft.arange(6, dtype=weft.float32).reshape(3, 2)

    @weft.compile
    def step(rows):
        state.assign(state + weft.take(table, rows * 1, axis=0).sum(axis=0))
        return state + 0

    step(weft.asarray([0, 1]))
    with pytest.raises(IndexError, match="out of bounds"):
        step(weft.asarray([0, 7])).numpy()
    assert state.tolist() == [2.0, 4.0]
    assert step(weft.asarray([2, 2])).tolist() == [10.0, 14.0]


def test_a_compiled_function_inside_another_is_part_of_it(device):
    inner = weft.compile(lambda x: x * 2)
    outer = weft.compile(lambda x: inner(x) + 1)
    assert outer(weft.ones(2)).tolist() == [3.0, 3.0]
    assert inner.traces == 0
    assert inner(weft.ones(2)).tolist() == [2.0, 2.0]


def test_a_handle_made_inside_of_a_captured_one_is_no_other_value(device):
    mean = weft.zeros(2)

    @weft.compile
    def step(x):
        before = mean.detach()
        mean.assign(0.5 * before + x)
        return before

    for expected in ([0.0, 0.0], [1.0, 1.0], [1.5, 1.5]):
        assert step(weft.ones(2)).tolist() == expected
    assert mean.tolist() == [1.75, 1.75]
