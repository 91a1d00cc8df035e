"""Losses of classes: of one class among many, and of yes or no."""

from __future__ import annotations

import weft
from weft import Tensor
from weft.nn.functional import log_softmax

from ._reduction import Loss, class_numbers, reduce, same_shape

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "NLLLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "focal_loss",
    "nll_loss",
]


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
        return loss.sum() / max(1, loss.size) if reduction == "mean" else reduce(loss, reduction, "cross_entropy")

    kept = input.shape[:axis] + input.shape[axis + 1 :]
    if target.dtype.kind not in "iu" or target.shape != kept:
        raise ValueError(
            f"cross_entropy: target of shape {target.shape} and dtype {target.dtype} for an input of {input.shape}; "
            f"expected class numbers of shape {kept} or probabilities of shape {input.shape}"
        )
    valid = target != ignore_index
    target = class_numbers(target, valid, classes)
    hot = target.reshape((*kept[:axis], 1, *kept[axis:])) == weft.arange(classes, device=input.device).reshape(along)
    loss = -weft.where(hot, weighted, 0).sum(axis=axis)
    if label_smoothing:
        loss = loss * (1 - label_smoothing) - weighted.sum(axis=axis) * (label_smoothing / classes)
    loss = weft.where(valid, loss, 0)
    if reduction != "mean":
        return reduce(loss, reduction, "cross_entropy")
    if weight is None:
        return loss.sum() / valid.sum().astype(loss.dtype)
    share = weft.where(hot, weight.reshape(along), 0).sum(axis=axis)
    return loss.sum() / weft.where(valid, share, 0).sum()


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Minus the logarithm of the probability of the target class.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities, (C,) or (N, C) or (N, C, ...).
    target : Tensor
        Class numbers of the shape of `input` without C. One that is no class raises IndexError, at the latest when
        the loss is read.
    weight : Tensor, optional
        (C,): how much each class counts.
    ignore_index : int
        Class number that does not count.
    reduction : {"mean", "sum", "none"}
        "mean" is weighted by `weight`.

    Examples
    --------
    >>> import weft
    >>> weft.losses.nll_loss(weft.asarray([[-0.5, -1.0], [-2.0, -0.25]]), weft.asarray([0, 1])).item()
    0.375
    """
    axis, hot = _classes("nll_loss", input, target, ignore_index)
    counts = hot if weight is None else weft.where(hot, _along(weight, axis, input, "nll_loss: weight"), 0)
    loss = -(weft.where(hot, input, 0) * counts).sum(axis=axis)
    if reduction != "mean":
        return reduce(loss, reduction, "nll_loss")
    return loss.sum() / counts.sum().astype(loss.dtype)


def _classes(name: str, input: Tensor, target: Tensor, ignore_index: int) -> tuple[int, Tensor]:
    """The axis of the classes, and a mask of the input's shape: the class of each target that counts."""
    if input.ndim < 1:
        raise ValueError(f"{name}: the input needs a dimension of classes, but its shape is ()")
    axis = 0 if input.ndim == 1 else 1
    kept = input.shape[:axis] + input.shape[axis + 1 :]
    if target.dtype.kind not in "iu" or target.shape != kept:
        raise ValueError(
            f"{name}: target of shape {target.shape} and dtype {target.dtype} for an input of {input.shape}; "
            f"expected class numbers of shape {kept}"
        )
    classes = input.shape[axis]
    valid = target != ignore_index
    number = class_numbers(target, valid, classes)
    every = _along(weft.arange(classes, device=input.device), axis, input, name)
    return axis, (number.unsqueeze(axis) == every) & valid.unsqueeze(axis)


def _along(values: Tensor, axis: int, input: Tensor, name: str) -> Tensor:
    """`values`, one for each class, in a shape that broadcasts against `input`."""
    if values.shape != (input.shape[axis],):
        raise ValueError(f"{name} of shape {values.shape} for {input.shape[axis]} classes")
    return values.reshape([-1 if d == axis else 1 for d in range(input.ndim)])


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """``-(target * log(input) + (1 - target) * log(1 - input))``, logarithms no smaller than -100.

    Parameters
    ----------
    input, target : Tensor
        Probabilities of one shape. Where `input` is outside [0, 1] the loss is NaN.
    weight : Tensor, optional
        How much each element counts; it broadcasts.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    See Also
    --------
    binary_cross_entropy_with_logits : The better choice after a sigmoid.

    Examples
    --------
    >>> import weft
    >>> loss = weft.losses.binary_cross_entropy(weft.asarray([0.5, 0.0]), weft.asarray([1.0, 0.0]))
    >>> round(loss.item(), 4)
    0.3466
    """
    same_shape("binary_cross_entropy", input, target)
    loss = -(target * _log(input) + (1 - target) * _log(1 - input))
    return reduce(loss if weight is None else loss * weight, reduction, "binary_cross_entropy")


