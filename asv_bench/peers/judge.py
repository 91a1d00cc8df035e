"""What was measured against what a row asks for."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from .row import Row

Medians = dict[str, dict[str, float]]
PEERS = ("numpy", "torch", "jax")
MEANS = {"reductions": 1.3}  # of a group's rows that ask for 1.0: how many times as fast as the best peer


@dataclass(frozen=True)
class Check:
    """`value` against `target`; at least that, or at most where `at_most`."""

    what: str
    value: float
    target: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target


def best(medians: Medians, library: str, own_memory: bool = False) -> float | None:
    """The best way of a library, in its default set-up or writing into memory it already has."""
    ways = medians.get(library, {}).items()
    return min((seconds for way, seconds in ways if (way == "out=") == own_memory), default=None)


def checks(
    row: Row, medians: Medians, floors: dict[str, float], memory: dict[str, int], subject: str = "weft"
) -> list[Check]:
    """Those that could be made with the libraries that ran."""
    ours = medians.get(subject, {}).get("weft")
    if ours is None:
        return []
    found = []

    def times_as_fast(what: str, theirs: float | None, target: float | None) -> None:
        if theirs is not None and target is not None:
            found.append(Check(what, theirs / ours, target))

    peers = {name: best(medians, name) for name in PEERS}
    there = [seconds for seconds in peers.values() if seconds is not None]
    times_as_fast("best peer", min(there, default=None), row.best)
    times_as_fast("torch", peers["torch"], row.torch)
    times_as_fast("jax", peers["jax"], row.jax)
    written = [s for name in PEERS if (s := best(medians, name, own_memory=True)) is not None]
    times_as_fast("best peer, out=", min(written, default=None), row.out)
    if row.torch_eager and (eager := medians[subject].get("eager")) and "eager" in medians.get("torch", {}):
        found.append(Check("torch eager, both eager", medians["torch"]["eager"] / eager, row.torch_eager))
    if row.itself and (other := medians[subject].get(row.itself[0])):
        found.append(Check(row.itself[0], ours / other, row.itself[1]))
    if row.threads:
        times_as_fast("1 thread", medians.get("weft 1 thread", {}).get("weft"), row.threads)
    if row.peak and row.peak[0] in floors:
        found.append(Check(f"{row.peak[0]} peak", row.flops / ours / floors[row.peak[0]], row.peak[1]))
    if row.floor and row.floor[0] in floors:
        found.append(Check("C++ floor", ours / floors[row.floor[0]], row.floor[1], at_most=True))
    if row.limit:
        found.append(Check("microseconds", ours * 1e6, row.limit * 1e6, at_most=True))
    if row.memory and {"torch", subject} <= memory.keys():
        found.append(Check("torch's peak memory", memory[subject] / memory["torch"], row.memory, at_most=True))
    return found


def mean_checks(judged: Iterable[tuple[Row, list[Check]]]) -> list[Check]:
    """The geometric mean over each group that has a target for it."""
    ratios: dict[str, list[float]] = {}
    for row, found in judged:
        for check in found:
            if row.group in MEANS and check.what == "best peer" and check.target == 1.0:
                ratios.setdefault(row.group, []).append(check.value)
    return [Check(f"best peer, mean of {g}", statistics.geometric_mean(r), MEANS[g]) for g, r in ratios.items()]
