"""Adam and AdamW."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared, shrunk

__all__ = ["Adam", "AdamW", "bias", "moments"]


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
    amsgrad : bool
        Divide by the largest second mean so far (Reddi, Kale and Kumar, 2018).
    maximize : bool
        Climb instead.

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

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize
        )

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        names = ("mean", "square", "largest") if group["amsgrad"] else ("mean", "square")
        return {name: weft.zeros_like(p) for name in names}

    def _shared(self, group: ParamGroup) -> Shared:
        beta1, beta2 = group["betas"]
        return group.lr / bias(beta1, group.step), bias(beta2, group.step)

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        rate, correction = shared
        mean, square = moments(grad, state, group)
        if group["amsgrad"]:
            square = weft.maximum(state["largest"], square)
            state["largest"].assign(square)
        root: Tensor = (square / correction).sqrt() + group["eps"]
        return p - rate * (mean / root)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    The parameter shrinks by ``lr * weight_decay`` at each step.

    Parameters are those of `Adam`; weight decay is 0.01 unless given.

    Examples
    --------
    >>> import weft
    >>> weft.optim.AdamW([weft.nn.Parameter(weft.ones((2,)))], weight_decay=0.1).param_groups[0]["weight_decay"]
    0.1
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        return shrunk(p, group), grad


def moments(grad: Tensor, state: dict[str, Tensor], group: ParamGroup) -> tuple[Tensor, Tensor]:
    """The moving means of gradient and squared gradient, one step on."""
    beta1, beta2 = group["betas"]
    mean = state["mean"] + (1 - beta1) * (grad - state["mean"])
    square = beta2 * state["square"] + (1 - beta2) * (grad * grad)
    state["mean"].assign(mean)
    state["square"].assign(square)
    return mean, square


def bias(beta: float | Tensor, step: Tensor) -> Tensor:
    """``1 - beta ** step``, without losing digits while it is small."""
    log = beta.log() if isinstance(beta, Tensor) else math.log(beta) if beta else -math.inf
    return -(step.astype(weft.float32) * log).expm1()
