"""A training in a folder: all that is needed to use the model, and to go on exactly where it stood.

model.safetensors     parameters and buffers
training.safetensors  the other tensors: of the optimizer, of metrics, of callbacks
weft.json             everything else, with the length and SHA-256 of each file, and of itself
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import weft
from weft import Tensor, random
from weft._files import Content, sha256, write_files, write_folder
from weft.serialization import FileError, json_content, load_tensors, read_json, tensors_content

from .callbacks.base import Callback
from .history import History

if TYPE_CHECKING:
    from weft.nn import Module

    from .trainer import Trainer

__all__ = ["JSON", "MODEL", "CheckpointError", "architecture", "check", "load", "load_callbacks", "save", "write"]

FORMAT = 2
MODEL, TRAINING, JSON = "model.safetensors", "training.safetensors", "weft.json"


class CheckpointError(ValueError):
    """A checkpoint is of another model, optimizer or training than the one that is to take it over."""


def save(trainer: Trainer, folder: str | os.PathLike[str]) -> None:
    """Write the files in a folder that may hold others: beside their places first, then all put in place."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_files({place / name: content for name, content in _contents(trainer).items()})


def write(trainer: Trainer, folder: Path) -> None:
    """Write the files as a folder of their own, which appears whole or not at all."""
    write_folder(folder, _contents(trainer))


def architecture(model: Module) -> dict[str, Any]:
    """Names, shapes and dtypes of a model's state, and their hash."""
    tensors = {name: [list(t.shape), t.dtype.name] for name, t in model.state_dict().items()}
    return {"hash": _digest(tensors), "tensors": tensors, "text": repr(model)}


def _contents(trainer: Trainer) -> dict[str, Content]:
    kind = architecture(trainer.model)
    tensors: dict[str, Tensor] = {}
    state = _split(_training_state(trainer), "", tensors)
    tag = {"weft": weft.__version__, "architecture": kind["hash"], "step": str(trainer.step)}
    contents = {
        MODEL: tensors_content(trainer.model.state_dict(), tag),
        TRAINING: tensors_content(tensors, tag),
    }
    files = {name: {"bytes": sum(map(len, content)), "sha256": sha256(content)} for name, content in contents.items()}
    about = {"format": FORMAT, "weft": weft.__version__, **state, "architecture": kind, "files": files}
    about = json.loads(json.dumps(about))  # as it will be read again
    contents[JSON] = json_content({**about, "sha256": _digest(about)})
    return contents


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


# ---- what is kept besides the model


def _training_state(trainer: Trainer) -> dict[str, Any]:
    optimizer = trainer.optimizer
    return {
        "epoch": trainer.epoch,
        "step": trainer.step,
        "batch": trainer.batch,
        "stop": trainer.stop,
        "fit": trainer.fit_options,
        "info": trainer.info,
        "history": trainer.history,
        "figures": trainer.figures.state_dict(),
        "random": list(random.get_state()),
        "optimizer": {"class": type(optimizer).__name__, **optimizer.state_dict()},
        "callbacks": {name: state for name, c in _named(trainer.callbacks) if (state := c.state_dict())},
    }


def _named(callbacks: list[Callback]) -> Iterator[tuple[str, Callback]]:
    """Each callback with the name of its class, and a number from the second of a class on."""
    seen: dict[str, int] = {}
    for callback in callbacks:
        name = type(callback).__name__
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}.{seen[name]}", callback


