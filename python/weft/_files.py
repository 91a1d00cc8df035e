"""Files and folders that appear whole or not at all, also when the process is killed or the power fails.

The order makes it so: write aside, flush the files to the disk, flush their folder, rename, flush the folder above.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Content", "discard", "remove_parts", "sha256", "write_files", "write_folder"]

Content = Sequence[bytes | memoryview]  # pieces, one after the other

_PART = ".part"


def write_files(contents: Mapping[Path, Content]) -> None:
    """Write these files beside their places first, then put all in place: a crash leaves each old or new."""
    aside = {path: _aside(path) for path in contents}
    try:
        for path, part in aside.items():
            _write(part, contents[path])
        for path, part in aside.items():
            os.replace(part, path)
        for folder in {path.parent for path in contents}:
            _flush_folder(folder)
    finally:
        for part in aside.values():
            part.unlink(missing_ok=True)


def write_folder(folder: Path, contents: Mapping[str, Content]) -> None:
    """Make a folder of these files. One that is there already is replaced."""
    part = _aside(folder)
    try:
        part.mkdir()
        for name, content in contents.items():
            _write(part / name, content)
        _flush_folder(part)
        if folder.exists():
            discard(folder)
        os.rename(part, folder)
        _flush_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def discard(folder: Path) -> None:
    """Delete a folder; a crash in the middle leaves nothing that looks like it."""
    part = _aside(folder, ".old")
    os.rename(folder, part)
    shutil.rmtree(part, ignore_errors=True)


def remove_parts(folder: Path) -> None:
    """Delete what interrupted writes of dead processes left in a folder."""
    for part in folder.glob(f".*{_PART}"):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def sha256(content: Content) -> str:
    """The SHA-256 of a content, in hexadecimal digits."""
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def _aside(path: Path, kind: str = "") -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}{kind}{_PART}")


def _write(path: Path, content: Content) -> None:
    try:
        with open(path, "wb") as file:
            for piece in content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # a failing write names no file by itself


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
