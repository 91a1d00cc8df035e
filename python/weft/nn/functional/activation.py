"""Activations: element by element, and along a dimension."""

from __future__ import annotations

import math

import weft
from weft import Tensor

__all__ = [
    "elu",
    "gelu",
    "hardswish",
    "leaky_relu",
    "log_softmax",
    "mish",
    "prelu",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]


def relu(input: Tensor) -> Tensor:
    """``max(x, 0)``.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.relu(weft.asarray([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return input.relu()


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def silu(input: Tensor) -> Tensor:
    """``x * sigmoid(x)`` (Hendrycks and Gimpel, 2016)."""
    return input * input.sigmoid()


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``x * Phi(x)``, Phi being the normal distribution's; "tanh" takes the usual approximation of it.

    Examples
    --------
    >>> import weft
    >>> round(weft.nn.functional.gelu(weft.asarray(1.0)).item(), 4)
    0.8413
    """
    if approximate == "none":
        return 0.5 * input * (1 + (input * math.sqrt(0.5)).erf())
    if approximate == "tanh":
        return 0.5 * input * (1 + (math.sqrt(2 / math.pi) * (input + 0.044715 * input * input * input)).tanh())
    raise ValueError(f'gelu: approximate must be "none" or "tanh", not {approximate!r}')


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """``x`` where positive, ``negative_slope * x`` elsewhere."""
    return weft.where(input > 0, input, input * negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """``x`` where positive, ``weight * x`` elsewhere.

    Parameters
    ----------
    input : Tensor
        (N, C, ...), or of any shape if there is one weight.
    weight : Tensor
        (1,) or (C,).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.prelu(weft.asarray([-4.0, 2.0]), weft.asarray([0.25])).tolist()
    [-1.0, 2.0]
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.size not in (1, channels):
        raise ValueError(
            f"prelu: a weight of shape {weight.shape} for an input of shape {input.shape}; "
            f"give one number, or one for each of {channels} channels"
        )
    if weight.size > 1:
        weight = weight.reshape((-1, *(1,) * (input.ndim - 2)))
    elif weight.ndim > input.ndim:
        weight = weight.reshape(())
    return weft.where(input > 0, input, input * weight)


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al., 2015)."""
    # The minimum keeps exp() from overflowing where its value is not used: infinity times 0 would spoil the gradient.
    return weft.where(input > 0, input, alpha * input.minimum(0).expm1())


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``, and ``x`` itself where ``beta * x > threshold``."""
    scaled = input * beta
    return weft.where(scaled > threshold, input, weft.logaddexp(scaled, weft.zeros_like(scaled)) / beta)


def mish(input: Tensor) -> Tensor:
    """``x * tanh(softplus(x))`` (Misra, 2019)."""
    return input * softplus(input).tanh()


def hardswish(input: Tensor) -> Tensor:
    """``x * clip(x + 3, 0, 6) / 6`` (Howard et al., 2019)."""
    return input * (input + 3).clip(0, 6) / 6


def softmax(input: Tensor, dim: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `dim`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.softmax(weft.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    e = (input - input.max(axis=dim, keepdims=True).detach()).exp()
    return e / e.sum(axis=dim, keepdims=True)


def log_softmax(input: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of `softmax`, without its overflow and underflow."""
    shifted = input - input.max(axis=dim, keepdims=True).detach()
    return shifted - shifted.exp().sum(axis=dim, keepdims=True).log()
