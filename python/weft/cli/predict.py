"""``weft predict``: a saved model on the rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import device_option, output_file
from .task import Task, on_device

__all__ = ["predict"]


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("input", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    default="predictions.npy",
    show_default=True,
    callback=output_file(".npy", ".csv"),
    help="Where the predictions go: .npy or .csv.",
)
@click.option("--classes", is_flag=True, help="Write the class with the largest output instead of all outputs.")
@click.option("--batch-size", type=click.IntRange(min=1), default=256, show_default=True, help="Rows at once.")
@device_option
def predict(run: Path, input: Path, output: Path, classes: bool, batch_size: int, device: str | None) -> None:
    """Apply the model saved in RUN by weft train to the rows of FILE: .npy, .csv or .safetensors.

    A .csv has a row of numbers in each line, and may have a line of names first. A .safetensors has one tensor, or one
    called "x".
    """
    import weft

    with on_device(device):
        array = _read(input)
        task = _task(run)
        optimizer = weft.optim.SGD(task.model.parameters(), lr=0.0)  # never used: a Trainer has one
        trainer = weft.Trainer(task.model, optimizer, task.loss)
        trainer.load(_newest(run), optimizer=False)
        try:
            result = trainer.predict(task.prepare(array), batch_size)
        except (ValueError, TypeError, IndexError) as error:
            raise click.ClickException(f"{input}: rows of shape {array.shape[1:]} do not fit {run}: {error}") from None
        if not isinstance(result, weft.Tensor):
            raise click.ClickException(f"{run}: the model gives a {type(result).__name__}, not one tensor")
        values = (result.argmax(-1) if classes else result).numpy()
    _write(output, values)
    click.echo(f"{len(values)} predictions of shape {values.shape[1:]} in {output}")


def _newest(run: Path) -> Path:
    from weft.train.run_folder import newest_whole

    path = newest_whole([run])
    if path is None:
        raise click.ClickException(f"{run}: there is no saved model here; name a folder of weft train --save")
    return path


def _task(run: Path) -> Task:
    """Make the task of a run again: its model, and how arrays become inputs."""
    from weft.serialization import read_json
    from weft.train.checkpoint import JSON

    from .chars import chars_task
    from .digits import digits_task
    from .linear import linear_task
    from .user import user_task

    info: dict[str, Any] = read_json(_newest(run) / JSON)["info"]
    name = info.get("task", "")
    if ":" in name:
        return user_task(name, info["options"])
    if name == "chars":
        return chars_task(info["characters"])
    known = {"digits": digits_task, "linear": linear_task}
    if name not in known:
        raise click.ClickException(
            f"{run}: not saved by weft train, so its model is not known here; load it in Python with Trainer.load"
        )
    return known[name]()


def _read(path: Path) -> Any:
    """Numbers of a file; floating-point ones as float32."""
    import numpy as np

    from weft.serialization import load_tensors

    kind = path.suffix.lower()
    try:
        if kind == ".npy":
            array = np.load(path, allow_pickle=False)
        elif kind == ".csv":
            with open(path, encoding="utf-8") as file:
                names = not _are_numbers(file.readline())
            array = np.loadtxt(path, delimiter=",", skiprows=int(names), ndmin=2, dtype=np.float32)
        elif kind == ".safetensors":
            tensors = load_tensors(path)
            if "x" not in tensors and len(tensors) != 1:
                raise click.ClickException(f"{path}: has {len(tensors)} tensors, none of them called 'x'")
            array = tensors.get("x", next(iter(tensors.values()))).numpy()
        else:
            raise click.ClickException(f"{path}: ends in none of .npy, .csv and .safetensors")
    except (OSError, EOFError, ValueError) as error:
        raise click.ClickException(f"{path}: cannot be read: {error}") from None
    if not array.ndim or not array.size or array.dtype.kind not in "biuf":
        raise click.ClickException(f"{path}: has no rows of numbers, but shape {array.shape} and dtype {array.dtype}")
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _are_numbers(line: str) -> bool:
    try:
        return bool([float(cell) for cell in line.split(",")])
    except ValueError:
        return False


def _write(path: Path, values: Any) -> None:
    import numpy as np

    if path.suffix.lower() == ".npy":
        np.save(path, values)
    else:
        kind = "%d" if values.dtype.kind in "iu" else "%.9g"
        np.savetxt(path, values.reshape(len(values), -1), delimiter=",", fmt=kind)
