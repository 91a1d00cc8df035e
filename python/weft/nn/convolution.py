"""Convolutions and transposed convolutions as layers."""

from __future__ import annotations

import math
from typing import Any

from weft import Tensor

from . import functional as F
from ._arguments import affine, positive, shown
from .functional._windows import Size, batched, per_axis
from .functional.convolution import same_padding
from .module import Module

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d"]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all convolutions keep."""

    count = 0  # of spatial dimensions
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        padding: Size | str,
        dilation: Size,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        positive(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
            )
        modes = _PADDING_MODES[:1] if self.transposed else _PADDING_MODES
        if padding_mode not in modes:
            raise ValueError(f"{name}: padding_mode must be one of {', '.join(modes)}, not {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(f"{name}: kernel_size", kernel_size, self.count, 1)
        self.stride = per_axis(f"{name}: stride", stride, self.count, 1)
        self.dilation = per_axis(f"{name}: dilation", dilation, self.count, 1)
        self.padding: tuple[int, ...] | str
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f'{name}: padding must be numbers, "same" or "valid", not {padding!r}')
            if padding == "same" and max(self.stride) > 1:
                raise ValueError(f'{name}: padding="same" needs stride 1, not {self.stride}')
            self.padding = padding
        else:
            self.padding = per_axis(f"{name}: padding", padding, self.count, 0)
        self.padding_mode = padding_mode
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight, self.bias = affine(shape, math.prod(shape[1:]), out_channels, bias, device, dtype)

    def extra_repr(self) -> str:
        ones, zeros = (1,) * self.count, (0,) * self.count
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
            + shown(self, stride=ones, padding=zeros, dilation=ones, groups=1, padding_mode="zeros")
            + ("" if self.bias is not None else ", bias=False")
        )


class _Conv(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.count - 1]
        if self.padding_mode == "zeros" or self.padding == "valid":
            return convolve(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        if isinstance(self.padding, str):
            edges = same_padding(self.kernel_size, self.dilation)
        else:
            edges = [(p, p) for p in self.padding]
        padded = F.pad(input, [width for edge in reversed(edges) for width in edge], self.padding_mode)
        return convolve(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class Conv1d(_Conv):
    """Convolution of (N, C, L); the parameters are those of `Conv2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Conv1d(1, 8, 3, padding=1, padding_mode="circular")(weft.ones((2, 1, 8))).shape
    (2, 8, 8)
    """

    count = 1


class Conv2d(_Conv):
    """Two-dimensional convolution of (N, C, H, W).

    Parameters
    ----------
    in_channels, out_channels : int
        C of the input and of the output.
    kernel_size, stride, padding, dilation, groups
        As in `weft.nn.functional.conv2d`.
    bias : bool
        Whether there is one.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What the padding is made of.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Conv2d(1, 8, 3, padding="same")(weft.ones((2, 1, 8, 8))).shape
    (2, 8, 8, 8)
    """

    count = 2


class Conv3d(_Conv):
    """Convolution of (N, C, D, H, W); the parameters are those of `Conv2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Conv3d(1, 2, 3)(weft.ones((2, 1, 4, 4, 4))).shape
    (2, 2, 2, 2, 2)
    """

    count = 3


class _ConvTranspose(_Convolution):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if isinstance(padding, str):
            raise ValueError(f"{type(self).__name__}: padding must be numbers, not {padding!r}")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        self.output_padding = per_axis(f"{type(self).__name__}: output_padding", output_padding, self.count, 0)

    def _missing(self, input: Tensor, output_size: Size | None) -> tuple[int, ...]:
        """The output padding that makes the output this large."""
        if output_size is None:
            return self.output_padding
        name = type(self).__name__
        wanted = output_size if isinstance(output_size, int) else tuple(output_size)[-self.count :]
        sizes = per_axis(f"{name}: output_size", wanted, self.count, 1)
        spatial = batched(name, input, self.count)[0].shape[2:]
        extra = []
        for i, s in enumerate(self.stride):
            least = (spatial[i] - 1) * s - 2 * int(self.padding[i]) + self.dilation[i] * (self.kernel_size[i] - 1) + 1
            if not least <= sizes[i] < least + s:
                raise ValueError(
                    f"{name}: output_size {output_size} cannot come from an input of shape {input.shape}; "
                    f"dimension {i} can be {least} to {least + s - 1}"
                )
            extra.append(sizes[i] - least)
        return tuple(extra)

    def forward(self, input: Tensor, output_size: Size | None = None) -> Tensor:
        convolve = (F.conv_transpose1d, F.conv_transpose2d)[self.count - 1]
        extra = self._missing(input, output_size)
        assert not isinstance(self.padding, str)
        return convolve(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def extra_repr(self) -> str:
        return super().extra_repr() + shown(self, output_padding=(0,) * self.count)


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of (N, C, L); the parameters are those of `ConvTranspose2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1)(weft.ones((1, 3, 5))).shape
    (1, 2, 10)
    """

    count = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of (N, C, H, W): makes images larger where a convolution makes them smaller.

    Parameters
    ----------
    in_channels, out_channels : int
        C of the input and of the output.
    kernel_size, stride, padding, output_padding, groups, dilation
        As in `weft.nn.functional.conv_transpose2d`.
    bias : bool
        Whether there is one.
    padding_mode : {"zeros"}
        As PyTorch has it.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> layer = weft.nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1)
    >>> layer(weft.ones((1, 3, 4, 4))).shape, layer(weft.ones((1, 3, 4, 4)), output_size=(8, 8)).shape
    ((1, 2, 7, 7), (1, 2, 8, 8))
    """

    count = 2
