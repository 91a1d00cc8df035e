"""Gradients as functions of functions, and functions with a gradient of one's own.

``loss.backward()`` with ``.grad`` needs nothing from here. `grad` and its relatives differentiate a Python function of
tensors, or of dicts, lists and tuples of tensors, as often as wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ContextDecorator
from typing import Any

from weft import _core
from weft._core import Tensor, backward, is_grad_enabled
from weft._tree import flatten, map_leaves

__all__ = [
    "Function",
    "backward",
    "checkpoint",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "jvp",
    "no_grad",
    "set_grad_enabled",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]

stop_gradient = _core.stop_gradient


# ---- recording on and off


class set_grad_enabled(ContextDecorator):  # noqa: N801
    """Record what gradients need, or do not, in a `with` block or a decorated function.

    Examples
    --------
    >>> import weft
    >>> with weft.set_grad_enabled(False):
    ...     weft.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self._mode = mode
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_core.set_grad_enabled(self._mode))

    def __exit__(self, *exc: object) -> None:
        _core.set_grad_enabled(self._before.pop())


class no_grad(set_grad_enabled):  # noqa: N801
    """Do not record what gradients need: ``with weft.no_grad():`` or ``@weft.no_grad()``."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):  # noqa: N801
    """Record what gradients need, inside a `no_grad` block too."""

    def __init__(self) -> None:
        super().__init__(True)


# ---- trees


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in flatten(tree)[0] if isinstance(leaf, Tensor)]


def _replaced(tree: Any, tensors: Iterable[Tensor]) -> Any:
    """The tree with other tensors, in order."""
    others = iter(tensors)
    return map_leaves(lambda leaf: next(others) if isinstance(leaf, Tensor) else leaf, tree)


def _variables(tree: Any) -> tuple[Any, list[Tensor]]:
    """The same tree over tensors to differentiate for."""
    fresh = [_core._variable(t) if t.dtype.kind in "fc" else t for t in _tensors(tree)]
    return _replaced(tree, fresh), fresh


def _recorded(given: Any, outputs: Sequence[Tensor], fresh: Sequence[Tensor]) -> bool:
    """Whether what follows is part of a gradient further out: of the arguments, or of what the function captures."""
    return any(t.requires_grad for t in _tensors(given)) or _core._depends(outputs, fresh)


def _gradients(
    outputs: Sequence[Tensor], seeds: Sequence[Tensor], wrt: Sequence[Tensor], create_graph: bool
) -> list[Tensor]:
    """Zeros where nothing flows."""
    reached = [i for i, out in enumerate(outputs) if out.requires_grad]
    found = _core._gradients([outputs[i] for i in reached], [seeds[i] for i in reached], wrt, create_graph)
    return [_core.zeros_like(x) if g is None else g for x, g in zip(wrt, found, strict=True)]


# ---- transformations


def value_and_grad(
    fun: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """A function that gives the value of `fun` and its gradient.

    Parameters
    ----------
    fun : callable
        Gives a tensor of one element; with `has_aux`, a pair of it and anything.
    argnums : int or sequence of int
        For which arguments: tensors, or dicts, lists and tuples of tensors.
    has_aux : bool
        Whether `fun` gives a second result, which is passed on.

    Returns
    -------
    callable
        With the arguments of `fun`; gives ``(value, gradient)``, the gradient shaped as the argument, or a tuple for a
        sequence.

    Raises
    ------
    TypeError
        The value is no tensor of one floating-point element, or an argument holds no floating-point tensor.

    Examples
    --------
    >>> import weft
    >>> value, gradient = weft.value_and_grad(lambda x: (x * x).sum())(weft.asarray([1.0, 2.0]))
    >>> value.item(), gradient.tolist()
    (5.0, [2.0, 4.0])
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        recording = is_grad_enabled()
        with enable_grad():
            given = list(args)
            trees: list[Any] = []
            wrt: list[Tensor] = []
            for number in numbers:
                tree, fresh = _variables(args[number])
                if not any(t.dtype.kind in "fc" for t in fresh):
                    raise TypeError(f"grad: argument {number} holds no floating-point tensor")
                given[number] = tree
                trees.append(tree)
                wrt += fresh
            result = fun(*given, **kwargs)
            value = result[0] if has_aux else result
            if not isinstance(value, Tensor) or value.size != 1 or value.dtype.kind != "f":
                what = f"{value.dtype} of shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
                raise TypeError(f"grad: the function must give one floating-point number, not {what}")
            recording = recording and _recorded((args, kwargs), [value], wrt)
            gradients = _gradients([value], [_core.ones_like(value)], wrt, create_graph=recording)
        found = iter(gradients)
        parts = [_replaced(tree, found) for tree in trees]
        return _settled(result, recording), parts[0] if isinstance(argnums, int) else tuple(parts)

    differentiated.__name__ = getattr(fun, "__name__", "function")
    differentiated.__doc__ = getattr(fun, "__doc__", None)
    return differentiated


