"""Embedding."""

from __future__ import annotations

from typing import Any

import weft
from weft import Tensor

from . import functional as F
from ._arguments import positive
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """A table of vectors, looked up by number.

    Parameters
    ----------
    num_embeddings : int
        Rows of the table.
    embedding_dim : int
        Length of each.
    padding_idx : int, optional
        A row that begins as zeros and is not trained.
    device, dtype : optional
        Of the table.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Embedding(10, 4)(weft.asarray([[1, 2], [3, 9]])).shape
    (2, 2, 4)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx={padding_idx} is not a row of a table of {num_embeddings}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        table = weft.random.normal(size=(num_embeddings, embedding_dim), dtype=dtype, device=device)
        if self.padding_idx is not None:
            table[self.padding_idx] = 0
        self.weight = Parameter(table)

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """A layer with this table, (rows, length); with `freeze` it is not trained."""
        if embeddings.ndim != 2:
            raise ValueError(f"Embedding: a table (rows, length) is needed, not shape {embeddings.shape}")
        rows, length = embeddings.shape
        layer = cls(rows, length, padding_idx, device=embeddings.device, dtype=embeddings.dtype)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
