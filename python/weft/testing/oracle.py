"""What NumPy lacks, written out plainly: Philox, convolutions, functions of the standard library."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft.testing.samples import Array

__all__ = ["conv", "conv_input_grad", "conv_weight_grad", "elementwise", "philox"]


def elementwise(function: Callable[[float], float]) -> Callable[[Array], Array]:
    """A function of one float, for arrays."""
    return np.vectorize(function, otypes=[np.float64])


def philox(counter: Array, key: int) -> Array:
    """Philox 4x32-10 (Salmon et al., 2011): counters (n, 4) of 32 bits, a key of 64; the words are (n, 4)."""
    c = np.asarray(counter, np.uint64)
    mask, low = np.uint64(0xFFFFFFFF), [np.uint64(key & 0xFFFFFFFF), np.uint64(key >> 32)]
    with np.errstate(over="ignore"):
        for _ in range(10):
            a, b = c[:, 0] * np.uint64(0xD2511F53), c[:, 2] * np.uint64(0xCD9E8D57)
            c = np.stack(
                [(b >> np.uint64(32)) ^ c[:, 1] ^ low[0], b & mask, (a >> np.uint64(32)) ^ c[:, 3] ^ low[1], a & mask],
                axis=1,
            )
            low = [(low[0] + np.uint64(0x9E3779B9)) & mask, (low[1] + np.uint64(0xBB67AE85)) & mask]
    return c.astype(np.uint32)


def _last(places: Sequence[Any]) -> Any:
    """An index for the last dimensions."""
    return ..., *places


def _taps(kernel: Sequence[int]) -> list[tuple[int, ...]]:
    return list(itertools.product(*[range(k) for k in kernel]))


def _padded_shape(spatial: Sequence[int], lo: Sequence[int], hi: Sequence[int]) -> list[int]:
    return [s + a + b for s, a, b in zip(spatial, lo, hi, strict=True)]


def _window(tap: Sequence[int], out: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """Where, in the padded input, a tap of the kernel lies for every output."""
    places = zip(tap, out, stride, dilation, strict=True)
    return _last([slice(t * d, t * d + (o - 1) * s + 1, s) for t, o, s, d in places])


def _output(padded: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int]:
    return [(p - (k - 1) * d - 1) // s + 1 for p, k, s, d in zip(padded, kernel, stride, dilation, strict=True)]


def conv(
    x: Array, w: Array, stride: Sequence[int], dilation: Sequence[int], lo: Sequence[int], hi: Sequence[int]
) -> Array:
    """Tap by tap: x (n, g, ci, spatial...), w (g, co, ci, kernel...) -> (n, g, co, out...)."""
    kernel = w.shape[3:]
    padded = np.pad(x, [(0, 0)] * 3 + list(zip(lo, hi, strict=True)))
    out = _output(padded.shape[3:], kernel, stride, dilation)
    y = np.zeros((*x.shape[:2], w.shape[1], *out), x.dtype)
    for tap in _taps(kernel):
        part = padded[_window(tap, out, stride, dilation)]
        y += np.einsum("ngc...,goc->ngo...", part, w[_last(tap)])
    return y


def conv_input_grad(
    g: Array,
    w: Array,
    stride: Sequence[int],
    dilation: Sequence[int],
    lo: Sequence[int],
    hi: Sequence[int],
    spatial: Sequence[int],
) -> Array:
    padded = np.zeros((*g.shape[:2], w.shape[2], *_padded_shape(spatial, lo, hi)), g.dtype)
    for tap in _taps(w.shape[3:]):
        padded[_window(tap, g.shape[3:], stride, dilation)] += np.einsum("ngo...,goc->ngc...", g, w[_last(tap)])
    out: Array = padded[_last([slice(a, a + s) for a, s in zip(lo, spatial, strict=True)])]
    return out


def conv_weight_grad(
    g: Array,
    x: Array,
    stride: Sequence[int],
    dilation: Sequence[int],
    lo: Sequence[int],
    hi: Sequence[int],
    kernel: Sequence[int],
) -> Array:
    padded = np.pad(x, [(0, 0)] * 3 + list(zip(lo, hi, strict=True)))
    w = np.zeros((x.shape[1], g.shape[2], x.shape[2], *kernel), x.dtype)
    axes = math.prod(g.shape[3:])
    for tap in _taps(kernel):
        part = padded[_window(tap, g.shape[3:], stride, dilation)]
        a = np.moveaxis(g, 0, 2).reshape(*g.shape[1:3], -1)  # (g, co, n * out)
        b = np.moveaxis(part, 0, 2).reshape(*part.shape[1:3], part.shape[0] * axes)
        w[_last(tap)] = a @ np.swapaxes(b, 1, 2)
    return w
