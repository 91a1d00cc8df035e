"""Dropout: zeros at random places (Srivastava et al., 2014)."""

from __future__ import annotations

import weft
from weft import Tensor

__all__ = ["dropout", "dropout2d"]


def _dropped(name: str, input: Tensor, p: float, training: bool, shape: tuple[int, ...]) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p must be in [0, 1], not {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    keep = weft.random.uniform(size=shape, device=input.device) >= p
    return weft.where(keep, input * (1 / (1 - p)), 0)


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training, zero each element with probability `p` and scale the others by ``1 / (1 - p)``.

    Examples
    --------
    >>> import weft
    >>> set(weft.nn.functional.dropout(weft.ones(100), 0.5).tolist()) == {0.0, 2.0}
    True
    """
    return _dropped("dropout", input, p, training, input.shape)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training, zero whole channels of (N, C, H, W) or (C, H, W) and scale the others (Tompson et al., 2015).

    Examples
    --------
    >>> import weft
    >>> y = weft.nn.functional.dropout2d(weft.ones((8, 8, 2, 2)), 0.5)
    >>> set(y.sum(axis=(2, 3)).reshape(-1).tolist()) == {0.0, 8.0}
    True
    """
    if input.ndim not in (3, 4):
        raise ValueError(f"dropout2d: expected (N, C, H, W) or (C, H, W), not an input of shape {input.shape}")
    return _dropped("dropout2d", input, p, training, (*input.shape[:-2], 1, 1))
