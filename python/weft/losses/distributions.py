"""Losses of distributions: likelihoods of what was observed, and the distance of two."""

from __future__ import annotations

import math

import weft
from weft import Tensor

from ._reduction import Loss, reduce, same_shape

__all__ = [
    "GaussianNLLLoss",
    "KLDivLoss",
    "PoissonNLLLoss",
    "gaussian_nll_loss",
    "kl_div",
    "poisson_nll_loss",
]


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """``0.5 * (log(var) + (input - target)**2 / var)``: how unlikely `target` is under a normal distribution.

    Parameters
    ----------
    input, target : Tensor
        The means and what was observed, of one shape.
    var : Tensor or float
        The variances, none negative: one for each element, or for each row (last dimension 1 or missing), or one.
    full : bool
        Whether to add the constant ``0.5 * log(2 * pi)``.
    eps : float
        Smaller variances count as this one.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    Notes
    -----
    Nix and Weigend, "Estimating the mean and variance of the target probability distribution", 1994.

    Examples
    --------
    >>> import weft
    >>> weft.losses.gaussian_nll_loss(weft.zeros(2), weft.asarray([0.0, 2.0]), weft.ones(2)).item()
    1.0
    """
    same_shape("gaussian_nll_loss", input, target)
    if eps <= 0:
        raise ValueError(f"gaussian_nll_loss: eps must be positive, not {eps}")
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError(f"gaussian_nll_loss: var must not be negative, but is {var}")
        var = weft.full_like(input, var)
    elif var.ndim and var.shape == input.shape[:-1]:
        var = var.unsqueeze(-1)
    elif var.ndim and var.shape not in (input.shape, (*input.shape[:-1], 1)):
        raise ValueError(
            f"gaussian_nll_loss: var of shape {var.shape} for an input of shape {input.shape}; "
            f"expected {input.shape}, {(*input.shape[:-1], 1)}, {input.shape[:-1]} or ()"
        )
    var = var + (var.clip(min=eps) - var).detach()  # a variance below eps still has its gradient
    error = input - target
    loss = 0.5 * (var.log() + error * error / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce(loss, reduction, "gaussian_nll_loss")


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """``exp(input) - target * input``: how unlikely the counts are under a Poisson distribution, but for a constant.

    Parameters
    ----------
    input, target : Tensor
        The expected counts, or their logarithms, and the counts seen; of one shape.
    log_input : bool
        Whether `input` is logarithms; else the loss is ``input - target * log(input + eps)``.
    full : bool
        Whether to add Stirling's approximation of ``log(target!)`` where `target` is above 1.
    eps : float
        Keeps the logarithm of 0 away.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    Examples
    --------
    >>> import weft
    >>> weft.losses.poisson_nll_loss(weft.zeros(2), weft.asarray([0.0, 3.0])).item()
    1.0
    """
    same_shape("poisson_nll_loss", input, target)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        many = target > 1
        count = weft.where(many, target, 1).astype(input.dtype)
        stirling = count * count.log() - count + 0.5 * (2 * math.pi * count).log()
        loss = loss + weft.where(many, stirling, 0)
    return reduce(loss, reduction, "poisson_nll_loss")


def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """The Kullback-Leibler divergence: ``target * (log(target) - input)``, element by element.

    Parameters
    ----------
    input : Tensor
        Logarithms of the model's probabilities.
    target : Tensor
        Probabilities of the same shape, or their logarithms with `log_target`.
    reduction : {"mean", "batchmean", "sum", "none"}
        "mean" is over all elements; "batchmean", the sum over the first dimension's length, is the divergence itself.
    log_target : bool
        Whether `target` is logarithms.

    Examples
    --------
    >>> import weft
    >>> loss = weft.losses.kl_div(weft.asarray([[0.5, 0.5]]).log(), weft.asarray([[1.0, 0.0]]), "batchmean")
    >>> round(loss.item(), 4)
    0.6931
    """
    same_shape("kl_div", input, target)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = target * (weft.where(target == 0, 1, target).log() - input)  # 0 * log(0) is 0
    if reduction == "batchmean":
        return loss.sum() / input.shape[0] if input.ndim else loss
    return reduce(loss, reduction, "kl_div")


class GaussianNLLLoss(Loss):
    """Likelihood of a normal distribution, called with (input, target, var); see `gaussian_nll_loss`."""

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(gaussian_nll_loss, full=full, eps=eps, reduction=reduction)


class PoissonNLLLoss(Loss):
    """Likelihood of counts; see `poisson_nll_loss`."""

    def __init__(self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean") -> None:
        super().__init__(poisson_nll_loss, log_input=log_input, full=full, eps=eps, reduction=reduction)


class KLDivLoss(Loss):
    """Kullback-Leibler divergence; see `kl_div`."""

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(kl_div, reduction=reduction, log_target=log_target)
