"""Attention, and the positions that it needs to be told."""

from __future__ import annotations

import math

import weft
from weft import Tensor

from .dropout import dropout

__all__ = ["rotary_embedding", "scaled_dot_product_attention", "sinusoidal_positions"]


def causal_mask(queries: int, keys: int, device: weft.device) -> Tensor:
    """Which keys each query may see: those up to its own place."""
    return weft.arange(queries, device=device).unsqueeze(-1) >= weft.arange(keys, device=device)


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None, causal: bool, scale: float | None) -> Tensor:
    """How much each query takes from each key, (..., queries, keys); all 0 where it may see none."""
    scores = (query * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)) @ key.mT
    if causal:
        scores = weft.where(causal_mask(scores.shape[-2], scores.shape[-1], scores.device), scores, -math.inf)
    if mask is not None:
        scores = weft.where(mask, scores, -math.inf) if mask.dtype == weft.bool else scores + mask
    if mask is None:
        return scores.softmax(-1)
    # softmax, but a row without any key is 0 rather than NaN.
    largest = scores.max(axis=-1, keepdims=True).detach()
    e = (scores - weft.where(largest == -math.inf, 0, largest)).exp()
    total = e.sum(axis=-1, keepdims=True)
    return e / weft.where(total == 0, 1, total)


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key.T * scale + mask) @ value`` (Vaswani et al., 2017).

    Parameters
    ----------
    query : Tensor
        (..., queries, E).
    key, value : Tensor
        (..., keys, E) and (..., keys, Ev).
    attn_mask : Tensor, optional
        Broadcast to (..., queries, keys): bool, True where a key may be seen, or numbers that are added to the scores.
    dropout_p : float
        With what probability a weight is dropped. It is, whatever the mode of any module.
    is_causal : bool
        Whether a query sees the keys up to its own place only; not together with `attn_mask`.
    scale : float, optional
        ``1 / sqrt(E)`` by default.
    enable_gqa : bool
        Whether key and value may have fewer heads (third dimension from the end), each for a group of query heads
        (Ainslie et al., 2023).

    Returns
    -------
    Tensor
        (..., queries, Ev). A query that may see no key gets 0.

    Raises
    ------
    ValueError
        The shapes do not fit, or both a mask and `is_causal` are given.

    Examples
    --------
    >>> import weft
    >>> q = k = weft.zeros((1, 2, 4))
    >>> v = weft.asarray([[[1.0], [3.0]]])
    >>> weft.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).tolist()
    [[[1.0], [2.0]]]
    """
    name = "scaled_dot_product_attention"
    shapes = f"query {query.shape}, key {key.shape} and value {value.shape}"
    if (
        min(query.ndim, key.ndim, value.ndim) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise ValueError(f"{name}: {shapes}; expected (..., queries, E), (..., keys, E) and (..., keys, Ev)")
    if is_causal and attn_mask is not None:
        raise ValueError(f"{name}: give either attn_mask or is_causal=True, or make the mask causal")
    if enable_gqa:
        heads = query.shape[-3] if query.ndim > 2 else 0
        if min(key.ndim, value.ndim) < 3 or not heads or heads % key.shape[-3] or heads % value.shape[-3]:
            raise ValueError(f"{name}: {shapes}; the heads of the query must be a multiple of those of key and value")
        key = key.repeat_interleave(heads // key.shape[-3], axis=-3)
        value = value.repeat_interleave(heads // value.shape[-3], axis=-3)
    weights = attention_weights(query, key, attn_mask, is_causal, scale)
    return dropout(weights, dropout_p) @ value


def sinusoidal_positions(
    length: int, dim: int, base: float = 10000.0, dtype: weft.dtype | None = None, device: weft.device | None = None
) -> Tensor:
    """Sines and cosines of places, at wavelengths from 2 pi to ``2 pi * base`` (Vaswani et al., 2017).

    Parameters
    ----------
    length : int
        How many places.
    dim : int
        Numbers for each: sines at even ones, cosines at odd ones.
    base : float
        The ratio of the longest wavelength to the shortest.

    Returns
    -------
    Tensor
        (length, dim).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.sinusoidal_positions(2, 4).tolist()[0]
    [0.0, 1.0, 0.0, 1.0]
    """
    if dim < 1:
        raise ValueError(f"sinusoidal_positions: dim must be positive, not {dim}")
    angles = _angles(weft.arange(length, device=device), dim + dim % 2, base)
    pairs = weft.stack([angles.sin(), angles.cos()], axis=-1).reshape((length, -1))[:, :dim]
    return pairs.astype(dtype or weft.get_default_dtype())


def _angles(places: Tensor, dim: int, base: float) -> Tensor:
    """Places * base ** (-2 i / dim), of the shape of `places` and dim / 2. The products are taken in float32."""
    rates = (weft.arange(0, dim, 2, dtype=weft.float32, device=places.device) * (-math.log(base) / dim)).exp()
    return places.astype(weft.float32).unsqueeze(-1) * rates


def rotary_embedding(input: Tensor, positions: Tensor | None = None, base: float = 10000.0) -> Tensor:
    """Turn pairs of neighbours by angles that grow with the place, so that products see distances (Su et al., 2021).

    Parameters
    ----------
    input : Tensor
        (..., places, E), with an even E: queries or keys.
    positions : Tensor, optional
        The number of each place, broadcast to (..., places); 0, 1, 2 ... by default.
    base : float
        The ratio of the longest wavelength to the shortest.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Examples
    --------
    >>> import weft
    >>> x = weft.nn.functional.rotary_embedding(weft.asarray([[1.0, 0.0], [1.0, 0.0]]))
    >>> [[round(v, 4) for v in row] for row in x.tolist()]
    [[1.0, 0.0], [0.5403, 0.8415]]
    """
    if input.ndim < 2 or input.shape[-1] % 2:
        raise ValueError(f"rotary_embedding: expected (..., places, E) with an even E, not {input.shape}")
    if positions is None:
        positions = weft.arange(input.shape[-2], device=input.device)
    angles = _angles(positions, input.shape[-1], base)
    cos, sin = angles.cos().astype(input.dtype), angles.sin().astype(input.dtype)
    pairs = input.reshape((*input.shape[:-1], -1, 2))
    x, y = pairs[..., 0], pairs[..., 1]
    return weft.stack([x * cos - y * sin, x * sin + y * cos], axis=-1).reshape(input.shape)
