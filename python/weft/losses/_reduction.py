"""What all losses share: shape checks, reductions, and the module around a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft
from weft import Tensor
from weft.nn.module import Module

__all__ = ["Loss", "class_numbers", "reduce", "same_shape"]


def reduce(loss: Tensor, reduction: str, name: str) -> Tensor:
    """The mean or sum of all elements, or the elements."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", not {reduction!r}')


def same_shape(name: str, input: Tensor, target: Tensor) -> None:
    """Refuse to broadcast: (N, 1) against (N,) would quietly compare every pair."""
    if input.shape != target.shape:
        raise ValueError(
            f"{name}: input of shape {input.shape} and target of shape {target.shape}; reshape one of them"
        )


def class_numbers(numbers: Tensor, valid: Tensor, classes: int) -> Tensor:
    """`numbers`, and 0 where not `valid`. One that is no class raises IndexError, when read at the latest."""
    inside = weft.where(valid, weft.where(numbers < 0, classes, numbers), 0)
    return weft.arange(classes, device=numbers.device)[inside]  # looking a number up checks it


class Loss(Module):
    """A loss function with its options; those that are tensors are buffers."""

    def __init__(self, function: Callable[..., Tensor], **options: Any) -> None:
        super().__init__()
        self._function, self._options = function, tuple(options)
        for name, value in options.items():
            if isinstance(value, Tensor):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, *tensors: Any) -> Tensor:
        return self._function(*tensors, **{name: getattr(self, name) for name in self._options})

    def extra_repr(self) -> str:
        options = {name: getattr(self, name) for name in self._options if name not in self._buffers}
        return ", ".join(f"{name}={value!r}" for name, value in options.items() if value is not None)
