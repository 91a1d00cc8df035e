"""Program binaries on disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyopencl")

from weft.backends.opencl.cache import BinaryCache

_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from kernel_builder import elementwise
from weft.backends.opencl import OpenCLBackend
backend = OpenCLBackend()
assert elementwise("neg", "float32", np.ones(50, np.float32)).run(backend)[1][0] == -1
print(backend.kernel_builds())
"""


def _builds(cache: Path) -> int:
    helpers = str(Path(__file__).parent.parent / "reference")
    environment = {**os.environ, "WEFT_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, helpers], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1])


def test_a_second_process_builds_nothing(opencl: Any, tmp_path: Path) -> None:
    assert _builds(tmp_path) > 0
    assert _builds(tmp_path) == 0
    for file in (tmp_path / "opencl").iterdir():
        file.write_bytes(b"not a program")
    assert _builds(tmp_path) > 0
    assert _builds(tmp_path) == 0


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = BinaryCache(tmp_path, limit=250)
    for age, name in enumerate(["a", "b", "c"]):
        cache.put(name, name.encode() * 100)
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert cache.get("a") == b"a" * 100  # now the newest
    cache.trim()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = BinaryCache(tmp_path / "file" / "cache")
    cache.put("key", b"binary")
    assert cache.get("key") is None
    assert BinaryCache.key("a", "bc") != BinaryCache.key("ab", "c")
