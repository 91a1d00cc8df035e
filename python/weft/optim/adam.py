"""Adam and AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train.
    lr : float
        Learning rate.
    betas : pair of float
        How slowly the means of gradient and squared gradient move.
    eps : float
        Added to the root of the second mean.
    weight_decay : float
        Times the parameter, added to its gradient.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0]))
    >>> optimizer = weft.optim.Adam([p], lr=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> round(p.item(), 4)
    0.5
    """

    decoupled = False  # weight decay apart from the gradient

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _slots(self, group: ParamGroup) -> tuple[str, ...]:
        return ("mean", "square")

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup) -> None:
        (beta1, beta2), decay, lr, step = group["betas"], group["weight_decay"], group["lr"], group["step"]
        old = p
        if decay and self.decoupled:
            old = p * (1 - lr * decay)
        elif decay:
            grad = grad + decay * p
        mean = state["mean"] + (1 - beta1) * (grad - state["mean"])
        square = beta2 * state["square"] + (1 - beta2) * (grad * grad)
        state["mean"].assign(mean)
        state["square"].assign(square)
        root = (square / _bias(beta2, step)).sqrt() + group["eps"]
        p.assign(old - (lr / _bias(beta1, step)) * (mean / root))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    The parameter shrinks by ``lr * weight_decay`` at each step.

    Parameters are those of `Adam`; weight decay is 0.01 unless given.

    Examples
    --------
    >>> import weft
    >>> weft.optim.AdamW([weft.nn.Parameter(weft.ones((2,)))])
    AdamW(1 parameters, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


def _bias(beta: float, step: Tensor) -> Tensor | float:
    """``1 - beta ** step``, without losing digits while it is small."""
    return -((step.astype(weft.float32) * math.log(beta)).expm1()) if beta else 1.0
