"""Gradient checkpointing: what some modules compute is computed again in the backward pass, instead of kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import weft
from weft import Tensor, _core, random
from weft._tree import flatten, unflatten
from weft.nn import Module, Parameter

from .substitution import substituted

__all__ = ["chosen_modules", "recomputing"]

Choice = type[Module] | tuple[type[Module], ...] | Iterable[Module]


def chosen_modules(model: Module, choice: Choice | None) -> list[Module]:
    """The modules of the model that are meant: all of a class, or those listed."""
    if choice is None:
        return []
    modules = list(model.modules())
    if isinstance(choice, type | tuple):
        found = [module for module in modules if isinstance(module, choice)]
    else:
        found = list(choice)
    strangers = [module for module in found if all(module is not own for own in modules)]
    if not found or strangers:
        what = f"{type(strangers[0]).__name__}, which is no module of the model" if strangers else "no module"
        raise ValueError(
            f"Trainer: recompute={choice!r} names {what}; give a class of modules inside the model, or a list of them"
        )
    return found


def recomputing(modules: Iterable[Module]) -> AbstractContextManager[None]:
    """While it is entered, calling one of the modules keeps its arguments only. To be left after the backward pass."""
    return substituted([(module, {"forward": _recomputed(module, module.forward)}) for module in modules])


def _recomputed(module: Module, forward: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        weights = [
            (part, name, value)
            for part in module.modules()
            for name, value in vars(part).items()
            if isinstance(value, Tensor) and value.requires_grad
        ]
        buffers = list(module.buffers())
        shape: Any = None

        def run(*given: Any) -> tuple[Any, ...]:
            # Called twice, but running statistics move on once: by the assignments below.
            nonlocal shape
            inputs, values = given[: len(args)], given[len(args) :]
            before = [_core._copy(buffer) for buffer in buffers]
            changes = [(part, {name: value}) for (part, name, _), value in zip(weights, values, strict=True)]
            with substituted(changes):
                outputs, shape = flatten(forward(*inputs, **kwargs))
            after = [_core._copy(buffer) for buffer in buffers]
            for buffer, value in zip(buffers, before, strict=True):
                buffer.assign(value)
            return (*outputs, *after)

        results = _TwiceRun.apply(run, *args, *(value for _, _, value in weights))
        count = len(results) - len(buffers)
        for buffer, value in zip(buffers, results[count:], strict=True):
            buffer.assign(value.detach())
        return unflatten(shape, list(results[:count]))

    return call


class _TwiceRun(weft.Function):
    """Run a function of tensors, and in the backward pass run it again, with the same random numbers."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., Any], *args: Any) -> Any:
        ctx.run, ctx.args = run, args
        ctx.counter = _core._copy(random.default_generator().counter)
        return run(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        counter = random.default_generator().counter
        now = _core._copy(counter)
        counter.assign(ctx.counter)
        _, pull = weft.vjp(ctx.run, *(_after(gradients[0], value) for value in ctx.args))
        counter.assign(now)
        return None, *pull(gradients)


def _after(gradient: Tensor, value: Any) -> Any:
    """The value, as something known only once the gradient is: otherwise both runs would be found to be the same."""
    if not isinstance(value, Tensor) or isinstance(value, Parameter):
        return value
    return weft.where(gradient.reshape(-1)[0].isnan(), value, value)
