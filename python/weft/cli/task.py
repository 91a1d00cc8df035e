"""What a training command trains, and the way all of them go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import Options

if TYPE_CHECKING:
    from weft import Trainer
    from weft.nn import Module
    from weft.optim import Optimizer
    from weft.train import Callback

__all__ = ["Task", "on_device", "run"]


@dataclass
class Task:
    """A model and what it is trained with.

    Attributes
    ----------
    name : str
        Kept with the saved model, so that ``weft predict`` can make the task again.
    model, data, test, loss, metrics, optimizer, callbacks
        As `weft.Trainer` and its ``fit`` take them. Without an optimizer it is Adam, with a learning rate that falls
        to 0 along a half cosine.
    prepare : callable
        From an array of a file to the model's input.
    settings : dict
        What the task was made with besides its name.
    """

    name: str
    model: Module
    data: Any
    loss: Any
    test: Any = None
    metrics: Sequence[Any] = ()
    optimizer: Optimizer | None = None
    callbacks: Sequence[Callback] = ()
    prepare: Callable[[Any], Any] = lambda array: array
    settings: dict[str, Any] = field(default_factory=dict)


def on_device(name: str | None) -> Any:
    """A context in which tensors are made on this device, or on the default one."""
    import weft

    return weft.device(name) if name is not None else weft.default_device()


def run(
    make: Callable[[], Task], options: Options, results: Callable[[Trainer, dict[str, Any]], dict[str, Any]]
) -> None:
    """Train a task, evaluate it, and tell the figures: those of `results` first, which gets the test's."""
    import weft

    with on_device(options.device):
        weft.random.seed(options.seed)
        task = make()
        trainer = _trainer(task, options)
        start = time.perf_counter()
        stopped = _fit(trainer, task, options)
        seconds = time.perf_counter() - start
        test = trainer.evaluate(task.test) if task.test is not None else {}
    values = {**results(trainer, test), **_figures(trainer, seconds), "seed": options.seed}
    _tell(values, options.json_file)
    if options.plot is not None:
        trainer.history.plot(options.plot)
    if stopped is not None:
        raise stopped


def _trainer(task: Task, options: Options) -> Trainer:
    import weft

    optimizer, callbacks = task.optimizer, list(task.callbacks)
    if optimizer is None:
        optimizer = weft.optim.Adam(task.model.parameters(), lr=options.lr)
        steps = options.epochs * _steps(task.data, options.batch_size)
        callbacks.append(weft.train.LearningRate(weft.optim.cosine(options.lr, steps)))
    trainer = weft.Trainer(task.model, optimizer, task.loss, task.metrics, callbacks=callbacks)
    trainer.info = {"task": task.name, **task.settings}
    return trainer


def _steps(data: Any, batch_size: int) -> int:
    """Of an epoch; 1 where nobody knows."""
    if isinstance(data, tuple):
        return -(-len(data[0]) // batch_size)
    return len(data) if hasattr(data, "__len__") else 1


def _fit(trainer: Trainer, task: Task, options: Options) -> BaseException | None:
    """Train; what ended it, if that was Ctrl-C or SIGTERM."""
    try:
        trainer.fit(
            task.data,
            task.test,
            epochs=options.epochs,
            batch_size=options.batch_size,
            seed=options.seed,
            save=options.save,
            resume="auto" if options.resume else None,
        )
    except (KeyboardInterrupt, SystemExit) as error:
        click.echo(f"weft: interrupted at step {trainer.step}; finishing", err=True)
        return error
    return None


def _figures(trainer: Trainer, seconds: float) -> dict[str, Any]:
    """The figures every training has."""
    import weft

    history = trainer.history
    return {
        "samples_per_second": trainer.figures.rows * trainer.epoch / max(1e-9, sum(history.get("seconds", []))),
        "device": trainer.device.name,
        "seconds": seconds,
        "kernel_builds": weft.kernel_builds(),
        "peak_memory_bytes": weft.memory_stats(trainer.device)["peak"],
        "epochs": trainer.epoch,
        "steps": trainer.step,
        "train_loss": history["loss"][-1] if trainer.epoch else None,
    }


def _tell(values: dict[str, Any], json_file: Path | None) -> None:
    """Print the figures, and write them where asked."""
    from weft.serialization import write_json

    for name, value in values.items():
        if name.endswith(("per_second", "bytes")):
            text = f"{value:,.0f}"
        else:
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
        if "\n" in text:
            text = "\n" + text
        click.echo(f"{name.replace('_', ' '):20} {text}")
    if json_file is not None:
        write_json(json_file, values)
