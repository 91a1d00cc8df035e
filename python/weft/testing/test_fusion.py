"""Fusing changes no bit: the same programs with one kernel for each operation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import weft
from weft.testing.compare import equal_bits
from weft.testing.samples import Array, from_weft, numbers, to_weft
from weft.testing.target import Target

F = weft.nn.functional


def _x(*shape: int, seed: int = 0) -> weft.Tensor:
    return to_weft(numbers(shape, "float32", -2, 2, seed), "float32")


def _long(target: Target) -> int:
    return target.budget(20000, seconds=0.2)


def _training(target: Target) -> list[weft.Tensor]:
    w, b, x, y = (
        _x(8, 4).requires_grad_(),
        _x(4, seed=1).requires_grad_(),
        _x(16, 8, seed=2),
        weft.asarray(np.arange(16) % 4),
    )
    out = []
    for _ in range(3):
        loss = F.cross_entropy(weft.tanh(x @ w) * 2 + b, y)
        loss.backward()
        assert w.grad is not None
        assert b.grad is not None
        with weft.no_grad():
            for p, g in ((w, w.grad), (b, b.grad)):
                p.assign(p - g * 0.1)
        out += [loss, w.grad + 0, b.grad + 0]
        w.grad = b.grad = None
    return [*out, w.detach(), b.detach()]


PROGRAMS: dict[str, Callable[[Target], list[weft.Tensor]]] = {
    "chain": lambda t: [weft.tanh(_x(300) * 2 + 1) * weft.exp(-_x(300, seed=1))],
    "softmax": lambda t: [F.softmax(_x(9, 37), 1), F.softmax(_x(9, 37), 0)],
    "layer norm": lambda t: [F.layer_norm(_x(6, 40), (40,), _x(40, seed=1), _x(40, seed=2))],
    "long softmax": lambda t: [F.softmax(_x(2, _long(t) // 2), 1)],
    "sums of one input": lambda t: [_x(8, 70).sum(axis=1), (_x(8, 70) ** 2).mean(axis=1), _x(8, 70).max(axis=1)],
    "long sum of an expression": lambda t: [
        (_x(_long(t)) * 3 + 1).sum(),
        weft.exp(_x(_long(t))).mean(),
        (weft.abs(_x(_long(t))) + 1).sum(),
    ],
    "product of an expression": lambda t: [weft.exp(_x(300, 40) * 0.1).prod(axis=k) for k in (0, 1)],
    "columns": lambda t: [(_x(200, 7) - _x(200, 7).mean(axis=0)).sum(axis=0)],
    "product with an epilogue": lambda t: [weft.relu(_x(12, 20) @ _x(20, 9, seed=1) + _x(9, seed=2)) * 2],
    "convolution": lambda t: [weft.relu(F.conv2d(_x(2, 3, 6, 6), _x(4, 3, 3, 3, seed=1), _x(4, seed=2), padding=1))],
    "views": lambda t: [
        weft.pad(_x(4, 6).T[::-1], ((1, 1), (0, 2))).reshape(-1) * 2,
        weft.concat([_x(4, 6), -_x(4, 6)], axis=1).sum(axis=1),
    ],
    "indexing": lambda t: [
        weft.exp(_x(6, 5))[weft.asarray([0, 5, -2])] * 2,
        weft.sort(_x(3, 9) * 2, axis=1),
        weft.cumsum(_x(3, 9) ** 2, axis=1),
    ],
    "half": lambda t: [(_x(64).astype("bfloat16") * 3 + 1).sum(), weft.exp(_x(64).astype("float16"))],
    "training": _training,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_bits(target: Target, name: str) -> None:
    if name == "half":
        target.need("bfloat16", "float16")

    def run(fuse: bool) -> list[Array]:
        weft.set_fuse(fuse)
        try:
            results = PROGRAMS[name](target)
            weft.eval(*results)
            return [from_weft(r) for r in results]
        finally:
            weft.set_fuse(True)

    for fused, alone in zip(run(True), run(False), strict=True):
        equal_bits(fused, alone)


def test_printing_changes_no_bit(target: Target) -> None:
    def run(look: bool) -> Array:
        x = _x(20, 30)
        mean = x.mean(axis=1, keepdims=True)
        centred = x - mean
        if look:
            str(mean), str(centred)
        return from_weft(centred / weft.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5))

    equal_bits(run(False), run(True))


def test_compiled_is_the_same(target: Target) -> None:
    def f(x: weft.Tensor, w: weft.Tensor) -> weft.Tensor:
        return F.softmax(weft.tanh(x @ w) * 2, 1).sum(axis=0)

    compiled = weft.compile(f)
    for seed in range(3):
        x, w = _x(7, 5, seed=seed), _x(5, 6, seed=seed + 1)
        equal_bits(from_weft(compiled(x, w)), from_weft(f(x, w)))
