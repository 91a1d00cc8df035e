"""Batches of sequences of different lengths, without room for what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

import weft
from weft import Tensor

__all__ = [
    "PackedSequence",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
]


class PackedSequence(NamedTuple):
    """Sequences of different lengths, step by step; made by `pack_padded_sequence` and `pack_sequence`.

    Attributes
    ----------
    data : Tensor
        (sum of lengths, ...): the first elements of all sequences, longest sequence first, then the second ones ...
    batch_sizes : tuple of int
        How many sequences have a first element, a second one ...
    sorted_indices : Tensor or None
        Which sequence of the batch comes first, second ...
    unsorted_indices : Tensor or None
        The inverse of it.
    """

    data: Tensor
    batch_sizes: tuple[int, ...]
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    def layout(self) -> Layout:
        """Where the elements lie in (T, N, ...)."""
        return Layout(self.batch_sizes, self.data.device)


class Layout:
    """Where the elements of a packed sequence lie in (T, N, ...), longest sequence first.

    Elements move by lookups in both directions, forward and back: as none is used twice, no gradient is scattered.
    """

    def __init__(self, batch_sizes: Sequence[int], device: weft.device) -> None:
        sizes = np.asarray(batch_sizes)
        live = np.arange(sizes[0]) < sizes[:, None]
        self.shape = live.shape
        self.lengths = live.sum(0)
        self.live = weft.asarray(live, device=device)
        self._places = weft.asarray(np.flatnonzero(live), device=device)
        self._rows = weft.asarray(np.where(live, np.cumsum(live).reshape(live.shape) - 1, 0), device=device)

    def unpack(self, data: Tensor) -> Tensor:
        """(T, N, ...), with anything where there is no element."""
        return weft._core._custom_vjp(data.detach().take(self._rows, axis=0), [data], lambda g: [self.pack(g)])

    def pack(self, padded: Tensor) -> Tensor:
        """The elements that are there, step by step."""
        flat = padded.detach().reshape((-1, *padded.shape[2:]))

        def back(g: Tensor) -> list[Tensor]:
            return [self.filled(self.unpack(g), 0)]

        return weft._core._custom_vjp(flat.take(self._places, axis=0), [padded], back)

    def filled(self, padded: Tensor, value: float) -> Tensor:
        """`padded`, with `value` where there is no element."""
        live = self.live.reshape((*self.shape, *(1,) * (padded.ndim - 2)))
        return weft.where(live, padded, value).astype(padded.dtype)


def reordered(x: Tensor, order: Tensor | None, undo: Tensor | None) -> Tensor:
    """The sequences of (T, N, ...) in another order, None for the one they are in; `undo` is its inverse."""
    if order is None:
        return x
    return weft._core._custom_vjp(x.detach().take(order, axis=1), [x], lambda g: [reordered(g, undo, order)])


def pack_padded_sequence(
    input: Tensor, lengths: Sequence[int] | Tensor, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences that lie padded in one tensor.

    Parameters
    ----------
    input : Tensor
        (T, N, ...), or (N, T, ...) with `batch_first`.
    lengths : sequence of int or Tensor
        The length of each sequence, from 1 to T.
    batch_first : bool
        Which dimension comes first.
    enforce_sorted : bool
        Whether the lengths must not increase. If not, the sequences are sorted.

    Returns
    -------
    PackedSequence

    Raises
    ------
    ValueError
        The lengths do not fit the input, or are not sorted although they must be.

    Examples
    --------
    >>> import weft
    >>> from weft.nn.utils.rnn import pack_padded_sequence
    >>> x = weft.asarray([[1, 2, 3], [4, 0, 0]])
    >>> packed = pack_padded_sequence(x, [3, 1], batch_first=True)
    >>> packed.data.tolist(), packed.batch_sizes
    ([1, 4, 2, 3], (2, 1, 1))
    """
    counts = np.asarray(lengths.numpy() if isinstance(lengths, Tensor) else lengths)
    if input.ndim < 2:
        raise ValueError(f"pack_padded_sequence: expected (T, N, ...) or (N, T, ...), not shape {input.shape}")
    x = input.swapaxes(0, 1) if batch_first else input
    if counts.shape != (x.shape[1],) or counts.dtype.kind not in "iu":
        raise ValueError(
            f"pack_padded_sequence: lengths of shape {counts.shape} and dtype {counts.dtype} for an input of shape "
            f"{input.shape}; give one integer for each of {x.shape[1]} sequences"
        )
    if not counts.size or counts.min() < 1 or counts.max() > x.shape[0]:
        raise ValueError(f"pack_padded_sequence: lengths {counts.tolist()} must be from 1 to {x.shape[0]}")
    order = undo = None
    if (np.diff(counts) > 0).any():
        if enforce_sorted:
            raise ValueError(
                f"pack_padded_sequence: lengths {counts.tolist()} are not sorted from long to short; "
                "sort the batch, or give enforce_sorted=False"
            )
        by_length = np.argsort(-counts, kind="stable")
        order, undo = (weft.asarray(v, device=x.device) for v in (by_length, np.argsort(by_length)))
        x, counts = reordered(x, order, undo), counts[by_length]
    sizes = (np.arange(counts[0])[:, None] < counts).sum(1).tolist()
    return PackedSequence(Layout(sizes, x.device).pack(x[: counts[0]]), tuple(sizes), order, undo)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
        What to unpack.
    batch_first : bool
        Which dimension comes first.
    padding_value : float
        What stands after the end of a sequence.
    total_length : int, optional
        T; the longest length by default.

    Returns
    -------
    (Tensor, Tensor)
        (T, N, ...), or (N, T, ...) with `batch_first`, in the order before packing; and the lengths, int64.

    Examples
    --------
    >>> import weft
    >>> from weft.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([weft.asarray([1, 2, 3]), weft.asarray([4])])
    >>> pad_packed_sequence(packed, batch_first=True)[0].tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    layout = sequence.layout()
    x = layout.filled(layout.unpack(sequence.data), padding_value)
    longest = len(sequence.batch_sizes)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(f"pad_packed_sequence: total_length={total_length} is below the longest length {longest}")
        widths = [(0, total_length - longest), *[(0, 0)] * (x.ndim - 1)]
        x = weft.pad(x, widths, constant_values=padding_value)
    lengths = weft.asarray(layout.lengths, device=x.device)
    if sequence.unsorted_indices is not None:
        x = reordered(x, sequence.unsorted_indices, sequence.sorted_indices)
        lengths = lengths.take(sequence.unsorted_indices)
    return x.swapaxes(0, 1) if batch_first else x, lengths


def pad_sequence(sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0) -> Tensor:
    """Sequences (length, ...) in one tensor (T, N, ...), or (N, T, ...) with `batch_first`.

    Examples
    --------
    >>> import weft
    >>> from weft.nn.utils.rnn import pad_sequence
    >>> pad_sequence([weft.asarray([1, 2]), weft.asarray([3])], batch_first=True).tolist()
    [[1, 2], [3, 0]]
    """
    if not sequences:
        raise ValueError("pad_sequence: there are no sequences")
    longest = max(s.shape[0] for s in sequences)
    rows = [
        weft.pad(s, [(0, longest - s.shape[0]), *[(0, 0)] * (s.ndim - 1)], constant_values=padding_value)
        for s in sequences
    ]
    return weft.stack(rows, axis=0 if batch_first else 1)


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (length, ...); see `pack_padded_sequence`."""
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)
