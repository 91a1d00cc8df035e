"""The Trainer: fit, evaluate, predict, save and go on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

import weft
from weft import Tensor, losses
from weft._tree import flatten, unflatten
from weft.metrics import Metric
from weft.nn import Module
from weft.optim import LBFGS, Optimizer

from . import checkpoint
from .callbacks.bar import ProgressBar
from .callbacks.base import Callback, hooks
from .callbacks.checkpoint import AutoCheckpoint, Checkpoint
from .callbacks.limits import StopOnNaN
from .feed import Feed
from .figures import Figures, named_metrics
from .history import History
from .interrupt import Interrupt
from .lock import FolderLock
from .loop import run_epochs
from .recompute import Choice, chosen_modules
from .run_folder import CHECKPOINTS, newest_whole
from .step import StepOptions, TestStep, TrainStep, mode
from .summary import summary

__all__ = ["Trainer"]

PathLike = str | os.PathLike[str]


class Trainer:
    """Trains a model.

    Parameters
    ----------
    model : Module
        What to train.
    optimizer : Optimizer
        Made with the model's parameters.
    loss : str or callable
        A name `weft.losses.get` knows, such as "mse" or "cross_entropy", or a function of (output, target) that gives
        the mean over the rows.
    metrics : str, or sequence of str, Metric or callable
        Names `weft.metrics.get` knows, such as "accuracy"; metrics; or functions of (output, target).
    callbacks : sequence of Callback
        Called as the training goes on.
    device : optional
        Where the model is moved to and the batches go; by default, where the model is.
    accumulate : int
        How many batches make an update, as if they were one: their gradients are averaged over all rows. ``step``
        counts updates. The last update of an epoch may have fewer.
    clip_norm : float, optional
        The largest norm of all gradients together; larger ones are scaled down.
    clip_value : float, optional
        The largest absolute value of a gradient's element.
    precision : {"float32", "bfloat16"}, optional
        "bfloat16": the model computes with copies of its parameters and inputs rounded to bfloat16, made anew in each
        step; gradients reach the parameters themselves, which stay float32, as does the optimizer's state.
        Normalisation layers, sums inside reductions and matrix products, and the loss are computed in float32; anything
        else is rounded to bfloat16 after each operation. By default, nothing is converted.
    recompute : class or tuple of classes of Module, or sequence of Module, optional
        Gradient checkpointing: of these modules of the model only the arguments are kept, and what they compute is
        computed again in the backward pass, with the same random numbers. Gradients are the same; a step takes up to a
        third longer.
    compile : bool
        Trace the step once and replay it.

    Attributes
    ----------
    history : History
        A dict of lists with a value for each epoch: ``loss``, the metrics, the same with ``val_`` for the validation
        data, and ``seconds``. ``history.plot()`` draws it.
    epoch, step, batch : int
        How many are done: epochs and updates of all, and batches of the epoch that is going on.
    stop, pause : bool
        Callbacks set these to end the training: for good, or so that a resumed one goes on.
    info : dict
        Anything that can be JSON; saved with the model.

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
        metrics: str | Iterable[str | Metric | Callable[[Any, Any], Tensor]] = (),
        callbacks: Sequence[Callback] = (),
        device: Any = None,
        *,
        accumulate: int = 1,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        precision: str | None = None,
        recompute: Choice | None = None,
        compile: bool = True,
    ) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"Trainer: model must be a weft.nn.Module, not {type(model).__name__}")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                "Trainer: optimizer must be an Optimizer, such as weft.optim.Adam(model.parameters()), "
                f"not {optimizer!r}"
            )
        if isinstance(optimizer, LBFGS):
            raise TypeError(
                "Trainer: LBFGS computes the loss several times a step; call optimizer.step(closure) in your own loop"
            )
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"Trainer: a callback must be a weft.train.Callback, not {callback!r}")
        if isinstance(accumulate, bool) or not isinstance(accumulate, int) or accumulate < 1:
            raise ValueError(f"Trainer: accumulate must be a positive integer, not {accumulate!r}")
        for name, bound in (("clip_norm", clip_norm), ("clip_value", clip_value)):
            if bound is not None and not bound > 0:
                raise ValueError(f"Trainer: {name} must be more than 0, not {bound!r}")
        if precision not in (None, "float32", "bfloat16"):
            raise ValueError(f"Trainer: precision must be 'float32' or 'bfloat16', not {precision!r}")
        self.model = model if device is None else model.to(device=device)
        self.optimizer = optimizer
        self.loss = losses.get(loss)
        self.callbacks = list(callbacks)
        self.options = StepOptions(
            accumulate=accumulate,
            clip_norm=clip_norm,
            clip_value=clip_value,
            precision=weft.bfloat16 if precision == "bfloat16" else None,
            recompute=chosen_modules(model, recompute),
            compile=compile,
        )
        first = next(iter(model.parameters()), None)
        self.device = weft.device(device) if first is None or device is not None else first.device
        self.dtype = None if first is None else first.dtype
        self.metrics = named_metrics(metrics)
        self.figures = Figures(self.metrics, self.device)
        self._test_figures = Figures([metric.fresh() for metric in self.metrics], self.device)
        self.train_step = TrainStep(self.model, optimizer, self.loss, self.figures, self.options)
        self.test_step = TestStep(self.model, self.loss, self._test_figures, self.options)

        self.history = History()
        self.epoch = self.step = self.batch = 0
        self.stop = self.pause = False
        self.info: dict[str, Any] = {}
        self.hooks: dict[str, list[Callable[..., None]]] = hooks(self.callbacks)
        # Of the `fit` that goes on:
        self.until = 0
        self.steps_per_epoch: int | None = None
        self.epoch_start = 0.0
        self.fit_options: dict[str, Any] = {}
        self.callback_states: dict[str, Any] = {}
        self.resuming = False
        self._locked: set[Path] = set()

    # ---- fit

    def fit(
        self,
        data: Any,
        validation_data: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int = 0,
        save: PathLike | None = None,
        stop_on_nan: bool = True,
        progress: bool | None = None,
        resume: PathLike | None = None,
    ) -> History:
        """Train for some epochs.

        Ctrl-C and SIGTERM end it between two steps: what was to be saved is saved, then KeyboardInterrupt or SystemExit
        is raised.

        Parameters
        ----------
        data : tuple of arrays, DataLoader, or iterable of tuples
            ``(x, y)``: arrays or tensors of the same length, which are cut into batches; or what gives batches once per
            epoch. The last of a tuple is the target, the others are the model's arguments. A last, smaller batch counts
            too.
        validation_data : optional
            Of the same kind; evaluated after each epoch.
        epochs, batch_size : int
            How often the data are seen, and how many rows make a batch.
        shuffle : bool
            Whether each epoch has an order of its own, drawn from `seed` and the epoch's number.
        seed : int
            Of the order.
        save : path, optional
            Folder to save to at the end, also when interrupted. Every few seconds a checkpoint is written to
            ``checkpoints`` inside, and these are deleted at the end.
        stop_on_nan : bool
            Raise `NanLossError` when the loss is no finite number any more. Nothing is saved then.
        progress : bool, optional
            Whether there is a progress bar; by default if stderr is a terminal.
        resume : path or "auto", optional
            Go on exactly where the training in this folder stood: with the newest checkpoint that is whole, in the
            middle of an epoch too. `epochs` counts from the beginning of the interrupted ``fit``, whose data and
            options have to be given again. "auto" looks into `save` and into the folders of `Checkpoint` callbacks, and
            starts from the beginning where there is none.

        Returns
        -------
        History
            The history of all epochs.
        """
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 0:
            raise ValueError(f"fit: epochs must be an integer >= 0, not {epochs!r}")
        feed = Feed(data, "fit", batch_size, shuffle, seed, device=self.device, dtype=self.dtype)
        validation = None if validation_data is None else self._feed(validation_data, "fit", batch_size)
        folder = None if save is None else Path(save)
        callbacks = [*self.callbacks, *self._added_callbacks(folder, stop_on_nan, progress)]
        folders = [*([] if folder is None else [folder]), *(c.folder for c in self.callbacks if _writes(c))]
        self.optimizer.prepare()
        interrupt = Interrupt()
        with ExitStack() as stack:
            stack.callback(self._end)
            for each in {path.resolve(): path for path in folders}.values():
                stack.enter_context(FolderLock(each))
                self._locked.add(each.resolve())
            if resume is not None:
                self._resume_from(resume, folders)
            self._begin(feed, epochs, callbacks)
            stack.enter_context(interrupt)
            try:
                self.call("on_fit_begin")
                if self.resuming:
                    checkpoint.load_callbacks(self)
                run_epochs(self, feed, validation, self.until, interrupt)
                self.call("on_fit_end")
                if folder is not None:
                    self._finish(folder, callbacks)
            except BaseException as error:
                self.call("on_fit_error", error)
                raise
        interrupt.pass_on()
        return self.history

    def _added_callbacks(self, folder: Path | None, stop_on_nan: bool, progress: bool | None) -> list[Callback]:
        """What `fit` itself needs, unless it was given."""
        given = {type(callback) for callback in self.callbacks}
        added: list[Callback] = []
        if stop_on_nan and StopOnNaN not in given:
            added.append(StopOnNaN())
        if (sys.stderr.isatty() if progress is None else progress) and ProgressBar not in given:
            added.append(ProgressBar())
        if folder is not None:
            place = folder / CHECKPOINTS
            if not any(_writes(c) and c.folder.resolve() == place.resolve() for c in self.callbacks):
                added.append(AutoCheckpoint(place))
        return added

    def _begin(self, feed: Feed, epochs: int, callbacks: Sequence[Callback]) -> None:
        """Note how far to train, or check that a resumed training goes on as it began."""
        options = {**feed.options, "accumulate": self.options.accumulate}
        if not self.resuming:
            self.batch, self.stop = 0, False
            self.fit_options = {"begin": self.epoch, **options}
        different = [
            f"{name} {self.fit_options.get(name)!r} there, {value!r} here"
            for name, value in options.items()
            if self.fit_options.get(name) != value
        ]
        if different:
            raise checkpoint.CheckpointError(
                f"fit: the training to resume was another: {'; '.join(different)}. Give the same data and options, or "
                "call load() and fit() without resume"
            )
        self.until = self.fit_options["begin"] + epochs
        self.steps_per_epoch, self.pause = feed.steps, False
        self.hooks = hooks(callbacks)

    def _end(self) -> None:
        """Whatever became of a `fit`."""
        self.resuming = False
        self.hooks = hooks(self.callbacks)
        self._locked.clear()

    def _resume_from(self, resume: PathLike, folders: Sequence[Path]) -> None:
        if os.fspath(resume) != "auto":
            self.resume(resume)
        elif not folders:
            raise ValueError('fit: resume="auto" needs a folder to look into: give save=, or a Checkpoint callback')
        else:
            path = newest_whole(folders)
            if path is not None:
                self._take_over(path)

    def _finish(self, folder: Path, callbacks: Sequence[Callback]) -> None:
        self.call("on_checkpoint", folder)
        checkpoint.save(self, folder)
        if not self.pause:
            for callback in callbacks:
                if isinstance(callback, AutoCheckpoint):
                    callback.remove()

    def call(self, hook: str, *args: Any) -> None:
        """Call a hook of every callback that has it."""
        for function in self.hooks[hook]:
            function(self, *args)

    def bad_step(self) -> int | None:
        """The first step of this epoch whose loss was no finite number. Waits for the device."""
        return self.figures.first_bad_step()

    # ---- use

    def _feed(self, data: Any, caller: str, batch_size: int, parts: int = 2) -> Feed:
        return Feed(data, caller, batch_size, parts=parts, device=self.device, dtype=self.dtype)

    def evaluate(self, data: Any, batch_size: int = 256) -> dict[str, Any]:
        """Loss and metrics on `data`, in evaluation mode.

        Parameters
        ----------
        data : tuple of arrays, DataLoader, or iterable of tuples
            As in `fit`.
        batch_size : int
            How many rows are computed at once.

        Returns
        -------
        dict of str to float
            The mean loss over all rows, and the metrics.
        """
        return self.evaluate_feed(self._feed(data, "evaluate", batch_size))

    def evaluate_feed(self, feed: Feed) -> dict[str, Any]:
        """`evaluate` on what was made ready."""
        figures = self._test_figures
        figures.reset(0)
        with mode(self.model, training=False):
            for batch in feed.batches():
                self.test_step(batch)
        if not figures.rows:
            raise ValueError(f"{feed.caller}: the data to evaluate have no rows")
        return figures.read()

    def predict(self, x: Any, batch_size: int = 256) -> Any:
        """The model's output for every row of `x`, in evaluation mode.

        Parameters
        ----------
        x : array or Tensor, tuple of them, DataLoader, or iterable of tuples
            The model's arguments.
        batch_size : int
            How many rows are computed at once.

        Returns
        -------
        Tensor
            All outputs, one after the other; where the model gives tuples or dicts, these of all outputs.
        """
        if not isinstance(x, tuple) and not hasattr(x, "__iter__"):
            raise TypeError(f"predict: x must be an array, not {type(x).__name__}")
        if hasattr(x, "shape") or (isinstance(x, list) and not (x and isinstance(x[0], tuple))):
            x = (x if hasattr(x, "shape") else np.asarray(x),)
        parts: list[list[Tensor]] = []
        shape: Any = None
        with mode(self.model, training=False):
            for batch in self._feed(x, "predict", batch_size, parts=1).batches():
                leaves, shape = flatten(self.test_step.predict(*batch))
                parts.append(leaves)
        if not parts:
            raise ValueError("predict: the data have no rows")
        return unflatten(shape, [weft.concat(same, axis=0) for same in zip(*parts, strict=True)])

    def summary(self, *inputs: Any) -> str:
        """A table of the model's modules, with their parameters; with inputs also the shapes of what they give.

        Parameters
        ----------
        *inputs : Tensor, array, or tuple of int
            The model's arguments, or their shapes. Nothing is computed for it.

        Examples
        --------
        >>> import weft
        >>> model = weft.nn.Sequential(weft.nn.Linear(4, 8), weft.nn.ReLU(), weft.nn.Linear(8, 2))
        >>> trainer = weft.Trainer(model, weft.optim.SGD(model.parameters(), lr=0.1), "mse")
        >>> print(trainer.summary((1, 4)))
        name    module      output  parameters
        0       Linear      (1, 8)          40
        1       ReLU        (1, 8)           0
        2       Linear      (1, 2)          18
        total   Sequential  (1, 2)          58
        """
        return summary(self.model, inputs, self.device, self.dtype)

    # ---- files

    def save(self, folder: PathLike) -> None:
        """Save ``model.safetensors``, ``training.safetensors`` (optimizer, metrics, callbacks) and ``weft.json``.

        Parameters
        ----------
        folder : path
            Made if it is not there. The files are replaced; what else is there stays.
        """
        place = Path(folder)
        with nullcontext() if place.resolve() in self._locked else FolderLock(place):
            checkpoint.save(self, place)

    def load(self, folder: PathLike, optimizer: bool = True) -> None:
        """Take over what `save` wrote, or a checkpoint. The next ``fit`` begins a new epoch.

        Parameters
        ----------
        folder : path
            A folder `save` wrote, or a checkpoint.
        optimizer : bool
            Whether optimizer, callbacks, history and counts are taken over too; otherwise the weights alone.

        Raises
        ------
        FileNotFoundError, FileError
            A file is missing or damaged. Nothing was changed.
        CheckpointError
            They are of another model or optimizer. Nothing was changed.
        """
        checkpoint.load(self, folder, optimizer)

    def resume(self, folder: PathLike) -> Path:
        """Take over the newest checkpoint in a folder that is whole; the next ``fit`` goes on exactly from there.

        Parameters
        ----------
        folder : path
            That was given to ``fit(save=...)`` or to `Checkpoint`, or a checkpoint itself.

        Returns
        -------
        Path
            The checkpoint; it is also named on stderr. Broken ones that would be newer are named in a warning.
        """
        path = newest_whole([Path(folder)])
        if path is None:
            raise FileNotFoundError(
                f"{os.fspath(folder)}: there is no whole checkpoint here to resume from; "
                'name another folder, or start without resume (fit(resume="auto") does so by itself)'
            )
        self._take_over(path)
        return path

    def _take_over(self, path: Path) -> None:
        checkpoint.load(self, path)
        self.resuming = True
        print(f"weft: resumed from {path} (epoch {self.epoch}, step {self.step})", file=sys.stderr)


def _writes(callback: Callback) -> TypeGuard[Checkpoint]:
    return isinstance(callback, Checkpoint)
