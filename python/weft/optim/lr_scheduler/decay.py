"""Schedules that are a formula of the step."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Sequence

from ..optimizer import Optimizer
from ..schedules import cosine
from .base import LRScheduler

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LambdaLR", "MultiStepLR", "StepLR", "WarmupCosine"]


class LambdaLR(LRScheduler):
    """The first rate times a function of the step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    lr_lambda : callable, or list of callable
        From the step to the factor; one for all groups or one for each. Not part of ``state_dict``.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0)
    >>> scheduler = weft.optim.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"LambdaLR: {len(self.lr_lambdas)} functions for {groups} groups")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * factor(self.last_epoch) for lr, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """The rate is multiplied by `gamma` every `step_size` steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    step_size : int
        Steps between changes.
    gamma : float
        The factor.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0)
    >>> scheduler = weft.optim.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        if step_size < 1:
            raise ValueError(f"StepLR: step_size must be >= 1, not {step_size}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """The rate is multiplied by `gamma` at certain steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    milestones : iterable of int
        The steps; one that is named twice counts twice.
    gamma : float
        The factor.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0)
    >>> scheduler = weft.optim.MultiStepLR(optimizer, milestones=[2, 3], gamma=0.5)
    >>> for _ in range(3):
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * self.gamma ** bisect.bisect_right(self.milestones, self.last_epoch) for lr in self.base_lrs]


class ExponentialLR(LRScheduler):
    """The rate is multiplied by `gamma` at every step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    gamma : float
        The factor.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0)
    >>> scheduler = weft.optim.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * self.gamma**self.last_epoch for lr in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """The rate falls along half a cosine for `T_max` steps; after that it rises again.

    After Loshchilov and Hutter, "SGDR", 2017, without restarts.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    T_max : int
        Steps down to the least rate.
    eta_min : float
        The least rate.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0)
    >>> scheduler = weft.optim.CosineAnnealingLR(optimizer, T_max=2)
    >>> scheduler.step()
    >>> [round(lr, 6) for lr in scheduler.get_last_lr()]
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max < 1:
            raise ValueError(f"CosineAnnealingLR: T_max must be >= 1, not {T_max}")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (lr - self.eta_min) * share for lr in self.base_lrs]


class WarmupCosine(LRScheduler):
    """The rate rises in a line, then falls along half a cosine, and stays.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set.
    warmup_steps : int
        Steps of the rise; at step t the rate is ``(t + 1) / warmup_steps`` of the highest.
    total_steps : int
        When the least rate is reached.
    eta_min : float
        The least rate.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0)
    >>> scheduler = weft.optim.WarmupCosine(optimizer, warmup_steps=4, total_steps=100)
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, warmup_steps: int, total_steps: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if not 0 <= warmup_steps <= total_steps or total_steps < 1:
            raise ValueError(
                "WarmupCosine: warmup_steps must be from 0 to total_steps, "
                f"not {warmup_steps} with total_steps={total_steps}"
            )
        self.warmup_steps, self.total_steps, self.eta_min = warmup_steps, total_steps, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [cosine(lr, self.total_steps, self.warmup_steps, self.eta_min)(self.last_epoch) for lr in self.base_lrs]
