"""The checkpoints in the folder of a run, and the run itself once it was saved.

A checkpoint is named by all that moves on, as in ``step-00000120-epoch-0003``: the same name is the same state.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path

from weft.serialization import FileError, read_json

from .checkpoint import JSON, MODEL, check

__all__ = ["CHECKPOINTS", "checkpoint_path", "checkpoints", "is_whole", "newest_whole"]

CHECKPOINTS = "checkpoints"  # the folder, in that of a run, for those that `fit(save=...)` writes by itself
_NAME = re.compile(r"step-(\d+)-epoch-(\d+)")

Place = tuple[float, float]  # step and epoch


def checkpoint_path(folder: Path, step: int, epoch: int) -> Path:
    """Where the checkpoint after so many steps and whole epochs goes."""
    return folder / f"step-{step:08d}-epoch-{epoch:04d}"


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the oldest first."""
    return sorted((path for path in folder.glob("step-*") if _NAME.fullmatch(path.name)), key=_place)


def is_whole(path: Path) -> bool:
    """Whether all files of a checkpoint are there and as they were written."""
    try:
        check(path)
    except (FileError, OSError):
        return False
    return True


def newest_whole(folders: Iterable[Path]) -> Path | None:
    """The latest checkpoint, or saved run, that is whole. Broken ones that would be later are told in a warning."""
    found = []
    for folder in dict.fromkeys(folders):
        if (folder / JSON).exists() or (folder / MODEL).exists():
            found.append(folder)
        found += [*checkpoints(folder), *checkpoints(folder / CHECKPOINTS)]
    for path in sorted(found, key=_place, reverse=True):
        try:
            check(path)
        except (FileError, OSError) as error:
            warnings.warn(f"resume: ignored a broken checkpoint: {error}", RuntimeWarning, stacklevel=2)
        else:
            return path
    return None


def _place(path: Path) -> Place:
    name = _NAME.fullmatch(path.name)
    if name:
        return int(name[1]), int(name[2])
    try:
        about = read_json(path / JSON)
        return int(about["step"]), int(about["epoch"])
    except (FileError, OSError, KeyError, TypeError, ValueError):
        return float("inf"), 0  # looked at first, and found to be broken
