"""Lion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared, shrunk

__all__ = ["Lion"]


class Lion(Optimizer):
    """The sign of a momentum (Chen et al., Symbolic Discovery of Optimization Algorithms, 2023).

    Every element moves by `lr`: it wants a rate three to ten times smaller than Adam's, and as much more weight decay.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train.
    lr : float
        Learning rate.
    betas : pair of float
        How much of the momentum counts in the step, and how slowly the momentum moves.
    weight_decay : float
        The parameter shrinks by ``lr * weight_decay`` at each step.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0, -3.0]))
    >>> optimizer = weft.optim.Lion([p], lr=0.25)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.tolist()
    [0.75, -2.75]
    """

    def __init__(
        self, params: Params, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, lr, betas=betas, weight_decay=weight_decay)

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"mean": weft.zeros_like(p)}

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        return shrunk(p, group), grad

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        (beta1, beta2), mean = group["betas"], state["mean"]
        direction: Tensor = beta1 * mean + (1 - beta1) * grad
        mean.assign(beta2 * mean + (1 - beta2) * grad)
        return p - group.lr * direction.sign()
