"""LAMB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .adam import bias, moments
from .optimizer import Optimizer, ParamGroup, Params, Shared

__all__ = ["LAMB"]


class LAMB(Optimizer):
    """Adam's direction, as long as the parameter itself: for large batches (You et al., 2020).

    The step of a parameter is ``lr * norm(p) / norm(r) * r``, with ``r`` Adam's direction plus weight decay. Where a
    norm is 0 it is ``lr * r``.

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
        Times the parameter, added to Adam's direction.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([3.0, 4.0]))
    >>> optimizer = weft.optim.LAMB([p], lr=0.1, weight_decay=0)
    >>> p.sum().backward()
    >>> optimizer.step()  # 0.1 of its length, along (1, 1)
    >>> [round(x, 3) for x in p.tolist()]
    [2.646, 3.646]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"mean": weft.zeros_like(p), "square": weft.zeros_like(p)}

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        return p, grad  # it is part of the direction

    def _shared(self, group: ParamGroup) -> Shared:
        return tuple(bias(beta, group.step) for beta in group["betas"])

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        first, second = shared
        mean, square = moments(grad, state, group)
        direction: Tensor = (mean / first) / ((square / second).sqrt() + group["eps"])
        if group["weight_decay"]:
            direction = direction + group["weight_decay"] * p
        size, length = (p * p).sum().sqrt(), (direction * direction).sum().sqrt()
        trust = weft.where((size > 0) & (length > 0), size / length, 1.0)
        return p - (group.lr * trust) * direction
