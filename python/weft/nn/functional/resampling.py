"""Images of other sizes, and images read at given places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import weft
from weft import Tensor

__all__ = ["grid_sample", "interpolate", "pixel_shuffle", "pixel_unshuffle", "resample"]

_CUBIC = -0.75  # the free parameter of Keys' kernel (1981), as PyTorch and OpenCV have it

# The number of spatial dimensions that a mode is for.
_RANKS = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
_KINDS = {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}


def _linear_weights(t: Any) -> list[Any]:
    """The weights of the two places around a point that lies `t` behind the first."""
    return [1 - t, t]


def _cubic_weights(t: Any) -> list[Any]:
    """Keys' weights of the four places around a point that lies `t` behind the second."""

    def near(d: Any) -> Any:
        return ((_CUBIC + 2) * d - (_CUBIC + 3)) * d * d + 1

    def far(d: Any) -> Any:
        return ((_CUBIC * d - 5 * _CUBIC) * d + 8 * _CUBIC) * d - 4 * _CUBIC

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


class _Taps(NamedTuple):
    """Which old places each new one reads, and with what weights: two arrays (new places, taps)."""

    places: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    def transposed(self, n: int) -> _Taps:
        """For each of n old places the new ones that read it, filled up with weights of 0."""
        order = np.argsort(self.places, axis=None, kind="stable")
        old = self.places.reshape(-1)[order]
        slot = np.arange(old.size) - np.searchsorted(old, old)
        places = np.zeros((n, slot.max() + 1), np.int64)
        weights = np.zeros(places.shape)
        places[old, slot] = order // self.places.shape[1]
        weights[old, slot] = self.weights.reshape(-1)[order]
        return _Taps(places, weights)


@lru_cache(maxsize=256)
def _taps(kind: str, n: int, out: int, scale: float, align_corners: bool) -> _Taps:
    """How `out` new places are made of n old ones."""
    at = np.arange(out)
    if kind == "area":
        start, stop = at * n // out, -(-(at + 1) * n // out)
        places = start[:, None] + np.arange((stop - start).max())
        inside = places < stop[:, None]
        return _Taps(np.minimum(places, n - 1), inside / (stop - start)[:, None])
    if kind.startswith("nearest"):
        # In float32, as PyTorch: where a product should be whole, rounding decides.
        source = (at + (0.5 if kind == "nearest-exact" else 0)).astype(np.float32) * np.float32(scale)
        return _Taps(np.minimum(source.astype(np.int64), n - 1)[:, None], np.ones((out, 1)))
    source = at * ((n - 1) / max(1, out - 1)) if align_corners else (at + 0.5) * scale - 0.5
    if kind == "linear":
        source = source.clip(0, None)
    first = np.floor(source).astype(np.int64)
    t = source - first
    weights = _linear_weights(t) if kind == "linear" else _cubic_weights(t)
    offsets = np.arange(len(weights)) - (kind == "cubic")
    return _Taps((first[:, None] + offsets).clip(0, n - 1), np.stack(weights, 1))


def _mixed(x: Tensor, axis: int, taps: _Taps) -> Tensor:
    """The places along an axis as sums of old ones. The gradient is such a sum, too: nothing is scattered."""
    places, weights = taps
    y = x.detach().take(weft.asarray(places, device=x.device), axis=axis)
    if places.shape[1] == 1 and (weights == 1).all():
        y = y.squeeze(axis + 1)
    else:
        along = weights.reshape((*weights.shape, *(1,) * (x.ndim - axis - 1)))
        y = (y * weft.asarray(along, dtype=x.dtype, device=x.device)).sum(axis=axis + 1)
    return weft._core._custom_vjp(y, [x], lambda g: [_mixed(g, axis, taps.transposed(x.shape[axis]))])


