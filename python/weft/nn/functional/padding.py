"""Padding with PyTorch's order of widths."""

from __future__ import annotations

from collections.abc import Sequence

import weft
from weft import Tensor

__all__ = ["pad"]


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Add elements around the edges, the last dimension first.

    Parameters
    ----------
    input : Tensor
        Of any shape.
    pad : sequence of int
        How many before and after the last dimension, then before and after the one before it, and so on. Negative ones
        cut, with mode "constant".
    mode : {"constant", "reflect", "replicate", "circular"}
        What is put there.
    value : float, optional
        What "constant" puts there; 0 by default.

    Returns
    -------
    Tensor
        Of the dtype of `input`.

    Raises
    ------
    ValueError
        The widths do not fit the dimensions, or there is too little to repeat.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.pad(weft.ones((1, 2)), (1, 0, 0, 1)).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ValueError(
            f"pad: {tuple(pad)} is not a pair for each of the last dimensions of an input of shape {input.shape}"
        )
    pairs = [(int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs
    if mode == "constant":
        for n, width in zip(input.shape, widths, strict=True):
            if n + sum(width) < 0:
                raise ValueError(f"pad: {tuple(pad)} cuts more than an input of shape {input.shape} has")
        return weft.pad(input, widths, constant_values=0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise ValueError(f'pad: mode must be "constant", "reflect", "replicate" or "circular", not {mode!r}')
    if value is not None:
        raise ValueError(f'pad: value={value} is for mode "constant", not {mode!r}')
    for n, width in zip(input.shape, widths, strict=True):
        most = {"reflect": n - 1, "circular": n}.get(mode)
        if most is not None and max(width) > most and width != (0, 0):
            raise ValueError(f"pad: mode {mode!r} can add at most {most} to a dimension of {n}, not {width}")
    return weft.pad(input, widths, mode=mode)
