"""Sizes and arguments of what slides over an image."""

from __future__ import annotations

from collections.abc import Sequence

from weft import Tensor

Size = int | Sequence[int]

__all__ = ["Size", "batched", "out_size", "per_axis"]


def per_axis(name: str, value: Size, count: int, least: int) -> tuple[int, ...]:
    """`value` for each of `count` spatial dimensions, each at least `least`."""
    values = (value,) * count if isinstance(value, int) else tuple(value)
    if len(values) != count or not all(isinstance(v, int) and v >= least for v in values):
        raise ValueError(f"{name} must be an integer >= {least} or {count} of them, not {value!r}")
    return values


def out_size(name: str, n: int, kernel: int, stride: int, dilation: int, padding: int, ceil: bool = False) -> int:
    """How many windows fit; with `ceil` one may begin inside and reach over the end."""
    span = n + padding - dilation * (kernel - 1) - 1
    if span < 0:
        raise ValueError(
            f"{name}: a kernel of {kernel} (dilation {dilation}) does not fit an input of {n} with padding {padding}; "
            "use a smaller kernel or more padding"
        )
    return -(-span // stride) + 1 if ceil else span // stride + 1


def batched(name: str, input: Tensor, count: int) -> tuple[Tensor, bool]:
    """`input` as (N, C, spatial...), and whether it came without N."""
    if input.ndim == count + 1:
        return input.unsqueeze(0), True
    if input.ndim != count + 2:
        spatial = ", ".join(("D", "H", "W")[-count:] if count > 1 else "L")
        raise ValueError(
            f"{name}: expected an input of shape (N, C, {spatial}) or (C, {spatial}), not {input.shape}; reshape it"
        )
    return input, False
