"""Metrics of numbers: how far off they are."""

from __future__ import annotations

import weft
from weft import Tensor

from ._metric import Metric, Sum, accumulator_dtype, ratio

__all__ = ["MAE", "MSE", "R2", "RMSE"]


def _error(name: str, output: Tensor, target: Tensor) -> Tensor:
    if output.shape != target.shape:
        raise ValueError(
            f"{name}: output of shape {output.shape} and target of shape {target.shape}; reshape one of them"
        )
    return output - target


class _ElementMean(Metric):
    """The mean over all elements of something computed from the error."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.total = Sum()
        self.seen: Tensor
        self.register_buffer("seen", weft.zeros((), dtype=weft.int64))

    def _loss(self, error: Tensor) -> Tensor:
        return error * error

    def update(self, output: Tensor, target: Tensor) -> None:
        self.total.add(self._loss(_error(type(self).__name__, output, target)).sum())
        self.seen.assign(self.seen + target.size)

    def compute(self) -> Tensor:
        return ratio(self.total.value(), self.seen)


class MAE(_ElementMean):
    """The mean absolute error, of all elements.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.MAE()
    >>> metric.update(weft.asarray([1.0, 5.0]), weft.asarray([1.0, 2.0]))
    >>> metric.compute().item()
    1.5
    """

    name = "mae"

    def _loss(self, error: Tensor) -> Tensor:
        return error.abs()


class MSE(_ElementMean):
    """The mean squared error, of all elements.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.MSE()
    >>> metric.update(weft.asarray([1.0, 5.0]), weft.asarray([1.0, 2.0]))
    >>> metric.compute().item()
    4.5
    """

    name = "mse"


class RMSE(_ElementMean):
    """The root of the mean squared error: of all elements, not the mean of each batch's.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.RMSE()
    >>> metric.update(weft.asarray([3.0]), weft.asarray([0.0]))
    >>> metric.update(weft.asarray([0.0]), weft.asarray([0.0]))
    >>> round(metric.compute().item(), 4)
    2.1213
    """

    name = "rmse"

    def compute(self) -> Tensor:
        return super().compute().sqrt()


class R2(Metric):
    """The share of the target's variance that the output explains, the mean of all columns; 1 is the best.

    A column whose target never changes counts 1 where the output is right, else 0. NaN before there are two rows.

    Parameters
    ----------
    num_outputs : int
        The columns: outputs and targets are (N, num_outputs), or (N,) for one.
    name : str, optional
        "r2", unless given.

    Notes
    -----
    The target's variance is merged batch by batch: Chan, Golub and LeVeque, "Updating formulae and a pairwise
    algorithm for computing sample variances", 1979.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.R2()
    >>> metric.update(weft.asarray([2.5, 0.0, 2.0, 8.0]), weft.asarray([3.0, -0.5, 2.0, 7.0]))
    >>> round(metric.compute().item(), 4)
    0.9486
    """

    name = "r2"

    def __init__(self, num_outputs: int = 1, name: str | None = None) -> None:
        super().__init__(name)
        self.num_outputs = num_outputs
        self.residual = Sum((num_outputs,))
        self.rows: Tensor
        self.mean: Tensor
        self.spread: Tensor  # the sum of squared distances from the mean
        dtype = accumulator_dtype(weft.get_default_device())
        self.register_buffer("rows", weft.zeros((), dtype=weft.int64))
        self.register_buffer("mean", weft.zeros((num_outputs,), dtype=dtype))
        self.register_buffer("spread", weft.zeros((num_outputs,), dtype=dtype))

    def update(self, output: Tensor, target: Tensor) -> None:
        error = _error("R2", output, target)
        if target.shape[1:] not in ((self.num_outputs,), ()) or target.size != len(target) * self.num_outputs:
            raise ValueError(
                f"R2: target of shape {target.shape} for num_outputs={self.num_outputs}; "
                f"expected (N, {self.num_outputs})" + (" or (N,)" if self.num_outputs == 1 else "")
            )
        if not len(target):
            return
        error, target = (x.detach().reshape((-1, self.num_outputs)) for x in (error, target))
        self.residual.add((error * error).sum(axis=0))
        target = target.astype(self.mean.dtype)
        mean = target.mean(axis=0)
        apart = target - mean
        self._combine(weft.full_like(self.rows, len(target)), mean, (apart * apart).sum(axis=0))

    def _combine(self, rows: Tensor, mean: Tensor, spread: Tensor) -> None:
        """Take in other rows, of which these are the number, the mean and the spread."""
        total = self.rows + rows
        share = rows.astype(mean.dtype) / total.clip(min=1).astype(mean.dtype)
        apart = mean - self.mean
        self.spread.assign(self.spread + spread + apart * apart * share * self.rows.astype(mean.dtype))
        self.mean.assign(self.mean + apart * share)
        self.rows.assign(total)

    def merge(self, other: Metric) -> None:
        self._like(other)
        assert isinstance(other, R2)
        device, dtype = self.mean.device, self.mean.dtype
        self.residual.merge(other.residual)
        self._combine(other.rows.to(device), other.mean.to(device).astype(dtype), other.spread.to(device).astype(dtype))

    def compute(self) -> Tensor:
        residual = self.residual.value()
        varied = self.spread > 0
        explained = 1 - residual / weft.where(varied, self.spread, 1)
        constant = (residual == 0).astype(residual.dtype)
        scores = weft.where(varied, explained, constant).mean()
        return weft.where(self.rows < 2, weft.nan, scores)
