"""RMSprop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Gradients divided by their root mean square (Tieleman and Hinton, 2012).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train.
    lr : float
        Learning rate.
    alpha : float
        How slowly the mean of the squared gradient moves.
    eps : float
        Added to its root.
    weight_decay : float
        Times the parameter, added to its gradient.
    momentum : float
        Of a velocity that gathers the divided gradients.
    centered : bool
        Divide by the standard deviation instead (Graves, 2013).
    maximize : bool
        Climb instead.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0]))
    >>> optimizer = weft.optim.RMSprop([p], lr=0.1, alpha=0.75)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> round(p.item(), 4)
    0.8
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def _check(self, options: Mapping[str, Any]) -> None:
        super()._check(options)
        if not options["alpha"] <= 1:
            raise ValueError(f"RMSprop: alpha must be in [0, 1], not {options['alpha']}")

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        names = ["square", *(["mean"] if group["centered"] else []), *(["velocity"] if group["momentum"] else [])]
        return {name: weft.zeros_like(p) for name in names}

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        alpha = group["alpha"]
        square = alpha * state["square"] + (1 - alpha) * (grad * grad)
        state["square"].assign(square)
        if group["centered"]:
            mean = state["mean"] + (1 - alpha) * (grad - state["mean"])
            state["mean"].assign(mean)
            square = square - mean * mean
        move: Tensor = grad / (square.sqrt() + group["eps"])
        if "velocity" in state:
            move = group["momentum"] * state["velocity"] + move
            state["velocity"].assign(move)
        return p - group.lr * move
