"""Metrics of classes: how many are right, and which are taken for which."""

from __future__ import annotations

import weft
from weft import Tensor
from weft.losses._reduction import class_numbers

from ._metric import Metric, accumulator_dtype, ratio

__all__ = ["F1", "Accuracy", "ConfusionMatrix", "MeanIoU", "Precision", "Recall", "accuracy"]


def predicted_classes(name: str, output: Tensor, target: Tensor, threshold: float) -> Tensor:
    """The class numbers that `output` stands for: the largest of dimension 1, or whether it is above the threshold."""
    if target.ndim and output.ndim == target.ndim + 1 and (output.shape[0], *output.shape[2:]) == target.shape:
        if output.shape[1] != 1:
            return output.argmax(axis=1)
        output = output.squeeze(1)
    if output.shape != target.shape:
        raise ValueError(
            f"{name}: output of shape {output.shape} and target of shape {target.shape}; expected scores (N, C, ...) "
            "and class numbers (N, ...), or class numbers or scores of yes and no of one shape"
        )
    return (output > threshold).astype(weft.int64) if output.dtype.kind == "f" else output.astype(weft.int64)


def counted(target: Tensor, ignore_index: int | None) -> Tensor:
    """A mask of the targets that count."""
    return weft.ones_like(target, dtype=weft.bool) if ignore_index is None else target != ignore_index


def checked(counts: Tensor, right: Tensor) -> Tensor:
    """`counts`, but IndexError at the latest when they are read, unless all are `right`."""
    return counts + weft.arange(1, device=counts.device)[weft.where(right.all(), 0, 1)]  # looking it up checks it


def accuracy(output: Tensor, target: Tensor) -> Tensor:
    """The share of targets that the largest output hits, or that an output is on the right side of 0.5.

    Parameters
    ----------
    output : Tensor
        Scores (N, C, ...); or class numbers or probabilities of yes and no, of the shape of `target`.
    target : Tensor
        (N, ...) class numbers.

    Examples
    --------
    >>> import weft
    >>> weft.metrics.accuracy(weft.asarray([[0.0, 1.0], [2.0, 1.0]]), weft.asarray([1, 1])).item()
    0.5
    """
    return (predicted_classes("accuracy", output, target, 0.5) == target).astype(weft.float32).mean()


class Accuracy(Metric):
    """The share of targets that are hit.

    Parameters
    ----------
    top_k : int
        A target is hit if it is among this many of the largest scores; of equal scores the first counts as larger.
    threshold : float
        Scores of yes and no, which come without a dimension of classes, say yes above it: 0.5 for probabilities,
        0 for logits.
    ignore_index : int, optional
        Class number that does not count.
    name : str, optional
        "accuracy", or "top_5_accuracy" for a `top_k` of 5, unless given.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.Accuracy(top_k=2)
    >>> metric.update(weft.asarray([[0.1, 0.3, 0.6], [0.5, 0.1, 0.4]]), weft.asarray([1, 1]))
    >>> metric.compute().item()
    0.5
    """

    name = "accuracy"

    def __init__(
        self, top_k: int = 1, threshold: float = 0.5, ignore_index: int | None = None, name: str | None = None
    ) -> None:
        if top_k < 1:
            raise ValueError(f"Accuracy: top_k must be at least 1, not {top_k}")
        super().__init__(name or (f"top_{top_k}_accuracy" if top_k > 1 else None))
        self.top_k, self.threshold, self.ignore_index = top_k, threshold, ignore_index
        self.hits: Tensor
        self.seen: Tensor
        self.register_buffer("hits", weft.zeros((), dtype=weft.int64))
        self.register_buffer("seen", weft.zeros((), dtype=weft.int64))

    def update(self, output: Tensor, target: Tensor) -> None:
        valid = counted(target, self.ignore_index)
        if self.top_k == 1:
            hit = predicted_classes("Accuracy", output, target, self.threshold) == target
        else:
            hit = _rank(output, target, valid) < self.top_k
        self.hits.assign(self.hits + (hit & valid).sum())
        self.seen.assign(self.seen + valid.sum())

    def compute(self) -> Tensor:
        return ratio(self.hits, self.seen)


