"""How many kernels run, and how many bytes they move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import weft
from weft.testing.samples import numbers, to_weft
from weft.testing.target import Target

F = weft.nn.functional
ROWS, COLUMNS = 48, 40


def _x(*shape: int, seed: int = 0) -> weft.Tensor:
    t = to_weft(numbers(shape, "float32", seed=seed), "float32")
    weft.eval(t)
    return t


@pytest.fixture(autouse=True)
def _roomy(target: Target) -> None:
    if target.max_args < 8:
        pytest.skip(f"kernels of {target.max_args} arguments: what is one kernel elsewhere is several here")


def _counted(run: Callable[[], weft.Tensor | list[weft.Tensor]]) -> weft.Profile:
    with weft.profile() as p:
        result = run()
        weft.eval(result)
    return p


def _forward_and_backward(
    f: Callable[..., weft.Tensor], wrt: list[weft.Tensor]
) -> tuple[weft.Profile, weft.Profile, list[weft.Tensor]]:
    leaves = [t.clone().requires_grad_() for t in wrt]
    kept = []

    def forward() -> weft.Tensor:
        kept.append(f(*leaves))
        return kept[0]

    one = _counted(forward)
    y = kept[0]
    g = _x(*y.shape, seed=9)

    def backward() -> list[weft.Tensor]:
        y.backward(g)
        return [t.grad for t in leaves if t.grad is not None]

    return one, _counted(backward), leaves


def _bytes(p: weft.Profile) -> int:
    return sum(k.bytes for k in p.kernels)


def test_softmax(target: Target) -> None:
    forward, backward, _ = _forward_and_backward(lambda x: F.softmax(x, 1), [_x(ROWS, COLUMNS)])
    assert (len(forward.kernels), len(backward.kernels)) == (1, 1), f"{forward}\n{backward}"
    size = 4 * ROWS * COLUMNS
    assert _bytes(forward) <= 2.2 * size, str(forward)  # in and out
    assert _bytes(backward) <= 4.2 * size, str(backward)  # y or x, g, and the gradient


def test_layer_norm(target: Target) -> None:
    x, w, b = _x(ROWS, COLUMNS), _x(COLUMNS, seed=1), _x(COLUMNS, seed=2)
    forward, backward, _ = _forward_and_backward(lambda *t: F.layer_norm(t[0], (COLUMNS,), t[1], t[2]), [x, w, b])
    assert len(forward.kernels) == 1, str(forward)
    assert len(backward.kernels) <= 3, str(backward)
    assert _bytes(forward) <= 2.5 * 4 * ROWS * COLUMNS, str(forward)


def test_mean_cross_entropy(target: Target) -> None:
    labels = weft.asarray(np.arange(ROWS) % COLUMNS)
    weft.eval(labels)
    forward, backward, _ = _forward_and_backward(lambda x: F.cross_entropy(x, labels), [_x(ROWS, COLUMNS)])
    assert len(forward.kernels) <= 2, str(forward)
    assert len(backward.kernels) <= 1, str(backward)


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("a chain", lambda x: weft.tanh(x * 2 + 1) * weft.exp(-x)),
        ("views", lambda x: weft.flip(x.T, axis=0) * 2),
        ("a sum of an expression", lambda x: ((x - 1) ** 2).sum(axis=1)),
        ("pieces", lambda x: weft.concat([x, x * 2, -x], axis=0)),
        ("rms norm", lambda x: x / weft.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)),
        ("log sum exp", lambda x: weft.logsumexp(x, axis=1)),
    ],
)
def test_one_kernel(target: Target, name: str, run: Callable[[weft.Tensor], weft.Tensor]) -> None:
    x = _x(ROWS, COLUMNS)
    p = _counted(lambda: run(x))
    assert len(p.kernels) == 1, str(p)


def test_long_sum_is_two_kernels(target: Target) -> None:
    n = 20000
    if target.budget(n, seconds=0.5) < n:
        pytest.skip("the backend is too slow")
    x = _x(n)
    p = _counted(lambda: x.sum())
    assert len(p.kernels) <= 2, str(p)
    assert _bytes(p) <= 4.5 * n


def test_nothing_runs_twice(target: Target) -> None:
    x = _x(ROWS, COLUMNS)
    y = weft.exp(x)
    weft.eval(y)
    assert not _counted(lambda: y).kernels
    with weft.profile() as p:
        (y + 1).numpy()
    assert len(p.kernels) == 1
    assert p.syncs
    assert p.kernels[0].device == target.device.name
    assert str(p).startswith("kernel")


def test_the_second_step_builds_nothing(target: Target) -> None:
    def step(rows: int) -> None:
        F.softmax(_x(rows, COLUMNS) * 2, 1).numpy()

    step(33)
    before = weft.runtime_stats()
    step(33)
    after = weft.runtime_stats()
    assert after["plan_misses"] == before["plan_misses"]
    programs = after["programs"]
    step(57)  # another size: another plan of the same kernels
    assert weft.runtime_stats()["programs"] == programs