def _split(tree: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """The tree with every tensor moved to `tensors`, and its name there in its place."""
    if isinstance(tree, Tensor):
        tensors[path] = tree
        return {"$tensor": path}
    if isinstance(tree, Mapping):
        dot = f"{path}." if path else ""
        return {str(key): _split(value, f"{dot}{key}", tensors) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_split(value, f"{path}.{i}", tensors) for i, value in enumerate(tree)]
    return tree


def _join(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The inverse of `_split`; tuples have become lists."""
    if isinstance(tree, dict):
        if tree.keys() == {"$tensor"}:
            return tensors[tree["$tensor"]]
        return {key: _join(value, tensors) for key, value in tree.items()}
    return [_join(value, tensors) for value in tree] if isinstance(tree, list) else tree


# ---- reading


def check(folder: Path) -> dict[str, Any]:
    """What weft.json says, if all files are there, whole, and of the same moment.

    Raises
    ------
    FileNotFoundError, FileError
        Naming the file, why, and what to do.
    """
    about = _about(folder)
    for name, expected in about["files"].items():
        path = _existing(folder / name)
        content = path.read_bytes()
        if len(content) != expected["bytes"] or sha256([content]) != expected["sha256"]:
            what = "incomplete" if len(content) < expected["bytes"] else "damaged, or of another moment"
            raise FileError(
                f"{path}: {what}: not the file that {JSON} was written with; restore it from a copy, or load with "
                "optimizer=False to take the weights alone"
            )
    return about


def _about(folder: Path) -> dict[str, Any]:
    path = _existing(folder / JSON)
    about = read_json(path)
    if not isinstance(about, dict) or "format" not in about or "files" not in about:
        raise FileError(f"{path}: not a file of weft.Trainer; name a folder that Trainer.save wrote")
    if about["format"] != FORMAT:
        raise FileError(
            f"{path}: of format {about['format']}, this version of weft reads {FORMAT}; "
            "load with optimizer=False to take the weights alone"
        )
    digest = about.pop("sha256", None)
    if digest != _digest(about):
        raise FileError(f"{path}: damaged, or changed by hand; restore it from a copy")
    return about


def _existing(path: Path) -> Path:
    if not path.is_file():
        hint = "" if path.name == MODEL else "; load with optimizer=False to take the weights alone"
        raise FileNotFoundError(f"{path}: there is no such file{hint}")
    return path


def load(trainer: Trainer, folder: str | os.PathLike[str], optimizer: bool = True) -> None:
    """Take over what `save` or `write` wrote. Nothing is changed if a file is damaged or of another model."""
    place = Path(folder)
    if not optimizer:
        _load_model(trainer, place)
        return
    about = check(place)
    kind = about["optimizer"]["class"]
    if kind != type(trainer.optimizer).__name__:
        raise CheckpointError(
            f"{place}: saved with optimizer {kind}, this trainer has {type(trainer.optimizer).__name__}; "
            "use the same one, or load with optimizer=False"
        )
    state = _join(about, load_tensors(place / TRAINING, trainer.device))
    before = trainer.model.state_dict()
    _load_model(trainer, place)
    try:
        trainer.optimizer.load_state_dict(_numbered(state["optimizer"]))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        trainer.model.load_state_dict(before)
        raise CheckpointError(
            f"{place / TRAINING}: does not fit this optimizer ({error}); load with optimizer=False"
        ) from None
    trainer.epoch, trainer.step, trainer.batch, trainer.stop = (state[k] for k in ("epoch", "step", "batch", "stop"))
    trainer.history = History(state["history"])
    trainer.fit_options, trainer.info = state["fit"], {**state["info"], **trainer.info}
    trainer.figures.load_state_dict(state["figures"])
    random.set_state(tuple(state["random"]))
    trainer.callback_states = state["callbacks"]
    load_callbacks(trainer)


def load_callbacks(trainer: Trainer) -> None:
    """Give each callback the state that was kept under its name, if there is one."""
    for name, callback in _named(trainer.callbacks):
        if name in trainer.callback_states:
            callback.load_state_dict(trainer.callback_states[name])


def _load_model(trainer: Trainer, folder: Path) -> None:
    path = _existing(folder / MODEL)
    try:
        trainer.model.load_state_dict(load_tensors(path, trainer.device))
    except FileError:
        raise
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _numbered(optimizer: dict[str, Any]) -> dict[str, Any]:
    """JSON's keys are strings, an optimizer numbers its parameters."""
    return {**optimizer, "state": {int(number): values for number, values in optimizer["state"].items()}}
