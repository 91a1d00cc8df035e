"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, overload

from .module import Module

__all__ = ["Identity", "Lambda", "ModuleDict", "ModuleList", "Sequential"]


class _List(Module):
    """Modules by position; their names are 0, 1, 2 ..."""

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Add a module before the one at `index`."""
        modules = list(self.children())
        modules.insert(index, module)
        return self._become(modules)

    def _become(self, modules: list[Module]) -> Self:
        for name, _ in list(self.named_children()):
            delattr(self, name)
        return self.extend(modules)

    def __setitem__(self, index: int, module: Module) -> None:
        names = [name for name, _ in self.named_children()]
        self.add_module(names[index], module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self.children())
        del modules[index]
        self._become(modules)

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> _List: ...
    def __getitem__(self, index: int | slice) -> Module:
        modules = list(self.children())
        if isinstance(index, slice):
            part = type(self)()
            for module in modules[index]:
                part.append(module)
            return part
        return modules[index]


class Sequential(_List):
    """Modules called one after the other.

    Parameters
    ----------
    *modules : Module
        In the order of the calls; or a dict that names them.

    Examples
    --------
    >>> import weft
    >>> model = weft.nn.Sequential(weft.nn.Linear(2, 3), weft.nn.ReLU())
    >>> model(weft.ones((5, 2))).shape
    (5, 3)
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        for i, part in enumerate(modules):
            named = part if isinstance(part, Mapping) else {str(i): part}
            for name, module in named.items():
                self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input


class ModuleList(_List):
    """A list whose modules are registered.

    Examples
    --------
    >>> import weft
    >>> len(list(weft.nn.ModuleList([weft.nn.Linear(2, 3)]).parameters()))
    2
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)


class ModuleDict(Module):
    """A dict whose modules are registered.

    Examples
    --------
    >>> import weft
    >>> heads = weft.nn.ModuleDict({"size": weft.nn.Linear(4, 1), "kind": weft.nn.Linear(4, 3)})
    >>> heads["kind"](weft.ones((2, 4))).shape
    (2, 3)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        super().__init__()
        self.update(modules)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add modules, or replace those of the same names."""
        for name, module in dict(modules).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        if hasattr(self, name) and name not in self:
            raise KeyError(f"ModuleDict: {name!r} is an attribute of every module; choose another name")
        self.add_module(name, module)

    def __getitem__(self, name: str) -> Module:
        return dict(self.named_children())[name]

    def __delitem__(self, name: str) -> None:
        self.pop(name)

    def pop(self, name: str) -> Module:
        """Take a module out."""
        module = self[name]
        delattr(self, name)
        return module

    def __contains__(self, name: object) -> bool:
        return name in dict(self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.named_children()))

    def keys(self) -> Iterable[str]:
        """The names."""
        return dict(self.named_children()).keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return dict(self.named_children()).values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Names with modules."""
        return dict(self.named_children()).items()


class Identity(Module):
    """Its input. Takes and ignores any arguments.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Identity(54, unused=True)(weft.ones(1)).tolist()
    [1.0]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Lambda(Module):
    """A function as a module, for places in a `Sequential`.

    Parameters
    ----------
    function : callable
        What ``forward`` calls. To be saved with pickle it must have a name in its module.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Lambda(lambda x: 2 * x)(weft.ones(2)).tolist()
    [2.0, 2.0]
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, not {type(function).__name__}")
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def extra_repr(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))
