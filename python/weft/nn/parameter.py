"""Tensors that training changes."""

from __future__ import annotations

from typing import Any

import weft

__all__ = ["Parameter"]


class Parameter(weft.Tensor):
    """A tensor that a module registers and an optimizer updates.

    Parameters
    ----------
    data : array_like
        Its first value.
    requires_grad : bool
        Whether gradients are computed for it.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.zeros((2, 3)))
    >>> p.shape, p.requires_grad
    ((2, 3), True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data)
        self.requires_grad = requires_grad

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        return Parameter(self.detach(), self.requires_grad)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return Parameter, (self.detach(), self.requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
