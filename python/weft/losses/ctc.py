"""Connectionist temporal classification: the likelihood of a text whose place in a sequence is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import weft
from weft import Tensor

from ._reduction import Loss, class_numbers, reduce

__all__ = ["CTCLoss", "ctc_loss"]

Lengths: TypeAlias = Tensor | Sequence[int] | int

# The logarithm of no probability. Infinity would give gradients of infinity minus infinity.
NEVER = -1e30


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the logarithm of the probability that `log_probs` spell `targets`, summed over all ways to place them.

    A way gives each step a class or the blank; it spells what is left when repeats and then blanks are dropped.

    Parameters
    ----------
    log_probs : Tensor
        Logarithms of probabilities, (T, N, C) or (T, C) without a batch.
    targets : Tensor
        Class numbers, none of them `blank`: (N, S) with anything after the end of each; or all one after the other,
        which needs `target_lengths` on the host. One that is no class raises IndexError, at the latest when the loss
        is read.
    input_lengths, target_lengths : Tensor, sequence of int, or int
        (N,): how many of the T steps, and of the S classes, count. Tensors are not waited for where `targets` is
        (N, S), and a length that is too large then raises IndexError, at the latest when the loss is read.
    blank : int
        The class that spells nothing.
    reduction : {"mean", "sum", "none"}
        "mean" divides each loss by the length of its target, and takes the mean of the batch.
    zero_infinity : bool
        Whether targets that are too long for their input cost nothing. Else they cost infinity; their gradient is
        0 in either case.

    Returns
    -------
    Tensor
        (), or (N,) for "none".

    Notes
    -----
    Graves, Fernández, Gomez and Schmidhuber, "Connectionist temporal classification", 2006, section 4.1, in
    logarithms. One step is one kernel of `weft.loop`: other lengths compile nothing. Gradients are those of this
    function; PyTorch gives `log_probs` the gradients that its logits would have, which is the same after log_softmax.

    Examples
    --------
    >>> import weft
    >>> halves = weft.full((2, 1, 2), 0.5).log()
    >>> loss = weft.losses.ctc_loss(halves, weft.asarray([[1]]), [2], [1])  # "1-", "-1" and "11" of 4
    >>> round(loss.exp().item(), 4) == round(4 / 3, 4)
    True
    """
    batched = log_probs.ndim == 3
    if not batched:
        if log_probs.ndim != 2 or targets.ndim != 1:
            raise ValueError(
                f"ctc_loss: log_probs of shape {log_probs.shape} and targets of shape {targets.shape}; "
                "expected (T, N, C) and (N, S), or (T, C) and (S,)"
            )
        log_probs, targets = log_probs.unsqueeze(1), targets.unsqueeze(0)
    steps, rows, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ValueError(f"ctc_loss: blank must be one of the {classes} classes, not {blank}")
    if targets.ndim == 1:
        targets = _rows(targets, target_lengths, rows)
    if targets.ndim != 2 or targets.shape[0] != rows or targets.dtype.kind not in "iu":
        raise ValueError(
            f"ctc_loss: targets of shape {targets.shape} and dtype {targets.dtype} for log_probs of shape "
            f"{log_probs.shape}; expected class numbers of shape ({rows}, S), or all of them in one dimension"
        )
    input_length = _lengths("input_lengths", input_lengths, rows, steps, log_probs.device)
    target_length = _lengths("target_lengths", target_lengths, rows, targets.shape[1], log_probs.device)

    compute = weft.promote_types(log_probs.dtype, weft.float32)
    loss = _loss(log_probs.astype(compute), targets.astype(weft.int64), input_length, target_length, blank)
    impossible = loss >= -0.5 * NEVER
    loss = weft.where(impossible, 0.0 if zero_infinity else weft.inf, loss).astype(log_probs.dtype)
    if reduction == "mean":
        return (loss / target_length.clip(min=1).astype(loss.dtype)).mean()
    return reduce(loss if batched else loss.squeeze(0), reduction, "ctc_loss")


