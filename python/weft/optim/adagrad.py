"""Adagrad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of their squares (Duchi, Hazan and Singer, 2011).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train.
    lr : float
        Learning rate.
    lr_decay : float
        The rate of step t is ``lr / (1 + (t - 1) * lr_decay)``.
    weight_decay : float
        Times the parameter, added to its gradient.
    initial_accumulator_value : float
        What the sum begins with.
    eps : float
        Added to its root.
    maximize : bool
        Climb instead.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0]))
    >>> optimizer = weft.optim.Adagrad([p], lr=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> round(p.item(), 4)
    0.5
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"sum": weft.full_like(p, group["initial_accumulator_value"])}

    def _shared(self, group: ParamGroup) -> Shared:
        decay = group["lr_decay"]
        return (group.lr / (1 + (group.step - 1).astype(weft.float32) * decay) if decay else group.lr,)

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        (lr,), total = shared, state["sum"] + grad * grad
        state["sum"].assign(total)
        root: Tensor = total.sqrt() + group["eps"]
        return p - lr * (grad / root)
