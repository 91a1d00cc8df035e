"""One cycle: up, down, and momentum the other way round."""

from __future__ import annotations

import math
from collections.abc import Sequence

import weft
from weft import Tensor

from ..optimizer import Optimizer, ParamGroup
from .base import LRScheduler, one_for_each_group

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """The rate rises to `max_lr` and falls far below where it began; momentum mirrors it (Smith and Topin, 2019).

    The momentum it cycles (``momentum``, or ``betas[0]``) becomes a tensor, so that compiled steps see it.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set, once for each of its steps.
    max_lr : float, or list of float
        The highest rate, for all groups or for each.
    total_steps : int, optional
        Steps of the cycle; or give `epochs` and `steps_per_epoch`.
    epochs, steps_per_epoch : int, optional
        Their product is the number of steps.
    pct_start : float
        Share of the steps in which the rate rises.
    anneal_strategy : {"cos", "linear"}
        How it goes from one rate to the next.
    cycle_momentum : bool
        Whether momentum changes too.
    base_momentum, max_momentum : float, or list of float
        The momentum at the highest and at the lowest rates.
    div_factor, final_div_factor : float
        The first rate is ``max_lr / div_factor``, the last that divided by `final_div_factor`.
    three_phase : bool
        Fall back to the first rate as slowly as it rose, and only then to the last.
    last_epoch : int
        As in `LRScheduler`.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=1.0, momentum=0.9)
    >>> scheduler = weft.optim.OneCycleLR(optimizer, max_lr=0.5, total_steps=10, pct_start=0.5)
    >>> rates = scheduler.get_last_lr()
    >>> for _ in range(9):
    ...     scheduler.step()
    ...     rates += scheduler.get_last_lr()
    >>> [round(rate, 7) for rate in (rates[0], max(rates), rates[-1])]
    [0.02, 0.5, 2e-06]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps < 1:
            raise ValueError(f"OneCycleLR: the cycle needs at least 1 step, not {total_steps}")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be in [0, 1], not {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', not {anneal_strategy!r}")
        self.total_steps, self.pct_start, self.anneal_strategy = total_steps, pct_start, anneal_strategy
        self.cycle_momentum, self.three_phase = cycle_momentum, three_phase
        self.final_div_factor = final_div_factor
        self.max_lrs = one_for_each_group(max_lr, optimizer, "OneCycleLR: max_lr")
        self.base_momentums = one_for_each_group(base_momentum, optimizer, "OneCycleLR: base_momentum")
        self.max_momentums = one_for_each_group(max_momentum, optimizer, "OneCycleLR: max_momentum")
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, self.max_lrs, strict=True):
                group["initial_lr"] = rate / div_factor
        if cycle_momentum:
            for group, momentum in zip(optimizer.param_groups, self.max_momentums, strict=True):
                _momentum_as_tensor(group, momentum)
                optimizer._make_state(group)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: the cycle of {self.total_steps} steps is over; leave the rate as it is")
        return [
            self._at(low, high, low / self.final_div_factor, low)
            for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def step(self) -> None:
        """Go on by one step, and set learning rates and momentum."""
        super().step()
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                _set_momentum(group, self._at(high, low, high, high))

    def _at(self, first: float, peak: float, last: float, between: float) -> float:
        """From `first` to `peak` and down to `last`; with three phases by way of `between`."""
        up = self.pct_start * self.total_steps - 1
        ends = [up, 2 * up, self.total_steps - 1] if self.three_phase else [up, self.total_steps - 1]
        values = [first, peak, between, last] if self.three_phase else [first, peak, last]
        phase = sum(self.last_epoch > end for end in ends[:-1])
        begin, end = ([0.0, *ends])[phase : phase + 2]
        share = min(1.0, (self.last_epoch - begin) / (end - begin)) if end != begin else 1.0
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        return values[phase] + (values[phase + 1] - values[phase]) * share


def _set_momentum(group: ParamGroup, value: float | Tensor) -> None:
    if "momentum" in group:
        group["momentum"] = value
    elif "betas" in group:
        group["betas"] = (value, group["betas"][1])
    else:
        raise ValueError("OneCycleLR: the optimizer has no momentum and no betas; use cycle_momentum=False")


def _momentum_as_tensor(group: ParamGroup, value: float) -> None:
    _set_momentum(group, weft.asarray(value, dtype=weft.float32, device=group.lr.device))
