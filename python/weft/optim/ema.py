"""A moving average of weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import weft
from weft import Tensor

__all__ = ["EMA"]


class EMA:
    """An exponential moving average of weights, which often predicts better than the weights themselves.

    The first ``update`` takes the weights as they are; each later one moves the averages by ``1 - decay`` towards them.

    Parameters
    ----------
    params : iterable of Tensor
        ``model.parameters()``, or any tensors that change.
    decay : float
        How slowly the averages move, in [0, 1].

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([1.0]))
    >>> ema = weft.optim.EMA([p], decay=0.5)
    >>> ema.update()
    >>> p.assign(weft.asarray([3.0])).tolist()
    [3.0]
    >>> ema.update()
    >>> with ema.swap():
    ...     p.tolist()
    [2.0]
    >>> p.tolist()
    [3.0]
    """

    def __init__(self, params: Iterable[Tensor], decay: float = 0.999) -> None:
        self.params = list(params)
        if not self.params:
            raise ValueError("EMA: no parameters; give it model.parameters()")
        if not 0 <= decay <= 1:
            raise ValueError(f"EMA: decay must be in [0, 1], not {decay}")
        self.decay = decay
        self.averages = [p.detach() for p in self.params]
        self.updates = weft.asarray(0, dtype=weft.int64, device=self.params[0].device)

    def update(self) -> None:
        """Move the averages towards the weights. The work is queued, not waited for; it can be compiled."""
        with weft.no_grad():
            share = weft.where(self.updates == 0, 1.0, 1 - self.decay)
            for average, p in zip(self.averages, self.params, strict=True):
                if average.device != p.device or average.dtype != p.dtype:  # the model was moved
                    average.data = average.to(p.device, p.dtype)
                average.assign(average + share * (p - average))
            self.updates += 1
        weft.eval(*self.averages, self.updates)

    @contextmanager
    def swap(self) -> Iterator[None]:
        """Give the parameters the averages in a ``with`` block, then what they were."""
        before = [p.detach() for p in self.params]
        for p, average in zip(self.params, self.averages, strict=True):
            p.assign(average)
        try:
            yield
        finally:
            for p, value in zip(self.params, before, strict=True):
                p.assign(value)

    def state_dict(self) -> dict[str, Tensor]:
        """The averages by number, and how many updates they have seen."""
        averages = {str(i): average.detach() for i, average in enumerate(self.averages)}
        return averages | {"updates": self.updates.detach()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state_dict`` gave. Nothing is changed if it does not fit.

        Raises
        ------
        ValueError
            If numbers or shapes differ.
        """
        own = self.state_dict()
        if own.keys() != state.keys():
            raise ValueError(f"EMA: the state has {len(state) - 1} averages, here there are {len(own) - 1}")
        for key, value in own.items():
            if state[key].shape != value.shape:
                raise ValueError(f"EMA: average {key} has shape {state[key].shape}, the parameter {value.shape}")
        for i, average in enumerate(self.averages):
            average.assign(state[str(i)])
        self.updates.assign(state["updates"])
