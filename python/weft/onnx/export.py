"""export(): a model or function as an ONNX file."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import weft
from weft import Tensor
from weft._files import write_files
from weft._tree import flatten, unflatten
from weft.nn import Module
from weft.train.step import mode

from .graph import trace

__all__ = ["export"]


def export(
    model: Callable[..., Any],
    example_inputs: Any,
    path: str | os.PathLike[str],
    *,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic_batch: bool = False,
) -> None:
    """Write a model or function as an ONNX file of opset 20.

    The function is traced once on inputs like the examples: no value is computed, and Python's ``if`` and ``for`` are
    what they were for these. A module, or a module's method, is traced in evaluation mode, and its weights have their
    names of ``state_dict`` in the file; tensors that a plain function reads become constants. Loops made with
    `weft.loop`, such as recurrent layers, stay loops.

    Parameters
    ----------
    model : Module or callable
        Takes tensors, also in tuples, lists and dicts; returns tensors, or tuples, lists and dicts of them, where None
        is left out.
    example_inputs : Tensor, tuple, or dict
        The arguments: one, a tuple of them, or a dict of keyword arguments. Only shapes and dtypes of tensors matter;
        other values are taken as they are.
    path : path
        The file, replaced if it is there.
    input_names : sequence of str, optional
        One for each tensor in the arguments; by default the names of the parameters.
    output_names : sequence of str, optional
        One for each tensor in the result; by default "output", or "output_0", "output_1" and so on, or a dict's keys.
    dynamic_batch : bool
        Whether the first dimension of every input is left open, as the symbolic size "batch". All other sizes, and this
        one by default, are fixed to those of the examples.

    Raises
    ------
    ExportError
        The function does what an ONNX file cannot hold: it draws random numbers, uses complex numbers, updates tensors,
        or depends on the batch size in ways that cannot be followed. The message names the operation; with
        ``WEFT_DEBUG=trace`` also its line. Weights of 2 GB or more are an ExportError, too.
    RuntimeError
        The function reads a value (item, bool, numpy), or an operation in it does, as those of `weft.fft` do.
    TypeError
        Something in the arguments or results is no tensor where one is needed.
    ImportError
        The package onnx is not installed.

    Examples
    --------
    >>> import pytest, tempfile, weft  # pytest skips this where onnx is missing
    >>> onnx = pytest.importorskip("onnx")
    >>> model = weft.nn.Sequential(weft.nn.Linear(4, 8), weft.nn.ReLU(), weft.nn.Linear(8, 2))
    >>> path = tempfile.mkdtemp() + "/model.onnx"
    >>> weft.onnx.export(model, weft.zeros((1, 4)), path, input_names=["features"], dynamic_batch=True)
    >>> graph = onnx.load(path).graph
    >>> [value.name for value in graph.input], sorted(value.name for value in graph.initializer)
    (['features'], ['0.bias', '0.weight', '2.bias', '2.weight'])
    """
    try:
        convert, writing = (importlib.import_module(f"{__package__}.{name}") for name in ("conversions", "writer"))
    except ModuleNotFoundError as error:
        raise ImportError(f'onnx.export: {error.name} is not installed; pip install "weft[onnx]"') from None
    call = _Call(model, example_inputs)
    batched = _batched(call.tensors) if dynamic_batch else None
    module = model if isinstance(model, Module) else getattr(model, "__self__", None)
    in_eval = mode(module, training=False) if isinstance(module, Module) else contextlib.nullcontext()
    with in_eval, weft.no_grad():
        graph = trace(call, call.tensors, dynamic_batch)
    inputs = _names("input_names", input_names, call.input_names)
    outputs = _names("output_names", output_names, call.output_names)
    _check_distinct([*inputs, *outputs])

    writer = writing.Writer([*inputs, *outputs], None if batched is None else inputs[batched])
    known = _weights(module) if isinstance(module, Module) else {}
    values = convert.Converter(writer, known).convert(graph, inputs)
    for value, name in zip(values, outputs, strict=True):
        writer.rename(value, name)
    content = writer.model(
        [writer.value_info(name, x.dtype, x.shape) for name, x in zip(inputs, graph.arguments, strict=True)],
        [writer.value_info(name, x.dtype, x.shape) for name, x in zip(outputs, graph.results, strict=True)],
    )
    write_files({Path(path): [content]})


class _Call:
    """The function as one of a list of tensors, and the names of what goes in and out."""

    def __init__(self, function: Callable[..., Any], example_inputs: Any) -> None:
        if not callable(function):
            raise TypeError(f"onnx.export: expected a module or a function, not a {type(function).__name__}")
        self.function = function
        if isinstance(example_inputs, dict):
            args, kwargs = (), example_inputs
        else:
            args, kwargs = example_inputs if isinstance(example_inputs, tuple) else (example_inputs,), {}
        self.leaves, self.shape = flatten((args, kwargs))
        is_tensor = [isinstance(leaf, _TENSORS) for leaf in self.leaves]
        if not any(is_tensor):
            raise TypeError(
                "onnx.export: example_inputs hold no tensor; give one, a tuple of arguments, or a dict by name"
            )
        self.tensors = [weft.asarray(leaf) for leaf, yes in zip(self.leaves, is_tensor, strict=True) if yes]
        self.leaves = [_PLACE if yes else leaf for leaf, yes in zip(self.leaves, is_tensor, strict=True)]
        self.input_names = list(self._named_inputs(args, kwargs))
        self.output_names: list[str] = []

    def _named_inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterable[str]:
        called = self.function.forward if isinstance(self.function, Module) else self.function
        try:
            parameters = [p for p in inspect.signature(called).parameters.values() if p.kind is not p.VAR_KEYWORD]
        except (TypeError, ValueError):  # written in C
            parameters = []
        for i, argument in enumerate(args):
            p = parameters[min(i, len(parameters) - 1)] if parameters else None
            name = f"input_{i}" if p is None else f"{p.name}_{i}" if p.kind is p.VAR_POSITIONAL else p.name
            yield from _tensor_names(name, argument)
        for key in sorted(kwargs):
            yield from _tensor_names(key, kwargs[key])

    def __call__(self, tensors: list[Tensor]) -> list[Tensor]:
        given = iter(tensors)
        args, kwargs = unflatten(self.shape, [next(given) if leaf is _PLACE else leaf for leaf in self.leaves])
        result = self.function(*args, **kwargs)
        leaves, _ = flatten(result)
        wrong = next((leaf for leaf in leaves if leaf is not None and not isinstance(leaf, Tensor)), None)
        if wrong is not None or all(leaf is None for leaf in leaves):
            raise TypeError(
                f"onnx.export: the function returned a {type(wrong if leaves else result).__name__}; it must return "
                "tensors, or tuples, lists and dicts of them"
            )
        self.output_names = list(_tensor_names("output", result))
        return [leaf for leaf in leaves if leaf is not None]


_TENSORS = (Tensor, np.ndarray)
_PLACE = object()  # of a tensor among the arguments


def _tensor_names(prefix: str, tree: Any) -> Iterable[str]:
    """A name for each tensor: the prefix and its places in lists and tuples, or its key in a dict."""
    if isinstance(tree, dict):
        for key in flatten(tree)[1][1]:
            yield from _tensor_names(str(key), tree[key])
    elif isinstance(tree, (list, tuple)):
        for i, part in enumerate(tree):
            yield from _tensor_names(f"{prefix}_{i}", part)
    elif isinstance(tree, _TENSORS):
        yield prefix


def _names(option: str, given: Sequence[str] | None, default: list[str]) -> list[str]:
    if given is None:
        return default
    if isinstance(given, str) or len(given) != len(default):
        raise ValueError(f"onnx.export: {option}={given!r}, but there are {len(default)} tensors to name: {default}")
    return list(given)


def _batched(tensors: list[Tensor]) -> int:
    """Which is the first tensor with a batch."""
    sizes = {tensor.shape[0] for tensor in tensors if tensor.ndim}
    if len(sizes) != 1:
        raise ValueError(
            f"onnx.export: dynamic_batch=True needs inputs with the batch as first dimension, but shapes are "
            f"{[tensor.shape for tensor in tensors]}; export with dynamic_batch=False"
        )
    return next(i for i, tensor in enumerate(tensors) if tensor.ndim)


def _check_distinct(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"onnx.export: inputs and outputs share the names {twice}; give input_names and output_names")


def _weights(module: Module) -> dict[int, str]:
    """The names of a module's tensors, by id; the first where one has several."""
    named: dict[int, str] = {}
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        named.setdefault(id(tensor), name)
    return named
