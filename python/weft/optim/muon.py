"""Muon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import weft
from weft import Tensor

from .optimizer import Optimizer, ParamGroup, Params, Shared, shrunk

__all__ = ["Muon", "orthogonalized"]


class Muon(Optimizer):
    """Momentum, made nearly orthogonal by a Newton-Schulz iteration: for the weight matrices of hidden layers.

    It takes 2-D parameters alone. Train embeddings, biases, norms and the last layer with `AdamW` beside it. After
    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, and Liu et al., "Muon is scalable
    for LLM training", 2025. The iteration runs in float32 (in the parameter's dtype, where that is wider).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Matrices to train.
    lr : float
        Learning rate.
    weight_decay : float
        The parameter shrinks by ``lr * weight_decay`` at each step.
    momentum : float
        How slowly the mean of the gradient moves.
    nesterov : bool
        Look ahead along it.
    ns_coefficients : triple of float
        a, b and c of the iteration ``x = a x + (b g + c g g) x`` with ``g = x x^T``.
    eps : float
        The least norm a gradient is divided by.
    ns_steps : int
        How often it is iterated.
    adjust_lr_fn : {None, "original", "match_rms_adamw"}
        The rate is multiplied by ``sqrt(max(1, rows / columns))``; or by ``0.2 sqrt(max(rows, columns))``, which makes
        steps as large as AdamW's, so that its rate and weight decay can be used.

    Examples
    --------
    >>> import weft
    >>> model = weft.nn.Sequential(weft.nn.Linear(4, 8), weft.nn.Linear(8, 2))
    >>> matrices = [p for p in model.parameters() if p.ndim == 2]
    >>> others = [p for p in model.parameters() if p.ndim != 2]
    >>> optimizers = [weft.optim.Muon(matrices, lr=0.02), weft.optim.AdamW(others)]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=ns_coefficients,
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )

    def _check_parameter(self, p: Any) -> None:
        super()._check_parameter(p)
        if p.ndim != 2:
            raise ValueError(f"Muon: only matrices can be trained, not a parameter of shape {p.shape}; use AdamW")

    def _check(self, options: Mapping[str, Any]) -> None:
        super()._check(options)
        if options["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Muon: adjust_lr_fn must be None, 'original' or 'match_rms_adamw', not {options['adjust_lr_fn']!r}"
            )
        if len(options["ns_coefficients"]) != 3:
            raise ValueError(f"Muon: ns_coefficients must be three numbers, not {options['ns_coefficients']}")
        if not isinstance(options["ns_steps"], int) or not 0 <= options["ns_steps"] < 100:
            raise ValueError(f"Muon: ns_steps must be an integer from 0 to 99, not {options['ns_steps']!r}")

    def _slots(self, p: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"mean": weft.zeros_like(p)}

    def _decay(self, p: Tensor, grad: Tensor, group: ParamGroup) -> tuple[Tensor, Tensor]:
        return shrunk(p, group), grad

    def _update(self, p: Tensor, grad: Tensor, state: dict[str, Tensor], group: ParamGroup, shared: Shared) -> Tensor:
        momentum = group["momentum"]
        mean = state["mean"] + (1 - momentum) * (grad - state["mean"])
        state["mean"].assign(mean)
        direction = grad + momentum * (mean - grad) if group["nesterov"] else mean
        rows, columns = p.shape
        wide = group["adjust_lr_fn"] == "match_rms_adamw"
        scale = 0.2 * math.sqrt(max(rows, columns)) if wide else math.sqrt(max(1, rows / columns))
        move = orthogonalized(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
        return p - (group.lr * scale) * move


def orthogonalized(matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """A matrix of the same singular vectors, with singular values near 1, by a quintic Newton-Schulz iteration."""
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).astype(weft.promote_types(matrix.dtype, weft.float32))
    x = x / weft.clip((x * x).sum().sqrt(), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x
