"""Files: tensors as safetensors, everything else as JSON.

Nothing is unpickled, and a file is replaced whole or not at all.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import weft
from weft import Tensor

__all__ = ["FileError", "load_tensors", "read_json", "read_metadata", "save_tensors", "write_files", "write_json"]

# safetensors' name of each dtype. bfloat16, which NumPy lacks, travels as the bits of uint16.
_NAMES = {
    "BOOL": "bool", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64", "U8": "uint8", "U16": "uint16",
    "U32": "uint32", "U64": "uint64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64",
}  # fmt: skip
_KINDS = {name: kind for kind, name in _NAMES.items()}


class FileError(ValueError):
    """A file is damaged or not what it should be; the message names it and says what to do."""


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write these files beside their places first, then put all in place: a crash leaves the old ones whole."""
    aside = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
    try:
        for path, part in aside.items():
            with open(part, "wb") as file:
                file.write(contents[path])
                file.flush()
                os.fsync(file.fileno())
        for path, part in aside.items():
            os.replace(part, path)
    finally:
        for part in aside.values():
            part.unlink(missing_ok=True)


def tensors_to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The content of a safetensors file: the header's length, the header in JSON, and the bytes of each tensor."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts, at = [], 0
    # The widest elements first keep all of them aligned.
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        kind = _KINDS.get(tensor.dtype.name)
        if kind is None:
            raise TypeError(f"{name}: safetensors has no dtype for {tensor.dtype}; save its real and imaginary parts")
        bits = tensor.detach().view(weft.uint16) if kind == "BF16" else tensor
        parts.append(np.ascontiguousarray(bits.numpy()).tobytes())
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + len(parts[-1])]}
        at += len(parts[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def save_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Save tensors by name as a safetensors file.

    Parameters
    ----------
    path : path
        Replaced if it is there.
    tensors : mapping of str to Tensor
        What to save.
    metadata : mapping of str to str, optional
        Kept in the file's header.

    Examples
    --------
    >>> import tempfile, pathlib, weft
    >>> from weft.serialization import load_tensors, save_tensors
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.safetensors"
    >>> save_tensors(path, {"a": weft.ones((2,))})
    >>> load_tensors(path)["a"].tolist()
    [1.0, 1.0]
    """
    write_files({Path(path): tensors_to_bytes(tensors, metadata)})


def load_tensors(path: str | os.PathLike[str], device: Any = None) -> dict[str, Tensor]:
    """Load every tensor of a safetensors file.

    Raises
    ------
    FileError
        If the file is damaged.
    """
    import safetensors

    content = Path(path).read_bytes()
    try:
        entries = safetensors.deserialize(content)
    except safetensors.SafetensorError as error:
        raise FileError(
            f"{path}: not a whole safetensors file ({error}); restore it from a copy, or save it again"
        ) from None
    tensors = {}
    for name, entry in entries:
        dtype = _NAMES.get(entry["dtype"])
        if dtype is None:
            raise FileError(f"{path}: {name} has dtype {entry['dtype']}, which weft does not know; convert it to F32")
        array = np.frombuffer(entry["data"], dtype="uint16" if dtype == "bfloat16" else dtype).reshape(entry["shape"])
        tensor = weft.asarray(array, device=device)
        tensors[name] = tensor.view(weft.bfloat16) if dtype == "bfloat16" else tensor
    return tensors


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The metadata in the header of a safetensors file."""
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
    except (struct.error, ValueError, MemoryError, OverflowError) as error:
        raise FileError(
            f"{path}: not a whole safetensors file ({error}); restore it from a copy, or save it again"
        ) from None
    metadata: dict[str, str] = header.get("__metadata__", {})
    return metadata


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file, whole or not at all."""
    write_files({Path(path): json_bytes(value)})


def json_bytes(value: Any) -> bytes:
    """The content of a JSON file."""
    return (json.dumps(value, indent=2) + "\n").encode()


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file.

    Raises
    ------
    FileError
        If it is not JSON.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise FileError(f"{path}: not a whole JSON file ({error}); restore it from a copy, or save it again") from None
