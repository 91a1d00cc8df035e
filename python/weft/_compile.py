"""compile(): trace a function once, replay its plan."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from . import _core
from ._core import Tensor, Traced
from ._tree import flatten, unflatten

__all__ = ["Compiled", "compile"]

P = ParamSpec("P")
R = TypeVar("R")

_TRACES = 32  # kept for each function

# Whoever changes what a function does without changing its arguments (a module's train or eval mode) counts here.
_mode = 0


def mode_changed() -> None:
    global _mode
    _mode += 1


class Compiled(Generic[P, R]):
    """A compiled function; made by `compile`."""

    def __init__(self, function: Callable[P, R]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._traces: OrderedDict[Any, tuple[Traced, Any]] = OrderedDict()
        self.traces = 0

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if _core._tracing():  # part of the outer function
            return self.function(*args, **kwargs)
        leaves, shape = flatten((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        mode = (_mode, _core.is_grad_enabled(), _core.get_default_device(), _core.get_default_dtype())
        key = (shape, _core._kinds(leaves), mode)
        try:
            found = self._traces.get(key)
        except TypeError:
            raise _unhashable(leaves) from None
        if found is not None:
            traced, result_shape = found
            results = traced(tensors)
            if results is not None:
                self._traces.move_to_end(key)
                return unflatten(result_shape, results)  # type: ignore[no-any-return]
        traced, result_shape = self._trace(leaves, shape, tensors)
        self._traces[key] = traced, result_shape
        if len(self._traces) > _TRACES:
            self._traces.popitem(last=False)
        results = traced(tensors)
        assert results is not None  # it was traced on these very values
        return unflatten(result_shape, results)  # type: ignore[no-any-return]

    def _trace(self, leaves: list[Any], shape: Any, tensors: list[Tensor]) -> tuple[Traced, Any]:
        self.traces += 1
        result_shape: Any = None

        def body(arguments: list[Tensor]) -> list[Tensor]:
            nonlocal result_shape
            inputs = iter(arguments)
            given = [next(inputs) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
            args, kwargs = unflatten(shape, given)
            results, result_shape = flatten(self.function(*args, **kwargs))
            for result in results:
                if not isinstance(result, Tensor):
                    name = getattr(self.function, "__name__", "the function")
                    raise TypeError(
                        f"compile: {name} returned a {type(result).__name__}; "
                        "a compiled function returns tensors, or lists, tuples and dicts of them"
                    )
            return [result.detach() for result in results]

        return Traced(body, tensors), result_shape


def _unhashable(leaves: list[Any]) -> TypeError:
    for leaf in leaves:
        try:
            hash(leaf)
        except TypeError:
            return TypeError(
                f"compile: an argument of type {type(leaf).__name__} is neither a tensor nor hashable; "
                "pass a tensor, or close over it"
            )
    raise AssertionError("every argument is hashable")


def compile(function: Callable[P, R]) -> Compiled[P, R]:
    """Trace a function once for each kind of arguments, and replay the plan: one call into the core per step.

    The function may read and update tensors it closes over (parameters, optimizer state, random generators): they are
    read anew at each call, and updates take effect. Anything else it does in Python happens only while it is traced.
    Reading a value inside (``item``, ``bool``, ``print``) raises RuntimeError. Results carry no gradient, and ``.grad``
    set inside is cleared.

    Parameters
    ----------
    function : callable
        Takes tensors (also in lists, tuples and dicts) and hashable values; returns tensors.

    Returns
    -------
    Compiled
        Called like the function. ``traces`` counts how often it was traced.

    Examples
    --------
    >>> import weft
    >>> total = weft.zeros(())
    >>> @weft.compile
    ... def step(x):
    ...     total.assign(total + x.sum())
    ...     return x * 2
    >>> step(weft.ones(3)).tolist(), step(weft.ones(3)).tolist(), total.item()
    ([2.0, 2.0, 2.0], [2.0, 2.0, 2.0], 6.0)
    """
    return Compiled(function)
