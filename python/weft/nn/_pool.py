"""Pooling: reductions over windows."""

from __future__ import annotations

import weft
from weft import Tensor

from ._windows import Pair, out_size, pair

__all__ = ["avg_pool2d", "max_pool2d"]


def _windows(
    name: str, x: Tensor, kernel: Pair, stride: Pair | None, padding: Pair, dilation: Pair, ceil: bool, fill: float
) -> Tensor:
    """The windows of (N, C, H, W), as (N, C, out height, kernel height, out width, kernel width)."""
    if x.ndim != 4:
        raise ValueError(f"{name}: expected an input of shape (N, C, H, W), not {x.shape}")
    k = pair(f"{name}: kernel_size", kernel, 1)
    s = k if stride is None else pair(f"{name}: stride", stride, 1)
    p, d = pair(f"{name}: padding", padding, 0), pair(f"{name}: dilation", dilation, 1)
    if p[0] > k[0] // 2 or p[1] > k[1] // 2:
        raise ValueError(f"{name}: padding {p} must be at most half the kernel {k}")
    n, c, h, w = x.shape
    if k == s and p == (0, 0) and d == (1, 1) and h % k[0] == 0 and w % k[1] == 0:
        return x.reshape((n, c, h // k[0], k[0], w // k[1], k[1]))
    for axis, at in ((2, 0), (4, 1)):
        size = x.shape[axis]
        out = out_size(name, size, k[at], s[at], d[at], 2 * p[at], ceil)
        if ceil and (out - 1) * s[at] >= size + p[at]:
            out -= 1  # a window must begin inside the input or the padding before it
        x = weft._core.window(x, axis, out, k[at], s[at], d[at], p[at], fill)
    return x


def max_pool2d(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest element of each window. `stride` is `kernel_size` unless given.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.max_pool2d(weft.arange(16.0).reshape((1, 1, 4, 4)), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    windows = _windows("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode, float("-inf"))
    return windows.max(axis=(3, 5))


def avg_pool2d(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window. `stride` is `kernel_size` unless given.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.avg_pool2d(weft.arange(16.0).reshape((1, 1, 4, 4)), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    name = "avg_pool2d"
    total = _windows(name, x, kernel_size, stride, padding, 1, ceil_mode, 0.0).sum(axis=(3, 5))
    if divisor_override is not None:
        return total / divisor_override
    k, p = pair(name, kernel_size, 1), pair(name, padding, 0)
    if (count_include_pad or p == (0, 0)) and not ceil_mode:
        return total / (k[0] * k[1])
    # Places that count: the input, and the padding around it if asked for; never what ceil_mode adds.
    h, w = x.shape[2:]
    ones = weft.ones((1, 1, h, w), dtype=x.dtype, device=x.device)
    if count_include_pad and p != (0, 0):
        ones = weft._core._pad(ones, (0, 0, *p), (0, 0, *p), fill=1)
        padding = 0
    return total / _counts(ones, kernel_size, stride, padding, total.shape)


def _counts(ones: Tensor, kernel: Pair, stride: Pair | None, padding: Pair, shape: tuple[int, ...]) -> Tensor:
    k = pair("kernel", kernel, 1)
    s, p = k if stride is None else pair("stride", stride, 1), pair("padding", padding, 0)
    for axis, at, out in ((2, 0, shape[2]), (4, 1, shape[3])):
        ones = weft._core.window(ones, axis, out, k[at], s[at], 1, p[at], 0.0)
    return ones.sum(axis=(3, 5))
