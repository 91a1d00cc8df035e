"""Pooling as layers."""

from __future__ import annotations

from weft import Tensor

from . import functional as F
from ._arguments import shown
from .functional._windows import Size
from .module import Module

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d"]


class _MaxPool(Module):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.dilation, self.ceil_mode = dilation, ceil_mode

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return text + shown(self, dilation=1, ceil_mode=False)


class MaxPool1d(_MaxPool):
    """The largest element of each window of (N, C, L); see `weft.nn.functional.max_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.MaxPool1d(2)(weft.ones((1, 3, 8))).shape
    (1, 3, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.max_pool1d(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


class MaxPool2d(_MaxPool):
    """The largest element of each window of (N, C, H, W); see `weft.nn.functional.max_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.MaxPool2d(3, stride=2, padding=1)(weft.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.max_pool2d(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


class AvgPool1d(Module):
    """The mean of each window of (N, C, L); see `weft.nn.functional.avg_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.AvgPool1d(2)(weft.ones((1, 3, 8))).shape
    (1, 3, 4)
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(AvgPool1d):
    """The mean of each window of (N, C, H, W); see `weft.nn.functional.avg_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.AvgPool2d(2)(weft.ones((1, 3, 8, 8))).shape
    (1, 3, 4, 4)
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class _AdaptiveAvgPool(Module):
    def __init__(self, output_size: int | tuple[int | None, ...]) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means of (N, C, L) that give `output_size` places; see `weft.nn.functional.adaptive_avg_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.AdaptiveAvgPool1d(3)(weft.ones((1, 2, 7))).shape
    (1, 2, 3)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means of (N, C, H, W) that give images of `output_size`; see `weft.nn.functional.adaptive_avg_pool2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.AdaptiveAvgPool2d((1, 3))(weft.ones((1, 2, 5, 7))).shape
    (1, 2, 1, 3)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)
