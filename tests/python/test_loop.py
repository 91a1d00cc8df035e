"""loop(): the repeat node against the same steps written out."""

import numpy as np
import pytest

import weft


def cell(h, x, weights):
    h = weft.tanh(x @ weights[0] + h @ weights[1])
    return h, h * 2


def weights(rng, d=3, h=4):
    return [weft.asarray(rng.standard_normal(shape) * 0.5) for shape in ((d, h), (h, h))]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", [1, 5])
def test_against_numpy(device, rng, steps, reverse):
    w = weights(rng)
    x = rng.standard_normal((steps, 2, 3))
    last, ys = weft.loop(cell, weft.zeros((2, 4), dtype=weft.float64), weft.asarray(x), w, reverse=reverse)
    h, expected = np.zeros((2, 4)), np.zeros((steps, 2, 4))
    for t in reversed(range(steps)) if reverse else range(steps):
        h = np.tanh(x[t] @ w[0].numpy() + h @ w[1].numpy())
        expected[t] = 2 * h
    np.testing.assert_allclose(ys.numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(last.numpy(), h, rtol=1e-12)


def test_gradients_against_the_steps_written_out(device, rng):
    w = weights(rng)
    x = weft.asarray(rng.standard_normal((6, 2, 3)))
    start = weft.asarray(rng.standard_normal((2, 4)))
    leaves = [*w, x, start]
    for leaf in leaves:
        leaf.requires_grad_()
    last, ys = weft.loop(cell, start, x, w)
    (ys.square().sum() + last.sum()).backward()
    got = [leaf.grad.numpy() for leaf in leaves]
    for leaf in leaves:
        leaf.zero_grad()
    h, total = start, 0
    for t in range(6):
        h, y = cell(h, x[t], w)
        total = total + y.square().sum()
    (total + h.sum()).backward()
    for a, leaf in zip(got, leaves, strict=True):
        np.testing.assert_allclose(a, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_a_new_length_builds_no_kernel(device, rng):
    w = weights(rng)

    def run(steps):
        x = weft.asarray(rng.standard_normal((steps, 2, 3)))
        return weft.loop(cell, weft.zeros((2, 4), dtype=weft.float64), x, w)[1].numpy()

    run(4)
    before = weft._core.runtime_stats()["programs"]
    run(9)
    assert weft._core.runtime_stats()["programs"] == before


def test_bad_input(device):
    def step(c, x, _):
        return c + x, None

    with pytest.raises(ValueError, match="how many steps"):
        weft.loop(step, weft.zeros(()))
    with pytest.raises(ValueError, match="steps"):
        weft.loop(lambda c, x, _: (c, None), weft.zeros(()), [weft.zeros(3), weft.zeros(4)])
    with pytest.raises(ValueError, match="keeps shape"):
        weft.loop(lambda c, x, _: (weft.concat([c, c]), None), weft.zeros(2), weft.zeros(3))
    outside = weft.ones(())
    with pytest.raises(ValueError, match="constants"):
        weft.loop(lambda c, x, _: (c + outside, None), weft.zeros(()), weft.zeros(3))


def recurrent_step(weights):
    """A function that trains nothing but does all a training step does: two loops, one on the other, and gradients."""

    def step(x):
        h, ys = weft.loop(cell, weft.zeros((2, 4), dtype=weft.float64), weft.tanh(x), weights)
        last, back = weft.loop(cell, h, ys[:, :, :3].sin(), weights, reverse=True)
        loss = back.square().sum() + last.sum() + ys.mean()
        return loss.detach(), *weft.grad(lambda w: loss_of(x, w))(weights), h.detach()

    def loss_of(x, w):
        h, ys = weft.loop(cell, weft.zeros((2, 4), dtype=weft.float64), x, w)
        return ys.square().sum() + h.sum()

    return step


def test_inside_compile(device, rng):
    step = recurrent_step(weights(rng))
    compiled = weft.compile(step)
    for steps in (5, 5, 8):
        x = weft.asarray(rng.standard_normal((steps, 2, 3)))
        for got, expected in zip(compiled(x), step(x), strict=True):
            np.testing.assert_array_equal(got.numpy(), expected.numpy())
    assert compiled.traces == 2


def test_a_new_length_inside_compile_builds_no_kernel(device, rng):
    compiled = weft.compile(lambda x, w: weft.loop(cell, weft.zeros((2, 4), dtype=weft.float64), x, w)[1])
    w = weights(rng)
    compiled(weft.asarray(rng.standard_normal((4, 2, 3))), w)
    before = weft._core.runtime_stats()["programs"]
    compiled(weft.asarray(rng.standard_normal((9, 2, 3))), w)
    assert weft._core.runtime_stats()["programs"] == before


@pytest.mark.parametrize("compile", [False, True])
def test_a_loop_inside_a_loop(device, rng, compile):
    x = rng.standard_normal((3, 4, 2))

    def inner(total, row, _):
        return total + row, total

    def outer(total, rows, _):
        total, before = weft.loop(inner, total, rows)
        return total, before.sum(axis=0)

    def run(x):
        return weft.loop(outer, weft.zeros(2, dtype=weft.float64), x)

    total, sums = (weft.compile(run) if compile else run)(weft.asarray(x))
    before = np.concatenate([np.zeros((1, 2)), np.cumsum(x.reshape(12, 2), axis=0)[:-1]]).reshape(3, 4, 2)
    np.testing.assert_allclose(total.numpy(), x.sum(axis=(0, 1)), rtol=1e-12)
    np.testing.assert_allclose(sums.numpy(), before.sum(axis=1), rtol=1e-12)


def test_what_a_later_phase_reads_is_not_overwritten(device, rng):
    """The body carries c + x; the inner loop comes first, then what is added to c: memory of c must wait for that."""
    x = rng.standard_normal((4, 3))

    def prefix(row):
        return weft.loop(lambda c, v, _: (c + v, c * v), weft.zeros((), dtype=weft.float64), row)[1]

    expected, carried = np.zeros((4, 3)), np.zeros(3)
    for t, row in enumerate(x):
        expected[t] = np.concatenate([[0], np.cumsum(row)[:-1]]) * row + carried
        carried = carried + row
    start = weft.zeros(3, dtype=weft.float64)
    _, nested = weft.loop(lambda c, v, _: (c + v, prefix(v) + c), start, weft.asarray(x))
    np.testing.assert_allclose(nested.numpy(), expected, rtol=1e-12)

    state = weft.zeros(3, dtype=weft.float64)

    @weft.compile
    def step(row):
        y = prefix(row) + state
        state.assign(state + row)
        return y

    for t, row in enumerate(x):
        np.testing.assert_allclose(step(weft.asarray(row)).numpy(), expected[t], rtol=1e-12)


def test_values_from_outside_a_loop_inside_compile(device):
    outside = weft.ones(())

    @weft.compile
    def step(x):
        y = x + 1
        return weft.loop(lambda c, v, _: (c + v * y[0] + outside, None), weft.zeros(()), x)[0]

    with pytest.raises(ValueError, match="constants"):
        step(weft.zeros(3))


def test_the_way_back_makes_no_product_twice(device, rng):
    steps, w = 6, weights(rng)
    x = weft.asarray(rng.standard_normal((steps, 2, 3)))
    for leaf in (*w, x):
        leaf.requires_grad_()
    _, ys = weft.loop(cell, weft.zeros((2, 4), dtype=weft.float64), x, w)
    loss = ys.square().sum()
    with weft.profile() as profile:
        loss.backward()
        weft.eval(loss, x.grad, *(leaf.grad for leaf in w))
    products = sum("gemm" in kernel.name for kernel in profile.kernels)
    # Each step: two forth; back one for x and one for h. After all steps one for each of the two weights.
    assert products == 4 * steps + 2


def test_second_gradients_are_refused(device):
    x = weft.arange(3, dtype=weft.float32).requires_grad_()
    total, _ = weft.loop(lambda c, v, _: (c + v * v, None), weft.zeros(()), x)
    with pytest.raises(RuntimeError, match="write the steps out"):
        total.backward(create_graph=True)
