"""A model, its optimizer and its history in a folder.

model.safetensors      parameters and buffers: all that is needed to use the model
optimizer.safetensors  what the optimizer keeps for each parameter
weft.json              architecture, options, history, and how far the training was
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import weft
from weft import Tensor
from weft.serialization import (
    FileError,
    json_bytes,
    load_tensors,
    read_json,
    read_metadata,
    tensors_to_bytes,
    write_files,
)

if TYPE_CHECKING:
    from weft.nn import Module
    from weft.optim import Optimizer

    from .trainer import Trainer

__all__ = ["load", "save"]

FORMAT = 1
MODEL, OPTIMIZER, JSON = "model.safetensors", "optimizer.safetensors", "weft.json"


def architecture(model: Module) -> dict[str, Any]:
    """Names, shapes and dtypes of a model's state, and their hash."""
    tensors = {name: [list(t.shape), t.dtype.name] for name, t in model.state_dict().items()}
    digest = hashlib.sha256(json.dumps(tensors, sort_keys=True).encode()).hexdigest()
    return {"hash": digest, "tensors": tensors, "text": repr(model)}


def save(trainer: Trainer, folder: str | os.PathLike[str]) -> None:
    """Write the three files: beside their places first, then all put in place."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    kind = architecture(trainer.model)
    tag = {"format": str(FORMAT), "weft": weft.__version__, "architecture": kind["hash"], "step": str(trainer.step)}
    tensors, groups = _flatten(trainer.optimizer)
    about = {
        "format": FORMAT,
        "weft": weft.__version__,
        "architecture": kind,
        "optimizer": {"class": type(trainer.optimizer).__name__, "param_groups": groups},
        "epoch": trainer.epoch,
        "step": trainer.step,
        "history": trainer.history,
    }
    write_files(
        {
            place / MODEL: tensors_to_bytes(trainer.model.state_dict(), tag),
            place / OPTIMIZER: tensors_to_bytes(tensors, tag),
            place / JSON: json_bytes(about),
        }
    )


def load(trainer: Trainer, folder: str | os.PathLike[str], optimizer: bool = True) -> None:
    """Take over what `save` wrote. Nothing is changed if a file is damaged or of another model."""
    place = Path(folder)
    for name in (MODEL, OPTIMIZER, JSON) if optimizer else (MODEL,):
        if not (place / name).is_file():
            hint = "" if name == MODEL else "; load with optimizer=False to take the weights alone"
            raise FileNotFoundError(f"{place / name}: there is no such file{hint}")
    state = load_tensors(place / MODEL, trainer.device)
    if not optimizer:
        _load_model(trainer.model, state, place)
        return
    about = read_json(place / JSON)
    saved = load_tensors(place / OPTIMIZER, trainer.device)
    try:
        marks = {str(about["step"]), *(read_metadata(place / name).get("step", "") for name in (MODEL, OPTIMIZER))}
        kind, groups = about["optimizer"]["class"], about["optimizer"]["param_groups"]
        epoch, step, history = int(about["epoch"]), int(about["step"]), about["history"]
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(
            f"{place / JSON}: not a file of weft.Trainer ({error!r} is missing or wrong); save again"
        ) from None
    if len(marks) > 1:
        raise FileError(
            f"{place}: model, optimizer and {JSON} are of different steps ({', '.join(sorted(marks))}), as if saving "
            "was interrupted; load with optimizer=False to take the weights alone"
        )
    if kind != type(trainer.optimizer).__name__:
        raise ValueError(
            f"{place}: saved with optimizer {kind}, this trainer has {type(trainer.optimizer).__name__}; "
            "use the same one, or load with optimizer=False"
        )
    before = trainer.model.state_dict()
    _load_model(trainer.model, state, place)
    try:
        trainer.optimizer.load_state_dict(_unflatten(saved, groups))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        trainer.model.load_state_dict(before)
        raise ValueError(
            f"{place / OPTIMIZER}: does not fit this optimizer ({error}); load with optimizer=False"
        ) from None
    trainer.epoch, trainer.step, trainer.history = epoch, step, history


def _load_model(model: Module, state: Mapping[str, Tensor], place: Path) -> None:
    try:
        model.load_state_dict(state)
    except ValueError as error:
        raise ValueError(f"{place / MODEL}: {error}") from None


def _flatten(optimizer: Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Tensors by dotted name, and the rest, which is JSON."""
    state = optimizer.state_dict()
    tensors = {f"state.{i}.{key}": t for i, values in state["state"].items() for key, t in values.items()}
    groups = []
    for i, group in enumerate(state["param_groups"]):
        tensors |= {f"group.{i}.{key}": value for key, value in group.items() if isinstance(value, Tensor)}
        groups.append({key: value for key, value in group.items() if not isinstance(value, Tensor)})
    return tensors, groups


def _unflatten(tensors: Mapping[str, Tensor], groups: list[dict[str, Any]]) -> dict[str, Any]:
    state: dict[int, dict[str, Tensor]] = {}
    groups = [dict(group) for group in groups]
    for name, tensor in tensors.items():
        kind, number, key = name.split(".", 2)
        if kind == "group":
            groups[int(number)][key] = tensor
        else:
            state.setdefault(int(number), {})[key] = tensor
    return {"state": state, "param_groups": groups}
