"""Fit, evaluate and predict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

import weft
from weft import Tensor, losses, metrics
from weft.data import batches, cut
from weft.nn import Module
from weft.optim import Optimizer

from . import checkpoint
from .callbacks import Callback
from .figures import Figures
from .interrupt import Interrupt
from .progress import Progress

__all__ = ["NanLossError", "Trainer"]


class NanLossError(ArithmeticError):
    """The loss became infinite or not a number; ``step`` says where."""

    def __init__(self, step: int, epoch: int) -> None:
        super().__init__(
            f"the loss is not a finite number at step {step} (epoch {epoch + 1}): training stopped. "
            "Try a smaller learning rate, look for bad values in the data, or go on with stop_on_nan=False"
        )
        self.step, self.epoch = step, epoch


class Trainer:
    """Trains a model.

    Parameters
    ----------
    model : Module
        What to train.
    optimizer : Optimizer
        Made with the model's parameters.
    loss : str or callable
        "mse", "cross_entropy", or a function of (output, target).
    metrics : sequence of str or callable
        "accuracy", or functions of (output, target) that give a batch's mean.
    callbacks : sequence of Callback
        Called as the training goes on.
    device : optional
        Where the model is moved to and the batches go; by default, where the model is.
    compile : bool
        Trace the step once and replay it.

    Attributes
    ----------
    history : dict of str to list of float
        For each epoch ``loss``, the metrics, the same with ``val_`` for the validation data, and ``seconds``.
    epoch, step : int
        How many are done.
    stop : bool
        A callback sets it to end the training.

    Examples
    --------
    >>> import numpy as np, weft
    >>> x = np.linspace(0, 1, 64, dtype="float32").reshape(-1, 1)
    >>> model = weft.nn.Linear(1, 1)
    >>> trainer = weft.Trainer(model, weft.optim.Adam(model.parameters(), lr=0.1), "mse")
    >>> history = trainer.fit((x, 3 * x + 2), epochs=30)
    >>> history["loss"][-1] < history["loss"][0]
    True
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loss: str | Callable[[Any, Any], Tensor],
        metrics: Sequence[str | Callable[[Any, Any], Tensor]] = (),
        callbacks: Sequence[Callback] = (),
        device: Any = None,
        compile: bool = True,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"Trainer: model must be a weft.nn.Module, not {type(model).__name__}")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                "Trainer: optimizer must be an Optimizer, such as weft.optim.Adam(model.parameters()), "
                f"not {optimizer!r}"
            )
        self.model = model if device is None else model.to(device=device)
        self.optimizer = optimizer
        self.loss = losses.get(loss)
        self.metrics = _named_metrics(metrics)
        self.callbacks = list(callbacks)
        first = next(iter(model.parameters()), None)
        self.device = weft.device(device) if first is None or device is not None else first.device
        self.dtype = None if first is None else first.dtype
        self.history: dict[str, list[float]] = {}
        self.epoch = self.step = 0
        self.stop = False
        self._train_figures = Figures(self.metrics, self.device)
        self._test_figures = Figures(self.metrics, self.device)
        wrap: Callable[[Any], Any] = weft.compile if compile and hasattr(weft, "compile") else lambda function: function
        self._train_step, self._test_step = wrap(self._train_batch), wrap(self._test_batch)
        self._predict_step = wrap(self.model.__call__)

    # ---- one batch

    def _train_batch(self, x: Tensor, y: Tensor) -> Tensor:
        output = self.model(x)
        loss = self.loss(output, y)
        if loss.shape != ():
            raise ValueError(f"Trainer: the loss must be one number, not of shape {loss.shape}; take its mean()")
        self.optimizer.zero_grad()
        loss.backward()
        self._train_figures.add(loss, output, y, x.shape[0])
        self.optimizer.step()
        return loss.detach()

    def _test_batch(self, x: Tensor, y: Tensor) -> tuple[()]:
        with weft.no_grad():
            output = self.model(x)
            self._test_figures.add(self.loss(output, y), output, y, x.shape[0])
        return ()

    def _batches(self, data: Any, batch_size: int, shuffle: np.random.Generator | None = None) -> Iterator[Any]:
        return batches(data, batch_size, shuffle, self.device, self.dtype)

    # ---- fit

    def fit(
        self,
        data: Any,
        validation_data: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int = 0,
        save: str | os.PathLike[str] | None = None,
        stop_on_nan: bool = True,
        progress: bool | None = None,
    ) -> dict[str, list[float]]:
        """Train for some epochs.

        Parameters
        ----------
        data : (x, y) or iterable of (x, y)
            Arrays or tensors that are cut into batches, or batches. The last, smaller batch counts too.
        validation_data : optional
            Evaluated after each epoch.
        epochs, batch_size : int
            How often the data are seen, and how many rows make a step.
        shuffle : bool
            Whether each epoch has an order of its own, drawn from `seed` and the epoch's number.
        seed : int
            Of the order.
        save : path, optional
            Folder to save to at the end; also when interrupted by Ctrl-C.
        stop_on_nan : bool
            Raise `NanLossError` when the loss is no finite number any more. Nothing is saved then.
        progress : bool, optional
            Whether there is a progress bar; by default if stderr is a terminal.

        Returns
        -------
        dict of str to list of float
            The history.
        """
        if not isinstance(epochs, int) or epochs < 0:
            raise ValueError(f"fit: epochs must be an integer >= 0, not {epochs!r}")
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"fit: batch_size must be a positive integer, not {batch_size!r}")
        self.optimizer.prepare()
        self.stop = False
        self._call("on_fit_begin")
        with Interrupt() as interrupt, Progress(epochs, progress) as bar:
            for _ in range(epochs):
                order = np.random.default_rng([seed, self.epoch]) if shuffle else None
                self._fit_epoch(data, validation_data, batch_size, order, stop_on_nan, bar, interrupt)
                if self.stop or interrupt.requested:
                    break
            self._call("on_fit_end")
            if save is not None:
                self.save(save)
        if interrupt.requested:
            raise KeyboardInterrupt
        return self.history

    def _fit_epoch(
        self,
        data: Any,
        validation_data: Any,
        batch_size: int,
        order: np.random.Generator | None,
        stop_on_nan: bool,
        bar: Progress,
        interrupt: Interrupt,
    ) -> None:
        figures, begin, start = self._train_figures, self.step, time.perf_counter()
        figures.reset(self.step)
        bar.epoch(self.epoch, _steps(data, batch_size))
        with _Mode(self.model, training=True):
            for x, y in self._batches(data, batch_size, order):
                for callback in self.callbacks:
                    callback.on_step_begin(self, self.step)
                loss = self._train_step(x, y)
                figures.rows += x.shape[0]
                self.step += 1
                for callback in self.callbacks:
                    callback.on_step_end(self, self.step - 1, loss)
                if bar.due():
                    bar.update(self.step - begin, self._checked(stop_on_nan))
                if self.stop or interrupt.requested:
                    break
        if self.step == begin:
            raise ValueError(
                f"fit: the data gave no batches in epoch {self.epoch + 1}; "
                "give arrays with rows, or batches that can be iterated once per epoch (a list, not a generator)"
            )
        result = self._checked(stop_on_nan)
        bar.update(self.step - begin, result)
        result["seconds"] = time.perf_counter() - start
        if interrupt.requested:
            return  # an unfinished epoch is not counted
        if validation_data is not None:
            result |= {f"val_{name}": value for name, value in self.evaluate(validation_data, batch_size).items()}
        for name, value in result.items():
            self.history.setdefault(name, []).append(value)
        self.epoch += 1
        self._call("on_epoch_end", self.epoch - 1, result)

    def _checked(self, stop_on_nan: bool) -> dict[str, float]:
        result, bad_step = self._train_figures.read()
        if stop_on_nan and bad_step >= 0:
            raise NanLossError(bad_step, self.epoch)
        return result

    def _call(self, event: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *args)

    # ---- use

    def evaluate(self, data: Any, batch_size: int = 256) -> dict[str, float]:
        """Loss and metrics on `data`, in evaluation mode.

        Parameters
        ----------
        data : (x, y) or iterable of (x, y)
            As in `fit`.
        batch_size : int
            How many rows are computed at once.

        Returns
        -------
        dict of str to float
            Means over all rows.
        """
        self._test_figures.reset(0)
        with _Mode(self.model, training=False):
            for x, y in self._batches(data, batch_size):
                self._test_step(x, y)
                self._test_figures.rows += x.shape[0]
        if not self._test_figures.rows:
            raise ValueError("evaluate: the data have no rows")
        return self._test_figures.read()[0]

    def predict(self, x: Any, batch_size: int = 256) -> Tensor:
        """The model's output for every row of `x`, in evaluation mode.

        Parameters
        ----------
        x : array or Tensor
            Rows of inputs.
        batch_size : int
            How many rows are computed at once.

        Returns
        -------
        Tensor
            All outputs, one after the other.
        """
        x = x if hasattr(x, "shape") else np.asarray(x)
        with _Mode(self.model, training=False), weft.no_grad():
            parts = [self._predict_step(part) for (part,) in cut((x,), batch_size, None, self.device, self.dtype)]
        if not parts:
            raise ValueError("predict: the data have no rows")
        return parts[0] if len(parts) == 1 else weft.concat(parts, axis=0)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Save ``model.safetensors``, ``optimizer.safetensors`` and ``weft.json`` (history and options) in `folder`."""
        checkpoint.save(self, folder)

    def load(self, folder: str | os.PathLike[str], optimizer: bool = True) -> None:
        """Take over what `save` wrote; with ``optimizer=False`` the weights alone."""
        checkpoint.load(self, folder, optimizer)


class _Mode:
    """Training or evaluation mode for a while.

    The Trainer has a compiled function for each, so flags are set without ``Module.train``, which would trace anew.
    """

    def __init__(self, model: Module, training: bool) -> None:
        self.modules, self.training = list(model.modules()), training

    def __enter__(self) -> None:
        self.before = [module.training for module in self.modules]
        for module in self.modules:
            module.training = self.training

    def __exit__(self, *error: object) -> None:
        for module, training in zip(self.modules, self.before, strict=True):
            module.training = training


def _named_metrics(
    given: Iterable[str | Callable[[Any, Any], Tensor]],
) -> list[tuple[str, Callable[[Any, Any], Tensor]]]:
    if isinstance(given, str):
        given = [given]
    named = [metrics.get(metric) for metric in given]
    names = [name for name, _ in named]
    if len({*names, "loss", "seconds"}) != len(names) + 2:
        raise ValueError(f"Trainer: metrics need names of their own, not {names}")
    return named


def _steps(data: Any, batch_size: int) -> int | None:
    if isinstance(data, tuple) and len(data) == 2 and hasattr(data[0], "shape"):
        return -(-data[0].shape[0] // batch_size) if data[0].shape else None
    return len(data) if hasattr(data, "__len__") else None
