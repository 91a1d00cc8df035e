"""Pooling: reductions over windows."""

from __future__ import annotations

import math

import numpy as np

import weft
from weft import Tensor

from ._windows import Size, batched, out_size, per_axis
from .resampling import resample

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]


class _Slide:
    """Where the windows of a pooling lie."""

    def __init__(
        self, name: str, count: int, kernel: Size, stride: Size | None, padding: Size, dilation: Size, ceil: bool
    ) -> None:
        self.name, self.count, self.ceil = name, count, ceil
        self.kernel = per_axis(f"{name}: kernel_size", kernel, count, 1)
        self.stride = self.kernel if stride is None else per_axis(f"{name}: stride", stride, count, 1)
        self.padding = per_axis(f"{name}: padding", padding, count, 0)
        self.dilation = per_axis(f"{name}: dilation", dilation, count, 1)
        self.axes = tuple(range(3, 3 + 2 * count, 2))  # of the places inside a window
        if any(p > k // 2 for p, k in zip(self.padding, self.kernel, strict=True)):
            raise ValueError(f"{name}: padding {self.padding} must be at most half the kernel {self.kernel}")

    def sizes(self, spatial: tuple[int, ...]) -> list[int]:
        """How many windows there are along each dimension."""
        sizes = []
        for n, k, s, p, d in zip(spatial, self.kernel, self.stride, self.padding, self.dilation, strict=True):
            out = out_size(self.name, n, k, s, d, 2 * p, self.ceil)
            # A window must begin inside the input or the padding before it.
            sizes.append(out - 1 if self.ceil and (out - 1) * s >= n + p else out)
        return sizes

    def windows(self, x: Tensor, fill: float) -> Tensor:
        """(N, C, H, W) as (N, C, out height, kernel height, out width, kernel width), with any number of dimensions."""
        plain = not any(self.padding) and all(d == 1 for d in self.dilation) and self.kernel == self.stride
        if plain and all(n % k == 0 for n, k in zip(x.shape[2:], self.kernel, strict=True)):
            return x.reshape(
                (*x.shape[:2], *(v for n, k in zip(x.shape[2:], self.kernel, strict=True) for v in (n // k, k)))
            )
        for i, out in enumerate(self.sizes(x.shape[2:])):
            x = weft._core.window(
                x, 2 + 2 * i, out, self.kernel[i], self.stride[i], self.dilation[i], self.padding[i], fill
            )
        return x

    def numbers(self, device: weft.device) -> Tensor:
        """Row-major numbers of the places inside a window, of the shape of `windows` along them and 1 elsewhere."""
        places = weft.asarray(np.arange(math.prod(self.kernel), dtype=np.int32), device=device)
        return places.reshape(tuple(v for k in self.kernel for v in (k, 1))[:-1])


def _max_pool(input: Tensor, slide: _Slide) -> Tensor:
    x, single = batched(slide.name, input, slide.count)
    windows = slide.windows(x, -math.inf)
    largest = windows.detach().max(axis=slide.axes)

    # The gradient of max() is shared by equal elements; here the first takes all of it, as in PyTorch.
    def to_first(g: Tensor) -> list[Tensor]:
        kept = tuple(1 if axis in slide.axes else n for axis, n in enumerate(windows.shape))
        numbers = slide.numbers(g.device)
        beaten = windows.detach() < largest.reshape(kept)
        first = weft.where(beaten, numbers.size, numbers).min(axis=slide.axes, keepdims=True)
        return [weft.where(numbers == first, g.reshape(kept), 0)]

    y = weft._core._custom_vjp(largest, [windows], to_first)
    return y.squeeze(0) if single else y


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest element of each window of (N, C, L); see `max_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.max_pool1d(weft.asarray([[3.0, 1.0, 2.0, 5.0]]), 2).tolist()
    [[3.0, 5.0]]
    """
    return _max_pool(input, _Slide("max_pool1d", 1, kernel_size, stride, padding, dilation, ceil_mode))


def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest element of each window.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size : int or pair
        The size of the windows.
    stride : int or pair, optional
        The distance between windows; `kernel_size` by default.
    padding : int or pair
        How far windows reach over the edges, at most half their size.
    dilation : int or pair
        The distance between the places of a window.
    ceil_mode : bool
        Whether a last window may reach over the end.

    Returns
    -------
    Tensor
        (N, C, H', W'). Where elements are equal, the first gets the gradient.

    Raises
    ------
    ValueError
        The kernel does not fit the input, or the padding is more than half the kernel.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.max_pool2d(weft.arange(16.0).reshape((1, 1, 4, 4)), 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    return _max_pool(input, _Slide("max_pool2d", 2, kernel_size, stride, padding, dilation, ceil_mode))


def _avg_pool(input: Tensor, slide: _Slide, count_include_pad: bool, divisor: int | None) -> Tensor:
    x, single = batched(slide.name, input, slide.count)
    total = slide.windows(x, 0.0).sum(axis=slide.axes)
    if divisor == 0:
        raise ValueError(f"{slide.name}: divisor_override must not be 0")
    if divisor is not None:
        mean = total / divisor
    elif not slide.ceil and (count_include_pad or not any(slide.padding)):
        mean = total / math.prod(slide.kernel)
    else:
        # Places that count: the input, and the padding around it if asked for; never what ceil_mode adds.
        margin = slide.padding if count_include_pad else (0,) * slide.count
        for i, (n, out, k) in enumerate(zip(x.shape[2:], total.shape[2:], slide.kernel, strict=True)):
            start = weft.arange(out, device=x.device) * slide.stride[i] - slide.padding[i]
            inside = (start + k).clip(None, n + margin[i]) - start.clip(-margin[i], None)
            total = total / inside.astype(x.dtype).reshape((-1, *(1,) * (slide.count - 1 - i)))
        mean = total
    return mean.squeeze(0) if single else mean


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of (N, C, L); see `avg_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.avg_pool1d(weft.asarray([[3.0, 1.0, 2.0, 5.0]]), 2).tolist()
    [[2.0, 3.5]]
    """
    return _avg_pool(
        input, _Slide("avg_pool1d", 1, kernel_size, stride, padding, 1, ceil_mode), count_include_pad, None
    )


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size, stride, padding, ceil_mode
        As in `max_pool2d`.
    count_include_pad : bool
        Whether the zeros of the padding count.
    divisor_override : int, optional
        What to divide the sum of a window by, instead of the number of its places.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.avg_pool2d(weft.arange(16.0).reshape((1, 1, 4, 4)), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    slide = _Slide("avg_pool2d", 2, kernel_size, stride, padding, 1, ceil_mode)
    return _avg_pool(input, slide, count_include_pad, divisor_override)


def _adaptive(name: str, input: Tensor, output_size: int | tuple[int | None, ...], count: int) -> Tensor:
    x, single = batched(name, input, count)
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * count
    if len(wanted) != count:
        raise ValueError(f"{name}: output_size must be an integer or {count} of them, not {output_size!r}")
    given = [n if w is None else w for w, n in zip(wanted, x.shape[2:], strict=True)]
    sizes = per_axis(f"{name}: output_size", given, count, 1)
    if min(x.shape[2:]) < 1:
        raise ValueError(f"{name}: an input of shape {input.shape} has nothing to take the mean of")
    if all(n % out == 0 for n, out in zip(x.shape[2:], sizes, strict=True)):
        parts = tuple(v for n, out in zip(x.shape[2:], sizes, strict=True) for v in (out, n // out))
        y = x.reshape((*x.shape[:2], *parts)).mean(axis=tuple(range(3, 3 + 2 * count, 2)))
    else:
        y = resample(x, sizes, "area")
    return y.squeeze(0) if single else y


def adaptive_avg_pool1d(input: Tensor, output_size: int | tuple[int | None, ...]) -> Tensor:
    """Means of (N, C, L) that give `output_size` places; see `adaptive_avg_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.adaptive_avg_pool1d(weft.asarray([[1.0, 2.0, 3.0]]), 2).tolist()
    [[1.5, 2.5]]
    """
    return _adaptive("adaptive_avg_pool1d", input, output_size, 1)


def adaptive_avg_pool2d(input: Tensor, output_size: int | tuple[int | None, ...]) -> Tensor:
    """Means that give an output of this size, whatever the input's.

    Place i of n_out is the mean of the places from ``floor(i * n / n_out)`` to below ``ceil((i + 1) * n / n_out)``.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    output_size : int or pair
        Height and width; None keeps that of the input.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.adaptive_avg_pool2d(weft.ones((1, 3, 7, 5)), (2, None)).shape
    (1, 3, 2, 5)
    """
    return _adaptive("adaptive_avg_pool2d", input, output_size, 2)
