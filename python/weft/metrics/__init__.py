"""Metrics: figures about all batches seen, added up on the device and mergeable.

=====================  ============================================================================
classes                `Accuracy`, `Precision`, `Recall`, `F1`, `ConfusionMatrix`, `MeanIoU`
scores of yes and no   `AUROC`, `ExactAUROC`
numbers                `MAE`, `MSE`, `RMSE`, `R2`
language               `Perplexity`, `BLEU`, `ExactMatch`
a function's mean      `Mean`
=====================  ============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._metric import Mean, Metric
from .classification import F1, Accuracy, ConfusionMatrix, MeanIoU, Precision, Recall, accuracy
from .ranking import AUROC, ExactAUROC
from .regression import MAE, MSE, R2, RMSE
from .text import BLEU, ExactMatch, Perplexity

__all__ = [
    "AUROC",
    "BLEU",
    "F1",
    "MAE",
    "MSE",
    "R2",
    "RMSE",
    "Accuracy",
    "ConfusionMatrix",
    "ExactAUROC",
    "ExactMatch",
    "Mean",
    "MeanIoU",
    "Metric",
    "Perplexity",
    "Precision",
    "Recall",
    "accuracy",
    "get",
]

_KINDS: tuple[type[Metric], ...] = (
    Accuracy,
    Precision,
    Recall,
    F1,
    AUROC,
    ConfusionMatrix,
    MeanIoU,
    MAE,
    MSE,
    RMSE,
    R2,
    Perplexity,
    BLEU,
    ExactMatch,
)
_BY_NAME: dict[str, Callable[[], Metric]] = {kind.name: kind for kind in _KINDS}


def get(metric: str | Metric | type[Metric] | Callable[[Any, Any], Any]) -> Metric:
    """The metric of this name, or the mean of a function of (output, target); a metric is itself.

    Examples
    --------
    >>> import weft
    >>> weft.metrics.get("accuracy")
    Accuracy(name='accuracy')
    >>> def bias(output, target):
    ...     return (output - target).mean()
    >>> weft.metrics.get(bias)
    Mean(name='bias')
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, type) and issubclass(metric, Metric):
        return metric()
    if callable(metric):
        return Mean(metric)
    if metric in _BY_NAME:
        return _BY_NAME[metric]()
    raise ValueError(f"unknown metric {metric!r}; known: {', '.join(_BY_NAME)}, or give a function of (output, target)")
