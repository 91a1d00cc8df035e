"""What the constructors of layers have in common."""

from __future__ import annotations

import math
from typing import Any

import weft

from . import init
from .parameter import Parameter

__all__ = ["affine", "positive", "shown"]


def positive(layer: str, **sizes: int) -> None:
    """Raise ValueError unless all are positive integers."""
    for name, value in sizes.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{layer}: {name} must be a positive integer, not {value!r}")


def affine(
    shape: tuple[int, ...], fan_in: int, outputs: int, bias: bool, device: Any, dtype: Any
) -> tuple[Parameter, Parameter | None]:
    """A weight and a bias, uniform within ``1 / sqrt(fan_in)``, as PyTorch begins its layers."""
    bound = 1 / math.sqrt(fan_in)
    weight = init.uniform_(Parameter(weft.empty(shape, dtype=dtype, device=device)), -bound, bound)
    if not bias:
        return weight, None
    return weight, init.uniform_(Parameter(weft.empty((outputs,), dtype=dtype, device=device)), -bound, bound)


def shown(module: Any, **defaults: Any) -> str:
    """The attributes that are not as by default, for ``repr``."""
    changed = (name for name, value in defaults.items() if getattr(module, name) != value)
    return "".join(f", {name}={getattr(module, name)!r}" for name in changed)
