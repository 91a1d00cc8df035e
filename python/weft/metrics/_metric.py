"""What a metric is, and the sums it keeps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

import weft
from weft import Tensor, _core
from weft._tree import flatten
from weft.nn.module import Module

__all__ = ["Mean", "Metric", "Sum", "accumulator_dtype", "ratio"]


def accumulator_dtype(device: weft.device) -> weft.dtype:
    """float64 where the device has it, else float32."""
    return weft.float64 if "float64" in _core._capabilities(device)["dtypes"] else weft.float32


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """``part / whole`` of counts, in the dtype of accumulators; NaN where there is nothing."""
    dtype = accumulator_dtype(part.device)
    return part.astype(dtype) / whole.astype(dtype)


class Metric(Module):
    """A figure about all batches it has seen. Its state stays on the device until someone reads what `compute` gives.

    A subclass registers its state as buffers, or as `Sum` attributes, in ``__init__``, and defines `update` and
    `compute`. Where the states of two metrics do not simply add up, it defines `merge` as well.

    Parameters
    ----------
    name : str, optional
        What it is called in the history of a training; each class has a name of its own.

    Attributes
    ----------
    traceable : bool
        Whether `update` may be part of a function that `weft.compile` traces.

    Examples
    --------
    >>> import weft
    >>> class Positive(weft.metrics.Metric):
    ...     '''How many outputs were positive.'''
    ...     name = "positive"
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.register_buffer("seen", weft.zeros((), dtype=weft.int64))
    ...     def update(self, output, target):
    ...         self.seen.assign(self.seen + (output > 0).sum())
    ...     def compute(self):
    ...         return self.seen.detach()
    >>> metric = Positive()
    >>> metric.update(weft.asarray([1.0, -1.0, 2.0]), None)
    >>> metric.compute().item()
    2
    """

    name = "metric"
    traceable = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        if name is not None:
            self.name = name

    def update(self, output: Any, target: Any) -> None:
        """Take in a batch. Waits for nothing."""
        raise NotImplementedError(f"{type(self).__name__} defines no update(); add one to the class")

    def compute(self) -> Tensor:
        """The figure for all batches since the last `reset`."""
        raise NotImplementedError(f"{type(self).__name__} defines no compute(); add one to the class")

    def reset(self) -> None:
        """Forget all batches."""
        for state in self.buffers():
            state.assign(0)

    def merge(self, other: Metric) -> None:
        """Take in all batches that `other` has seen, which is of the same kind."""
        self._like(other)
        for name, state in self._own_buffers():
            state.assign(state + getattr(other, name).to(state.device))
        for name, part in self.named_children():
            if isinstance(part, Sum):
                part.merge(getattr(other, name))

    def _like(self, other: Metric) -> None:
        """Check that the state of `other` has the same meaning."""
        shapes = [{name: state.shape for name, state in metric.named_buffers()} for metric in (self, other)]
        if type(self) is not type(other) or shapes[0] != shapes[1]:
            raise ValueError(f"merge: {other!r} with state {shapes[1]} into {self!r} with state {shapes[0]}")

    def fresh(self) -> Self:
        """The same metric with an empty state of its own."""
        other = copy.deepcopy(self)
        other.reset()
        return other

    def to(self, *args: Any, device: Any = None, dtype: Any = None) -> Self:
        """Move the state to a device. Sums become float64 where that has it, else float32.

        Examples
        --------
        >>> import weft
        >>> weft.metrics.MSE().to("cpu").compute().isnan().item()
        True
        """
        device = next((arg for arg in args if not isinstance(arg, weft.dtype)), device)
        if device is None:
            return super().to(*args, dtype=dtype)
        there = weft.device(device)
        dtype = accumulator_dtype(there)
        if dtype == weft.float32:
            super().to(dtype=dtype)  # before the move: there is no float64 there
        return super().to(device=there).to(dtype=dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class Sum(Module):
    """A sum over many batches, as if computed with twice the digits: another part holds what rounding took away.

    Notes
    -----
    The two-sum of Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B.
    """

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        dtype = accumulator_dtype(weft.get_default_device())
        self.high: Tensor
        self.low: Tensor
        self.register_buffer("high", weft.zeros(shape, dtype=dtype))
        self.register_buffer("low", weft.zeros(shape, dtype=dtype))

    def add(self, x: Tensor) -> None:
        """Add a batch's sum."""
        x = x.detach().astype(self.high.dtype)
        total = self.high + x
        moved = total - self.high
        lost = (self.high - (total - moved)) + (x - moved)
        self.high.assign(total)
        self.low.assign(self.low + lost)

    def merge(self, other: Sum) -> None:
        """Add another sum."""
        device = self.high.device
        self.add(other.high.to(device))
        self.low.assign(self.low + other.low.to(device).astype(self.low.dtype))

    def value(self) -> Tensor:
        """The sum so far."""
        return self.high + self.low


class Mean(Metric):
    """The mean of a function of (output, target) over all rows.

    Parameters
    ----------
    function : callable
        Gives the mean of a batch, one number; the number of rows is the first dimension of the target.
    name : str, optional
        By default the function's.

    Examples
    --------
    >>> import weft
    >>> metric = weft.metrics.Mean(lambda output, target: (output - target).mean(), "bias")
    >>> metric.update(weft.asarray([1.0, 2.0, 3.0]), weft.zeros(3))
    >>> metric.update(weft.asarray([6.0]), weft.zeros(1))
    >>> metric.compute().item()
    3.0
    """

    def __init__(self, function: Callable[[Any, Any], Any], name: str | None = None) -> None:
        super().__init__(name or getattr(function, "__name__", type(function).__name__))
        # Not as it is: the state of a module would be taken for the metric's.
        self._function: Callable[[Any, Any], Any] = lambda output, target: function(output, target)
        self.total = Sum()
        self.rows: Tensor
        self.register_buffer("rows", weft.zeros((), dtype=weft.int64))

    def update(self, output: Any, target: Any) -> None:
        value = self._function(output, target)
        if not isinstance(value, Tensor):
            value = weft.asarray(value, device=self.rows.device)
        if value.size != 1:
            raise ValueError(
                f"metric {self.name!r} gave a tensor of shape {value.shape}; it must give the batch's mean"
            )
        leaves = [leaf for tree in (target, output) for leaf in flatten(tree)[0] if isinstance(leaf, Tensor)]
        rows = leaves[0].shape[0] if leaves and leaves[0].ndim else 1
        if rows:
            self.total.add(value.reshape(()) * rows)
            self.rows.assign(self.rows + rows)

    def compute(self) -> Tensor:
        return ratio(self.total.value(), self.rows)
