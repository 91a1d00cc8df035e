"""Normalisations as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft
from weft import Tensor

from . import functional as F
from ._arguments import positive
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "GroupNorm", "InstanceNorm2d", "LayerNorm", "RMSNorm"]


def _weights(
    shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any
) -> tuple[Parameter | None, Parameter | None]:
    """Ones to scale by and zeros to shift by, where wanted."""
    ones = weft.ones(shape, dtype=dtype, device=device)
    return Parameter(ones) if weight else None, Parameter(weft.zeros_like(ones)) if bias else None


class _RunningNorm(Module):
    """Normalise each channel by statistics of the input, in evaluation by running ones.

    Parameters
    ----------
    num_features : int
        C, the second dimension of the input.
    eps : float
        Added to the variance.
    momentum : float or None
        How far the running statistics move at each step; None for the mean of all steps.
    affine : bool
        Whether weight and bias are trained.
    track_running_stats : bool
        Whether there are running statistics; without them the input's own are used always.
    device, dtype : optional
        Of parameters and buffers.
    """

    ndims: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.track_running_stats = track_running_stats
        shape = (num_features,)
        self.weight, self.bias = _weights(shape, affine, affine, device, dtype)
        self.running_mean: Tensor | None
        self.running_var: Tensor | None
        self.num_batches_tracked: Tensor | None
        tracked = track_running_stats
        self.register_buffer("running_mean", weft.zeros(shape, dtype=dtype, device=device) if tracked else None)
        self.register_buffer("running_var", weft.ones(shape, dtype=dtype, device=device) if tracked else None)
        self.register_buffer(
            "num_batches_tracked", weft.zeros((), dtype=weft.int64, device=device) if tracked else None
        )

    def _checked(self, input: Tensor) -> Tensor:
        if input.ndim not in self.ndims or input.shape[self._channel(input)] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: expected {' or '.join(map(str, self.ndims))} dimensions with "
                f"{self.num_features} channels in the second, got an input of shape {input.shape}"
            )
        return input

    def _channel(self, input: Tensor) -> int:
        return 1

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    def _step(self) -> float | Tensor:
        """How far the running statistics move this time. Counts the step."""
        if not (self.training and self.num_batches_tracked is not None):
            return 0.0
        self.num_batches_tracked.assign(self.num_batches_tracked + 1)
        if self.momentum is not None:
            return self.momentum
        return 1 / self.num_batches_tracked.astype(weft.get_default_dtype())

    def forward(self, input: Tensor) -> Tensor:
        return F.batch_norm(
            self._checked(input),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self._step(),
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Normalise each channel of (N, C) or (N, C, L) over the batch (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    num_features : int
        C.
    eps : float
        Added to the variance.
    momentum : float or None
        How far the running statistics move at each step; None for the mean of all steps.
    affine : bool
        Whether weight and bias are trained.
    track_running_stats : bool
        Whether there are running statistics for evaluation; without them the batch's own are used always.
    device, dtype : optional
        Of parameters and buffers.

    Examples
    --------
    >>> import weft
    >>> weft.nn.BatchNorm1d(3)(weft.ones((4, 3))).tolist()[0]
    [0.0, 0.0, 0.0]
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalise each channel of (N, C, H, W) over the batch; the parameters are those of `BatchNorm1d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.BatchNorm2d(3)(weft.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    ndims = (4,)


class InstanceNorm2d(_RunningNorm):
    """Normalise each channel of each sample of (N, C, H, W) or (C, H, W) (Ulyanov et al., 2016).

    The parameters are those of `BatchNorm1d`, but neither weights nor running statistics are there unless asked for.

    Examples
    --------
    >>> import weft
    >>> weft.nn.InstanceNorm2d(3)(weft.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    ndims = (3, 4)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)

    def _channel(self, input: Tensor) -> int:
        return input.ndim - 3

    def forward(self, input: Tensor) -> Tensor:
        x = self._checked(input)
        y = F.instance_norm(
            x.unsqueeze(0) if x.ndim == 3 else x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
        )
        return y.squeeze(0) if x.ndim == 3 else y


class GroupNorm(Module):
    """Normalise over groups of channels of (N, C, ...), for each sample by itself (Wu and He, 2018).

    Parameters
    ----------
    num_groups, num_channels : int
        Into how many groups the C channels are divided.
    eps : float
        Added to the variance.
    affine : bool
        Whether a weight and a bias for each channel are trained.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> weft.nn.GroupNorm(3, 6)(weft.ones((2, 6, 4))).shape
    (2, 6, 4)
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_channels={num_channels} must be a multiple of num_groups={num_groups}")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight, self.bias = _weights((num_channels,), affine, affine, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class LayerNorm(Module):
    """Normalise over the last dimensions (Ba et al., 2016).

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The last dimensions of the input.
    eps : float
        Added to the variance.
    elementwise_affine, bias : bool
        Whether weight, and with it bias, are trained.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> weft.nn.LayerNorm(4)(weft.ones((2, 4))).shape
    (2, 4)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight, self.bias = _weights(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class RMSNorm(Module):
    """Divide by the root of the mean square over the last dimensions (Zhang and Sennrich, 2019).

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The last dimensions of the input.
    eps : float, optional
        Added to the mean square; the machine epsilon by default.
    elementwise_affine : bool
        Whether a weight is trained.
    device, dtype : optional
        Of the weight.

    Examples
    --------
    >>> import weft
    >>> weft.nn.RMSNorm(4)(weft.ones((2, 4))).shape
    (2, 4)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight, _ = _weights(self.normalized_shape, elementwise_affine, False, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
