"""Callbacks: what each does, when it is called, and that it goes on after a resume."""

import csv
import json
import math
import os
from datetime import timedelta

import numpy as np
import pytest

import weft
from weft import nn
from weft.train import EMA, Callback, Checkpoint, CSVLogger, EarlyStopping, JSONLogger, Lambda, LRScheduler, Timer

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]], dtype="float32") + 0.25).astype("float32")


def linear(*callbacks, lr=0.1, **options):
    weft.random.seed(0)
    model = nn.Linear(3, 1)
    return weft.Trainer(model, weft.optim.SGD(model.parameters(), lr=lr), "mse", callbacks=callbacks, **options)


class PauseAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer, step, loss):
        trainer.pause = step == self.step


# ---- hooks


def test_every_hook_in_its_place(tmp_path):
    seen = []

    def note(name):
        return lambda trainer, *args: seen.append(name if not args or name.endswith("step_end") else (name, args[0]))

    hooks = ["fit_begin", "fit_end", "epoch_begin", "epoch_end", "step_begin", "step_end", "validation_begin"]
    trainer = linear(Lambda(**{f"on_{name}": note(name) for name in hooks}))
    trainer.fit((X, Y), (X, Y), batch_size=20)
    assert [s if isinstance(s, str) else s[0] for s in seen] == [
        "fit_begin", "epoch_begin", "step_begin", "step_end", "step_begin", "step_end", "validation_begin", "epoch_end",
        "fit_end",
    ]  # fmt: skip
    assert ("step_begin", 1) in seen
    assert ("epoch_end", 0) in seen


def test_order():
    seen = []

    class Late(Callback):
        order = 5

        def on_fit_begin(self, trainer):
            seen.append("late")

    linear(Late(), Lambda(on_fit_begin=lambda trainer: seen.append("early"))).fit((X, Y))
    assert seen == ["early", "late"]


def test_an_unknown_hook():
    with pytest.raises(TypeError, match=r"on_step_stop.*on_step_end"):
        Lambda(on_step_stop=print)


def test_a_callback_that_raises_leaves_the_trainer_usable(tmp_path):
    def fail(trainer, step, loss):
        if step == 2:
            raise RuntimeError("on purpose")

    seen = []
    failing = Lambda(on_step_end=fail, on_fit_error=lambda trainer, error: seen.append(str(error)))
    trainer = linear(failing)
    with pytest.raises(RuntimeError, match="on purpose"):
        trainer.fit((X, Y), batch_size=10, save=tmp_path, progress=True)
    assert seen == ["on purpose"]
    trainer.callbacks.clear()
    trainer.fit((X, Y), save=tmp_path)
    assert len(trainer.history["loss"]) == 1


# ---- stopping


class Scripted(Callback):
    """Gives each epoch a figure."""

    order = -1

    def __init__(self, values, name="score"):
        self.values, self.name = values, name

    def on_epoch_end(self, trainer, epoch, figures):
        figures[self.name] = self.values[epoch]


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best_epoch"),
    [
        ([3, 2, 1, 1, 1, 1], {"patience": 2}, 5, 2),
        ([3, 2, 2.5, 1.5, 2, 2], {"patience": 2}, 6, 3),
        ([1, 2, 3, 3, 3, 3], {"patience": 3, "mode": "max"}, 6, 2),
        ([3, 2.95, 2.9, 2.85], {"min_delta": 0.2, "patience": 2}, 3, 0),
        ([1.0, math.nan, math.nan, 0.5], {"patience": 2}, 3, 0),
    ],
)
def test_early_stopping(values, options, epochs, best_epoch):
    stopping = EarlyStopping("score", **options)
    trainer = linear(Scripted(values), stopping)
    trainer.fit((X, Y), epochs=6)
    assert (trainer.epoch, stopping.best_epoch) == (epochs, best_epoch)
    assert stopping.best == values[best_epoch]


def test_early_stopping_restores_the_best_weights():
    weights = []
    keep = Lambda(on_epoch_end=lambda trainer, epoch, figures: weights.append(trainer.model.weight.numpy().copy()))
    trainer = linear(Scripted([3, 1, 2, 2]), keep, EarlyStopping("score", patience=2, restore_best=True))
    trainer.fit((X, Y), epochs=10)
    assert len(weights) == 4
    np.testing.assert_array_equal(trainer.model.weight.numpy(), weights[1])


