"""Losses of numbers: squared, absolute, and between the two."""

from __future__ import annotations

import weft
from weft import Tensor

from ._reduction import Loss, reduce, same_shape

__all__ = [
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "SmoothL1Loss",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "smooth_l1_loss",
]


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The mean of ``(input - target) ** 2``.

    Examples
    --------
    >>> import weft
    >>> weft.losses.mse_loss(weft.asarray([1.0, 4.0]), weft.asarray([1.0, 1.0])).item()
    4.5
    """
    same_shape("mse_loss", input, target)
    difference = input - target
    return reduce(difference * difference, reduction, "mse_loss")


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The mean of ``|input - target|``.

    Examples
    --------
    >>> import weft
    >>> weft.losses.l1_loss(weft.asarray([1.0, 4.0]), weft.asarray([1.0, 1.0])).item()
    1.5
    """
    same_shape("l1_loss", input, target)
    return reduce((input - target).abs(), reduction, "l1_loss")


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Half the squared error up to `delta`, and from there on a line with the slope `delta`.

    Parameters
    ----------
    input, target : Tensor
        Of one shape.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.
    delta : float
        The error at which the parabola becomes a line; positive.

    Examples
    --------
    >>> import weft
    >>> weft.losses.huber_loss(weft.asarray([1.0, 3.0]), weft.zeros(2), "none").tolist()
    [0.5, 2.5]
    """
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta}")
    same_shape("huber_loss", input, target)
    error = (input - target).abs()
    loss = weft.where(error < delta, 0.5 * error * error, delta * (error - 0.5 * delta))
    return reduce(loss, reduction, "huber_loss")


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """`huber_loss` divided by its `delta`, here `beta`: the slope of the line is 1; with 0 it is `l1_loss`."""
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must not be negative, but is {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    same_shape("smooth_l1_loss", input, target)
    error = (input - target).abs()
    loss = weft.where(error < beta, error * error * (0.5 / beta), error - 0.5 * beta)
    return reduce(loss, reduction, "smooth_l1_loss")


class MSELoss(Loss):
    """Mean squared error; see `mse_loss`.

    Examples
    --------
    >>> import weft
    >>> weft.losses.MSELoss()(weft.asarray([1.0, 3.0]), weft.asarray([1.0, 1.0])).item()
    2.0
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(mse_loss, reduction=reduction)


class L1Loss(Loss):
    """Mean absolute error; see `l1_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(l1_loss, reduction=reduction)


class HuberLoss(Loss):
    """Squared error near 0, absolute error elsewhere; see `huber_loss`."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(huber_loss, reduction=reduction, delta=delta)


class SmoothL1Loss(Loss):
    """The Huber loss with slope 1; see `smooth_l1_loss`."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(smooth_l1_loss, reduction=reduction, beta=beta)
