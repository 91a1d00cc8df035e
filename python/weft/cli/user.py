"""``weft train module:function``: a task of the user's own."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from .options import Options, training_options
from .task import Task, run

if TYPE_CHECKING:
    from weft import Trainer

__all__ = ["user_command", "user_task"]

_MAY_RETURN = ("model", "data", "test", "loss", "metrics", "optimizer", "callbacks", "prepare")
_MAY_TAKE = ("epochs", "batch_size", "lr", "seed")


def user_command(name: str) -> click.Command:
    """The command that trains what ``module:function`` returns."""

    @click.command(name)
    @training_options(epochs=10, batch_size=32, lr=1e-3)
    def command(options: Options) -> None:
        def results(trainer: Trainer, test: dict[str, Any]) -> dict[str, Any]:
            return {f"test_{figure}": value for figure, value in test.items()}

        def make() -> Task:
            return user_task(name, {option: getattr(options, option) for option in _MAY_TAKE})

        with _in_one_line(name):
            run(make, options, results)

    command.help = f"""Train what {name} returns.

    The function takes any of the arguments epochs, batch_size, lr and seed by name. It returns (model, data), or a dict
    with "model" and "data" and any of these:

    \b
    test       evaluated after each epoch
    loss       a name or a function  [default: cross_entropy for
               integer targets, else mse]
    metrics    a list of names, metrics or functions
               [default: accuracy for integer targets]
    optimizer  [default: Adam, with --lr falling along a cosine]
    callbacks  a list of weft.train.Callback
    prepare    for weft predict: from an array to the model's input

    data and test are (x, y), two arrays of the same length; or a DataLoader, a Dataset, or a list of batches.
    """
    return command


def user_task(name: str, options: dict[str, Any]) -> Task:
    """Call the function and look at what it returned."""
    function = _function(name)
    parameters = inspect.signature(function).parameters
    returned = function(**{option: value for option, value in options.items() if option in parameters})
    if isinstance(returned, tuple) and len(returned) == 2:
        returned = {"model": returned[0], "data": returned[1]}
    if not isinstance(returned, dict) or not {"model", "data"} <= returned.keys():
        raise click.ClickException(
            f'{name} returned a {type(returned).__name__}; it must return (model, data), or a dict with "model" and '
            f'"data"; see weft train {name} --help'
        )
    unknown = [key for key in returned if key not in _MAY_RETURN]
    if unknown:
        raise click.ClickException(f"{name} returned {unknown[0]!r} in its dict; known are {', '.join(_MAY_RETURN)}")
    from weft.nn import Module

    if not isinstance(returned["model"], Module):
        raise click.ClickException(
            f"{name} returned a model of type {type(returned['model']).__name__}, not a weft.nn.Module"
        )
    classes = _has_classes(returned["data"])
    defaults = {"loss": "cross_entropy" if classes else "mse", "metrics": ["accuracy"] if classes else []}
    return Task(name, **{**defaults, **returned}, settings={"options": options})


def _has_classes(data: Any) -> bool:
    """Whether the targets are integers."""
    batch = data if isinstance(data, tuple) else next(iter(data), ())
    target = batch[-1] if isinstance(batch, tuple | list) and batch else None
    return getattr(getattr(target, "dtype", None), "kind", "f") in "iu"


def _function(name: str) -> Callable[..., Any]:
    module_name, _, function_name = name.rpartition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = _module_of_file(module_name) if module_name.endswith(".py") else importlib.import_module(module_name)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name not in _parents(module_name):
            raise  # an import inside the user's module
        raise click.ClickException(
            f"there is no module {module_name!r}; name one that Python finds from here, or a file such as task.py"
        ) from None
    found = getattr(module, function_name, None)
    if not callable(found):
        raise click.ClickException(f"{module_name} has no function {function_name!r}")
    return found  # type: ignore[no-any-return]


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _module_of_file(path: str) -> Any:
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as an import does: classes find their module again
    spec.loader.exec_module(module)
    return module


@contextmanager
def _in_one_line(name: str) -> Iterator[None]:
    """Errors of the user's code as one line, that names the place."""
    try:
        yield
    except (click.ClickException, click.Abort):
        raise
    except Exception as error:
        package = os.path.dirname(os.path.dirname(__file__))
        frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((package, "<"))]
        place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
        raise click.ClickException(f"{name}: {type(error).__name__}: {error}{place}") from None
