"""Adafactor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared, shrunk

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adaptive steps that keep only the means of rows and columns of a matrix (Shazeer and Stern, 2018).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        What to train.
    lr : float
        The largest relative step; that of step t is ``min(lr, 1 / sqrt(t))`` times the parameter's root mean square.
    beta2_decay : float
        The second mean of step t moves by ``t ** beta2_decay``.
    eps : pair of float
        The least root of the second mean (None: the dtype's epsilon) and the least root mean square of a parameter.
    d : float
        The largest root mean square of a step before it is scaled.
    weight_decay : float
        The parameter shrinks by ``lr * weight_decay`` at each step.
    maximize : bool
        Climb instead.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.ones((4, 3)))
    >>> optimizer = weft.optim.Adafactor([p], lr=0.1)
    >>> sorted((name, tensor.shape) for name, tensor in optimizer.state[p].items())
    [('columns', (1, 3)), ('rows', (4, 1))]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay, maximize=maximize
        )

    def _check(self, options: Mapping[str, Any]) -> None:
        super()._check(options)
        if not options["beta2_decay"] <= 0:
            raise ValueError(f"Adafactor: beta2_decay must be <= 0, not {options['beta2_decay']}")
        if not isinstance(options["eps"], tuple) or len(options["eps"]) != 2:
            raise ValueError(f"Adafactor: eps must be a pair, not {options['eps']}")
        if not options["d"] >= 1:
            raise ValueError(f"Adafactor: d must be >= 1, not {options['d']}")

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        if p.ndim < 2:
            return {"square": weft.zeros_like(p)}
        shapes = {"rows": (*p.shape[:-1], 1), "columns": (*p.shape[:-2], 1, p.shape[-1])}
        return {name: weft.zeros(shape, dtype=p.dtype, device=p.device) for name, shape in shapes.items()}

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        return p, grad  # after the parameter's size was taken

    def _shared(self, group: ParamGroup) -> Shared:
        step = group.step.astype(weft.float32)
        return step ** group["beta2_decay"], weft.minimum(group.lr, 1 / step.sqrt())

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        least, least_size = group["eps"]
        if least is None:
            least = weft.finfo(p.dtype).eps
        share, rate = shared
        size = rate * weft.clip(_root_mean_square(p), least_size)

        square = grad * grad
        if p.ndim < 2:
            square = _moved(state["square"], square, share)
        else:
            rows = _moved(state["rows"], square.mean(-1, keepdims=True), share)
            columns = _moved(state["columns"], square.mean(-2, keepdims=True), share)
            square = rows / weft.clip(rows.mean(-2, keepdims=True), least) * columns
        move = grad / weft.clip(square, least * least).sqrt()
        length = weft.clip(_root_mean_square(move) / group["d"], 1.0)
        return shrunk(p, group) - (size / length) * move


def _moved(mean: Tensor, value: Tensor, share: Tensor) -> Tensor:
    new = mean + share * (value - mean)
    mean.assign(new)
    return new


def _root_mean_square(x: Tensor) -> Tensor:
    return (x * x).mean().sqrt()
