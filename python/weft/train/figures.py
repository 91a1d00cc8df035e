"""Loss and metrics of an epoch, added up on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import weft
from weft import Tensor, metrics
from weft.metrics import Metric

__all__ = ["Figures", "named_metrics"]


class Figures:
    """The mean loss of an epoch's rows, its metrics, and the first step whose loss was no finite number.

    Nothing is read until ``read``, so adding a batch waits for nothing.

    Parameters
    ----------
    given : sequence of Metric
        Their state moves to `device`.
    device : device
        Where the batches are.
    """

    def __init__(self, given: Iterable[Metric], device: Any) -> None:
        self.metrics = [metric.to(device) for metric in given]
        self.on_host = [metric for metric in self.metrics if not metric.traceable]
        self._traced = [metric for metric in self.metrics if metric.traceable]
        self.loss = weft.zeros((), dtype=weft.float32, device=device)
        self.step = weft.asarray(0, dtype=weft.int64, device=device)
        self.bad_step = weft.asarray(-1, dtype=weft.int64, device=device)
        self.rows = 0

    def reset(self, step: int) -> None:
        """Begin an epoch whose first step has this number."""
        self.loss.assign(0.0)
        self.step.assign(step)
        self.bad_step.assign(-1)
        self.rows = 0
        for metric in self.metrics:
            metric.reset()

    def add(self, loss: Tensor, output: Any, target: Any, rows: int) -> None:
        """Add a batch. Part of the compiled step: `rows` counts there, ``self.rows`` is the caller's affair."""
        with weft.no_grad():
            loss = loss.detach()
            self.loss.assign(self.loss + loss.astype(weft.float32).reshape(()) * rows)
            bad = (self.bad_step < 0) & ~weft.isfinite(loss)
            self.bad_step.assign(weft.where(bad, self.step, self.bad_step))
            for metric in self._traced:
                metric.update(output, target)

    def end_step(self) -> None:
        """Count a step. Part of the compiled step."""
        self.step.assign(self.step + 1)

    def add_on_host(self, output: Any, target: Any) -> None:
        """Add a batch to the metrics that cannot be compiled."""
        for metric in self.on_host:
            metric.update(output, target)

    def first_bad_step(self) -> int | None:
        """The first step whose loss was no finite number. Waits for the device."""
        step = int(self.bad_step.item())
        return step if step >= 0 else None

    def read(self) -> dict[str, Any]:
        """The figures so far, by name. Waits for the device."""
        result: dict[str, Any] = {"loss": self.loss.item() / max(1, self.rows)}
        for metric in self.metrics:
            value = metric.compute()
            result[metric.name] = value.item() if value.size == 1 else value.tolist()
        return result

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on in the middle of an epoch."""
        return {
            "loss": self.loss.detach(),
            "step": self.step.detach(),
            "bad_step": self.bad_step.detach(),
            "rows": self.rows,
            "metrics": {metric.name: metric.state_dict() for metric in self.metrics},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave. Metrics it does not know begin anew."""
        for name in ("loss", "step", "bad_step"):
            getattr(self, name).assign(state[name])
        self.rows = state["rows"]
        for metric in self.metrics:
            if metric.name in state["metrics"]:
                metric.load_state_dict(state["metrics"][metric.name])
            else:
                metric.reset()


def named_metrics(given: str | Iterable[str | Metric | Callable[[Any, Any], Tensor]]) -> list[Metric]:
    """Metrics of these names or functions, which differ in name from each other and from the trainer's own figures."""
    found = [metrics.get(metric) for metric in ([given] if isinstance(given, str) else given)]
    names = [metric.name for metric in found]
    if len({*names, "loss", "seconds"}) != len(names) + 2:
        raise ValueError(f"Trainer: metrics need names of their own, not {names}")
    return found
