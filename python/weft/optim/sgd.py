"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared

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
    maximize : bool
        Climb instead.

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
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def _check(self, options: Mapping[str, Any]) -> None:
        super()._check(options)
        if options["nesterov"] and (float(options["momentum"]) == 0 or options["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum > 0 and no dampening")

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"velocity": weft.zeros_like(p)} if group["momentum"] else {}

    def _shared(self, group: ParamGroup) -> Shared:
        # The first gradient is the first velocity, whole.
        dampening = group["dampening"]
        return (weft.where(group.step == 1, 1.0, 1.0 - dampening),) if dampening else ()

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        if "velocity" in state:
            momentum = group["momentum"]
            velocity = momentum * state["velocity"] + (shared[0] * grad if shared else grad)
            state["velocity"].assign(velocity)
            grad = grad + momentum * velocity if group["nesterov"] else velocity
        return p - group.lr * grad
