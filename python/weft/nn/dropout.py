"""Dropout as layers."""

from __future__ import annotations

from weft import Tensor

from . import functional as F
from .module import Module

__all__ = ["Dropout", "Dropout2d"]


class Dropout(Module):
    """In training, zero each element with probability `p` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    p : float
        From 0 to 1.
    inplace : bool
        Taken for PyTorch's sake; the result is a new tensor always.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Dropout(0.5).eval()(weft.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p must be in [0, 1], not {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout2d(Dropout):
    """In training, zero whole channels of (N, C, H, W) and scale the others; see `Dropout`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Dropout2d(0.2)(weft.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training)
