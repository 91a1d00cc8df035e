"""Batch and layer normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import weft
from weft import Tensor

from . import functional as F
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "LayerNorm"]


class _BatchNorm(Module):
    """Normalise each channel by the batch's statistics, in evaluation by the running ones.

    Parameters
    ----------
    num_features : int
        C, the second dimension of the input.
    eps : float
        Added to the variance.
    momentum : float
        How far the running statistics move at each step.
    affine : bool
        Whether weight and bias are trained.
    track_running_stats : bool
        Whether there are running statistics; without them the batch's own are used always.
    device, dtype : optional
        Of parameters and buffers.
    """

    ndims: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(num_features, int) or num_features < 1:
            raise ValueError(f"{type(self).__name__}: num_features must be a positive integer, not {num_features!r}")
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.track_running_stats = track_running_stats
        ones = weft.ones((num_features,), dtype=dtype, device=device)
        self.weight = Parameter(ones) if affine else None
        self.bias = Parameter(weft.zeros_like(ones)) if affine else None
        self.running_mean: Tensor | None
        self.running_var: Tensor | None
        self.register_buffer("running_mean", weft.zeros_like(ones) if track_running_stats else None)
        self.register_buffer("running_var", weft.ones_like(ones) if track_running_stats else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.ndims or x.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: expected {' or '.join(map(str, self.ndims))} dimensions with "
                f"{self.num_features} channels in the second, got an input of shape {x.shape}"
            )
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"


class BatchNorm1d(_BatchNorm):
    """Normalise each channel of (N, C) or (N, C, L).

    Examples
    --------
    >>> import weft
    >>> weft.nn.BatchNorm1d(3)(weft.ones((4, 3))).tolist()[0]
    [0.0, 0.0, 0.0]
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalise each channel of (N, C, H, W).

    Examples
    --------
    >>> import weft
    >>> weft.nn.BatchNorm2d(3)(weft.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    ndims = (4,)


class LayerNorm(Module):
    """Normalise over the last dimensions.

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
        self.eps = eps
        ones = weft.ones(self.normalized_shape, dtype=dtype, device=device)
        self.weight = Parameter(ones) if elementwise_affine else None
        self.bias = Parameter(weft.zeros_like(ones)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.weight is not None}"