def _loss(log_probs: Tensor, targets: Tensor, input_length: Tensor, target_length: Tensor, blank: int) -> Tensor:
    """The recursion over the target with a blank before, between and after: of each prefix, the log-likelihood."""
    steps, rows, classes = log_probs.shape
    most = targets.shape[1]
    inside = weft.arange(most, device=targets.device) < target_length.unsqueeze(1)
    labels = class_numbers(targets, inside, classes)
    blanks = weft.full((rows, most), blank, dtype=labels.dtype, device=labels.device)
    spelt = weft.pad(
        weft.stack([blanks, labels], axis=2).reshape((rows, 2 * most)), ((0, 0), (0, 1)), constant_values=blank
    )
    # Between two different classes there need not be a blank.
    skips = weft.pad((spelt[:, 2:] != spelt[:, :-2]) & (spelt[:, 2:] != blank), ((0, 0), (min(2, 2 * most + 1), 0)))

    index = weft.broadcast_to(spelt, (steps, *spelt.shape))
    emitted = weft.take_along_axis(log_probs, index, axis=2).clip(min=NEVER)
    active = weft.arange(steps, device=log_probs.device).reshape((steps, 1, 1)) < input_length.unsqueeze(1)
    places = weft.arange(2 * most + 1, device=log_probs.device)
    start = weft.where(places == 0, weft.zeros((rows, 1), dtype=log_probs.dtype, device=log_probs.device), NEVER)

    def step(prefix: Tensor, x: tuple[Tensor, Tensor], skips: Tensor) -> tuple[Tensor, None]:
        emitted, active = x
        moved = weft.logaddexp(prefix, _shift(prefix, 1))
        moved = weft.logaddexp(moved, weft.where(skips, _shift(prefix, 2), NEVER))
        return weft.where(active, moved + emitted, prefix), None

    prefix, _ = weft.loop(step, start, (emitted, active), skips)
    end = 2 * target_length.unsqueeze(1)
    complete = (places == end) | (places == end - 1)  # with the last blank or without
    return -weft.where(complete, prefix, NEVER).logsumexp(axis=1)


def _shift(x: Tensor, by: int) -> Tensor:
    by = min(by, x.shape[1])
    return weft.pad(x[:, : x.shape[1] - by], ((0, 0), (by, 0)), constant_values=NEVER)


def _lengths(name: str, lengths: Lengths, rows: int, most: int, device: weft.device) -> Tensor:
    """Lengths as an int64 tensor of shape (rows,), each in [0, most]."""
    if isinstance(lengths, Tensor):
        found = lengths.astype(weft.int64).reshape((-1,)).to(device)
        if found.shape == (rows,):
            return class_numbers(found, weft.ones_like(found, dtype=weft.bool), most + 1)
    host = _on_host(lengths)
    if len(host) != rows or not all(0 <= n <= most for n in host):
        raise ValueError(f"ctc_loss: {name} are {host}; expected {rows} numbers from 0 to {most}")
    return weft.asarray(host, dtype=weft.int64, device=device)


def _on_host(lengths: Lengths) -> list[int]:
    if isinstance(lengths, Tensor):
        lengths = lengths.reshape((-1,)).tolist()
    return [lengths] if isinstance(lengths, int) else [int(n) for n in lengths]


def _rows(targets: Tensor, lengths: Lengths, rows: int) -> Tensor:
    """Targets that come one after the other, as rows of the longest one's length."""
    host = _on_host(lengths)
    if len(host) != rows or sum(host) != targets.shape[0] or min(host, default=0) < 0:
        raise ValueError(
            f"ctc_loss: target_lengths are {host} for {targets.shape[0]} targets in one dimension; "
            f"expected {rows} numbers with that sum"
        )
    place = weft.arange(max(host, default=0), device=targets.device)
    length = weft.asarray(host, dtype=weft.int64, device=targets.device)
    first = (length.cumsum(axis=0) - length).unsqueeze(1)
    return targets[weft.where(place < length.unsqueeze(1), first + place, 0)]


class CTCLoss(Loss):
    """Connectionist temporal classification: called with (log_probs, targets, input_lengths, target_lengths).

    See `ctc_loss`.
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(ctc_loss, blank=blank, reduction=reduction, zero_infinity=zero_infinity)
