"""A training that was cut off and resumed ends with the same bits as one that was not."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import weft
from weft import nn

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)).astype("float32")
LABELS = (X[:, 0] > 0).astype("int64")
EPOCHS, STEPS = 4, 7  # of each epoch


def make(*callbacks, **options):
    """With something of everything that has a state: momentum, running statistics, dropout, a metric, a schedule."""
    weft.random.seed(0)
    model = nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))
    callbacks = [weft.train.LearningRate(weft.optim.cosine(0.02, EPOCHS * STEPS)), *callbacks]
    optimizer = weft.optim.Adam(model.parameters())
    return weft.Trainer(model, optimizer, "cross_entropy", ["accuracy"], callbacks, **options)


def fit(trainer, **options):
    return trainer.fit((X, LABELS), (X, LABELS), epochs=EPOCHS, batch_size=8, seed=3, **options)


class PauseAt(weft.train.Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, trainer, step, loss):
        trainer.pause = step == self.step


def bits(trainer):
    """Everything that a training leaves behind, but for the clock."""
    state = {name: t.numpy().tobytes() for name, t in trainer.model.state_dict().items()}
    for number, values in trainer.optimizer.state_dict()["state"].items():
        state |= {(number, name): np.asarray(v).tobytes() for name, v in values.items()}
    history = {name: values for name, values in trainer.history.items() if name != "seconds"}
    return state, history, trainer.step, trainer.epoch, weft.random.get_state(), trainer.optimizer.lr.item()


@pytest.fixture(scope="module")
def whole():
    trainer = make()
    fit(trainer)
    return bits(trainer)


@pytest.mark.parametrize("step", [0, 3, STEPS - 1, STEPS, 2 * STEPS + 4, EPOCHS * STEPS - 1])
def test_same_bits_from_any_step(step, tmp_path, whole, capfd):
    fit(make(PauseAt(step)), save=tmp_path)
    trainer = make()
    fit(trainer, save=tmp_path, resume="auto")
    assert bits(trainer) == whole
    assert "resumed from" in capfd.readouterr().err


def test_resumed_again_and_again(tmp_path, whole):
    for step in range(4, EPOCHS * STEPS, 5):
        fit(make(PauseAt(step)), save=tmp_path, resume="auto")
    trainer = make()
    fit(trainer, save=tmp_path, resume="auto")
    assert bits(trainer) == whole
    again = make()
    fit(again, save=tmp_path, resume="auto")  # there is nothing left to do
    assert bits(again)[:4] == whole[:4]


def test_auto_begins_where_there_is_nothing(tmp_path, whole, capfd):
    trainer = make()
    fit(trainer, save=tmp_path / "new", resume="auto")
    assert bits(trainer) == whole
    assert "resumed" not in capfd.readouterr().err


def test_checkpoints_hold_the_same(tmp_path, whole):
    trainer = make(weft.train.Checkpoint(tmp_path, every_steps=3, keep=None))
    fit(trainer)
    assert bits(trainer) == whole
    found = sorted(os.listdir(tmp_path))
    assert len(found) == EPOCHS * STEPS // 3 + 1
    for path in found[::3]:
        resumed = make()
        resumed.resume(tmp_path / path)
        fit(resumed)
        assert bits(resumed) == whole


def test_accumulation_goes_on_in_whole_groups(tmp_path):
    once = make(accumulate=2)
    fit(once)
    fit(make(PauseAt(5), accumulate=2), save=tmp_path)
    trainer = make(accumulate=2)
    fit(trainer, save=tmp_path, resume="auto")
    assert bits(trainer) == bits(once)


def test_loader_and_list_go_on(tmp_path):
    batches = [(X[i : i + 8], LABELS[i : i + 8]) for i in range(0, 50, 8)]
    for number, data in enumerate((weft.data.DataLoader((X, LABELS), 8, shuffle=True, seed=9), batches)):
        once = make()
        once.fit(data, epochs=2)
        make(PauseAt(9)).fit(data, epochs=2, save=tmp_path / str(number))
        trainer = make()
        trainer.fit(data, epochs=2, save=tmp_path / str(number), resume="auto")
        assert bits(trainer) == bits(once)


# ---- the choice of a checkpoint


def break_file(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip_bit(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors", "weft.json"])
@pytest.mark.parametrize("damage", [break_file, flip_bit, os.remove])
def test_the_newest_whole_one_is_taken(tmp_path, name, damage, whole):
    fit(make(weft.train.Checkpoint(tmp_path, every_steps=5, keep=3), PauseAt(20)))
    *_, earlier, newest = sorted(tmp_path.iterdir())
    damage(newest / name)
    trainer = make()
    with pytest.warns(RuntimeWarning, match=f"broken checkpoint: .*{newest.name}/{name}"):
        assert trainer.resume(tmp_path) == earlier
    fit(trainer)
    assert bits(trainer) == whole


def test_nothing_to_resume(tmp_path):
    with pytest.raises(FileNotFoundError, match="no whole checkpoint"):
        make().resume(tmp_path)
    with pytest.raises(ValueError, match="save="):
        fit(make(), resume="auto")


def test_another_model_or_other_options(tmp_path):
    fit(make(PauseAt(9)), save=tmp_path)
    other = nn.Linear(3, 2)
    trainer = weft.Trainer(other, weft.optim.Adam(other.parameters()), "cross_entropy")
    before = other.weight.numpy().copy()
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="another model"):
        fit(trainer, save=tmp_path, resume="auto")
    np.testing.assert_array_equal(other.weight.numpy(), before)
    with pytest.raises(ValueError, match="batch_size 8 there, 16 here"):
        make().fit((X, LABELS), epochs=EPOCHS, batch_size=16, seed=3, save=tmp_path, resume="auto")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_new_training_does_not_write_over_an_unfinished_one(tmp_path):
    fit(make(weft.train.Checkpoint(tmp_path), PauseAt(9)))
    with pytest.raises(FileExistsError, match="resume"):
        fit(make(weft.train.Checkpoint(tmp_path)))
    trainer = make(weft.train.Checkpoint(tmp_path))
    fit(trainer, resume="auto")
    fit(trainer)  # its own checkpoints are in nobody's way


# ---- killed

SLOW_TRAINING = f"""
import sys, time
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_resume import *
from weft.train.callbacks.checkpoint import AutoCheckpoint
AutoCheckpoint._seconds_are_over = lambda self, seconds: True
print("ready", flush=True)
wait = weft.train.Lambda(on_step_begin=lambda trainer, step: time.sleep(0.01))
fit(make(wait), save=sys.argv[1], resume="auto")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path, whole, kills):
    luck = random.Random(1)
    command = [sys.executable, "-W", "ignore", "-c", SLOW_TRAINING, str(tmp_path / "run")]
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            time.sleep(luck.uniform(0.0, 0.15))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        if kills > 3:  # each kill of a training that resumes what the last one left, or of a copy of it
            trainer = make()
            shutil.rmtree(tmp_path / "copy", ignore_errors=True)
            if (tmp_path / "run").exists():
                shutil.copytree(tmp_path / "run", tmp_path / "copy")
            fit(trainer, save=tmp_path / "copy", resume="auto")
            assert bits(trainer)[:4] == whole[:4]
            if (tmp_path / "run" / "model.safetensors").exists():  # it came to its end: begin another
                shutil.rmtree(tmp_path / "run")
    trainer = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no checkpoint is broken, wherever it was killed
        fit(trainer, save=tmp_path / "run", resume="auto")
    assert bits(trainer)[:4] == whole[:4]
    assert sorted(os.listdir(tmp_path / "run")) == ["model.safetensors", "training.safetensors", "weft.json"]
