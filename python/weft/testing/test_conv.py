"""Convolution, forward and both gradients, against a tap-by-tap reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import weft
from weft import _core
from weft.testing import oracle
from weft.testing.compare import EPS, exact, near
from weft.testing.samples import from_weft, numbers, to_weft
from weft.testing.target import Target


@dataclass(frozen=True)
class Case:
    """x (n, g, ci, spatial...), w (g, co, ci, kernel...)."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    lo: tuple[int, ...]
    hi: tuple[int, ...]


CASES = {
    "3x3": Case((2, 1, 3, 8, 7), (1, 4, 3, 3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
    "no padding": Case((2, 1, 3, 8, 7), (1, 4, 3, 3, 2), (1, 1), (1, 1), (0, 0), (0, 0)),
    "1x1": Case((2, 1, 5, 4, 4), (1, 6, 5, 1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
    "stride": Case((1, 1, 2, 9, 8), (1, 3, 2, 3, 3), (2, 3), (1, 1), (1, 1), (1, 1)),
    "stride leaves a rest": Case((1, 1, 2, 10, 10), (1, 3, 2, 3, 3), (3, 3), (1, 1), (0, 0), (0, 0)),
    "dilation": Case((1, 1, 2, 9, 9), (1, 3, 2, 3, 2), (1, 1), (2, 3), (2, 0), (2, 3)),
    "stride and dilation": Case((1, 1, 2, 11, 9), (1, 2, 2, 3, 3), (2, 2), (2, 1), (3, 2), (1, 0)),
    "uneven padding": Case((1, 1, 2, 5, 6), (1, 3, 2, 3, 4), (1, 1), (1, 1), (2, 0), (0, 3)),
    "groups": Case((2, 3, 2, 6, 6), (3, 2, 2, 3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
    "depthwise": Case((2, 6, 1, 7, 5), (6, 1, 1, 3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
    "one line": Case((2, 1, 3, 12), (1, 4, 3, 5), (1,), (1,), (2,), (2,)),
    "one line, strided": Case((2, 2, 3, 17), (2, 4, 3, 4), (3,), (2,), (1,), (0,)),
    "a volume": Case((1, 1, 2, 4, 5, 4), (1, 3, 2, 2, 3, 3), (1, 2, 1), (1, 1, 1), (1, 1, 1), (0, 1, 1)),
    "the whole image": Case((3, 1, 2, 4, 4), (1, 5, 2, 4, 4), (1, 1), (1, 1), (0, 0), (0, 0)),
    "nothing": Case((0, 1, 3, 5, 5), (1, 4, 3, 3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
}


def _bound(dtype: str, terms: int, scale: float) -> float:
    return float(EPS["float64" if dtype == "float64" else "float32"] * (4 + np.sqrt(terms)) * terms * scale)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("name", CASES)
def test_conv(target: Target, name: str, dtype: str) -> None:
    target.need(dtype)
    if dtype != "float32" and name not in ("3x3", "stride", "groups"):
        pytest.skip("one dtype is enough")
    c = CASES[name]
    x, w = numbers(c.x, dtype, -1, 1, 1), numbers(c.w, dtype, -1, 1, 2)
    tx, tw = to_weft(x, dtype), to_weft(w, dtype)
    wide = x.astype(np.float64), w.astype(np.float64)
    shape = (c.stride, c.dilation, c.lo, c.hi)
    terms = int(np.prod(c.w[2:]))

    y = oracle.conv(*wide, *shape)
    near(from_weft(_core.conv(tx, tw, *shape)), y, dtype, _bound(dtype, terms, 1))

    g = numbers(y.shape, dtype, -1, 1, 3)
    tg = to_weft(g, dtype)
    want = oracle.conv_input_grad(g.astype(np.float64), wide[1], *shape, c.x[3:])
    near(
        from_weft(_core.conv_input_grad(tg, tw, *shape, c.x[3:])),
        want,
        dtype,
        _bound(dtype, c.w[1] * int(np.prod(c.w[3:])), 1),
    )

    want = oracle.conv_weight_grad(g.astype(np.float64), wide[0], *shape, c.w[3:])
    near(
        from_weft(_core.conv_weight_grad(tg, tx, *shape, c.w[3:])),
        want,
        dtype,
        _bound(dtype, max(1, y.size // max(1, c.w[1])), 1),
    )


def test_exactly_in_small_integers(target: Target) -> None:
    """No rounding: every order of additions gives this."""
    c = CASES["3x3"]
    x, w = (numbers(s, "int32", -8, 8, n).astype(np.float32) for n, s in enumerate((c.x, c.w)))
    got = from_weft(_core.conv(to_weft(x, "float32"), to_weft(w, "float32"), c.stride, c.dilation, c.lo, c.hi))
    exact(got, oracle.conv(x, w, c.stride, c.dilation, c.lo, c.hi))


def test_conv2d_with_what_follows(target: Target) -> None:
    """Bias and activation of nn.functional, on a strided input."""
    x, w, b = (
        numbers((2, 16, 16, 3), "float32", -1, 1, 1),
        numbers((4, 3, 3, 3), "float32", -1, 1, 2),
        numbers(4, "float32", -1, 1, 3),
    )
    image = np.moveaxis(x, 3, 1)[:, :, ::2, ::-2]
    y = oracle.conv(image[:, None].astype(np.float64), w[None].astype(np.float64), (1, 1), (1, 1), (1, 1), (1, 1))[:, 0]
    t = weft.moveaxis(to_weft(x, "float32"), 3, 1)[:, :, ::2, ::-2]
    got = weft.relu(weft.nn.functional.conv2d(t, to_weft(w, "float32"), to_weft(b, "float32"), padding=1))
    near(from_weft(got), np.maximum(y + b[:, None, None].astype(np.float64), 0), "float32", 1e-5)
