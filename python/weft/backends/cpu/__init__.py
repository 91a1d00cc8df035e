"""The CPU backend: a shared library of C++ and OpenMP kernels, behind the C ABI."""

from pathlib import Path

from weft.backend import BackendError, native_backend

__all__ = ["backend"]

_NAMES = ("libweft_cpu.so", "libweft_cpu.dylib", "weft_cpu.dll")


def _library() -> str:
    # An editable install has this file in the source tree and the library beside the installed package: __path__ names both.
    for folder in __path__:
        for name in _NAMES:
            path = Path(folder, name)
            if path.exists():
                return str(path)
    raise BackendError(f"cpu: no {_NAMES[0]} in {', '.join(__path__)}; install weft again: pip install --force-reinstall weft")


backend = native_backend(_library())
