"""One batch: the functions that are compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import weft
from weft import Tensor, optim
from weft.nn import Module
from weft.optim import Optimizer

from .figures import Figures
from .precision import computing_in, floats_to
from .recompute import recomputing

__all__ = ["StepOptions", "TestStep", "TrainStep", "mode"]

Batch = Sequence[Tensor]
Loss = Callable[[Any, Any], Tensor]


@dataclass
class StepOptions:
    """How a step is made; see `Trainer` for what each means."""

    accumulate: int = 1
    clip_norm: float | None = None
    clip_value: float | None = None
    precision: Any = None
    recompute: list[Module] = field(default_factory=list)
    compile: bool = True

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, compiled if that is wanted."""
        return weft.compile(function) if self.compile else function

    @contextmanager
    def applied(self, model: Module, gradients: bool) -> Iterator[None]:
        """While it is entered, the model computes as the options say."""
        with ExitStack() as stack:
            if self.precision is not None:
                stack.enter_context(computing_in(model, self.precision))
            if gradients and self.recompute:
                stack.enter_context(recomputing(self.recompute))
            yield

    def output(self, model: Module, inputs: Batch) -> Any:
        """What the model gives, floating-point numbers as float32 where it computes in a narrower type."""
        if self.precision is None:
            return model(*inputs)
        return floats_to(model(*floats_to(list(inputs), self.precision)), weft.float32)


class TrainStep:
    """One update of the parameters, from one batch or several."""

    def __init__(self, model: Module, optimizer: Optimizer, loss: Loss, figures: Figures, options: StepOptions) -> None:
        self.model, self.optimizer, self.loss, self.figures, self.options = model, optimizer, loss, figures, options
        self.parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        self._update = options.wrap(self._update_batch)
        self._add = options.wrap(self._add_batch)
        if options.accumulate > 1:
            self._sums = [weft.zeros_like(p) for p in self.parameters]
            self._rows = weft.zeros((), dtype=weft.float32, device=figures.loss.device)
        else:
            self._sums = []

    def __call__(self, batches: Sequence[Batch]) -> Tensor:
        """Update from these batches, as if they were one. Gives the loss of the last."""
        for batch in batches[:-1]:
            self._run(self._add, batch)
        return self._run(self._update, batches[-1])

    def one(self, batch: Batch) -> Tensor:
        """Update from this batch. The same as a call with a list of it, and a little faster."""
        return self._run(self._update, batch)

    def _run(self, function: Callable[..., Any], batch: Batch) -> Tensor:
        result = function(*batch)
        figures = self.figures
        figures.rows += batch[0].shape[0]
        if not figures.on_host:
            return result  # type: ignore[no-any-return]
        loss, output = result
        figures.add_on_host(output, batch[-1])
        return loss  # type: ignore[no-any-return]

    # ---- what is compiled

    def _update_batch(self, *batch: Tensor) -> Any:
        result = self._backward(batch)
        if self._sums:
            self._take_sums(batch[0].shape[0])
        if self.options.clip_value is not None:
            optim.clip_grad_value_(self.parameters, self.options.clip_value)
        if self.options.clip_norm is not None:
            optim.clip_grad_norm_(self.parameters, self.options.clip_norm)
        self.figures.end_step()
        self.optimizer.step()
        return result

    def _add_batch(self, *batch: Tensor) -> Any:
        result = self._backward(batch)
        rows = batch[0].shape[0]
        with weft.no_grad():
            for p, total in zip(self.parameters, self._sums, strict=True):
                if p.grad is not None:
                    total.assign(total + p.grad * rows)
            self._rows.assign(self._rows + rows)
        weft.eval(*self._sums, self._rows)
        return result

    def _take_sums(self, rows: int) -> None:
        """Make the gradients the means over the rows of all batches since the last update."""
        with weft.no_grad():
            all_rows = self._rows + rows
            for p, total in zip(self.parameters, self._sums, strict=True):
                if p.grad is not None:
                    p.grad = ((total + p.grad * rows) / all_rows).astype(p.dtype)
                    total.assign(weft.zeros_like(total))
            self._rows.assign(0.0)

    def _backward(self, batch: Batch) -> Any:
        """Set the gradients. Gives the loss, and where metrics on the host want it the output."""
        *inputs, target = batch
        self.optimizer.zero_grad()
        with self.options.applied(self.model, gradients=True):
            output = self.options.output(self.model, inputs)
            loss = self.loss(output, target)
            if loss.shape != ():
                raise ValueError(f"Trainer: the loss must be one number, not of shape {loss.shape}; take its mean()")
            loss.backward()
        self.figures.add(loss, output, target, inputs[0].shape[0])
        return (loss.detach(), output) if self.figures.on_host else loss.detach()


class TestStep:
    """Loss and metrics of a batch, and predictions; nothing is trained."""

    __test__ = False  # for pytest, which takes it for a test by its name

    def __init__(self, model: Module, loss: Loss, figures: Figures, options: StepOptions) -> None:
        self.model, self.loss, self.figures, self.options = model, loss, figures, options
        self._test = options.wrap(self._test_batch)
        self.predict = options.wrap(self._predict_batch)

    def __call__(self, batch: Batch) -> None:
        """Add a batch to the figures."""
        output = self._test(*batch)
        self.figures.rows += batch[0].shape[0]
        if self.figures.on_host:
            self.figures.add_on_host(output, batch[-1])

    def _test_batch(self, *batch: Tensor) -> Any:
        *inputs, target = batch
        output = self._predict_batch(*inputs)
        with weft.no_grad():
            self.figures.add(self.loss(output, target), output, target, inputs[0].shape[0])
        return output if self.figures.on_host else ()

    def _predict_batch(self, *inputs: Tensor) -> Any:
        with weft.no_grad(), self.options.applied(self.model, gradients=False):
            return self.options.output(self.model, inputs)


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Training or evaluation mode for a while.

    The Trainer has a compiled function for each, so flags are set without ``Module.train``, which would trace anew.
    """
    modules = list(model.modules())
    before = [module.training for module in modules]
    for module in modules:
        module.training = training
    try:
        yield
    finally:
        for module, flag in zip(modules, before, strict=True):
            module.training = flag
