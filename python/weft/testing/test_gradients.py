"""Gradients against central differences in float64; without float64, against those of the reference backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import weft
from weft.testing.samples import Array, from_weft
from weft.testing.target import Target

F = weft.nn.functional


@dataclass(frozen=True)
class Case:
    """A function of tensors, the shapes of its inputs, and between which numbers it is smooth."""

    f: Callable[..., weft.Tensor]
    shapes: tuple[tuple[int, ...], ...] = ((5,),)
    low: float = -2
    high: float = 2


_SMOOTH = {
    name: Case(getattr(weft, name))
    for name in (
        "exp",
        "exp2",
        "expm1",
        "sin",
        "cos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "erf",
        "sigmoid",
        "square",
        "negative",
    )
}
_POSITIVE = {
    name: Case(getattr(weft, name), low=0.3, high=2)
    for name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "abs", "relu")
}
_PAIR = ((4, 3), (3,))
_INDEX = np.array([2, 0, 2, -1])

CASES = {
    **_SMOOTH,
    **_POSITIVE,
    "tan": Case(weft.tan, low=-1, high=1),
    "asin": Case(weft.asin, low=-0.8, high=0.8),
    "acos": Case(weft.acos, low=-0.8, high=0.8),
    "atanh": Case(weft.atanh, low=-0.8, high=0.8),
    "acosh": Case(weft.acosh, low=1.3, high=3),
    "add": Case(lambda a, b: a + b, _PAIR),
    "multiply": Case(lambda a, b: a * b, _PAIR),
    "divide": Case(lambda a, b: a / b, _PAIR, 0.5, 2),
    "pow": Case(lambda a, b: a**b, _PAIR, 0.4, 2),
    "cube": Case(lambda a: a**3),
    "atan2": Case(weft.atan2, _PAIR, 0.3, 2),
    "hypot": Case(weft.hypot, _PAIR, 0.3, 2),
    "logaddexp": Case(weft.logaddexp, _PAIR),
    "maximum": Case(lambda a, b: weft.maximum(a, b + 0.01), _PAIR),
    "where": Case(lambda a, b: weft.where(a > b, a * 2, b * b), _PAIR),
    "clip": Case(lambda a: weft.clip(a, -1.01, 0.97)),
    "sum": Case(lambda a: a.sum(axis=1) ** 2, ((3, 4),)),
    "mean": Case(lambda a: a.mean(axis=0) ** 2, ((3, 4),)),
    "prod": Case(lambda a: a.prod(axis=1), ((3, 4),), 0.4, 1.6),
    "prod with a zero": Case(lambda a: (a * weft.asarray([1.0, 0.0, 1.0], dtype=a.dtype)).prod(), ((3,),), 0.4, 1.6),
    "max": Case(lambda a: (a * a).max(axis=1), ((3, 4),)),
    "min": Case(lambda a: weft.exp(a).min(axis=0), ((3, 4),)),
    "var": Case(lambda a: a.var(axis=1), ((3, 4),)),
    "logsumexp": Case(lambda a: weft.logsumexp(a, axis=1), ((3, 4),)),
    "softmax": Case(lambda a: F.softmax(a, 1) ** 2, ((3, 4),)),
    "log softmax": Case(lambda a: F.log_softmax(a, 1), ((3, 4),)),
    "layer norm": Case(lambda a, w, b: F.layer_norm(a, (4,), w, b), ((3, 4), (4,), (4,))),
    "cross entropy": Case(lambda a: F.cross_entropy(a, weft.asarray([1, 0, 3])), ((3, 4),)),
    "gelu": Case(F.gelu),
    "matmul": Case(lambda a, b: a @ b, ((3, 4), (4, 2))),
    "matmul of batches": Case(lambda a, b: a @ b, ((2, 1, 3, 4), (2, 4, 2))),
    "matmul of a vector": Case(lambda a, b: a @ b, ((4,), (4, 2))),
    "matmul with itself": Case(lambda a: a @ a.T, ((3, 2),)),
    "einsum": Case(lambda a, b: weft.einsum("bij,bkj->bik", a, b), ((2, 3, 2), (2, 2, 2))),
    "conv2d": Case(lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1), ((1, 2, 5, 4), (3, 2, 3, 2), (3,))),
    "conv2d in groups": Case(
        lambda x, w: F.conv2d(x, w, padding=1, groups=2, dilation=2), ((1, 4, 5, 5), (4, 2, 2, 2))
    ),
    "transpose and reshape": Case(lambda a: a.T.reshape(2, 6) * weft.arange(6, dtype=a.dtype), ((3, 4),)),
    "slices": Case(lambda a: a[::-1, 1::2] ** 2, ((3, 4),)),
    "concat": Case(lambda a, b: weft.concat([a, b, a * a], axis=0), ((2, 3), (1, 3))),
    "pad": Case(lambda a: weft.pad(a, ((1, 0), (2, 1))) ** 2, ((2, 3),)),
    "flip and roll": Case(lambda a: weft.roll(weft.flip(a, axis=0), 1, axis=1) * a, ((3, 3),)),
    "broadcast": Case(lambda a: weft.broadcast_to(a, (4, 3)) * weft.broadcast_to(a, (4, 3)), ((3,),)),
    "gather": Case(lambda a: a[weft.asarray(_INDEX)] ** 2, ((4, 2),)),
    "take along": Case(lambda a: weft.take_along_axis(a, weft.asarray([[1, 1, 0], [2, 0, 0]]), 1) ** 2, ((2, 3),)),
    "index add": Case(lambda a, b: weft.index_add(a, 0, weft.asarray(_INDEX), b) ** 2, ((4, 2), (4, 2))),
    "sort": Case(lambda a: weft.sort(a) * weft.arange(5, dtype=a.dtype)),
    "cumsum": Case(lambda a: weft.cumsum(a, axis=1) ** 2, ((2, 4),)),
    "cumprod": Case(lambda a: weft.cumprod(a, axis=1), ((2, 4),), 0.5, 1.5),
    "cast": Case(lambda a: (a.astype("float32").astype("float64") if a.dtype == weft.float64 else a) * 2),
}
NOT_TWICE = {"cast", "abs", "relu", "sort"}


def _inputs(case: Case) -> list[Array]:
    generator = np.random.default_rng(5)
    return [generator.uniform(case.low, case.high, s) for s in case.shapes]


def _loss(case: Case, tensors: list[weft.Tensor]) -> weft.Tensor:
    y = case.f(*tensors)
    weights = weft.asarray((1 + np.arange(y.size) % 7 / 4.0).reshape(y.shape), dtype=y.dtype)
    return (y * weights).sum()


def _gradients(case: Case, inputs: list[Array], dtype: str) -> list[Array]:
    def f(*tensors: weft.Tensor) -> weft.Tensor:
        return _loss(case, list(tensors))

    tensors = [weft.asarray(x, dtype=dtype) for x in inputs]
    return [from_weft(g) for g in weft.grad(f, argnums=tuple(range(len(tensors))))(*tensors)]


def _differences(value: Callable[[list[Array]], float], inputs: list[Array], step: float) -> list[Array]:
    out = []
    for which, x in enumerate(inputs):
        slope = np.zeros_like(x)
        for at in np.ndindex(x.shape):
            ends = []
            for sign in (1, -1):
                moved = [v.copy() for v in inputs]
                moved[which][at] += sign * step
                ends.append(value(moved))
            slope[at] = (ends[0] - ends[1]) / (2 * step)
        out.append(slope)
    return out


@pytest.mark.parametrize("name", CASES)
def test_first(target: Target, name: str) -> None:
    case = CASES[name]
    inputs = _inputs(case)
    if not target.has("float64"):
        got = _gradients(case, inputs, "float32")
        with weft.device("reference"):
            want = _gradients(case, inputs, "float64")
        for g, w in zip(got, want, strict=True):
            np.testing.assert_allclose(g, w, rtol=2e-4, atol=2e-5)
        return
    got = _gradients(case, inputs, "float64")
    step, tolerance = (1e-2, 1e-3) if name == "cast" else (1e-6, 1e-7)
    want = _differences(lambda xs: float(_loss(case, [weft.asarray(x, dtype="float64") for x in xs])), inputs, step)
    for g, w in zip(got, want, strict=True):
        assert g.shape == w.shape
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [n for n in CASES if n not in NOT_TWICE])
def test_twice(target: Target, name: str) -> None:
    """The gradient of the gradient's weighted sum, along one direction."""
    target.need("float64")
    case = CASES[name]
    if target.slow and name not in (*_SMOOTH, "matmul", "softmax", "conv2d"):
        pytest.skip("the backend is slow: a part is enough")
    inputs = _inputs(case)
    generator = np.random.default_rng(6)
    directions = [generator.uniform(-1, 1, x.shape) for x in inputs]
    numbers = tuple(range(len(inputs)))

    def along(*tensors: weft.Tensor) -> Any:
        gradients = weft.grad(lambda *ts: _loss(case, list(ts)), argnums=numbers)(*tensors)
        return sum((g * weft.asarray(d)).sum() for g, d in zip(gradients, directions, strict=True))

    got = weft.grad(along, argnums=numbers)(*[weft.asarray(x) for x in inputs])
    step = 1e-5
    up, down = ([x + s * step * d for x, d in zip(inputs, directions, strict=True)] for s in (1, -1))
    want = [
        (a - b) / (2 * step)
        for a, b in zip(_gradients(case, up, "float64"), _gradients(case, down, "float64"), strict=True)
    ]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(from_weft(g), w, rtol=1e-5, atol=1e-5)


def test_backward_and_grad_agree(target: Target) -> None:
    x, w = (weft.asarray(np.random.default_rng(n).uniform(-1, 1, (3, 3)), dtype="float32") for n in (1, 2))
    a, b = (v.clone().requires_grad_() for v in (x, w))
    weft.tanh(a @ b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    ga, gb = weft.grad(lambda p, q: weft.tanh(p @ q).sum(), argnums=(0, 1))(x, w)
    assert from_weft(a.grad).tobytes() == from_weft(ga).tobytes()
    assert from_weft(b.grad).tobytes() == from_weft(gb).tobytes()