def test_modes_by_name():
    for name, mode in (("val_loss", "min"), ("val_accuracy", "max"), ("mae", "min"), ("r2", "max")):
        assert EarlyStopping(name)._best.mode == mode


def test_a_figure_that_is_not_there():
    with pytest.raises(ValueError, match="'val_loss', only loss, seconds; give fit"):
        linear(EarlyStopping()).fit((X, Y))


def test_time_is_over_and_goes_on(tmp_path):
    once = linear()
    once.fit((X, Y), epochs=2, batch_size=10)
    first = linear(Timer(max_time=timedelta(microseconds=1)))
    first.fit((X, Y), epochs=2, batch_size=10, save=tmp_path)
    assert (first.step, first.epoch) == (1, 0)
    timer = Timer(max_time=1000)
    second = linear(timer)
    second.fit((X, Y), epochs=2, batch_size=10, save=tmp_path, resume="auto")
    assert 0 < timer.seconds < 1000
    np.testing.assert_array_equal(second.model.weight.numpy(), once.model.weight.numpy())


def test_nan_at_once():
    y = Y.copy()
    y[13] = np.nan
    trainer = linear(weft.train.StopOnNaN(every_seconds=0))
    with pytest.raises(weft.train.NanLossError, match="step 1 "):
        trainer.fit((X, y), batch_size=10, shuffle=False)
    assert trainer.step == 2


def test_a_nan_is_not_saved(tmp_path):
    y = Y.copy()
    y[33] = np.nan
    trainer = linear(Checkpoint(tmp_path, every_steps=1, keep=None))
    with pytest.raises(weft.train.NanLossError):
        trainer.fit((X, y), batch_size=10, shuffle=False)
    assert sorted(os.listdir(tmp_path)) == [f"step-{step:08d}-epoch-0000" for step in (1, 2, 3)]


# ---- schedules


@pytest.mark.parametrize(("interval", "calls"), [("epoch", 3), ("step", 12)])
def test_schedulers_by_epoch_and_step(interval, calls):
    trainer = linear()
    trainer.callbacks.append(LRScheduler(weft.optim.ExponentialLR(trainer.optimizer, gamma=0.5), interval))
    trainer.fit((X, Y), epochs=3, batch_size=10)
    assert trainer.optimizer.lr.item() == pytest.approx(0.1 * 0.5**calls, rel=1e-6)


def test_a_scheduler_that_looks_at_a_figure():
    trainer = linear(Scripted([3, 2, 2, 2, 2, 1]))
    plateau = weft.optim.ReduceLROnPlateau(trainer.optimizer, patience=1, factor=0.1)
    trainer.callbacks.append(LRScheduler(plateau, monitor="score"))
    rates = []
    trainer.callbacks.append(Lambda(on_epoch_end=lambda t, epoch, figures: rates.append(t.optimizer.lr.item())))
    trainer.fit((X, Y), epochs=6)
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.1, 0.01, 0.01, 0.01], rtol=1e-6)
    with pytest.raises(ValueError, match="interval"):
        LRScheduler(plateau, "step")


@pytest.mark.parametrize("step", [3, 7, 9])
@pytest.mark.parametrize("kind", ["OneCycleLR", "ReduceLROnPlateau"])
def test_schedules_go_on(tmp_path, kind, step):
    def trained(*callbacks, **options):
        trainer = linear(*callbacks)
        if kind == "OneCycleLR":
            scheduler = weft.optim.OneCycleLR(trainer.optimizer, 0.2, total_steps=12)
            trainer.callbacks.append(LRScheduler(scheduler, "step"))
        else:
            scheduler = weft.optim.ReduceLROnPlateau(trainer.optimizer, patience=0, threshold=10.0, mode="max")
            trainer.callbacks.append(LRScheduler(scheduler, monitor="loss"))
        trainer.fit((X, Y), epochs=3, batch_size=10, **options)
        return trainer.model.weight.numpy().tolist(), trainer.optimizer.lr.item()

    once = trained()
    trained(PauseAt(step), save=tmp_path)
    assert trained(save=tmp_path, resume="auto") == once


