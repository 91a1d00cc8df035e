"""Metrics: functions of (output, target) that give one number for a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft import Tensor

__all__ = ["accuracy", "get"]

Metric = Callable[[Any, Any], Tensor]


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """The share of rows whose largest output is at the target class.

    Parameters
    ----------
    output : Tensor
        (N, C) scores.
    target : Tensor
        (N,) class numbers.

    Examples
    --------
    >>> import weft
    >>> weft.metrics.accuracy(weft.asarray([[0.0, 1.0], [2.0, 1.0]]), weft.asarray([1, 1])).item()
    0.5
    """
    if output.ndim != target.ndim + 1:
        raise ValueError(
            f"accuracy: output of shape {output.shape} and target of shape {target.shape}; expected (N, C) and (N,)"
        )
    return (output.argmax(axis=1) == target).astype(weft.float32).mean()


_BY_NAME: dict[str, Metric] = {"accuracy": accuracy}


def get(metric: str | Metric) -> tuple[str, Metric]:
    """The name and function of a metric.

    Examples
    --------
    >>> import weft
    >>> weft.metrics.get("accuracy")[0]
    'accuracy'
    """
    if callable(metric):
        return getattr(metric, "__name__", type(metric).__name__), metric
    if metric in _BY_NAME:
        return metric, _BY_NAME[metric]
    raise ValueError(f"unknown metric {metric!r}; known: {', '.join(_BY_NAME)}, or give a function of (output, target)")