def _settled(tree: Any, recorded: bool) -> Any:
    """Results for the caller; without the graph where that is no part of another."""
    return tree if recorded else _replaced(tree, [t.detach() for t in _tensors(tree)])


def grad(fun: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `fun`; see `value_and_grad` for the parameters.

    Returns
    -------
    callable
        With the arguments of `fun`; gives the gradient, with `has_aux` a pair of it and the second result.

    Examples
    --------
    >>> import weft
    >>> cube = lambda x: x**3
    >>> weft.grad(weft.grad(cube))(weft.asarray(2.0)).item()
    12.0
    """
    both = value_and_grad(fun, argnums, has_aux)

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        result, gradient = both(*args, **kwargs)
        return (gradient, result[1]) if has_aux else gradient

    differentiated.__name__ = getattr(fun, "__name__", "function")
    return differentiated


def vjp(fun: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of `fun`, and a function from gradients of its results to gradients of its arguments.

    Parameters
    ----------
    fun : callable
        Gives a tensor, or a tree of tensors.
    *primals : tensor or tree of tensors
        Its arguments.

    Returns
    -------
    (value, callable)
        The function takes a tree shaped as the value, and gives a tuple with a tree for each argument.

    Examples
    --------
    >>> import weft
    >>> value, pull = weft.vjp(lambda x: x * x, weft.asarray([1.0, 2.0]))
    >>> pull(weft.ones(2))[0].tolist()
    [2.0, 4.0]
    """
    recording = is_grad_enabled()
    with enable_grad():
        trees, wrt = _variables(tuple(primals))
        value = fun(*trees)
    outputs = _tensors(value)
    recording = recording and _recorded(primals, outputs, wrt)

    def pull(cotangents: Any) -> Any:
        seeds = _tensors(cotangents)
        for seed, out in zip(seeds, outputs, strict=True):
            if seed.shape != out.shape:
                raise ValueError(f"vjp: a gradient of shape {seed.shape} for a result of shape {out.shape}")
        create_graph = is_grad_enabled() and (recording or any(s.requires_grad for s in seeds))
        gradients = _gradients(outputs, seeds, wrt, create_graph)
        return _replaced(trees, gradients)

    return _settled(value, recording), pull


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of `fun`, and its derivative in a direction.

    Parameters
    ----------
    fun : callable
        Gives a tensor, or a tree of tensors.
    primals, tangents : sequence of tensor or tree of tensors
        The arguments, and a direction shaped as these.

    Returns
    -------
    (value, tangent)

    Examples
    --------
    >>> import weft
    >>> _, out = weft.jvp(lambda x: x * x, (weft.asarray(3.0),), (weft.asarray(1.0),))
    >>> out.item()
    6.0
    """
    # The vjp is linear in its gradients u: its own vjp, for u, is the jvp.
    recording = is_grad_enabled()
    with enable_grad():
        trees, wrt = _variables(tuple(primals))
        value = fun(*trees)
        outputs = _tensors(value)
        directions = _tensors(tuple(tangents))
        recording = recording and _recorded((primals, tangents), outputs, wrt)
        u = [_core._variable(_core.zeros_like(out).detach()) for out in outputs]
        gradients = _gradients(outputs, u, wrt, create_graph=True)
        out = _gradients(gradients, directions, u, create_graph=recording)
    return _settled(value, recording), _replaced(value, out)


# ---- functions with a gradient of their own


class Context:
    """What `Function.forward` keeps for `Function.backward`; attributes may be set on it too."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Tensor, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors, to be found in ``saved_tensors``."""
        self.saved_tensors = tensors


class Function:
    """An operation with a gradient of its own: subclass it, and call ``apply``.

    ``forward(ctx, *args)`` gives a tensor or a tuple of tensors; nothing in it is recorded.
    ``backward(ctx, *gradients)`` gets a gradient for each result, and gives one for each argument (None where there is
    none); it is recorded, so gradients of gradients work if it uses the functions of weft.

    Examples
    --------
    >>> import weft
    >>> class Double(weft.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> x = weft.asarray(3.0).requires_grad_()
    >>> Double.apply(x).backward()
    >>> x.grad.item()
    2.0
    """

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        raise NotImplementedError

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward`; its results carry the gradient of `backward`."""
        ctx = Context()
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        with no_grad():
            result = cls.forward(ctx, *args)
        if not any(ctx.needs_input_grad) or not is_grad_enabled():
            return result
        places = [i for i, needed in enumerate(ctx.needs_input_grad) if needed]
        inputs = [args[i] for i in places]
        outputs = result if isinstance(result, tuple) else (result,)

        def rule(which: int) -> Callable[[Tensor], list[Tensor | None]]:
            # Each result calls backward by itself, with zeros for the others: gradients are linear.
            def gradients(g: Tensor) -> list[Tensor | None]:
                seeds = [g if i == which else _core.zeros_like(out) for i, out in enumerate(outputs)]
                found = cls.backward(ctx, *seeds)
                found = found if isinstance(found, tuple) else (found,)
                if len(found) != len(args):
                    raise ValueError(f"{cls.__name__}.backward gave {len(found)} gradients for {len(args)} arguments")
                return [found[i] for i in places]

            return gradients

        wrapped = tuple(
            _core._custom_vjp(out, inputs, rule(i)) if isinstance(out, Tensor) and out.dtype.kind in "fc" else out
            for i, out in enumerate(outputs)
        )
        return wrapped if isinstance(result, tuple) else wrapped[0]


def checkpoint(fun: Callable[..., Any], *args: Any) -> Any:
    """Call `fun`, and in the backward pass call it again instead of keeping what it computed.

    Parameters
    ----------
    fun : callable
        Gives a tensor or a tuple of tensors. It must give the same at the second call; random numbers are the same.
    *args
        Its arguments.

    Returns
    -------
    tensor or tuple of tensors
        Gradients flow to the arguments and to every tensor `fun` uses, such as the parameters of a module.

    Examples
    --------
    >>> import weft
    >>> x = weft.asarray(3.0).requires_grad_()
    >>> weft.checkpoint(lambda t: t * t, x).backward()
    >>> x.grad.item()
    6.0
    """
    from weft import random

    if not is_grad_enabled():
        return fun(*args)
    if _core._tracing():
        raise RuntimeError("checkpoint: not inside weft.compile; use it in a loop by hand, or Trainer(recompute=...)")
    given = [a for a in args if isinstance(a, Tensor) and a.requires_grad]

    def call() -> tuple[Any, list[Tensor]]:
        # Variables of their own for the arguments: what lies below them is not walked again.
        fresh = {id(a): _core._variable(a.detach()) for a in given}
        return fun(*(fresh.get(id(a), a) for a in args)), list(fresh.values())

    state = random.get_state()
    # Making the graph costs little, as nothing of it is computed: it tells which other tensors `fun` reaches.
    probe, _ = call()
    # Among them are the variables of this call, which no later gradient reaches: they do no harm.
    others = _core._leaves([t for t in _tensors(probe) if t.requires_grad])
    random.set_state(state)
    with no_grad():
        result = fun(*args)
    outputs = result if isinstance(result, tuple) else (result,)
    if not others:
        return result
    inputs = [*given, *others]

    def rule(which: int) -> Callable[[Tensor], list[Tensor | None]]:
        def gradients(g: Tensor) -> list[Tensor | None]:
            if is_grad_enabled():
                raise RuntimeError(
                    "checkpoint: gradients of gradients do not pass through it; call the function itself"
                )
            now = random.get_state()
            random.set_state(state)
            with enable_grad():
                again, fresh = call()
            random.set_state(now)
            out = again[which] if isinstance(again, tuple) else again
            return _core._gradients([out], [g], [*fresh, *others], False)

        return gradients

    wrapped = tuple(_core._custom_vjp(out, inputs, rule(i)) for i, out in enumerate(outputs))
    return wrapped if isinstance(result, tuple) else wrapped[0]
