"""Losses: functions, classes, and the names ``weft.Trainer`` knows them by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft import Tensor
from weft.nn import functional as F
from weft.nn.module import Module

__all__ = ["CrossEntropyLoss", "MSELoss", "cross_entropy", "get", "mse"]

Loss = Callable[[Any, Any], Tensor]

mse = F.mse_loss
cross_entropy = F.cross_entropy


class MSELoss(Module):
    """Mean squared error; see `weft.nn.functional.mse_loss`.

    Examples
    --------
    >>> import weft
    >>> weft.losses.MSELoss()(weft.asarray([1.0, 3.0]), weft.asarray([1.0, 1.0])).item()
    2.0
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, self.reduction)


class CrossEntropyLoss(Module):
    """Cross entropy of logits; the parameters are those of `weft.nn.functional.cross_entropy`."""

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        weight: Tensor | None = vars(self)["weight"]
        return F.cross_entropy(input, target, weight, self.ignore_index, self.reduction, self.label_smoothing)


_BY_NAME: dict[str, Loss] = {"mse": mse, "cross_entropy": cross_entropy}


def get(loss: str | Loss) -> Loss:
    """The loss of this name; anything callable is itself.

    Examples
    --------
    >>> import weft
    >>> weft.losses.get("mse").__name__
    'mse_loss'
    """
    if callable(loss):
        return loss
    if loss in _BY_NAME:
        return _BY_NAME[loss]
    raise ValueError(f"unknown loss {loss!r}; known: {', '.join(_BY_NAME)}, or give a function of (output, target)")
