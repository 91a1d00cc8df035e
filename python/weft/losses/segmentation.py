"""Losses of masks: how little two of them overlap."""

from __future__ import annotations

import weft
from weft import Tensor
from weft.nn.functional import softmax

from ._reduction import Loss, class_numbers, reduce, same_shape

__all__ = ["DiceLoss", "dice_loss"]


def dice_loss(
    input: Tensor,
    target: Tensor,
    activation: str | None = None,
    smooth: float = 1e-5,
    reduction: str = "mean",
) -> Tensor:
    """``1 - 2 * sum(input * target) / (sum(input) + sum(target))``, for each mask of each row.

    Parameters
    ----------
    input : Tensor
        Masks, (N, C, ...): probabilities, or logits with an `activation`.
    target : Tensor
        Masks of the same shape, or class numbers of the shape without C, whose masks they are compared with. One
        that is no class raises IndexError, at the latest when the loss is read.
    activation : {"sigmoid", "softmax"}, optional
        What makes probabilities of `input`; softmax is over C.
    smooth : float
        Added above and below the fraction: two empty masks agree.
    reduction : {"mean", "sum", "none"}
        What becomes of the (N, C) losses.

    Notes
    -----
    Sudre et al., "Generalised Dice overlap as a deep learning loss function for highly unbalanced segmentations",
    2017, for each class alone. Milletari et al., 2016, have squares in the sums below.

    Examples
    --------
    >>> import weft
    >>> mask = weft.asarray([[[1.0, 1.0, 0.0, 0.0]]])
    >>> weft.losses.dice_loss(mask, weft.asarray([[[1.0, 0.0, 1.0, 0.0]]]), smooth=0).item()
    0.5
    """
    if input.ndim < 3:
        raise ValueError(f"dice_loss: input of shape {input.shape}; expected masks (N, C, ...)")
    if activation not in (None, "sigmoid", "softmax"):
        raise ValueError(f'dice_loss: activation must be None, "sigmoid" or "softmax", not {activation!r}')
    if target.dtype.kind in "iu" and target.shape == (input.shape[0], *input.shape[2:]):
        classes = weft.arange(input.shape[1], device=input.device).reshape((-1,) + (1,) * (input.ndim - 2))
        number = class_numbers(target, weft.ones_like(target, dtype=weft.bool), input.shape[1])
        target = (number.unsqueeze(1) == classes).astype(input.dtype)
    same_shape("dice_loss", input, target)
    if activation is not None:
        input = input.sigmoid() if activation == "sigmoid" else softmax(input, 1)
    places = tuple(range(2, input.ndim))
    both = (input * target).sum(axis=places)
    each = input.sum(axis=places) + target.sum(axis=places)
    return reduce(1 - (2 * both + smooth) / (each + smooth), reduction, "dice_loss")


class DiceLoss(Loss):
    """How little masks overlap; see `dice_loss`."""

    def __init__(self, activation: str | None = None, smooth: float = 1e-5, reduction: str = "mean") -> None:
        super().__init__(dice_loss, activation=activation, smooth=smooth, reduction=reduction)
