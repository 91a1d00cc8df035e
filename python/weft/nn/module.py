"""The base class of layers and models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import weft
from weft._compile import mode_changed

from .parameter import Parameter

__all__ = ["Module"]


class Module:
    """A layer or a model: parameters, buffers, other modules, and ``forward``.

    A `Parameter` or a `Module` set as an attribute is registered under that name. Subclasses define ``forward``.

    Examples
    --------
    >>> import weft
    >>> class Scale(weft.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = weft.nn.Parameter(weft.ones(()))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> [name for name, _ in Scale().named_parameters()]
    ['factor']
    """

    def __init__(self) -> None:
        self.training = True
        self._buffers: dict[str, bool] = {}  # name -> persistent

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(); add one to the class")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    # ---- what it holds

    def _own(self, kind: type) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in vars(self).items() if isinstance(value, kind))

    def _own_buffers(self) -> Iterator[tuple[str, Any]]:
        names = vars(self).get("_buffers", {})
        return ((name, getattr(self, name)) for name in names if getattr(self, name) is not None)

    def register_buffer(self, name: str, tensor: weft.Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is saved with the model but not trained, such as running statistics.

        Parameters
        ----------
        name : str
            The attribute it is found under.
        tensor : Tensor or None
            Its first value.
        persistent : bool
            Whether it is part of ``state_dict``.
        """
        self._buffers[name] = persistent
        setattr(self, name, tensor)

    def register_parameter(self, name: str, parameter: Parameter | None) -> None:
        """Set the attribute `name` to `parameter`."""
        if parameter is not None and not isinstance(parameter, Parameter):
            raise TypeError(f"register_parameter({name!r}): expected a Parameter, not {type(parameter).__name__}")
        setattr(self, name, parameter)

    def add_module(self, name: str, module: Module | None) -> None:
        """Set the attribute `name` to `module`."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"add_module({name!r}): expected a Module, not {type(module).__name__}")
        setattr(self, name, module)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names."""
        return self._own(Module)

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (module for _, module in self.named_children())

    def named_modules(self, prefix: str = "", _seen: set[int] | None = None) -> Iterator[tuple[str, Module]]:
        """Itself and every module inside, each once, with dotted names."""
        seen = set() if _seen is None else _seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name, seen)

    def modules(self) -> Iterator[Module]:
        """Itself and every module inside, each once."""
        return (module for _, module in self.named_modules())

    def _named(self, own: Callable[[Module], Iterator[tuple[str, Any]]], prefix: str) -> Iterator[tuple[str, Any]]:
        seen = set()
        for path, module in self.named_modules(prefix):
            for name, value in own(module):
                if id(value) not in seen:
                    seen.add(id(value))
                    yield (f"{path}.{name}" if path else name), value

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter, each once, with its dotted name."""
        return self._named(lambda module: module._own(Parameter), prefix)

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, weft.Tensor]]:
        """Every buffer, each once, with its dotted name."""
        return self._named(Module._own_buffers, prefix)

    def buffers(self) -> Iterator[weft.Tensor]:
        """Every buffer, each once."""
        return (buffer for _, buffer in self.named_buffers())

    # ---- state

    def _state(self) -> Iterator[tuple[str, weft.Tensor]]:
        # Shared values appear under each of their names, as a file of a model without sharing would have them.
        for path, module in self.named_modules():
            dot = f"{path}." if path else ""
            for name, parameter in module._own(Parameter):
                yield dot + name, parameter
            for name, buffer in module._own_buffers():
                if module._buffers[name]:
                    yield dot + name, buffer

    def state_dict(self) -> dict[str, weft.Tensor]:
        """Every parameter and persistent buffer by name: values of now, which later training does not change."""
        return {name: value.detach() for name, value in self._state()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Give parameters and buffers the values in `state`. Nothing is changed if anything does not match.

        Parameters
        ----------
        state : mapping of str to Tensor or array
            As ``state_dict`` gives it.
        strict : bool
            Whether names that are missing or unknown are errors.

        Raises
        ------
        ValueError
            With every mismatch listed.
        """
        own = dict(self._state())
        problems = []
        if strict:
            problems += [f"{name}: missing" for name in own if name not in state]
            problems += [f"{name}: this model has no such name" for name in state if name not in own]
        for name, value in own.items():
            if name in state and tuple(state[name].shape) != value.shape:
                problems.append(f"{name}: shape {tuple(state[name].shape)}, this model needs {value.shape}")
        if problems:
            raise ValueError(
                f"the state is of another model than this {type(self).__name__} ({len(problems)} mismatches):\n  "
                + "\n  ".join(problems[:20])
                + ("\n  ..." if len(problems) > 20 else "")
            )
        for name, value in own.items():
            if name in state:
                value.assign(state[name])

    # ---- changing all of it

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module inside, then on itself."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch dropout, batch norm and the like to training mode."""
        for module in self.modules():
            module.training = mode
        mode_changed()
        return self

    def eval(self) -> Self:
        """Switch dropout, batch norm and the like to evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Train all parameters, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        mode_changed()
        return self

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, *args: Any, device: Any = None, dtype: Any = None) -> Self:
        """Move all parameters and buffers to a device, a dtype (floating point ones only), or both.

        Optimizers keep working: each parameter stays the same object.

        Examples
        --------
        >>> import weft
        >>> weft.nn.Linear(2, 3).to(weft.float64).weight.dtype
        weft.float64
        """
        for arg in args:
            if isinstance(arg, weft.dtype):
                dtype = arg
            else:
                device = arg
        for value in [*self.parameters(), *self.buffers()]:
            moved = value.detach().to(device) if device is not None else value.detach()
            if dtype is not None and value.dtype.kind == "f":
                moved = moved.to(dtype=dtype)
            value.data = moved
        return self

    # ---- repr

    def extra_repr(self) -> str:
        """What stands between the parentheses of ``repr``."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): {module!r}".replace("\n", "\n  ") for name, module in self.named_children()]
        extra = self.extra_repr()
        if not lines:
            return f"{type(self).__name__}({extra})"
        return f"{type(self).__name__}({extra}\n  " + "\n  ".join(lines) + "\n)"
