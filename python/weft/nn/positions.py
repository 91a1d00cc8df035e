"""Layers that tell sequences where their elements stand."""

from __future__ import annotations

from typing import Any

from weft import Tensor

from . import functional as F
from ._arguments import positive
from .dropout import Dropout
from .module import Module

__all__ = ["RotaryPositionalEmbedding", "SinusoidalPositionalEncoding"]


class SinusoidalPositionalEncoding(Module):
    """Add sines and cosines of the place (Vaswani et al., 2017).

    Parameters
    ----------
    d_model : int
        Features of the input.
    max_len : int
        How long sequences can be.
    dropout : float
        With what probability a sum is dropped, in training.
    batch_first : bool
        Whether sequences come as (N, T, d_model) rather than (T, N, d_model).
    device, dtype : optional
        Of the table.

    Examples
    --------
    >>> import weft
    >>> weft.nn.SinusoidalPositionalEncoding(8, max_len=100)(weft.zeros((7, 2, 8))).shape
    (7, 2, 8)
    """

    pe: Tensor

    def __init__(
        self,
        d_model: int,
        max_len: int = 5000,
        dropout: float = 0.0,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("SinusoidalPositionalEncoding", d_model=d_model, max_len=max_len)
        self.d_model, self.max_len, self.batch_first = d_model, max_len, batch_first
        self.dropout = Dropout(dropout)
        self.register_buffer("pe", F.sinusoidal_positions(max_len, d_model, dtype=dtype, device=device), False)

    def forward(self, input: Tensor) -> Tensor:
        time = -2 if self.batch_first or input.ndim == 2 else 0
        if input.ndim not in (2, 3) or input.shape[-1] != self.d_model or input.shape[time] > self.max_len:
            raise ValueError(
                f"SinusoidalPositionalEncoding: an input of shape {input.shape}; it needs {self.d_model} features and "
                f"at most max_len={self.max_len} places (batch_first={self.batch_first})"
            )
        table = self.pe[: input.shape[time]]
        return self.dropout(input + (table if time == -2 else table.unsqueeze(1)))  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.d_model}, max_len={self.max_len}"


class RotaryPositionalEmbedding(Module):
    """Turn queries or keys by angles that grow with the place (Su et al., 2021).

    Parameters
    ----------
    dim : int
        Features of a head, even.
    base : float
        The ratio of the longest wavelength to the shortest.

    Examples
    --------
    >>> import weft
    >>> weft.nn.RotaryPositionalEmbedding(8)(weft.ones((2, 4, 7, 8))).shape
    (2, 4, 7, 8)
    """

    def __init__(self, dim: int, base: float = 10000.0) -> None:
        super().__init__()
        positive("RotaryPositionalEmbedding", dim=dim)
        if dim % 2:
            raise ValueError(f"RotaryPositionalEmbedding: dim must be even, not {dim}")
        self.dim, self.base = dim, base

    def forward(self, input: Tensor, positions: Tensor | None = None) -> Tensor:
        """Turn (..., T, dim); `positions` (..., T) are 0, 1, 2 ... by default."""
        if input.shape[-1:] != (self.dim,):
            raise ValueError(f"RotaryPositionalEmbedding: expected (..., T, {self.dim}), not shape {input.shape}")
        return F.rotary_embedding(input, positions, self.base)

    def extra_repr(self) -> str:
        return f"{self.dim}, base={self.base}"
