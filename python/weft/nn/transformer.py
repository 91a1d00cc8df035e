"""Transformers (Vaswani et al., 2017)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import weft
from weft import Tensor

from . import functional as F
from . import init
from ._arguments import positive
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .functional.attention import causal_mask
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Tensor], Tensor]


class _Layer(Module):
    """What layers of encoder and decoder share: self attention, a feed-forward network, and where the norms stand."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: Activation,
        layer_norm_eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        device: Any,
        dtype: Any,
        cross: bool,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        positive(name, d_model=d_model, nhead=nhead, dim_feedforward=dim_feedforward)
        if isinstance(activation, str):
            if activation not in ("relu", "gelu"):
                raise ValueError(f'{name}: activation must be "relu", "gelu" or a function, not {activation!r}')
            activation = F.relu if activation == "relu" else F.gelu
        attentions = ["self_attn", "multihead_attn"] if cross else ["self_attn"]
        for attention in attentions:
            layer = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
            )
            self.add_module(attention, layer)
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        for i in range(1, len(attentions) + 2):
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
            self.add_module(f"norm{i}", norm)
            self.add_module(f"dropout{i}", Dropout(dropout))
        self.activation, self.norm_first = activation, norm_first

    def _residual(self, i: int, x: Tensor, block: Callable[[Tensor], Tensor]) -> Tensor:
        """Add what the i-th block makes of `x`, with the norm inside the branch or after the sum."""
        norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        if self.norm_first:
            return x + dropout(block(norm(x)))  # type: ignore[no-any-return]
        return norm(x + dropout(block(x)))  # type: ignore[no-any-return]

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))  # type: ignore[no-any-return]


