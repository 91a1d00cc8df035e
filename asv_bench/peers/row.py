"""A row of the table: what is computed, and what weft is expected to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Thunk = Callable[[], Any]
Make = Callable[[Any], dict[str, Thunk]]  # a library -> each way it has to compute the row


@dataclass(frozen=True)
class Row:
    """`make` builds the row for a library; the rest are targets, each left out where the row has none."""

    name: str
    group: str
    make: Make
    best: float | None = 1.0  # how many times as fast as the best peer
    torch: float | None = None  # ... as PyTorch's best
    jax: float | None = None
    torch_eager: float | None = None
    out: float | None = None  # ... as the best peer that writes into memory it already has
    itself: tuple[str, float] | None = None  # ... as another way of weft's own
    peak: tuple[str, float] | None = None  # which limit of the machine, and the share of it
    floor: tuple[str, float] | None = None  # which floor of floor.cpp, and at most how many times its seconds
    threads: float | None = None  # ... as weft with one thread
    limit: float | None = None  # seconds, at most
    flops: float = 0.0
    calls: int = 1  # units of work in one call of a thunk: its seconds are divided by this
    memory: float | None = None  # peak memory, at most this times PyTorch's


ROWS: dict[str, Row] = {}


def row(name: str, **targets: Any) -> Callable[[Make], Make]:
    """Add a row, named; its group is the file it stands in."""

    def add(make: Make) -> Make:
        ROWS[name] = Row(name, make.__module__.rpartition(".")[2], make, **targets)
        return make

    return add
