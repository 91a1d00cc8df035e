"""Options that commands share, checked before any work begins."""

from __future__ import annotations

import importlib
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

__all__ = ["PLOTS", "Options", "device_option", "need", "output_file", "training_options"]


PLOTS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Options:
    """What a training command was given."""

    epochs: int
    batch_size: int
    lr: float
    seed: int
    device: str | None
    save: Path | None
    resume: bool
    json_file: Path | None
    plot: Path | None

    def __post_init__(self) -> None:
        if self.resume and self.save is None:
            raise click.UsageError("--resume needs --save DIR: the folder to look for checkpoints in")
        if self.plot is not None:
            need("matplotlib")


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


def output_file(*suffixes: str) -> Callable[[click.Context, click.Parameter, str | None], Path | None]:
    """The check of an option: a file in a folder that can be written to, with one of these endings if there are any."""

    def check(context: click.Context, parameter: click.Parameter, value: str | None) -> Path | None:
        if value is None:
            return None
        path = Path(value)
        if path.is_dir():
            raise click.BadParameter(f"{path} is a folder; name a file")
        if suffixes and path.suffix.lower() not in suffixes:
            raise click.BadParameter(f"{path.name} does not end in {', '.join(suffixes[:-1])} or {suffixes[-1]}")
        try:
            tempfile.TemporaryFile(dir=path.parent).close()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise click.BadParameter(
                f"cannot write {path}: {reason}; name a file in a folder you may write to"
            ) from None
        return path

    return check


def _positive(context: click.Context, parameter: click.Parameter, value: float) -> float:
    if not 0 < value < math.inf:
        raise click.BadParameter(f"{value} is not a number greater than 0")
    return value


device_option = click.option("--device", help='Such as "cpu" or "opencl:0".  [default: WEFT_BACKEND, else cpu]')


def training_options(epochs: int, batch_size: int, lr: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of a training command, with these defaults; the command gets them as `Options`."""
    count = click.IntRange(min=1)
    options = (
        click.option("--epochs", type=count, default=epochs, show_default=True, help="How often the data are seen."),
        click.option("--batch-size", type=count, default=batch_size, show_default=True, help="Rows of a step."),
        click.option(
            "--lr", type=float, callback=_positive, default=lr, show_default=True, help="First learning rate."
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of everything random."),
        device_option,
        click.option(
            "--save",
            metavar="DIR",
            callback=_folder,
            help="Save model.safetensors and weft.json there; checkpoints on the way.",
        ),
        click.option(
            "--resume", is_flag=True, help="Go on from the last good checkpoint in DIR, or start where there is none."
        ),
        click.option(
            "--json", "json_file", metavar="FILE", callback=output_file(), help="Write all figures as one flat object."
        ),
        click.option(
            "--plot", metavar="FILE", callback=output_file(*PLOTS), help="Draw loss and metrics (PNG, SVG or PDF)."
        ),
    )

    def add(function: Callable[..., None]) -> Callable[..., None]:
        def command(**given: Any) -> None:
            own = {name: given.pop(name) for name in Options.__dataclass_fields__}
            function(Options(**own), **given)

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        for option in reversed(options):
            option(command)
        return command

    return add


def need(module: str) -> Any:
    """Import a module of the extra ``demo``."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = {"sklearn": "scikit-learn"}.get(module.split(".")[0], module.split(".")[0])
        raise click.ClickException(f'{package} is not installed: pip install "weft[demo]"') from None
