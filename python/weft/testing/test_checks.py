"""Bad indices: an error that names the operation, and no state half updated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import weft
from weft.testing.compare import exact
from weft.testing.samples import from_weft, numbers, to_weft
from weft.testing.target import Target


def _late(*values: int) -> weft.Tensor:
    """Indices the host does not know."""
    return weft.asarray(list(values)) * 1


@pytest.mark.parametrize("bad", [5, -6, 1 << 20, -(1 << 31)])
def test_reading(target: Target, bad: int) -> None:
    x = to_weft(numbers((5, 3), "float32"), "float32")
    with pytest.raises(IndexError, match=r"gather|index"):
        x[_late(0, bad)].numpy()
    exact(from_weft(x[_late(0, 4, -5)]), from_weft(x)[[0, 4, -5]])  # and the device is as before


@pytest.mark.parametrize("bad", [5, -6])
def test_writing(target: Target, bad: int) -> None:
    x = numbers((5, 3), "float32")
    t = to_weft(x, "float32")
    kept = t + 0
    weft.eval(kept)

    def write() -> None:
        t[_late(0, bad)] = 7.0
        t.numpy()

    with pytest.raises(IndexError, match=r"scatter|index"):
        write()
    exact(from_weft(kept), x)


def test_reported_once(target: Target) -> None:
    x = to_weft(numbers(4, "float32"), "float32")
    y = x[_late(9)]

    def look() -> None:
        weft.eval(y)
        weft.synchronize()

    with pytest.raises(IndexError):
        look()
    weft.synchronize()
    exact(from_weft(x + 1), from_weft(x) + np.float32(1))


def test_through_reductions_and_products(target: Target) -> None:
    x = to_weft(numbers((6, 4), "float32"), "float32")
    programs: list[Callable[[], weft.Tensor]] = [
        lambda: x[_late(1, 6)].sum(),
        lambda: x[_late(1, 6)] @ x.T,
        lambda: weft.nn.functional.embedding(_late(0, 7), x).mean(),
        lambda: weft.sort(x[_late(6, 1)], axis=1),
    ]
    for make in programs:
        with pytest.raises(IndexError):
            make().numpy()


@pytest.mark.parametrize("together", [True, False], ids=["in one plan", "in a later plan"])
def test_an_update_is_not_half_applied(target: Target, together: bool) -> None:
    """An optimizer's step whose gradient comes from a bad index: parameter, momentum and counter stay as they were."""
    p0, m0 = numbers((8, 3), "float32", seed=1), numbers((8, 3), "float32", seed=2)
    table = to_weft(numbers((8, 3), "float32", seed=3), "float32")
    p, m, n = to_weft(p0, "float32"), to_weft(m0, "float32"), weft.asarray(0.0)
    weft.eval(p, m, n)

    def step() -> None:
        nonlocal p, m, n
        gradient = table[_late(0, 1, 2, 3, 4, 5, 6, 8)]
        if not together:
            weft.eval(gradient)
        m *= 0.9
        m += gradient
        p -= m * 0.1
        n += 1
        weft.eval(p, m, n)
        weft.synchronize()

    with pytest.raises(IndexError):
        step()
    exact(from_weft(p), p0)
    exact(from_weft(m), m0)
    p -= m  # and it can go on
    exact(from_weft(p), p0 - m0)


def test_known_indices_are_checked_at_once(target: Target) -> None:
    x = to_weft(numbers((5, 3), "float32"), "float32")
    with pytest.raises(IndexError):
        x[5]
    with pytest.raises(IndexError):
        x[:, np.array([0, 3])]
    with pytest.raises(IndexError):
        x[np.array([[0], [-6]])]
