"""The CPU backend: a shared library of C++ and OpenMP kernels, behind the C ABI."""

import os
from pathlib import Path

from weft.backend import BackendError, native_backend

__all__ = ["backend"]

_NAMES = ("libweft_cpu.so", "libweft_cpu.dylib", "weft_cpu.dll")


def _library() -> str:
    # In an editable install this file is in the source tree, the library where the package is installed.
    for folder in __path__:
        for name in _NAMES:
            path = Path(folder, name)
            if path.exists():
                return str(path)
    places = ", ".join(__path__)
    raise BackendError(f"cpu: no {_NAMES[0]} in {places}; install weft again: pip install --force-reinstall weft")


backend = native_backend(_library())

# Read when libgomp is loaded, which is next: workers spin for some microseconds, then sleep. Always spinning halves the
# speed of other libraries in the process. A user's own setting stays.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
