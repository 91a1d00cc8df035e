"""A figure of the epochs that is watched for its best value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["Best", "figure"]

_GROWING = ("accuracy", "precision", "recall", "f1", "auroc", "iou", "r2", "bleu", "match")


def figure(asker: object, name: str, figures: Mapping[str, Any]) -> float:
    """The figure of this name, or an error that lists those there are."""
    value = figures.get(name)
    if isinstance(value, int | float):
        return float(value)
    hint = "; give fit() validation_data" if name.startswith("val_") else ""
    raise ValueError(
        f"{type(asker).__name__}: there is no figure {name!r}, only {', '.join(sorted(figures)) or 'none'}{hint}"
    )


class Best:
    """The best value seen so far of a figure.

    Parameters
    ----------
    monitor : str
        Name of the figure.
    mode : {"auto", "min", "max"}
        What is better; "auto" takes larger accuracies and the like for better, and anything else smaller.
    min_delta : float
        How much better a value has to be to count.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', not {mode!r}")
        if mode == "auto":
            mode = "max" if any(word in monitor.lower() for word in _GROWING) else "min"
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.value: float | None = None

    def improved(self, value: float) -> bool:
        """Whether this value is the best so far, which it then is."""
        if math.isnan(value):
            return False
        if self.value is not None:
            gain = value - self.value if self.mode == "max" else self.value - value
            if gain <= self.min_delta:
                return False
        self.value = value
        return True
