"""Epochs and steps of a ``fit``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from .feed import Feed
from .interrupt import Interrupt
from .step import mode

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["run_epochs"]


def run_epochs(trainer: Trainer, feed: Feed, validation: Feed | None, until: int, interrupt: Interrupt) -> None:
    """Train up to epoch `until`, from where the trainer is: also from the middle of an epoch."""
    while trainer.epoch < until and not trainer.stop and not trainer.pause:
        if trainer.batch == 0:
            trainer.figures.reset(trainer.step)
            trainer.epoch_start = time.perf_counter()
            trainer.call("on_epoch_begin", trainer.epoch)
        with mode(trainer.model, training=True):
            _run_steps(trainer, feed, interrupt)
        if trainer.batch == 0:
            raise ValueError(
                f"fit: the data gave no batches in epoch {trainer.epoch + 1}; "
                "give arrays with rows, or batches that can be iterated once per epoch (a list, not a generator)"
            )
        if not trainer.pause:  # an unfinished epoch is not counted
            _end_epoch(trainer, validation)


def _run_steps(trainer: Trainer, feed: Feed, interrupt: Interrupt) -> None:
    accumulate = trainer.options.accumulate
    batches = feed.batches(trainer.epoch, trainer.batch)
    run: Any = trainer.train_step.one if accumulate == 1 else trainer.train_step
    step_begin, step_end = trainer.hooks["on_step_begin"], trainer.hooks["on_step_end"]
    for given in batches if accumulate == 1 else _groups(batches, accumulate):
        step = trainer.step
        for hook in step_begin:
            hook(trainer, step)
        loss = run(given)
        trainer.step = step + 1
        trainer.batch += 1 if accumulate == 1 else len(given)
        for hook in step_end:
            hook(trainer, step, loss)
        if trainer.stop or trainer.pause or interrupt.requested:
            trainer.pause |= interrupt.requested
            return


def _groups(batches: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while group := list(islice(batches, size)):
        yield group


def _end_epoch(trainer: Trainer, validation: Feed | None) -> None:
    figures = trainer.figures.read()
    figures["seconds"] = time.perf_counter() - trainer.epoch_start
    if validation is not None:
        trainer.call("on_validation_begin")
        values = {f"val_{name}": value for name, value in trainer.evaluate_feed(validation).items()}
        trainer.call("on_validation_end", values)
        figures |= values
    trainer.history.add(figures)
    trainer.epoch += 1
    trainer.batch = 0
    trainer.call("on_epoch_end", trainer.epoch - 1, figures)
