"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train.
    lr : float
        Learning rate.
    momentum, dampening : float
        The velocity is ``momentum * velocity + (1 - dampening) * gradient``.
    weight_decay : float
        Times the parameter, added to its gradient.
    nesterov : bool
        Look ahead along the velocity.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0]))
    >>> optimizer = weft.optim.SGD([p], lr=0.25)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.tolist()
    [0.5]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("SGD: nesterov needs a momentum > 0 and no dampening")
        super().__init__(
            params, lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )

    def _slots(self, group: ParamGroup) -> tuple[str, ...]:
        return ("velocity",) if group["momentum"] else ()

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup) -> None:
        momentum, dampening = group["momentum"], group["dampening"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * p
        if momentum:
            # The first gradient is the first velocity, whole.
            share = weft.where(group["step"] == 1, 1.0, 1.0 - dampening) if dampening else 1.0
            velocity = momentum * state["velocity"] + share * grad
            state["velocity"].assign(velocity)
            grad = grad + momentum * velocity if group["nesterov"] else velocity
        p.assign(p - group["lr"] * grad)
