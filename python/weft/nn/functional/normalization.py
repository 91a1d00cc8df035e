"""Normalisations: shift and scale to mean 0 and variance 1, over one part of the tensor or another."""

from __future__ import annotations

from collections.abc import Sequence

import weft
from weft import Tensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]


def _standardised(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred * ((centred * centred).mean(axis=axes, keepdims=True) + eps).rsqrt()


def _affine(y: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """`y` scaled and shifted channel by channel (dimension 1)."""
    shape = (-1, *(1,) * (y.ndim - 2))
    if weight is not None:
        y = y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def _trailing(name: str, x: Tensor, normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    """The axes that `normalized_shape` names."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"{name}: input of shape {x.shape} does not end in normalized_shape {shape}")
    return tuple(range(-len(shape), 0))


def layer_norm(
    input: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise over the last dimensions, then scale by `weight` and shift by `bias` (Ba et al., 2016).

    Parameters
    ----------
    input : Tensor
        (..., normalized_shape).
    normalized_shape : int or sequence of int
        The last dimensions of the input.
    weight, bias : Tensor, optional
        Of shape `normalized_shape`.
    eps : float
        Added to the variance.

    Examples
    --------
    >>> import weft
    >>> y = weft.nn.functional.layer_norm(weft.asarray([[1.0, 3.0]]), 2)
    >>> [round(v, 3) for v in y.tolist()[0]]
    [-1.0, 1.0]
    """
    y = _standardised(input, _trailing("layer_norm", input, normalized_shape), eps)
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def rms_norm(
    input: Tensor, normalized_shape: int | Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide by the root of the mean square over the last dimensions, then scale (Zhang and Sennrich, 2019).

    `eps`, added to the mean square, is the machine epsilon of the dtype by default.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.rms_norm(weft.asarray([3.0, 3.0]), 2).tolist()
    [1.0, 1.0]
    """
    axes = _trailing("rms_norm", input, normalized_shape)
    small = float(weft.finfo(input.dtype).eps) if eps is None else eps
    y = input * ((input * input).mean(axis=axes, keepdims=True) + small).rsqrt()
    return y if weight is None else y * weight


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalise over groups of channels of (N, C, ...), for each sample by itself (Wu and He, 2018).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.group_norm(weft.ones((2, 6, 4, 4)), 3).shape
    (2, 6, 4, 4)
    """
    if input.ndim < 2 or num_groups < 1 or input.shape[1] % num_groups:
        raise ValueError(
            f"group_norm: an input of shape {input.shape} in {num_groups} groups; "
            "expected (N, C, ...), with C a multiple of the groups"
        )
    n, c = input.shape[:2]
    grouped = input.reshape((n, num_groups, c // num_groups, *input.shape[2:]))
    y = _standardised(grouped, tuple(range(2, grouped.ndim)), eps)
    return _affine(y.reshape(input.shape), weight, bias)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of each sample of (N, C, ...) by itself (Ulyanov et al., 2016).

    With running statistics, these move by `momentum` towards the mean of the samples'; they are used instead of the
    input's where `use_input_stats` is False.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.instance_norm(weft.ones((2, 6, 4, 4))).shape
    (2, 6, 4, 4)
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ValueError("instance_norm: use_input_stats=False needs running_mean and running_var")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    axes = tuple(range(2, input.ndim))
    count = input[0, 0].size if input.ndim > 2 and input.size else 0
    if count < 2:
        raise ValueError(f"instance_norm: more than 1 value per channel is needed, got an input of shape {input.shape}")
    if running_mean is not None and running_var is not None:
        with weft.no_grad():
            mean, var = input.mean(axis=axes), input.var(axis=axes, correction=1)
            _move(running_mean, running_var, mean.mean(axis=0), var.mean(axis=0), momentum)
    return _affine(_standardised(input, axes, eps), weight, bias)


def _move(running_mean: Tensor, running_var: Tensor, mean: Tensor, var: Tensor, momentum: float | Tensor) -> None:
    running_mean.assign(running_mean + momentum * (mean - running_mean))
    running_var.assign(running_var + momentum * (var - running_var))


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel of (N, C, ...) over the batch (Ioffe and Szegedy, 2015).

    In training the batch's own statistics are used, and the running ones move towards them by `momentum`.

    Parameters
    ----------
    input : Tensor
        (N, C, ...).
    running_mean, running_var : Tensor, optional
        (C,): given new values in training, used in evaluation. Without them the batch's own are used always.
    weight, bias : Tensor, optional
        (C,).
    training : bool
        Which statistics to use.
    momentum : float
        How far the running statistics move.
    eps : float
        Added to the variance.

    Raises
    ------
    ValueError
        There is only one value per channel in training.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.batch_norm(weft.ones((4, 3)), None, None, training=True).tolist()[0]
    [0.0, 0.0, 0.0]
    """
    shape = (1, input.shape[1]) + (1,) * (input.ndim - 2)
    if training or running_mean is None or running_var is None:
        axes = (0, *range(2, input.ndim))
        count = input.size // input.shape[1] if input.shape[1] else 0
        if count < 2:
            raise ValueError(
                f"batch_norm: more than 1 value per channel is needed in training, got shape {input.shape}"
            )
        mean = input.mean(axis=axes, keepdims=True)
        centred = input - mean
        var = (centred * centred).mean(axis=axes, keepdims=True)
        if training and running_mean is not None and running_var is not None:
            with weft.no_grad():
                unbiased = var.reshape((-1,)) * (count / (count - 1))
                _move(running_mean, running_var, mean.reshape((-1,)), unbiased, momentum)
    else:
        centred = input - running_mean.reshape(shape)
        var = running_var.reshape(shape)
    scale = (var + eps).rsqrt()
    if weight is not None:
        scale = scale * weight.reshape(shape)
    y = centred * scale
    return y if bias is None else y + bias.reshape(shape)
