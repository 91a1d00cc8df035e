"""What weft costs before it computes anything: the import, the first result, the size on disk."""

import os
import subprocess
import sys
import time
from pathlib import Path

import weft


def _output(code):
    """What a fresh process prints."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})


class Import:
    """In processes of their own; `track_import` is the best of five, beyond NumPy's import."""

    timeout = 120

    def track_import(self):
        code = "import numpy, time; t = time.perf_counter(); import weft; print(time.perf_counter() - t)"
        return min(float(_output(code)) for _ in range(5))

    def track_first_result(self):
        begin = time.perf_counter()
        _output("import weft; (weft.ones((2,)) + 1).numpy()")
        return time.perf_counter() - begin

    def track_backends_loaded(self):
        return int(_output("import sys, weft; print(sum(name.startswith('weft.backends.') for name in sys.modules))"))

    track_import.unit = track_first_result.unit = "s"
    track_backends_loaded.unit = "modules"


class Size:
    """Of the installed package."""

    unit = "bytes"

    def track_installed(self):
        folder = Path(weft.__file__).parent
        return sum(
            path.stat().st_size for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
        )
