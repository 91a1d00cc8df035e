"""Comparing with a reference of higher precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.testing.samples import NUMPY, Array

__all__ = ["EPS", "equal_bits", "exact", "near", "within_ulps"]

# digits of the mantissa, smallest exponent, largest number
_FORMATS = {
    "float16": (11, -14, 65504.0),
    "bfloat16": (8, -126, 3.3895313892515355e38),
    "float32": (24, -126, 3.4028234663852886e38),
    "float64": (53, -1022, 1.7976931348623157e308),
}
EPS = {name: 2.0 ** (1 - digits) for name, (digits, _, _) in _FORMATS.items()}


def spacing(x: Array, dtype: str) -> Array:
    """The distance between neighbours of a dtype around |x|."""
    digits, least, _ = _FORMATS[dtype]
    with np.errstate(all="ignore"):
        exponent = np.floor(np.log2(np.abs(x).astype(np.float64)))
    exponent = np.where(np.isfinite(exponent), np.maximum(exponent, least), least)
    out: Array = np.exp2(exponent - (digits - 1))
    return out


def _report(got: Array, want: Array, bad: Array, inputs: tuple[Array, ...], error: Array | None = None) -> str:
    lines = [f"{int(bad.sum())} of {bad.size} elements differ"]
    places: list[Any] = list(zip(*np.nonzero(bad), strict=True))[:6] if bad.ndim else [()]
    for at in places:
        given = ", ".join(repr(np.broadcast_to(i, bad.shape)[at]) for i in inputs)
        more = f" ({float(error[at]):.3g} ulp)" if error is not None and np.isfinite(error[at]) else ""
        lines.append(
            f"  at {tuple(int(i) for i in at)}: {got[at]!r}, not {want[at]!r}{more}"
            + (f" for {given}" if given else "")
        )
    return "\n".join(lines)


def _shaped(got: Array, want: Array, dtype: str) -> None:
    assert got.shape == want.shape, f"shape {got.shape}, not {want.shape}"
    assert got.dtype == NUMPY[dtype], f"dtype {got.dtype}, not {dtype}"


def within_ulps(
    got: Array,
    want: Any,
    dtype: str,
    ulps: float,
    *inputs: Array,
    atol: float = 0.0,
    zero_signs: bool = False,
    flushes: bool = False,
) -> None:
    """Fail unless `got` is within `ulps` units of the last place of `want`, which is of a higher precision.

    Infinities and NaN must be where they belong; a result too large for the dtype may be infinite or the largest
    number.
    """
    want = np.asarray(want)
    _shaped(got, want, dtype)
    _, least, largest = _FORMATS[dtype]
    with np.errstate(all="ignore"):
        g, w = got.astype(want.dtype), want
        unit = spacing(w, dtype)
        error = np.abs(g - w) / unit
        allowed = ulps + atol / unit
        if flushes:
            allowed = allowed + 2.0**least / unit
        good = error <= allowed
        overflow = np.abs(w) > largest * (1 - EPS[dtype] * (ulps + 1))
        good |= (
            overflow
            & np.isfinite(w)
            & (np.sign(g) == np.sign(w))
            & ((np.abs(g) == np.inf) | (np.abs(g) >= largest * (1 - EPS[dtype] * (ulps + 1))))
        )
    good = np.where(np.isnan(w), np.isnan(g), np.where(np.isinf(w), g == w, good))
    if zero_signs:
        good &= (w != 0) | (g != 0) | (np.signbit(g) == np.signbit(w))
    assert good.all(), _report(got, want, ~np.asarray(good), inputs, error)


def near(got: Array, want: Any, dtype: str, allowed: Any) -> None:
    """Fail unless |got - want| <= allowed, element by element, plus the rounding of the result."""
    want = np.asarray(want)
    _shaped(got, want, dtype)
    part = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    with np.errstate(all="ignore"):
        error = np.abs(got - want)
        good = error <= np.asarray(allowed) + 0.51 * spacing(np.abs(want), part)
    good = np.where(np.isnan(want), np.isnan(got), np.where(np.isinf(want), got == want, good))
    assert good.all(), _report(got, want, ~np.asarray(good), ())


def exact(got: Array, want: Array, *inputs: Array) -> None:
    """Fail unless shape, dtype and every element are equal; NaN equals NaN."""
    want = np.asarray(want)
    assert got.shape == want.shape, f"shape {got.shape}, not {want.shape}"
    assert got.dtype == want.dtype, f"dtype {got.dtype}, not {want.dtype}"
    bad = got != want
    if want.dtype.kind in "fc":
        bad &= ~(np.isnan(got) & np.isnan(want))
    bad = np.asarray(bad)
    assert not bad.any(), _report(got, want, bad, inputs)


def equal_bits(a: Array, b: Array) -> None:
    """Fail unless the bytes are the same."""
    assert a.shape == b.shape, f"{a.shape} and {b.shape}"
    assert a.dtype == b.dtype, f"{a.dtype} and {b.dtype}"
    if a.tobytes() != b.tobytes():
        unsigned = np.dtype(f"u{a.dtype.itemsize}") if a.dtype.kind in "iuf" else a.dtype
        bad = np.asarray(np.ascontiguousarray(a).view(unsigned) != np.ascontiguousarray(b).view(unsigned)).reshape(
            a.shape
        )
        raise AssertionError("other bits: " + _report(a, b, bad, ()))
