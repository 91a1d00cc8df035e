"""What schedulers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from weft import Tensor

from ..optimizer import Optimizer

__all__ = ["LRScheduler", "number", "one_for_each_group"]


class LRScheduler:
    """Sets the learning rates of an optimizer, step by step.

    Call ``step()`` between the optimizer's steps, outside of compiled functions: after each of them or each epoch,
    whichever the schedule counts. An optimizer has one scheduler. A subclass defines ``get_lr()``, which gives the
    rate of each group from ``self.base_lrs`` and ``self.last_epoch``, the number of steps so far.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rates are set, now to those of step 0.
    last_epoch : int
        Steps that were done already, less one. The rates of step 0 are then ``initial_lr`` of the groups.

    Examples
    --------
    >>> import weft
    >>> optimizer = weft.optim.SGD([weft.nn.Parameter(weft.ones(2))], lr=0.5)
    >>> class Halves(weft.optim.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
    >>> scheduler = Halves(optimizer)
    >>> scheduler.step()
    >>> scheduler.get_last_lr(), optimizer.lr.item()
    ([0.25], 0.25)
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{name}: optimizer must be an Optimizer, not {type(optimizer).__name__}")
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            if last_epoch == -1:
                group.setdefault("initial_lr", number(group.lr))
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{name}: last_epoch={last_epoch} needs groups with initial_lr; load the optimizer first"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[float] = []
        self.step()

    def get_lr(self) -> Sequence[float]:
        """The rate of each group at step ``last_epoch``."""
        raise NotImplementedError(f"{type(self).__name__} defines no get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rates that were set last, one for each group."""
        return list(self._last_lr)

    def step(self) -> None:
        """Go on by one step and set the learning rates."""
        self.last_epoch += 1
        try:
            rates = self.get_lr()
        except Exception:
            self.last_epoch -= 1
            raise
        self._set(rates)

    def _set(self, rates: Sequence[float]) -> None:
        self._last_lr = [float(rate) for rate in rates]
        for group, rate in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = rate

    def state_dict(self) -> dict[str, Any]:
        """Numbers and lists of numbers, fit for JSON; no functions."""
        return {
            key: list(value) if isinstance(value, list) else value
            for key, value in vars(self).items()
            if isinstance(value, (int, float, str, list)) and not _functions(value)
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` gave, and set the learning rates.

        Raises
        ------
        ValueError
            If it is of another kind of scheduler, or of other groups.
        """
        name, own = type(self).__name__, self.state_dict()
        if own.keys() != state.keys():
            raise ValueError(f"{name}: the state holds {sorted(state)}, this scheduler {sorted(own)}")
        if len(state["_last_lr"]) != len(self._last_lr):
            raise ValueError(
                f"{name}: the state has {len(state['_last_lr'])} rates, the optimizer {len(self._last_lr)} groups"
            )
        for key, value in state.items():
            setattr(self, key, list(value) if isinstance(value, list) else value)
        self._set(self._last_lr)


def _functions(value: Any) -> bool:
    return isinstance(value, list) and any(callable(v) for v in value)


def number(lr: Tensor) -> float:
    """The shortest decimal that is this float32: 0.1 where the user said 0.1. Waits for the value."""
    return float(str(np.float32(lr.item())))


def one_for_each_group(value: float | Sequence[float], optimizer: Optimizer, what: str) -> list[float]:
    """`value` as a list with a number for each parameter group."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [float(value)] * groups  # type: ignore[arg-type]
    if len(value) != groups:
        raise ValueError(f"{what} has {len(value)} values, the optimizer {groups} groups")
    return [float(v) for v in value]