def _log(p: Tensor) -> Tensor:
    none = p == 0
    return weft.where(none, -100, weft.where(none, 1, p).log().clip(min=-100))


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, without its overflow and underflow.

    Parameters
    ----------
    input : Tensor
        Logits.
    target : Tensor
        Probabilities, of the same shape.
    weight : Tensor, optional
        How much each element counts; it broadcasts.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.
    pos_weight : Tensor, optional
        How much the part of `target` counts; above 1 trades precision for recall. It broadcasts.

    Examples
    --------
    >>> import weft
    >>> loss = weft.losses.binary_cross_entropy_with_logits(weft.zeros(2), weft.asarray([1.0, 0.0]))
    >>> round(loss.item(), 4)
    0.6931
    """
    same_shape("binary_cross_entropy_with_logits", input, target)
    towards_yes = weft.logaddexp(-input, weft.zeros_like(input))  # -log(sigmoid(input))
    if pos_weight is not None:
        towards_yes = towards_yes * (1 + (pos_weight - 1) * target)
    loss = (1 - target) * input + towards_yes
    return reduce(loss if weight is None else loss * weight, reduction, "binary_cross_entropy_with_logits")


def focal_loss(
    input: Tensor,
    target: Tensor,
    alpha: float | Tensor | None = 0.25,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    """``-alpha * (1 - p)**gamma * log(p)``, p being the probability of what is right: easy examples count little.

    Parameters
    ----------
    input : Tensor
        Logits.
    target : Tensor
        Of the shape of `input`, floating point: 1 for yes and 0 for no, each element a question of its own.
        Or class numbers, as `nll_loss` takes them: one class among many.
    alpha : float or Tensor, optional
        For yes or no the weight of yes, that of no being ``1 - alpha``. For class numbers a weight for all, or
        (C,) one for each class.
    gamma : float
        How much less the easy ones count; 0 is cross entropy.
    reduction : {"mean", "sum", "none"}
        What becomes of the elements.

    Notes
    -----
    Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", 2017, equation 5.

    Examples
    --------
    >>> import weft
    >>> loss = weft.losses.focal_loss(weft.zeros(2), weft.asarray([1.0, 1.0]), alpha=None)
    >>> round(loss.item(), 4)  # 0.5**2 * log(2)
    0.1733
    """
    weight: float | Tensor | None
    if target.dtype.kind == "f":
        loss = binary_cross_entropy_with_logits(input, target, reduction="none")
        yes = input.sigmoid()
        right = yes * target + (1 - yes) * (1 - target)
        weight = None if alpha is None else alpha * target + (1 - alpha) * (1 - target)
    else:
        axis, hot = _classes("focal_loss", input, target, -100)
        log_right = weft.where(hot, log_softmax(input, axis), 0).sum(axis=axis)
        loss, right, weight = -log_right, log_right.exp(), alpha
        if isinstance(alpha, Tensor) and alpha.ndim:
            weight = weft.where(hot, _along(alpha, axis, input, "focal_loss: alpha"), 0).sum(axis=axis)
    wrong = (1 - right).clip(min=weft.finfo(loss.dtype).eps)  # at 0, a gamma below 1 has no gradient
    loss = loss * wrong**gamma
    return reduce(loss if weight is None else loss * weight, reduction, "focal_loss")


class CrossEntropyLoss(Loss):
    """Cross entropy of logits; see `weft.nn.functional.cross_entropy`.

    Examples
    --------
    >>> import weft
    >>> loss = weft.losses.CrossEntropyLoss(label_smoothing=0.1)(weft.zeros((2, 4)), weft.asarray([1, 3]))
    >>> round(loss.item(), 4)
    1.3863
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            cross_entropy,
            weight=weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )


class NLLLoss(Loss):
    """Negative log-likelihood of classes; see `nll_loss`."""

    def __init__(self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(nll_loss, weight=weight, ignore_index=ignore_index, reduction=reduction)


class BCELoss(Loss):
    """Binary cross entropy of probabilities; see `binary_cross_entropy`."""

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean") -> None:
        super().__init__(binary_cross_entropy, weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross entropy of logits; see `binary_cross_entropy_with_logits`."""

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean", pos_weight: Tensor | None = None) -> None:
        super().__init__(binary_cross_entropy_with_logits, weight=weight, reduction=reduction, pos_weight=pos_weight)


class FocalLoss(Loss):
    """Cross entropy in which easy examples count little; see `focal_loss`."""

    def __init__(self, alpha: float | Tensor | None = 0.25, gamma: float = 2.0, reduction: str = "mean") -> None:
        super().__init__(focal_loss, alpha=alpha, gamma=gamma, reduction=reduction)
