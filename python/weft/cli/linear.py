"""``weft train linear``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import Options, training_options
from .task import Task, run

if TYPE_CHECKING:
    from weft import Trainer

__all__ = ["linear", "linear_task"]


def linear_task(seed: int = 0) -> Task:
    """One unit and points around a line."""
    import numpy as np

    import weft

    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(1250, 1)).astype("float32")
    y = (3 * x + 2 + rng.uniform(size=x.shape)).astype("float32")
    return Task("linear", weft.nn.Linear(1, 1), (x[:1000], y[:1000]), "mse", (x[1000:], y[1000:]))


@click.command()
@training_options(epochs=50, batch_size=32, lr=0.05)
def linear(options: Options) -> None:
    """Find the line in y = 3 x + 2 + noise, with noise uniform on [0, 1): slope 3, intercept 2.5."""

    def results(trainer: Trainer, test: dict[str, Any]) -> dict[str, Any]:
        slope, intercept = (p.item() for p in trainer.model.parameters())
        return {"slope": slope, "intercept": intercept, "test_mse": test["loss"]}

    run(lambda: linear_task(options.seed), options, results)