# ---- averages


@pytest.mark.parametrize("compile", [True, False])
def test_ema(compile):
    steps, validated = [], []

    def note(values):
        return lambda trainer, *args: values.append(trainer.model.weight.numpy().copy())

    ema = EMA(0.8)
    validation = Lambda(on_validation_end=note(validated))
    validation.order = 5  # before the averages are taken out again
    trainer = linear(ema, Lambda(on_step_end=note(steps)), validation, compile=compile)
    trainer.fit((X, Y), (X, Y), batch_size=10)
    average = steps[0].astype("float64")
    for weight in steps[1:]:
        average = 0.8 * average + 0.2 * weight
    np.testing.assert_allclose(validated[0], average, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(trainer.model.weight.numpy(), validated[0])


def test_ema_goes_on(tmp_path):
    once = linear(EMA(0.8))
    once.fit((X, Y), epochs=2, batch_size=10)
    linear(EMA(0.8), PauseAt(5)).fit((X, Y), epochs=2, batch_size=10, save=tmp_path)
    trainer = linear(EMA(0.8))
    trainer.fit((X, Y), epochs=2, batch_size=10, save=tmp_path, resume="auto")
    np.testing.assert_array_equal(trainer.model.weight.numpy(), once.model.weight.numpy())


# ---- checkpoints


def test_best_and_last_are_kept(tmp_path):
    best = Checkpoint(tmp_path, monitor="score", mode="max", every_epochs=1, keep=1)
    trainer = linear(Scripted([1, 5, 2, 3]), best)
    trainer.fit((X, Y), epochs=4, batch_size=20)
    assert sorted(os.listdir(tmp_path)) == ["step-00000004-epoch-0002", "step-00000008-epoch-0004"]
    assert best.best.name == "step-00000004-epoch-0002"
    other = linear()
    other.load(best.best)
    assert other.epoch == 2


def test_best_alone(tmp_path):
    trainer = linear(Scripted([1, 5, 2, 3]), Checkpoint(tmp_path, monitor="score", mode="max", keep=1))
    trainer.fit((X, Y), epochs=4, batch_size=20)
    assert sorted(os.listdir(tmp_path)) == ["step-00000004-epoch-0002"]


def test_the_best_is_known_after_a_resume(tmp_path):
    def checkpoint():
        return Checkpoint(tmp_path, monitor="score", mode="max", keep=1)

    linear(Scripted([1, 5, 2, 3]), checkpoint(), PauseAt(5)).fit((X, Y), epochs=4, batch_size=20)
    best = checkpoint()
    linear(Scripted([1, 5, 2, 3]), best).fit((X, Y), epochs=4, batch_size=20, resume="auto")
    assert best.best.name == "step-00000004-epoch-0002"


def test_a_full_disk_warns_and_the_training_goes_on(tmp_path, monkeypatch):
    real = os.fsync

    def full(number):
        if trainer.step in (2, 3):
            raise OSError(28, "No space left on device")
        real(number)

    monkeypatch.setattr(os, "fsync", full)
    trainer = linear(Checkpoint(tmp_path, every_steps=1))
    with pytest.warns(RuntimeWarning, match=r"no checkpoint at step [23]: .*No space left"):
        trainer.fit((X, Y), batch_size=10)
    assert sorted(os.listdir(tmp_path)) == ["step-00000004-epoch-0000", "step-00000004-epoch-0001"]


def test_a_full_disk_at_the_end_is_an_error(tmp_path, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*model.safetensors"):
        linear().fit((X, Y), save=tmp_path / "run")
    assert os.listdir(tmp_path / "run") == []


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    for trainer, options in ((linear(Checkpoint(tmp_path / "file")), {}), (linear(), {"save": tmp_path / "file"})):
        with pytest.raises(OSError, match="file"):
            trainer.fit((X, Y), **options)
        assert trainer.step == 0


def test_two_trainings_in_one_folder(tmp_path):
    def other(trainer, step):
        with pytest.raises(weft.train.FolderInUseError, match=f"process {os.getpid()}"):
            linear().fit((X, Y), save=tmp_path)

    linear(Lambda(on_step_begin=other)).fit((X, Y), save=tmp_path)
    linear().fit((X, Y), save=tmp_path)


def test_saving_where_the_fit_saves(tmp_path):
    """A callback may save to the same folder, and keep checkpoints where `fit` would put its own."""
    often = Lambda(on_epoch_end=lambda trainer, epoch, figures: trainer.save(tmp_path))
    trainer = linear(often, Checkpoint(tmp_path / "checkpoints", keep=1))
    trainer.fit((X, Y), epochs=2, save=tmp_path)
    assert len(os.listdir(tmp_path / "checkpoints")) == 1
    other = linear()
    assert other.resume(tmp_path) in (tmp_path, *(tmp_path / "checkpoints").iterdir())
    assert other.epoch == 2


def test_a_stopped_training_stays_stopped(tmp_path):
    stopping = EarlyStopping("score")
    linear(Scripted([1, 2]), stopping).fit((X, Y), epochs=9, save=tmp_path)
    trainer = linear(Scripted([1, 2]), EarlyStopping("score"))
    trainer.resume(tmp_path)
    trainer.fit((X, Y), epochs=9)
    assert trainer.epoch == 2
    with pytest.raises(IndexError):  # but a new fit trains on, and the script ends
        trainer.fit((X, Y), epochs=1)


def test_after_a_resume_that_was_refused(tmp_path):
    linear(PauseAt(1)).fit((X, Y), batch_size=10, save=tmp_path)
    trainer = linear()
    with pytest.raises(weft.train.CheckpointError, match="batch_size"):
        trainer.fit((X, Y), batch_size=20, save=tmp_path, resume="auto")
    assert trainer.fit((X, Y), batch_size=20)["loss"]


# ---- files with figures


def test_csv(tmp_path):
    trainer = linear(CSVLogger(tmp_path / "log" / "a.csv"))
    trainer.fit((X, Y), (X, Y), epochs=3, batch_size=20)
    with open(tmp_path / "log" / "a.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    for name in ("loss", "val_loss"):
        assert [float(row[name]) for row in rows] == trainer.history[name]


def test_jsonl(tmp_path):
    trainer = linear(JSONLogger(tmp_path / "a.jsonl", every_steps=2))
    trainer.fit((X, Y), epochs=2, batch_size=10)
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["step"], "end_of_epoch" in line) for line in lines] == [
        (0, 2, False), (0, 4, False), (0, 4, True), (1, 6, False), (1, 8, False), (1, 8, True),
    ]  # fmt: skip
    assert [line["loss"] for line in lines if "end_of_epoch" in line] == trainer.history["loss"]


@pytest.mark.parametrize("kind", [CSVLogger, lambda path: JSONLogger(path, every_steps=1)])
def test_a_log_goes_on_where_the_checkpoint_was(tmp_path, kind):
    def lines(path):
        entries = [json.loads(x) if x[0] == "{" else x.split(",") for x in path.read_text().splitlines()]
        return [e[:3] if isinstance(e, list) else (e["epoch"], e["step"], e["loss"]) for e in entries]

    linear(kind(tmp_path / "whole")).fit((X, Y), epochs=4, batch_size=10)
    # Killed after epoch 2, with its last checkpoint in the middle of it, and half a line written.
    checkpoint = Checkpoint(tmp_path / "checkpoints", every_steps=6)
    trainer = linear(kind(tmp_path / "cut"), checkpoint, Lambda(on_epoch_end=_killed_after(2)))
    with pytest.raises(SystemExit):
        trainer.fit((X, Y), epochs=4, batch_size=10)
    with open(tmp_path / "cut", "a") as file:
        file.write('{"epoch": 0' if kind is not CSVLogger else "0,0")
    trainer = linear(kind(tmp_path / "cut"), Checkpoint(tmp_path / "checkpoints", every_steps=6))
    trainer.fit((X, Y), epochs=4, batch_size=10, resume="auto")
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")


def _killed_after(epoch):
    def stop(trainer, number, figures):
        if number == epoch:
            raise SystemExit(1)

    return stop
