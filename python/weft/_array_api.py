"""What the Array API standard lets a caller ask of the namespace."""

from __future__ import annotations

from typing import Any

import weft
from weft import _core
from weft._dtypes import isdtype

__all__ = ["__array_namespace_info__"]


class __array_namespace_info__:  # noqa: N801
    """The inspection part of the Array API.

    Examples
    --------
    >>> import weft
    >>> weft.__array_namespace_info__().capabilities()["boolean indexing"]
    True
    """

    def capabilities(self) -> dict[str, Any]:
        """Which optional behaviour there is."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> _core.device:
        """Where new tensors go."""
        return weft.get_default_device()

    def devices(self) -> list[_core.device]:
        """The devices of the backends in use, and the default one."""
        weft.get_default_device()
        return _core._believed()

    def default_dtypes(self, *, device: Any = None) -> dict[str, _core.dtype]:
        """The dtypes of new tensors."""
        real = weft.get_default_dtype()
        return {
            "real floating": real,
            "complex floating": weft.complex64 if real == weft.float32 else weft.complex128,
            "integral": weft.int64,
            "indexing": weft.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, _core.dtype]:
        """The dtypes of the standard, by name; of these kinds only, if given."""
        names = [
            "bool",
            *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)),
            "float32",
            "float64",
            "complex64",
            "complex128",
        ]
        found = {name: _core.dtype(name) for name in names}
        return {name: d for name, d in found.items() if kind is None or isdtype(d, kind)}
