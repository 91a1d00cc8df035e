"""NAdam."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .adam import bias, moments
from .optimizer import Optimizer, ParamGroup, Params, Shared, shrunk

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Adam with Nesterov momentum (Dozat, 2016).

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
    momentum_decay : float
        The momentum of step t is ``betas[0] * (1 - 0.96 ** (t * momentum_decay) / 2)``.
    decoupled_weight_decay : bool
        Shrink the parameter by ``lr * weight_decay`` instead, as `AdamW` does.
    maximize : bool
        Climb instead.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0]))
    >>> optimizer = weft.optim.NAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.item() < 1
    True
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def _counters(self, device: Any) -> dict[str, Tensor]:
        return {**super()._counters(device), "momentum_product": weft.ones((), dtype=weft.float32, device=device)}

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"mean": weft.zeros_like(p), "square": weft.zeros_like(p)}

    def _begin(self, group: ParamGroup) -> None:
        super()._begin(group)
        group["momentum_product"] *= _momentum(group, 0)

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        return (shrunk(p, group), grad) if group["decoupled_weight_decay"] else super()._decay(p, grad, group)

    def _shared(self, group: ParamGroup) -> Shared:
        now, later, product = _momentum(group, 0), _momentum(group, 1), group["momentum_product"]
        rates = group.lr * ((1 - now) / (1 - product)), group.lr * (later / (1 - product * later))
        return *rates, bias(group["betas"][1], group.step)

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        of_gradient, of_mean, correction = shared
        mean, square = moments(grad, state, group)
        root: Tensor = (square / correction).sqrt() + group["eps"]
        move: Tensor = of_gradient * grad + of_mean * mean
        return p - move / root


def _momentum(group: ParamGroup, ahead: int) -> Tensor:
    step = (group.step + ahead).astype(weft.float32)
    momentum: Tensor = group["betas"][0] * (1 - 0.5 * (step * (group["momentum_decay"] * math.log(0.96))).exp())
    return momentum