def resample(
    x: Tensor, sizes: Sequence[int], kind: str, scales: Sequence[float] | None = None, align_corners: bool = False
) -> Tensor:
    """Give the last dimensions these sizes; each place is a weighted sum of a few old ones, axis by axis."""
    for i, out in enumerate(sizes):
        axis = x.ndim - len(sizes) + i
        n = x.shape[axis]
        scale = n / out if scales is None else 1 / scales[i]
        if n == out and scale == 1:
            continue
        if kind.startswith("nearest") and out % n == 0 and scale == n / out:
            x = x.repeat_interleave(out // n, axis=axis)  # a view
        else:
            x = _mixed(x, axis, _taps(kind, n, out, scale, align_corners))
    return x


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """Resize images.

    Parameters
    ----------
    input : Tensor
        (N, C, L), (N, C, H, W) or (N, C, D, H, W), floating point.
    size : int or sequence of int, optional
        The new spatial sizes. Either this or `scale_factor`.
    scale_factor : float or sequence of float, optional
        By how much the spatial sizes grow.
    mode : str
        "nearest", "nearest-exact", "area"; "linear" for 3, "bilinear" and "bicubic" for 4, "trilinear" for 5
        dimensions. "nearest" rounds coordinates down, "nearest-exact" to the nearest centre.
    align_corners : bool, optional
        Whether the centres of the corner pixels stay in place, rather than their outer corners. For the linear and
        cubic modes.
    recompute_scale_factor : bool, optional
        Whether the coordinates follow from the rounded output size, not from `scale_factor` itself.

    Returns
    -------
    Tensor
        (N, C, new sizes).

    Raises
    ------
    ValueError
        An unknown mode, one that is not for these dimensions, or not exactly one of `size` and `scale_factor`.

    Examples
    --------
    >>> import weft
    >>> x = weft.asarray([[[1.0, 3.0]]])
    >>> weft.nn.functional.interpolate(x, 4, mode="linear").tolist()
    [[[1.0, 1.5, 2.5, 3.0]]]
    """
    count = input.ndim - 2
    if mode not in _RANKS:
        raise ValueError(f"interpolate: mode is one of {', '.join(_RANKS)}, not {mode!r}")
    if count not in _RANKS[mode]:
        wanted = " or ".join(str(rank + 2) for rank in _RANKS[mode])
        raise ValueError(f"interpolate: mode {mode!r} needs an input of {wanted} dimensions, not shape {input.shape}")
    if input.dtype.kind != "f":
        raise TypeError(f"interpolate: the input must be floating point, not {input.dtype}; convert it first")
    if (size is None) == (scale_factor is None):
        raise ValueError(f"interpolate: give either size or scale_factor, not {size!r} and {scale_factor!r}")
    kind = _KINDS.get(mode, mode)
    if align_corners is not None and kind not in ("linear", "cubic"):
        raise ValueError(f"interpolate: align_corners is for the linear and cubic modes, not for {mode!r}")
    given: Any = size if size is not None else scale_factor
    values = tuple(given) if isinstance(given, (tuple, list)) else (given,) * count
    if len(values) != count or min(values) <= 0:
        raise ValueError(f"interpolate: {given!r} is not one positive number for each of {count} spatial dimensions")
    if size is not None:
        sizes, scales = [int(v) for v in values], None
    else:
        sizes = [math.floor(n * v) for n, v in zip(input.shape[2:], values, strict=True)]
        scales = None if recompute_scale_factor or kind == "area" else values
    if min(sizes) < 1 or min(input.shape[2:]) < 1:
        raise ValueError(f"interpolate: from {input.shape[2:]} to {tuple(sizes)}: there is nothing to compute")
    return resample(input, sizes, kind, scales, bool(align_corners))


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Make channels spatial: (..., C * r * r, H, W) becomes (..., C, H * r, W * r) (Shi et al., 2016).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.pixel_shuffle(weft.arange(4.0).reshape((4, 1, 1)), 2).tolist()
    [[[0.0, 1.0], [2.0, 3.0]]]
    """
    r = upscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-3] % (r * r):
        raise ValueError(
            f"pixel_shuffle: an input of shape {input.shape} with upscale_factor {r}; "
            f"it must be (..., channels, H, W), with channels a multiple of {r * r}"
        )
    *lead, c, h, w = input.shape
    k = len(lead)
    parts = input.reshape((*lead, c // (r * r), r, r, h, w))
    return parts.permute((*range(k), k, k + 3, k + 1, k + 4, k + 2)).reshape((*lead, c // (r * r), h * r, w * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The inverse of `pixel_shuffle`: (..., C, H * r, W * r) becomes (..., C * r * r, H, W).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.pixel_unshuffle(weft.ones((1, 4, 4)), 2).shape
    (4, 2, 2)
    """
    r = downscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-1] % r or input.shape[-2] % r:
        raise ValueError(
            f"pixel_unshuffle: an input of shape {input.shape} with downscale_factor {r}; "
            f"it must be (..., channels, H, W), with H and W multiples of {r}"
        )
    *lead, c, h, w = input.shape
    k = len(lead)
    parts = input.reshape((*lead, c, h // r, r, w // r, r))
    return parts.permute((*range(k), k, k + 2, k + 4, k + 1, k + 3)).reshape((*lead, c * r * r, h // r, w // r))


# ---- reading at given places


def _reflected(x: Tensor, low: float, high: float) -> Tensor:
    """Coordinates thrown back at both ends until they lie in [low, high]."""
    span = high - low
    if span <= 0:
        return weft.zeros_like(x)
    x = (x - low).abs()
    beyond = x % (2 * span)
    return weft.where(beyond > span, 2 * span - beyond, beyond) + low


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Read images at the places that `grid` names (Jaderberg et al., 2015).

    Parameters
    ----------
    input : Tensor
        (N, C, H, W).
    grid : Tensor
        (N, H', W', 2): x and y of each new pixel, from -1 (left, top) to 1 (right, bottom).
    mode : {"bilinear", "nearest", "bicubic"}
        How pixels between others are made.
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside the image.
    align_corners : bool, optional
        Whether -1 and 1 are the centres of the corner pixels, rather than their outer corners.

    Returns
    -------
    Tensor
        (N, C, H', W'). Gradients flow to the image and to the grid.

    Raises
    ------
    ValueError
        The shapes do not fit, or an unknown mode.

    Examples
    --------
    >>> import weft
    >>> image = weft.asarray([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> weft.nn.functional.grid_sample(image, weft.zeros((1, 1, 1, 2))).item()
    2.5
    """
    if input.ndim != 4 or grid.ndim != 4 or grid.shape[-1] != 2 or grid.shape[0] != input.shape[0]:
        raise ValueError(
            f"grid_sample: an input of shape {input.shape} and a grid of shape {grid.shape}; "
            "expected (N, C, H, W) and (N, H', W', 2)"
        )
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(f'grid_sample: mode must be "bilinear", "nearest" or "bicubic", not {mode!r}')
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(f'grid_sample: padding_mode must be "zeros", "border" or "reflection", not {padding_mode!r}')
    n, c, h, w = input.shape
    if h < 1 or w < 1:
        raise ValueError(f"grid_sample: an input of shape {input.shape} has no pixels to read")
    flat = input.reshape((n, c, h * w))

    def kept(x: Tensor, size: int) -> Tensor:
        """Coordinates moved into the image, unless what lies outside is zero."""
        if padding_mode == "reflection":
            x = _reflected(x, 0, size - 1) if align_corners else _reflected(x, -0.5, size - 0.5)
        return x if padding_mode == "zeros" else x.clip(0, size - 1)

    def pixel(x: Tensor, y: Tensor) -> Tensor:
        """The pixels at whole coordinates."""
        inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
        place = weft.where(inside, y * w + x, 0).astype(weft.int64).reshape((n, 1, -1))
        values = flat.take_along_axis(place.broadcast_to((n, c, place.shape[-1])), axis=2)
        return weft.where(inside.unsqueeze(1), values.reshape((n, c, *inside.shape[1:])), 0)

    x, y = (
        ((part + 1) * ((size - 1) / 2) if align_corners else ((part + 1) * size - 1) / 2)
        for part, size in ((grid[..., 0], w), (grid[..., 1], h))
    )
    if mode == "nearest":
        return pixel(kept(x, w).round(), kept(y, h).round())
    if mode == "bilinear":
        x, y = kept(x, w), kept(y, h)
    left, top = x.detach().floor(), y.detach().floor()
    weights = _linear_weights if mode == "bilinear" else _cubic_weights
    columns, rows = (weft.stack(weights(t), axis=-1) for t in (x - left, y - top))
    taps = columns.shape[-1]
    offsets = weft.arange(taps, device=x.device) - (taps // 2 - 1)
    px, py = left.unsqueeze(-1) + offsets, top.unsqueeze(-1) + offsets
    if mode == "bicubic":
        px, py = kept(px, w), kept(py, h)
    values = pixel(px.unsqueeze(-2), py.unsqueeze(-1))
    return (values * (rows.unsqueeze(-1) * columns.unsqueeze(-2)).unsqueeze(1)).sum(axis=(-2, -1))
