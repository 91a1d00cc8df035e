"""The area under the receiver operating characteristic: how well scores tell yes from no, whatever the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import weft
from weft import Tensor
from weft.nn.functional import softmax

from ._metric import Metric, accumulator_dtype, ratio
from .classification import checked, counted

__all__ = ["AUROC", "ExactAUROC"]


class AUROC(Metric):
    """The probability that a yes has a higher score than a no, from histograms of the scores.

    The state does not grow with the data. The price is that two scores in one bin are taken for equal: the figure is
    off by at most `error_bound`, half the share of pairs of a yes and a no that fell into one bin. That is at most
    ``1 / (2 * bins)`` where either kind is spread evenly over [0, 1], and in practice far less, since errors cancel.

    Parameters
    ----------
    bins : int
        Of equal width, from 0 to 1.
    num_classes : int
        2: scores of yes and no, (N, ...) or (N, 2, ...). More: (N, C, ...), and the figure is the mean over all
        classes, each against the rest. A class number beyond them raises IndexError, at the latest when the figure is
        read.
    from_logits : bool
        Whether to take the sigmoid of scores of yes and no, and the softmax of scores of classes, first. Scores
        outside [0, 1] raise IndexError, at the latest when the figure is read.
    ignore_index : int, optional
        Class number that does not count.
    name : str, optional
        "auroc", unless given.

    See Also
    --------
    ExactAUROC : Keeps all scores.

    Notes
    -----
    Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.AUROC()
    >>> metric.update(weft.asarray([0.1, 0.4, 0.35, 0.8]), weft.asarray([0, 0, 1, 1]))
    >>> metric.compute().item(), metric.error_bound().item()
    (0.75, 0.0)
    """

    name = "auroc"

    def __init__(
        self,
        bins: int = 256,
        num_classes: int = 2,
        from_logits: bool = False,
        ignore_index: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        if bins < 2 or num_classes < 2:
            raise ValueError(f"AUROC: bins and num_classes must be at least 2, not {bins} and {num_classes}")
        self.bins, self.num_classes = bins, num_classes
        self.from_logits, self.ignore_index = from_logits, ignore_index
        self.counts: Tensor  # of no and of yes at or above the lower edge of each bin
        columns = 1 if num_classes == 2 else num_classes
        self.register_buffer("counts", weft.zeros((2, bins, columns), dtype=weft.int64))

    def update(self, output: Tensor, target: Tensor) -> None:
        scores, actual = _columns("AUROC", output, target, self.num_classes, self.from_logits)
        valid = counted(actual, self.ignore_index)
        yes = actual == (1 if self.num_classes == 2 else weft.arange(self.num_classes, device=actual.device))
        edges = weft.arange(self.bins, device=scores.device).reshape((-1, 1, 1)) * (1 / self.bins)
        above = (scores >= edges) & valid  # (bins, rows, columns)
        counts = self.counts + weft.stack([(above & ~yes).sum(axis=1), (above & yes).sum(axis=1)])
        right = (scores >= 0) & (scores <= 1) & (actual >= 0) & (actual < self.num_classes)
        self.counts.assign(checked(counts, right | ~valid))

    def compute(self) -> Tensor:
        no, yes = self._histograms()
        below = no.cumsum(axis=0) - no
        return _share_of_pairs(yes * (below + no / 2), no, yes)

    def error_bound(self) -> Tensor:
        """The most by which `compute` can be off: half the share of pairs that fell into one bin."""
        no, yes = self._histograms()
        return _share_of_pairs(yes * no / 2, no, yes)

    def _histograms(self) -> Tensor:
        above = self.counts.astype(accumulator_dtype(self.counts.device))
        return above - weft.pad(above[:, 1:], ((0, 0), (0, 1), (0, 0)))


def _share_of_pairs(pairs: Tensor, no: Tensor, yes: Tensor) -> Tensor:
    """Of all pairs of a yes and a no, the share that these are, bin by bin; the mean of the columns."""
    return (pairs.sum(axis=0) / (no.sum(axis=0) * yes.sum(axis=0))).mean()


def _columns(name: str, output: Tensor, target: Tensor, classes: int, logits: bool) -> tuple[Tensor, Tensor]:
    """Scores as (rows, 1) for yes and no and (rows, C) for more, and class numbers (rows, 1)."""
    scores = output.unsqueeze(1) if classes == 2 and output.ndim and output.shape == target.shape else output
    width = scores.shape[1] if scores.ndim > 1 else 0
    if width not in ((1, 2) if classes == 2 else (classes,)) or scores.shape[:1] + scores.shape[2:] != target.shape:
        raise ValueError(
            f"{name}: output of shape {output.shape} and target of shape {target.shape} for num_classes={classes}; "
            f"expected (N, {classes}, ...) and (N, ...)" + (", or both of one shape" if classes == 2 else "")
        )
    scores = scores.astype(weft.promote_types(scores.dtype, weft.float32))
    if logits:
        scores = scores.sigmoid() if width == 1 else softmax(scores, 1)
    scores = weft.moveaxis(scores, 1, -1).reshape((-1, width))
    return scores[:, -1:] if classes == 2 else scores, target.astype(weft.int64).reshape((-1, 1))


class ExactAUROC(Metric):
    """The probability that a yes has a higher score than a no, equal scores counting half. It keeps all scores.

    The memory it takes grows with the data, so it cannot be part of a compiled function.

    Parameters
    ----------
    name : str, optional
        "auroc", unless given.

    See Also
    --------
    AUROC : In fixed memory, with a bounded error.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.ExactAUROC()
    >>> metric.update(weft.asarray([-3.0, 0.5, 0.5, 9.0]), weft.asarray([0, 0, 1, 1]))
    >>> metric.compute().item()
    0.875
    """

    name = "auroc"
    traceable = False

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._batches: list[tuple[Tensor, Tensor]] = []
        self._device = weft.get_default_device()

    def update(self, output: Tensor, target: Tensor) -> None:
        scores, actual = _columns("ExactAUROC", output, target, 2, False)
        self._batches.append((scores.detach().reshape(-1), (actual == 1).reshape(-1)))

    def compute(self) -> Tensor:
        state = self.state_dict()
        scores = state["scores"]
        order = scores.argsort()
        scores, yes = scores[order], state["yes"][order].astype(weft.int64)
        no = weft.concat([weft.zeros((1,), dtype=weft.int64, device=yes.device), (1 - yes).cumsum(axis=0)])
        # Of equal scores, the number of noes before the first and up to the last.
        twice = no[weft.searchsorted(scores, scores)] + no[weft.searchsorted(scores, scores, side="right")]
        return ratio((yes * twice).sum(), 2 * yes.sum() * (1 - yes).sum())

    def reset(self) -> None:
        self._batches.clear()

    def merge(self, other: Metric) -> None:
        if not isinstance(other, ExactAUROC):
            raise ValueError(f"merge: {other!r} into {self!r}")
        self._batches += [self._here(*batch) for batch in other._batches]

    def fresh(self) -> Self:
        return type(self)(self.name).to(self._device)

    def to(self, *args: Any, device: Any = None, dtype: Any = None) -> Self:
        device = next((arg for arg in args if not isinstance(arg, weft.dtype)), device)
        if device is not None:
            self._device = weft.device(device)
            self._batches = [self._here(*batch) for batch in self._batches]
        return self

    def _here(self, scores: Tensor, yes: Tensor) -> tuple[Tensor, Tensor]:
        return scores.to(self._device), yes.to(self._device)

    def state_dict(self) -> dict[str, Tensor]:
        """All scores, and whether each was a yes."""
        empty = weft.zeros((0,), device=self._device), weft.zeros((0,), dtype=weft.bool, device=self._device)
        batches = self._batches or [empty]
        return {name: weft.concat([batch[i] for batch in batches]) for i, name in enumerate(("scores", "yes"))}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._batches = [self._here(weft.asarray(state["scores"]), weft.asarray(state["yes"]))]
