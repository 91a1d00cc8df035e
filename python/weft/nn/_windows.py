"""Sizes and arguments of what slides over an image."""

from __future__ import annotations

from collections.abc import Sequence

Pair = int | Sequence[int]

__all__ = ["Pair", "out_size", "pair"]


def pair(name: str, value: Pair, least: int) -> tuple[int, int]:
    """`value` for height and width, each at least `least`."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) != 2 or not all(isinstance(v, int) and v >= least for v in both):
        raise ValueError(f"{name} must be an integer >= {least} or a pair of them, not {value!r}")
    return both[0], both[1]


def out_size(name: str, n: int, kernel: int, stride: int, dilation: int, padding: int, ceil: bool = False) -> int:
    """How many windows fit; with `ceil` one may begin inside and reach over the end."""
    span = n + padding - dilation * (kernel - 1) - 1
    if span < 0:
        raise ValueError(
            f"{name}: a kernel of {kernel} (dilation {dilation}) does not fit an input of {n} with padding {padding}; "
            "use a smaller kernel or more padding"
        )
    return -(-span // stride) + 1 if ceil else span // stride + 1
