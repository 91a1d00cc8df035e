"""MultiheadAttention."""

from __future__ import annotations

from typing import Any

import weft
from weft import Tensor

from . import functional as F
from . import init
from ._arguments import positive
from .functional.attention import attention_weights
from .linear import Linear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Several attentions side by side, each over a part of the features (Vaswani et al., 2017).

    Parameters
    ----------
    embed_dim : int
        Features of query and output, E.
    num_heads : int
        Into how many parts they are divided.
    dropout : float
        With what probability a weight is dropped, in training.
    bias : bool
        Whether the projections have one.
    add_bias_kv : bool
        Whether a trained key and value are added to all sequences.
    add_zero_attn : bool
        Whether a key and a value of zeros are added.
    kdim, vdim : int, optional
        Features of key and value; E by default.
    batch_first : bool
        Whether inputs come as (N, T, ...) rather than (T, N, ...).
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> x = weft.ones((2, 5, 8))
    >>> output, weights = weft.nn.MultiheadAttention(8, 2, batch_first=True)(x, x, x)
    >>> output.shape, weights.shape
    ((2, 5, 8), (2, 5, 5))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("MultiheadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: embed_dim={embed_dim} must be a multiple of num_heads={num_heads}")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn

        def drawn(*shape: int) -> Parameter:
            return init.xavier_uniform_(Parameter(weft.empty(shape, dtype=dtype, device=device)))

        def zeros(*shape: int) -> Parameter:
            return Parameter(weft.zeros(shape, dtype=dtype, device=device))

        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = drawn(3 * embed_dim, embed_dim)
        else:
            self.q_proj_weight = drawn(embed_dim, embed_dim)
            self.k_proj_weight = drawn(embed_dim, self.kdim)
            self.v_proj_weight = drawn(embed_dim, self.vdim)
        self.in_proj_bias = zeros(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k, self.bias_v = (init.xavier_normal_(zeros(1, 1, embed_dim)) for _ in range(2))

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Query, key and value, each (N, T, E)."""
        weights: list[Tensor]
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        if not hasattr(self, "in_proj_weight"):
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        elif query is key and key is value:
            return F.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        else:
            weights = self.in_proj_weight.chunk(3)
        return [F.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)]

    def _heads(self, x: Tensor) -> Tensor:
        """(N, T, E) as (N, heads, T, E / heads)."""
        return x.reshape((*x.shape[:2], self.num_heads, self.head_dim)).swapaxes(1, 2)

    def _mask(
        self, attn_mask: Tensor | None, key_padding_mask: Tensor | None, n: int, queries: int, keys: int
    ) -> Tensor | None:
        """Both masks in one, broadcast to (N, heads, queries, keys): True for seen, or numbers to add."""
        mask = None
        if attn_mask is not None:
            shapes = (queries, keys), (n * self.num_heads, queries, keys)
            if attn_mask.shape not in shapes:
                raise ValueError(
                    f"MultiheadAttention: attn_mask of shape {attn_mask.shape} must be {shapes[0]} or {shapes[1]}"
                )
            mask = attn_mask
            if mask.ndim == 3:
                mask = mask.reshape((n, self.num_heads, queries, keys))
            mask = ~mask if mask.dtype == weft.bool else mask
        if key_padding_mask is not None:
            if key_padding_mask.shape != (n, keys):
                raise ValueError(
                    f"MultiheadAttention: key_padding_mask of shape {key_padding_mask.shape} must be {(n, keys)}"
                )
            seen = key_padding_mask.reshape((n, 1, 1, keys))
            seen = ~seen if seen.dtype == weft.bool else seen
            mask = seen if mask is None else _both(mask, seen)
        return mask

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Parameters
        ----------
        query : Tensor
            (L, N, E), (N, L, E) with `batch_first`, or (L, E).
        key, value : Tensor
            (S, N, kdim) and (S, N, vdim), laid out as `query`.
        key_padding_mask : Tensor, optional
            (N, S): True where a key is not there, or numbers added to the scores.
        need_weights : bool
            Whether the weights are returned.
        attn_mask : Tensor, optional
            (L, S) or (N * heads, L, S): True where a key may not be seen, or numbers added to the scores.
        average_attn_weights : bool
            Whether the weights returned are the mean over the heads.
        is_causal : bool
            A promise that `attn_mask` is causal; it must be given, too. Here it changes nothing.

        Returns
        -------
        output : Tensor
            As `query`. Queries that may see no key get what `out_proj` makes of 0.
        weights : Tensor or None
            (N, L, S), or (N, heads, L, S) unless they are averaged.

        Raises
        ------
        ValueError
            The shapes do not fit.
        """
        if is_causal and attn_mask is None:
            raise ValueError("MultiheadAttention: is_causal=True is a promise about attn_mask; give the mask, too")
        single = query.ndim == 2
        same = query is key, key is value
        if single:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first and query.ndim == key.ndim == value.ndim == 3:
            query, key, value = (x.swapaxes(0, 1) for x in (query, key, value))
        if (
            {query.ndim, key.ndim, value.ndim} != {3}
            or (query.shape[-1], key.shape[-1], value.shape[-1]) != (self.embed_dim, self.kdim, self.vdim)
            or key.shape[:2] != value.shape[:2]
            or query.shape[0] != key.shape[0]
        ):
            layout = "(N, L, E), (N, S, kdim), (N, S, vdim)"
            raise ValueError(
                f"MultiheadAttention: query {query.shape}, key {key.shape} and value {value.shape}; as {layout} these "
                f"must have E={self.embed_dim}, kdim={self.kdim}, vdim={self.vdim} (batch_first={self.batch_first})"
            )
        key = query if same[0] else key
        value = key if same[1] else value
        n, queries = query.shape[:2]
        mask = self._mask(attn_mask, key_padding_mask, n, queries, key.shape[1])
        q, k, v = self._projected(query, key, value)
        for addend in [(self.bias_k, self.bias_v)] + [(0, 0)] * self.add_zero_attn:
            if addend[0] is not None:
                k, v, mask = self._longer(k, v, mask, *addend)
        q, k, v = self._heads(q), self._heads(k), self._heads(v)
        weights = attention_weights(q, k, mask, False, None)
        weights = F.dropout(weights, self.dropout, self.training)
        y = self.out_proj((weights @ v).swapaxes(1, 2).reshape((n, queries, self.embed_dim)))
        y = y.squeeze(0) if single else y if self.batch_first else y.swapaxes(0, 1)
        if not need_weights:
            return y, None
        weights = weights.mean(axis=1) if average_attn_weights else weights
        return y, weights.squeeze(0) if single else weights

    def _longer(
        self, k: Tensor, v: Tensor, mask: Tensor | None, new_k: Any, new_v: Any
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """One more key and value at the end, that every query may see."""
        shape = (k.shape[0], 1, self.embed_dim)
        ends = [weft.zeros(shape, dtype=k.dtype, device=k.device) + new for new in (new_k, new_v)]
        if mask is not None:
            seen = 1 if mask.dtype == weft.bool else 0
            mask = weft.pad(mask, [(0, 0)] * (mask.ndim - 1) + [(0, 1)], constant_values=seen)
        return weft.concat([k, ends[0]], axis=1), weft.concat([v, ends[1]], axis=1), mask

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}"


def _both(mask: Tensor, other: Tensor) -> Tensor:
    """Two masks as one, of the kinds that `weft.nn.functional.scaled_dot_product_attention` takes."""
    if mask.dtype == weft.bool:
        return mask & other if other.dtype == weft.bool else weft.where(mask, other, -weft.inf)
    return weft.where(other, mask, -weft.inf) if other.dtype == weft.bool else mask + other
