"""Files of tokenizers: JSON that says what it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from weft.serialization import FileError, read_json

__all__ = ["read_tokenizer"]

Tokenizer = TypeVar("Tokenizer")


def read_tokenizer(path: str | os.PathLike[str], type: str, make: Callable[[dict[str, Any]], Tokenizer]) -> Tokenizer:
    """What `make` makes of the content of a file of this type; FileError if it is something else."""
    saved = read_json(path)
    if isinstance(saved, dict) and saved.get("type") == type:
        try:
            return make(saved)
        except (KeyError, TypeError, ValueError):
            pass  # the type is right, but the rest is not
    raise FileError(f"{path}: not a tokenizer of type {type!r}; give a file that its save() wrote")