def _rank(output: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """How many classes come before the target's, counted without sorting. A target of NaN comes last."""
    if output.ndim != target.ndim + 1 or (output.shape[:1] + output.shape[2:]) != target.shape:
        raise ValueError(
            f"Accuracy: output of shape {output.shape} and target of shape {target.shape}; "
            "top_k needs scores (N, C, ...) and class numbers (N, ...)"
        )
    classes = weft.arange(output.shape[1], device=output.device).reshape((-1,) + (1,) * (target.ndim - 1))
    number = class_numbers(target, valid, output.shape[1]).unsqueeze(1)
    score = weft.take_along_axis(output, number, axis=1)
    before = ~(output <= score) | ((output == score) & (classes < number))
    return before.sum(axis=1)


class ConfusionMatrix(Metric):
    """How often each class was taken for each: a row for each true class, a column for each predicted one.

    Parameters
    ----------
    num_classes : int
        How many classes there are. A class number beyond them raises IndexError, at the latest when the figure is
        read.
    threshold : float
        Scores of yes and no, which come without a dimension of classes, say yes above it: 0.5 for probabilities,
        0 for logits.
    ignore_index : int, optional
        Class number that does not count.
    name : str, optional
        "confusion_matrix", unless given.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.ConfusionMatrix(num_classes=3)
    >>> metric.update(weft.asarray([0, 2, 2]), weft.asarray([0, 1, 2]))
    >>> metric.compute().tolist()
    [[1, 0, 0], [0, 0, 1], [0, 0, 1]]
    """

    name = "confusion_matrix"

    def __init__(
        self,
        num_classes: int = 2,
        threshold: float = 0.5,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if num_classes < 2:
            raise ValueError(f"{type(self).__name__}: num_classes must be at least 2, not {num_classes}")
        self.num_classes, self.threshold, self.ignore_index = num_classes, threshold, ignore_index
        self.counts: Tensor
        self.register_buffer("counts", weft.zeros(self._shape(), dtype=weft.int64))

    def _shape(self) -> tuple[int, ...]:
        return self.num_classes, self.num_classes

    def update(self, output: Tensor, target: Tensor) -> None:
        predicted = predicted_classes(type(self).__name__, output, target, self.threshold).reshape(-1)
        if output.ndim > target.ndim and output.shape[1] > self.num_classes:
            raise ValueError(
                f"{type(self).__name__}: output of shape {output.shape} has {output.shape[1]} classes, not "
                f"{self.num_classes}; give num_classes={output.shape[1]}"
            )
        actual, valid = target.astype(weft.int64).reshape(-1), counted(target, self.ignore_index).reshape(-1)
        classes = weft.arange(self.num_classes, device=target.device).unsqueeze(1)
        is_predicted, is_actual = (((x == classes) & valid) for x in (predicted, actual))
        right = (predicted >= 0) & (predicted < self.num_classes) & (actual >= 0) & (actual < self.num_classes)
        self.counts.assign(checked(self.counts + self._count(is_predicted, is_actual), right | ~valid))

    def _count(self, is_predicted: Tensor, is_actual: Tensor) -> Tensor:
        """The counts of a batch, from masks (classes, rows)."""
        exact = weft.float32 if is_actual.shape[1] < 2**24 else weft.int64  # a product of floats is quicker
        return (is_actual.astype(exact) @ is_predicted.astype(exact).T).astype(weft.int64)

    def compute(self) -> Tensor:
        return self.counts.detach()  # of now: later batches do not change it


class _ClassScore(ConfusionMatrix):
    """A score of each class, from how often it was hit, predicted, and right; and their average."""

    def __init__(
        self,
        num_classes: int = 2,
        average: str | None = "auto",
        threshold: float = 0.5,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(num_classes, threshold, ignore_index, name)
        self.average = ("binary" if num_classes == 2 else "macro") if average == "auto" else average
        if self.average not in ("binary", "macro", "micro", "weighted", None):
            raise ValueError(
                f'{type(self).__name__}: average must be "auto", "binary", "macro", "micro", "weighted" or None, '
                f"not {average!r}"
            )
        if self.average == "binary" and num_classes != 2:
            raise ValueError(f'{type(self).__name__}: average="binary" needs 2 classes, not {num_classes}')

    def _shape(self) -> tuple[int, ...]:
        return 3, self.num_classes  # instead of a full matrix

    def _count(self, is_predicted: Tensor, is_actual: Tensor) -> Tensor:
        return weft.stack([mask.sum(axis=1) for mask in (is_predicted & is_actual, is_predicted, is_actual)])

    def _score(self, hit: Tensor, predicted: Tensor, actual: Tensor) -> Tensor:
        raise NotImplementedError

    def compute(self) -> Tensor:
        counts = self.counts.astype(accumulator_dtype(self.counts.device))
        if self.average == "micro":
            counts = counts.sum(axis=1)
        scores = self._score(*counts)
        if self.average == "binary":
            return scores[1]
        if self.average in ("micro", None):
            return scores
        _, predicted, actual = counts
        weight = actual if self.average == "weighted" else ((predicted + actual) > 0).astype(actual.dtype)
        return (scores * weight).sum() / weight.sum()


def _share(part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole``, and 0 of nothing."""
    return part / whole.clip(min=1)


class Precision(_ClassScore):
    """Of the predictions of a class, the share that is right; 0 where there is none.

    Parameters
    ----------
    num_classes : int
        How many classes there are. A class number beyond them raises IndexError, at the latest when the figure is
        read.
    average : {"auto", "binary", "macro", "micro", "weighted"}, optional
        "binary": of class 1 alone. "macro": the mean of all classes that were seen or predicted. "micro": of all
        classes together. "weighted": the mean weighted by how often each class was seen. None: one for each class.
        "auto" is "binary" for 2 classes, and else "macro".
    threshold : float
        Scores of yes and no, which come without a dimension of classes, say yes above it: 0.5 for probabilities,
        0 for logits.
    ignore_index : int, optional
        Class number that does not count.
    name : str, optional
        "precision", unless given.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.Precision()
    >>> metric.update(weft.asarray([0.9, 0.8, 0.2]), weft.asarray([1, 0, 1]))
    >>> metric.compute().item()
    0.5
    """

    name = "precision"

    def _score(self, hit: Tensor, predicted: Tensor, actual: Tensor) -> Tensor:
        return _share(hit, predicted)


class Recall(_ClassScore):
    """Of what is in a class, the share that was found; 0 where there is none. The parameters are those of `Precision`.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.Recall(num_classes=3, average=None)
    >>> metric.update(weft.asarray([0, 2, 2]), weft.asarray([0, 1, 2]))
    >>> metric.compute().tolist()
    [1.0, 0.0, 1.0]
    """

    name = "recall"

    def _score(self, hit: Tensor, predicted: Tensor, actual: Tensor) -> Tensor:
        return _share(hit, actual)


class F1(_ClassScore):
    """The harmonic mean of precision and recall; 0 where both are. The parameters are those of `Precision`.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.F1()
    >>> metric.update(weft.asarray([0.9, 0.8, 0.2]), weft.asarray([1, 0, 1]))
    >>> metric.compute().item()
    0.5
    """

    name = "f1"

    def _score(self, hit: Tensor, predicted: Tensor, actual: Tensor) -> Tensor:
        return _share(2 * hit, predicted + actual)


class MeanIoU(_ClassScore):
    """Of what is in a class or was predicted to be, the share that is both: the mean of all classes there are.

    The parameters are those of `Precision`, but the average is "macro" unless given.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.MeanIoU(num_classes=2)
    >>> metric.update(weft.asarray([[0, 1], [1, 1]]), weft.asarray([[0, 1], [0, 1]]))
    >>> round(metric.compute().item(), 4)  # 1 of 2, and 2 of 3
    0.5833
    """

    name = "mean_iou"

    def __init__(
        self,
        num_classes: int = 2,
        average: str | None = "macro",
        threshold: float = 0.5,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(num_classes, average, threshold, ignore_index, name)

    def _score(self, hit: Tensor, predicted: Tensor, actual: Tensor) -> Tensor:
        return _share(hit, predicted + actual - hit)
