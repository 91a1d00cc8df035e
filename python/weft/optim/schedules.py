"""Learning rates that change: functions of the step, for ``weft.train.LearningRate``."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["cosine"]


def cosine(lr: float, steps: int, warmup: int = 0, final: float = 0.0) -> Callable[[int], float]:
    """Rise in a line to `lr` for `warmup` steps, then fall along a half cosine to `final` at step `steps`.

    Examples
    --------
    >>> import weft
    >>> schedule = weft.optim.cosine(0.1, steps=100)
    >>> round(schedule(0), 6), round(schedule(50), 6), round(schedule(100), 6)
    (0.1, 0.05, 0.0)
    """

    def at(step: int) -> float:
        if step < warmup:
            return lr * (step + 1) / warmup
        share = min(1.0, (step - warmup) / max(1, steps - warmup))
        return final + (lr - final) * 0.5 * (1 + math.cos(math.pi * share))

    return at
