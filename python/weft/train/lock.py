"""A folder that one process at a time writes to."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from weft._files import remove_parts

__all__ = ["FolderInUseError", "FolderLock"]

try:
    import fcntl
except ImportError:  # not a POSIX system: folders are not locked there
    fcntl = None  # type: ignore[assignment]


class FolderInUseError(RuntimeError):
    """Another training writes to this folder."""


class FolderLock:
    """Make a folder and keep it to oneself while this is entered. The system frees it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / ".lock"
        self._number: int | None = None

    def __enter__(self) -> FolderLock:
        self.folder.mkdir(parents=True, exist_ok=True)
        while fcntl is not None and self._number is None:
            number = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(number, 32).decode(errors="replace").strip()
                os.close(number)
                raise FolderInUseError(
                    f"{self.folder}: another training writes to this folder (process {owner or 'unknown'}); "
                    "name another folder, or wait for it to end"
                ) from None
            except OSError:
                pass  # a file system without locks
            if self._is_current(number):
                os.truncate(number, 0)
                os.write(number, str(os.getpid()).encode())
                self._number = number
            else:  # its owner has just deleted it
                os.close(number)
        remove_parts(self.folder)  # of trainings that were killed while they wrote
        return self

    def _is_current(self, number: int) -> bool:
        try:
            return os.path.samestat(os.fstat(number), os.stat(self._path))
        except FileNotFoundError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._number is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._number)
            self._number = None
