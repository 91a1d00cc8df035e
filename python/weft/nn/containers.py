"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, overload

from .module import Module

__all__ = ["ModuleList", "Sequential"]


class _List(Module):
    """Modules by position; their names are 0, 1, 2 ..."""

    def append(self, module: Module) -> _List:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

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

    Examples
    --------
    >>> import weft
    >>> model = weft.nn.Sequential(weft.nn.Linear(2, 3), weft.nn.ReLU())
    >>> model(weft.ones((5, 2))).shape
    (5, 3)
    """

    def __init__(self, *modules: Module) -> None:
        super().__init__()
        for module in modules:
            self.append(module)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x


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
        for module in modules:
            self.append(module)
