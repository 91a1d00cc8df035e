"""pad(): elements around the edges, as views where the mode repeats what is there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import _core
from weft._core import Tensor

if TYPE_CHECKING:
    from weft._typing import TensorLike

__all__ = ["pad"]

_MODES = {
    "constant": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "edge": "edge",
    "replicate": "edge",
    "wrap": "wrap",
    "circular": "wrap",
}


def pad(x: TensorLike, pad_width: int | Sequence[Any], mode: str = "constant", constant_values: complex = 0) -> Tensor:
    """Add elements around the edges.

    Parameters
    ----------
    x : tensor
    pad_width : int, (int, int) or sequence of pairs
        How many before and after: for all dimensions, or a pair for each.
    mode : str
        ``"constant"``, ``"reflect"``, ``"symmetric"``, ``"edge"`` (PyTorch: ``"replicate"``) or ``"wrap"``
        (``"circular"``).
    constant_values : number
        What ``"constant"`` puts there.

    Returns
    -------
    Tensor
        Of the dtype of `x`.

    Raises
    ------
    ValueError
        An unknown mode, widths that do not fit the dimensions, or nothing to repeat.

    Examples
    --------
    >>> import weft
    >>> weft.pad(weft.arange(3), (1, 2), mode="edge").tolist()
    [0, 0, 1, 2, 2, 2]
    """
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    try:
        widths = np.broadcast_to(np.asarray(pad_width, dtype=np.int64), (t.ndim, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: pad_width {pad_width!r} does not fit {t.ndim} dimensions; give one pair for each"
        ) from None
    if mode not in _MODES:
        raise ValueError(f"pad: mode is one of {', '.join(_MODES)}, not {mode!r}")
    if _MODES[mode] == "constant":
        return _core._pad(t, [w[0] for w in widths], [w[1] for w in widths], fill=constant_values)
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"pad: widths must not be negative for mode {mode!r}")
    for axis, (before, after) in enumerate(widths):
        if before or after:
            t = _extended(t, axis, before, after, _MODES[mode])
    return t


def _extended(t: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    n = t.shape[axis]
    if not n:
        raise ValueError(f"pad: axis {axis} is empty; there is nothing to repeat")
    places = np.pad(np.arange(n), (before, after), mode=mode)  # type: ignore[call-overload]
    # Runs of steps 1, 0 or -1 are views: no index is read when it is computed.
    cuts = [0, before, before + n, before + n + after]
    parts = []
    for start, stop in itertools.pairwise(cuts):
        while start < stop:
            step = int(places[start + 1] - places[start]) if start + 1 < stop else 1
            end = start + 1
            while end < stop and places[end] - places[end - 1] == step and abs(step) <= 1:
                end += 1
            parts.append(_run(t, axis, int(places[start]), step, end - start))
            start = end
    return _core.concat(parts, axis)


def _run(t: Tensor, axis: int, first: int, step: int, count: int) -> Tensor:
    index: list[Any] = [slice(None)] * t.ndim
    if step == 0:
        index[axis] = slice(first, first + 1)
        return _core.broadcast_to(t[tuple(index)], (*t.shape[:axis], count, *t.shape[axis + 1 :]))
    stop = first + step * count
    index[axis] = slice(first, stop if stop >= 0 else None, step)
    return t[tuple(index)]