def _attended(
    attention: MultiheadAttention, x: Tensor, memory: Tensor, mask: Tensor | None, padding: Tensor | None, causal: bool
) -> Tensor:
    """Attention without its weights; with `causal` and no mask, the mask is made."""
    if causal and mask is None:
        time = 1 if attention.batch_first and x.ndim == 3 else 0
        mask = ~causal_mask(x.shape[time], memory.shape[time], x.device)
    output, _ = attention(x, memory, memory, key_padding_mask=padding, need_weights=False, attn_mask=mask)
    return output  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    """Self attention and a feed-forward network, each with a residual and a norm.

    Parameters
    ----------
    d_model, nhead : int
        Features, and heads of the attention.
    dim_feedforward : int
        Features inside the feed-forward network.
    dropout : float
        With what probability elements are dropped in training.
    activation : {"relu", "gelu"} or callable
        Inside the feed-forward network.
    layer_norm_eps : float
        Added to the variances.
    batch_first : bool
        Whether inputs come as (N, T, d_model) rather than (T, N, d_model).
    norm_first : bool
        Whether norms stand at the beginning of the branches rather than after the sums (Xiong et al., 2020).
    bias : bool
        Whether linear maps and norms have one.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> weft.nn.TransformerEncoderLayer(8, 2, 16)(weft.ones((5, 3, 8))).shape
    (5, 3, 8)
    """

    self_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype, cross=False,
        )  # fmt: skip

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Pass a sequence through; masks are those of `MultiheadAttention`, and `is_causal` makes one."""
        x = self._residual(1, src, lambda x: _attended(self.self_attn, x, x, src_mask, src_key_padding_mask, is_causal))
        return self._residual(2, x, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self attention, attention to the encoder's output, and a feed-forward network, each with a residual and a norm.

    The parameters are those of `TransformerEncoderLayer`.

    Examples
    --------
    >>> import weft
    >>> layer = weft.nn.TransformerDecoderLayer(8, 2, 16)
    >>> layer(weft.ones((5, 3, 8)), weft.ones((7, 3, 8)), tgt_is_causal=True).shape
    (5, 3, 8)
    """

    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype, cross=True,
        )  # fmt: skip

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Pass a sequence through, with the encoder's output as `memory`."""
        x = self._residual(
            1, tgt, lambda x: _attended(self.self_attn, x, x, tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        )
        x = self._residual(
            2,
            x,
            lambda x: _attended(self.multihead_attn, x, memory, memory_mask, memory_key_padding_mask, memory_is_causal),
        )
        return self._residual(3, x, self._feed_forward)


class _Stack(Module):
    """Copies of a layer one after the other, and a norm at the end."""

    def __init__(self, layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        positive(type(self).__name__, num_layers=num_layers)
        self.layers = ModuleList(copy.deepcopy(layer) for _ in range(num_layers))
        self.num_layers, self.norm = num_layers, norm

    def _through(self, x: Tensor, *args: Any) -> Tensor:
        for layer in self.layers:
            x = layer(x, *args)
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(_Stack):
    """Encoder layers one after the other.

    Parameters
    ----------
    encoder_layer : Module
        Copied for each layer: all begin with the same weights.
    num_layers : int
        How many.
    norm : Module, optional
        What comes after the last.

    Examples
    --------
    >>> import weft
    >>> layer = weft.nn.TransformerEncoderLayer(8, 2, 16)
    >>> weft.nn.TransformerEncoder(layer, 2)(weft.ones((5, 3, 8)), is_causal=True).shape
    (5, 3, 8)
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(encoder_layer, num_layers, norm)

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Pass a sequence through all layers; see `TransformerEncoderLayer`."""
        return self._through(src, mask, src_key_padding_mask, is_causal)


class TransformerDecoder(_Stack):
    """Decoder layers one after the other.

    Parameters
    ----------
    decoder_layer : Module
        Copied for each layer: all begin with the same weights.
    num_layers : int
        How many.
    norm : Module, optional
        What comes after the last.

    Examples
    --------
    >>> import weft
    >>> layer = weft.nn.TransformerDecoderLayer(8, 2, 16)
    >>> weft.nn.TransformerDecoder(layer, 2)(weft.ones((5, 3, 8)), weft.ones((7, 3, 8))).shape
    (5, 3, 8)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__(decoder_layer, num_layers, norm)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Pass a sequence through all layers; see `TransformerDecoderLayer`."""
        return self._through(
            tgt,
            memory,
            tgt_mask,
            memory_mask,
            tgt_key_padding_mask,
            memory_key_padding_mask,
            tgt_is_causal,
            memory_is_causal,
        )


class Transformer(Module):
    """An encoder and a decoder.

    Parameters
    ----------
    d_model, nhead : int
        Features, and heads of each attention.
    num_encoder_layers, num_decoder_layers : int
        How many layers.
    dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device, dtype
        As in `TransformerEncoderLayer`.
    custom_encoder, custom_decoder : Module, optional
        Used instead.

    Examples
    --------
    >>> import weft
    >>> model = weft.nn.Transformer(8, 2, 1, 1, 16)
    >>> model(weft.ones((5, 3, 8)), weft.ones((7, 3, 8)), tgt_is_causal=True).shape
    (7, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

        def made(stack: Any, layer: Any, count: int) -> Module:
            options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
            return stack(layer(*options, bias, device, dtype), count, norm)  # type: ignore[no-any-return]

        self.encoder = custom_encoder or made(TransformerEncoder, TransformerEncoderLayer, num_encoder_layers)
        self.decoder = custom_decoder or made(TransformerDecoder, TransformerDecoderLayer, num_decoder_layers)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool = False,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Encode `src`, then decode `tgt` with it; masks are those of `MultiheadAttention`."""
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt,
            memory,
            tgt_mask,
            memory_mask,
            tgt_key_padding_mask,
            memory_key_padding_mask,
            tgt_is_causal,
            memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """A causal mask (sz, sz) of numbers to add: 0 up to the query's own place, minus infinity after it.

        Examples
        --------
        >>> import weft
        >>> weft.nn.Transformer.generate_square_subsequent_mask(2).tolist()
        [[0.0, -inf], [0.0, 0.0]]
        """
        return weft.full((sz, sz), -math.inf, dtype=dtype, device=device).triu(1)
