"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import weft
from weft import Tensor

from .line_search import Point, strong_wolfe
from .optimizer import Optimizer, Params

__all__ = ["LBFGS"]

Pair = tuple[Tensor, Tensor]  # change of the gradient, step of the parameters


class LBFGS(Optimizer):
    """Quasi-Newton steps from a short memory of gradients (Liu and Nocedal, 1989), on the whole data.

    A step evaluates the closure several times and waits for its values, so it cannot be compiled; the closure may call
    compiled functions. There is one parameter group.

    Parameters
    ----------
    params : iterable of Tensor
        What to train.
    lr : float
        Length of a step, or of the first one tried by the line search.
    max_iter : int
        Iterations in one ``step``.
    max_eval : int, optional
        Evaluations in one ``step``; by default 1.25 times `max_iter`.
    tolerance_grad : float
        End where no element of the gradient is larger.
    tolerance_change : float
        End where neither the loss nor a parameter changes more.
    history_size : int
        How many iterations are remembered: each costs the memory of two gradients.
    line_search_fn : {None, "strong_wolfe"}
        How the length of a step is found.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([-1.0, 2.0]))
    >>> optimizer = weft.optim.LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():  # Rosenbrock's valley
    ...     optimizer.zero_grad()
    ...     loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     _ = optimizer.step(closure)
    >>> [round(x, 2) for x in p.tolist()]
    [1.0, 1.0]
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            max_iter=max_iter,
            max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        self._gradient: Tensor | None = None  # where the last step began
        self._step: Tensor | None = None
        self._pairs: list[Pair] = []

    def _check(self, options: Mapping[str, Any]) -> None:
        super()._check(options)
        if options["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn must be None or 'strong_wolfe', not {options['line_search_fn']!r}")
        for key in ("max_iter", "max_eval", "history_size"):
            if not isinstance(options[key], int) or options[key] < 1:
                raise ValueError(f"LBFGS: {key} must be an integer >= 1, not {options[key]!r}")

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        if self.param_groups:
            raise ValueError("LBFGS: all parameters are one group; give them as one list")
        super().add_param_group(group)

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor:
        """Go on by up to `max_iter` iterations.

        Parameters
        ----------
        closure : callable
            Clears the gradients, computes the loss and its gradients, and returns the loss.

        Returns
        -------
        Tensor
            The loss before.
        """
        if closure is None:
            raise TypeError("LBFGS: step() needs a closure that computes loss and gradients, and returns the loss")
        group = self.param_groups[0]
        lr, tolerance, evaluations = group.lr.item(), group["tolerance_change"], 1
        with weft.no_grad():
            group["step"] += 1
            first, gradient = self._evaluate(closure)
            loss = first.item()
            for iteration in range(1, group["max_iter"] + 1):
                if _largest(gradient) <= group["tolerance_grad"]:
                    break
                t = lr if self._gradient is not None else lr * min(1.0, 1.0 / _norm1(gradient))
                direction = self._direction(gradient)
                self._gradient = gradient
                line = _Line(self, direction, closure)
                start = Point(0.0, loss, gradient, _dot(direction, gradient).item())
                if start.slope > -tolerance:
                    self._step = weft.zeros_like(gradient)
                    break
                if group["line_search_fn"]:
                    limit = group["max_eval"] - evaluations
                    end = strong_wolfe(line.at, start, t, _largest(direction), tolerance, limit)
                elif iteration < group["max_iter"]:
                    end = line.at(t)
                else:
                    end = Point(t, loss, gradient, start.slope)  # the next step evaluates it
                line.move(end.t)
                self._step = end.t * direction
                weft.eval(*group["params"], self._step)
                evaluations += line.evaluations
                still = _largest(self._step) <= tolerance or abs(end.loss - loss) < tolerance
                if still or evaluations >= group["max_eval"]:
                    break
                loss, gradient = end.loss, end.gradient
        return first

    def _evaluate(self, closure: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
        """The loss, and all gradients as one vector."""
        with weft.enable_grad():
            loss = closure()
        if not isinstance(loss, Tensor):
            raise TypeError(f"LBFGS: the closure must return the loss, a tensor, not {type(loss).__name__}")
        params = self.param_groups[0]["params"]
        gradient = weft.concat([(weft.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in params])
        weft.eval(gradient)
        return loss.detach(), gradient

    def _direction(self, gradient: Tensor) -> Tensor:
        """The gradient times an estimate of the inverse Hessian, downwards. One plan serves any length of memory."""
        if self._gradient is not None and self._step is not None:
            change = gradient - self._gradient
            if _dot(change, self._step).item() > 1e-10:  # else the estimate would not stay positive
                self._pairs = [*self._pairs, (change, self._step)][-self.param_groups[0]["history_size"] :]
        direction, shares = -gradient, []
        for change, step in reversed(self._pairs):
            share = _dot(step, direction) / _dot(change, step)
            direction = direction - share * change
            weft.eval(direction, share)
            shares.append(share)
        if self._pairs:
            change, step = self._pairs[-1]
            direction = direction * (_dot(change, step) / _dot(change, change))
        for (change, step), share in zip(self._pairs, reversed(shares), strict=True):
            direction = direction + (share - _dot(change, direction) / _dot(change, step)) * step
            weft.eval(direction)
        return direction

    # ---- saving

    def state_dict(self) -> dict[str, Any]:
        memory = {"gradient": self._gradient, "step": self._step}
        if self._pairs:
            changes, steps = zip(*self._pairs, strict=True)
            memory |= {"changes": weft.stack(changes), "steps": weft.stack(steps)}
        kept = {key: value.detach() for key, value in memory.items() if value is not None}
        return {**super().state_dict(), "state": {0: kept}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        memory, size = state["state"].get(0, {}), sum(p.size for p in self.param_groups[0]["params"])
        for key, value in memory.items():
            if key not in ("gradient", "step", "changes", "steps") or value.shape[-1] != size:
                raise ValueError(
                    f"LBFGS: the state holds {key} of shape {value.shape}, which does not fit {size} parameters"
                )
        super().load_state_dict({**state, "state": {}})
        self._gradient, self._step = memory.get("gradient"), memory.get("step")
        self._pairs = list(zip(memory.get("changes", ()), memory.get("steps", ()), strict=True))


class _Line:
    """The parameters along a direction from where they are."""

    def __init__(self, optimizer: LBFGS, direction: Tensor, closure: Callable[[], Tensor]) -> None:
        self.optimizer, self.direction, self.closure = optimizer, direction, closure
        self.params: list[Tensor] = optimizer.param_groups[0]["params"]
        self.origin = [p.detach() for p in self.params]
        self.evaluations = 0

    def move(self, t: float) -> None:
        begin = 0
        for p, origin in zip(self.params, self.origin, strict=True):
            p.assign(origin + t * self.direction[begin : begin + p.size].reshape(p.shape))
            begin += p.size

    def at(self, t: float) -> Point:
        self.evaluations += 1
        self.move(t)
        loss, gradient = self.optimizer._evaluate(self.closure)
        return Point(t, loss.item(), gradient, _dot(gradient, self.direction).item())


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum()


def _largest(x: Tensor) -> float:
    return float(weft.abs(x).max().item())


def _norm1(x: Tensor) -> float:
    return float(weft.abs(x).sum().item())
