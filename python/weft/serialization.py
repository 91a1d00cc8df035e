"""Files: tensors as safetensors, everything else as JSON.

Nothing is unpickled, and a file is replaced whole or not at all.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import weft
from weft import Tensor

from ._files import Content, write_files

if TYPE_CHECKING:
    from weft.nn import Module

__all__ = [
    "FileError",
    "Mismatch",
    "load_state_dict",
    "load_tensors",
    "read_json",
    "read_metadata",
    "save_tensors",
    "write_json",
]

# safetensors' name of each dtype. bfloat16, which NumPy lacks, travels as the bits of uint16.
_NAMES = {
    "BOOL": "bool", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64", "U8": "uint8", "U16": "uint16",
    "U32": "uint32", "U64": "uint64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64",
    "C64": "complex64",
}  # fmt: skip
_KINDS = {name: kind for kind, name in _NAMES.items()}


class FileError(ValueError):
    """A file is damaged or not what it should be; the message names it and says what to do."""


def tensors_content(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> Content:
    """The content of a safetensors file: the header's length, the header in JSON, and the bytes of each tensor."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    data: list[memoryview] = []
    at = 0
    # The widest elements first keep all of them aligned.
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        kind = _KINDS.get(tensor.dtype.name)
        if kind is None:
            raise TypeError(f"{name}: safetensors has no dtype for {tensor.dtype}; save its real and imaginary parts")
        bits = tensor.detach().view(weft.uint16) if kind == "BF16" else tensor.detach()
        data.append(np.ascontiguousarray(bits.numpy()).reshape(-1).view(np.uint8).data)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + data[-1].nbytes]}
        at += data[-1].nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)), text, *data]


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
    write_files({Path(path): tensors_content(tensors, metadata)})


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
    write_files({Path(path): json_content(value)})


def json_content(value: Any) -> Content:
    """The content of a JSON file."""
    return [(json.dumps(value, indent=2) + "\n").encode()]


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


# ---- weights from elsewhere


@dataclass(frozen=True)
class Mismatch:
    """What did not match when weights were loaded; empty, and false, where all did.

    Attributes
    ----------
    missing : list of str
        Names of the model that the file lacks; these keep their values.
    unexpected : list of str
        Names of the file that the model lacks.
    wrong : list of str
        Names with another shape or kind of dtype, and which.
    """

    missing: list[str]
    unexpected: list[str]
    wrong: list[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.wrong)

    def __str__(self) -> str:
        """Every mismatch in a line of its own."""
        parts = {"missing in the file": self.missing, "not in the model": self.unexpected, "does not fit": self.wrong}
        return "\n".join(f"  {what}: {name}" for what, names in parts.items() for name in names) or "all matched"


def load_state_dict(
    model: Module,
    source: str | os.PathLike[str] | Mapping[str, Any],
    strict: bool = True,
    rename: Mapping[str, str] | Callable[[str], str | None] | None = None,
) -> Mismatch:
    """Give a model the weights of a PyTorch ``state_dict`` saved as safetensors, by name.

    weft's layers have the names, shapes and layouts of PyTorch's, so the file of a model with the same structure fits
    as it is. Floating-point weights are converted to the dtype of the model. PyTorch's batch counters
    (``num_batches_tracked``) are ignored where the model keeps none.

    Parameters
    ----------
    model : Module
        Changed only if everything matched, or with ``strict=False`` all shapes and dtypes did.
    source : path, or mapping of str to Tensor or array
        A safetensors file, or what was in it.
    strict : bool
        Whether names that are missing or unexpected are errors. Wrong shapes and dtypes always are.
    rename : mapping or callable, optional
        From a name in the file to that in the model. A mapping may name beginnings that end with a dot, as in
        ``{"module.": ""}``; a callable may give None to leave a weight out.

    Returns
    -------
    Mismatch
        What did not match: ``missing``, ``unexpected``, ``wrong``.

    Raises
    ------
    FileError
        The file is damaged.
    ValueError
        With every mismatch in a line of its own.

    Examples
    --------
    >>> import weft
    >>> model = weft.nn.Linear(2, 1)
    >>> weights = {"module.weight": weft.ones((1, 2)), "module.bias": weft.zeros(1)}
    >>> bool(weft.serialization.load_state_dict(model, weights, rename={"module.": ""}))
    False
    >>> model.weight.tolist()
    [[1.0, 1.0]]
    """
    given = source if isinstance(source, Mapping) else load_tensors(source)
    own = model.state_dict()
    state: dict[str, Any] = {}
    for old, value in given.items():
        name = _renamed(old, rename)
        if name is None or (name not in own and name.rpartition(".")[2] == "num_batches_tracked"):
            continue
        if name in state:
            raise ValueError(f"load_state_dict: two weights of the file are called {name!r} after renaming")
        state[name] = value if isinstance(value, Tensor) else weft.asarray(value)
    missing = [name for name in own if name not in state and name.rpartition(".")[2] != "num_batches_tracked"]
    unexpected = [name for name in state if name not in own]
    wrong = [
        f"{name}: {value.dtype.name} {tuple(value.shape)}, this model has {own[name].dtype.name} {own[name].shape}"
        for name, value in state.items()
        if name in own and (value.shape != own[name].shape or value.dtype.kind != own[name].dtype.kind)
    ]
    mismatch = Mismatch(missing, unexpected, wrong)
    if wrong or (strict and mismatch):
        where = "the weights" if isinstance(source, Mapping) else str(source)
        hint = "" if wrong else "; rename them, or load what matches with strict=False"
        raise ValueError(f"load_state_dict: {where} do not fit this {type(model).__name__}{hint}\n{mismatch}")
    model.load_state_dict({n: v.astype(own[n].dtype) for n, v in state.items() if n in own}, strict=False)
    return mismatch


def _renamed(name: str, rename: Mapping[str, str] | Callable[[str], str | None] | None) -> str | None:
    if rename is None:
        return name
    if callable(rename):
        return rename(name)
    if name in rename:
        return rename[name]
    for old, new in rename.items():
        if old.endswith(".") and name.startswith(old):
            return new + name[len(old) :]
    return name
