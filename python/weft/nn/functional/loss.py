"""The losses that modules and trainers know by name; `weft.losses` has them as classes."""

from __future__ import annotations

import weft
from weft import Tensor

from .activation import log_softmax

__all__ = ["cross_entropy", "mse_loss"]


def _reduce(loss: Tensor, reduction: str, name: str) -> Tensor:
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", not {reduction!r}')


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The mean of ``(input - target) ** 2``."""
    if input.shape != target.shape:
        raise ValueError(
            f"mse_loss: input of shape {input.shape} and target of shape {target.shape}; reshape one of them"
        )
    difference = input - target
    return _reduce(difference * difference, reduction, "mse_loss")


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy between logits and class numbers, or class probabilities.

    Parameters
    ----------
    input : Tensor
        Logits, (C,) or (N, C) or (N, C, ...).
    target : Tensor
        Class numbers of the shape of `input` without C, or probabilities of the shape of `input`.
    weight : Tensor, optional
        (C,): how much each class counts.
    ignore_index : int
        Class number that does not count.
    reduction : {"mean", "sum", "none"}
        "mean" is weighted by `weight`.
    label_smoothing : float
        Share of the target that is spread over all classes.

    Examples
    --------
    >>> import weft
    >>> loss = weft.nn.functional.cross_entropy(weft.zeros((2, 4)), weft.asarray([1, 3]))
    >>> round(loss.item(), 4)
    1.3863
    """
    if input.ndim < 1:
        raise ValueError("cross_entropy: the input needs a dimension of classes, but its shape is ()")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in [0, 1], not {label_smoothing}")
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    along = tuple(classes if d == axis else 1 for d in range(input.ndim))
    logp = log_softmax(input, axis)
    weighted = logp if weight is None else logp * weight.reshape(along)

    if target.dtype.kind == "f":
        if target.shape != input.shape:
            raise ValueError(
                f"cross_entropy: probabilities of shape {target.shape} for an input of shape {input.shape}"
            )
        smooth = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
        loss = -(smooth * weighted).sum(axis=axis)
        return loss.sum() / max(1, loss.size) if reduction == "mean" else _reduce(loss, reduction, "cross_entropy")

    kept = input.shape[:axis] + input.shape[axis + 1 :]
    if target.dtype.kind not in "iu" or target.shape != kept:
        raise ValueError(
            f"cross_entropy: target of shape {target.shape} and dtype {target.dtype} for an input of {input.shape}; "
            f"expected class numbers of shape {kept} or probabilities of shape {input.shape}"
        )
    valid = target != ignore_index
    target = _in_range(target, valid, classes)
    hot = target.reshape((*kept[:axis], 1, *kept[axis:])) == weft.arange(classes, device=input.device).reshape(along)
    loss = -weft.where(hot, weighted, 0).sum(axis=axis)
    if label_smoothing:
        loss = loss * (1 - label_smoothing) - weighted.sum(axis=axis) * (label_smoothing / classes)
    loss = weft.where(valid, loss, 0)
    if reduction != "mean":
        return _reduce(loss, reduction, "cross_entropy")
    if weight is None:
        return loss.sum() / valid.sum().astype(loss.dtype)
    share = weft.where(hot, weight.reshape(along), 0).sum(axis=axis)
    return loss.sum() / weft.where(valid, share, 0).sum()


def _in_range(target: Tensor, valid: Tensor, classes: int) -> Tensor:
    """`target`, 0 where it does not count. A class that is out of range raises IndexError, at the latest when read."""
    inside = weft.where(valid, weft.where(target < 0, classes, target), 0)
    return weft.arange(classes, device=target.device)[inside]  # looking a number up checks it
