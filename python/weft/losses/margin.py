"""Losses with a margin: hinges, and distances of embeddings."""

from __future__ import annotations

import weft
from weft import Tensor

from ._reduction import Loss, reduce, same_shape

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "TripletMarginLoss",
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "hinge_loss",
    "triplet_margin_loss",
]


def hinge_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """``max(0, margin - target * input)``: the loss of a support vector machine.

    Parameters
    ----------
    input, target : Tensor
        Scores, and what they should be: 1 or -1; of one shape.
    margin : float
        How far on the right side of 0 a score costs nothing.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    Examples
    --------
    >>> import weft
    >>> weft.losses.hinge_loss(weft.asarray([0.5, 2.0, 0.5]), weft.asarray([1, 1, -1]), reduction="none").tolist()
    [0.5, 0.0, 1.5]
    """
    same_shape("hinge_loss", input, target)
    return reduce((margin - target * input).clip(min=0), reduction, "hinge_loss")


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """A distance where `target` is 1, and ``max(0, margin - distance)`` where it is -1.

    Examples
    --------
    >>> import weft
    >>> distances, same = weft.asarray([0.25, 0.25]), weft.asarray([1, -1])
    >>> weft.losses.hinge_embedding_loss(distances, same, reduction="none").tolist()
    [0.25, 0.75]
    """
    same_shape("hinge_embedding_loss", input, target)
    near = weft.where(target == -1, 0, input)
    far = weft.where(target == 1, 0, (margin - input).clip(min=0))
    return reduce(near + far, reduction, "hinge_embedding_loss")


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """``1 - cos`` of the angle between two vectors where `target` is 1, and ``max(0, cos - margin)`` where it is -1.

    Parameters
    ----------
    input1, input2 : Tensor
        Vectors, (N, D) or (D,).
    target : Tensor
        1 for those that belong together, -1 for others; (N,) or ().
    margin : float
        The cosine up to which others are far enough apart.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    Examples
    --------
    >>> import weft
    >>> a, b = weft.asarray([[3.0, 4.0], [1.0, 0.0]]), weft.asarray([[6.0, 8.0], [1.0, 0.0]])
    >>> weft.losses.cosine_embedding_loss(a, b, weft.asarray([1, -1])).item()
    0.5
    """
    same_shape("cosine_embedding_loss", input1, input2)
    if input1.ndim not in (1, 2) or target.shape != input1.shape[:-1]:
        raise ValueError(
            f"cosine_embedding_loss: inputs of shape {input1.shape} and target of shape {target.shape}; "
            "expected (N, D) and (N,), or (D,) and ()"
        )
    lengths = ((input1 * input1).sum(axis=-1) + 1e-12) * ((input2 * input2).sum(axis=-1) + 1e-12)
    cosine = (input1 * input2).sum(axis=-1) * lengths.rsqrt()
    apart = weft.where(target == -1, (cosine - margin).clip(min=0), 0)
    return reduce(weft.where(target == 1, 1 - cosine, apart), reduction, "cosine_embedding_loss")


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin + |anchor - positive| - |anchor - negative|)``.

    Parameters
    ----------
    anchor, positive, negative : Tensor
        Vectors of one shape, (N, D) or (D,).
    margin : float
        How much farther than `positive` the `negative` should be; positive.
    p : float
        Which norm the distance is; ``weft.inf`` is the largest difference.
    eps : float
        Added to each difference: a distance of 0 has no gradient.
    swap : bool
        Whether `negative` is measured from `positive` where that is nearer (Balntas et al., "Learning local feature
        descriptors with triplets and shallow convolutional neural networks", 2016).
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    Examples
    --------
    >>> import weft
    >>> a, p, n = weft.zeros((1, 2)), weft.asarray([[3.0, 4.0]]), weft.asarray([[0.0, 2.0]])
    >>> round(weft.losses.triplet_margin_loss(a, p, n).item(), 4)
    4.0
    """
    same_shape("triplet_margin_loss: positive", positive, anchor)
    same_shape("triplet_margin_loss: negative", negative, anchor)
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin must be positive, not {margin}")
    near, far = _distance(anchor, positive, p, eps), _distance(anchor, negative, p, eps)
    if swap:
        far = weft.minimum(far, _distance(positive, negative, p, eps))
    return reduce((margin + near - far).clip(min=0), reduction, "triplet_margin_loss")


def _distance(x: Tensor, y: Tensor, p: float, eps: float) -> Tensor:
    difference = (x - y + eps).abs()
    if p == 2:
        return (difference * difference).sum(axis=-1).sqrt()
    if p == weft.inf:
        return difference.max(axis=-1)
    if p <= 0:
        raise ValueError(f"triplet_margin_loss: p must be positive, not {p}")
    return (difference**p).sum(axis=-1) ** (1 / p)


class HingeLoss(Loss):
    """The loss of a support vector machine; see `hinge_loss`."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(hinge_loss, margin=margin, reduction=reduction)


class HingeEmbeddingLoss(Loss):
    """Small distances for some, large ones for others; see `hinge_embedding_loss`."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(hinge_embedding_loss, margin=margin, reduction=reduction)


class CosineEmbeddingLoss(Loss):
    """Small angles or large ones: called with (input1, input2, target); see `cosine_embedding_loss`."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(cosine_embedding_loss, margin=margin, reduction=reduction)


class TripletMarginLoss(Loss):
    """Nearer to one than to the other: called with (anchor, positive, negative); see `triplet_margin_loss`."""

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: str = "mean"
    ) -> None:
        super().__init__(triplet_margin_loss, margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)
