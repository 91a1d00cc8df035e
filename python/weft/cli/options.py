"""What the training commands share: options, checks before the work, figures and files after it."""

from __future__ import annotations

import importlib
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["figures", "finish", "need", "training_options"]

F = TypeVar("F", bound=Callable[..., Any])


def _folder(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    """A folder that can be written to; made if it is not there."""
    if value is None:
        return None
    folder = Path(value)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise click.BadParameter(f"cannot write to {folder}: {reason}; name a folder you may write to") from None
    return folder


def _file(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
    """A file in a folder that can be written to."""
    if value is None:
        return None
    path = Path(value)
    if path.is_dir():
        raise click.BadParameter(f"{path} is a folder; name a file")
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise click.BadParameter(f"cannot write {path}: {reason}; name a file in a folder you may write to") from None
    return path


def _positive(context: click.Context, parameter: click.Parameter, value: float) -> float:
    if not 0 < value < math.inf:
        raise click.BadParameter(f"{value} is not a number greater than 0")
    return value


def training_options(epochs: int, batch_size: int, lr: float) -> Callable[[F], F]:
    """Add the options of a training command, with these defaults."""
    options = (
        click.option(
            "--epochs",
            type=click.IntRange(min=1),
            default=epochs,
            show_default=True,
            help="How often the data are seen.",
        ),
        click.option(
            "--batch-size", type=click.IntRange(min=1), default=batch_size, show_default=True, help="Rows of a step."
        ),
        click.option(
            "--lr", type=float, callback=_positive, default=lr, show_default=True, help="First learning rate."
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of everything random."),
        click.option("--device", help='Such as "cpu" or "opencl:0".  [default: WEFT_BACKEND, else cpu]'),
        click.option("--save", metavar="DIR", callback=_folder, help="Save model.safetensors and weft.json there."),
        click.option(
            "--json", "json_file", metavar="FILE", callback=_file, help="Write all figures as one flat object."
        ),
        click.option("--plot", metavar="FILE", callback=_file, help="Draw loss and accuracy (PNG, SVG or PDF)."),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def need(module: str) -> Any:
    """Import a module of the extra ``demo``."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = {"sklearn": "scikit-learn"}.get(module.split(".")[0], module.split(".")[0])
        raise click.ClickException(f'{package} is not installed: pip install "weft[demo]"') from None


def check_plot(plot: Path | None) -> None:
    """Say before the training what would fail after it."""
    if plot is None:
        return
    if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise click.BadParameter(f"{plot.name}: a plot ends in .png, .svg or .pdf", param_hint="'--plot'")
    need("matplotlib")


def figures(trainer: Any, rows: int, seconds: float) -> dict[str, Any]:
    """The figures every training has."""
    import weft

    return {
        "samples_per_second": rows * trainer.epoch / max(1e-9, sum(trainer.history.get("seconds", []))),
        "device": trainer.device.name,
        "seconds": seconds,
        "kernel_builds": weft.kernel_builds(),
        "peak_memory_bytes": weft.memory_stats(trainer.device)["peak"],
        "epochs": trainer.epoch,
        "steps": trainer.step,
        "train_loss": trainer.history["loss"][-1] if trainer.epoch else None,
    }


def finish(values: dict[str, Any], history: dict[str, list[float]], json_file: Path | None, plot: Path | None) -> None:
    """Print the figures; write them and the curve where asked."""
    from weft.serialization import write_json

    for name, value in values.items():
        text = (
            f"{value:,.0f}"
            if name.endswith(("per_second", "bytes"))
            else f"{value:.4g}"
            if isinstance(value, float)
            else value
        )
        click.echo(f"{name.replace('_', ' '):20} {text}")
    if json_file is not None:
        write_json(json_file, values)
    if plot is not None:
        _draw(history, plot)


def _draw(history: dict[str, list[float]], plot: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    metrics = [name for name in history if name not in ("loss", "val_loss", "seconds")]
    figure, axes = pyplot.subplots(
        1, 1 + bool(metrics), figsize=(5 + 5 * bool(metrics), 4), squeeze=False, layout="constrained"
    )
    for axis, names in zip(axes[0], [[n for n in history if n.endswith("loss")], metrics], strict=False):
        for name in names:
            axis.plot(range(1, len(history[name]) + 1), history[name], label=name.replace("_", " "))
        axis.set_xlabel("epoch")
        axis.locator_params(axis="x", integer=True)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(plot)
    pyplot.close(figure)
