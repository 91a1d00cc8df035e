"""Program binaries on disk: a driver takes 0.1 to 1 s to build a program, and milliseconds to load its binary."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import platformdirs

LIMIT = 256 << 20  # bytes on disk; the least recently used go first
_TRIM_EVERY = 64  # writes


class BinaryCache:
    """Files named by a hash of everything a binary depends on. Any failure to read or write means a build, never an
    error.
    """

    def __init__(self, directory: Path | None = None, limit: int = LIMIT) -> None:
        chosen = os.environ.get("WEFT_CACHE_DIR")
        base = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("weft", appauthor=False))
        self.directory = directory or base / "opencl"
        self.limit = limit
        self._writes = 0

    @staticmethod
    def key(*parts: str) -> str:
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def get(self, key: str) -> bytes | None:
        path = self.directory / key
        try:
            binary = path.read_bytes()
            with contextlib.suppress(OSError):
                os.utime(path)  # the time of last use orders the files when space is short
        except OSError:
            return None
        return binary or None

    def put(self, key: str, binary: bytes) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.directory, prefix="new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(binary)
                os.replace(temporary, self.directory / key)  # readers see all of it or nothing
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
                raise
            if self._writes % _TRIM_EVERY == 0:
                self.trim()
            self._writes += 1
        except OSError:
            pass

    def drop(self, key: str) -> None:
        """Forget a binary that the driver refused."""
        with contextlib.suppress(OSError):
            (self.directory / key).unlink()

    def trim(self) -> None:
        """Delete the least recently used files until the rest fit."""
        files = []
        with contextlib.suppress(OSError):
            for path in self.directory.iterdir():
                with contextlib.suppress(OSError):
                    stat = path.stat()
                    files.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size
