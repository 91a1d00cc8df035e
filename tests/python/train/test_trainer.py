"""The Trainer: fit, evaluate, predict, history, determinism, callbacks, interruption."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import weft
from weft import nn

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]], dtype="float32") + 0.25).astype("float32")
LABELS = (X[:, 0] > 0).astype("int64")


def linear(lr=0.1, **options):
    weft.random.seed(0)
    model = nn.Linear(3, 1)
    return weft.Trainer(model, weft.optim.Adam(model.parameters(), lr=lr), "mse", **options)


def classifier(**options):
    weft.random.seed(0)
    model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 2))
    return weft.Trainer(model, weft.optim.Adam(model.parameters(), lr=0.02), "cross_entropy", ["accuracy"], **options)


def test_learns_a_line():
    trainer = linear()
    history = trainer.fit((X, Y), epochs=60, batch_size=16)
    assert history["loss"][-1] < 1e-4 < history["loss"][0]
    np.testing.assert_allclose(trainer.model.weight.numpy(), [[1, -2, 0.5]], atol=0.02)
    assert trainer.epoch == 60
    assert trainer.step == 60 * 4  # 16 + 16 + 16 + 2 rows: the last batch counts


def test_history_and_validation():
    trainer = classifier()
    history = trainer.fit((X, LABELS), (X, LABELS), epochs=30, batch_size=8)
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert all(len(values) == 30 for values in history.values())
    assert history["val_accuracy"][-1] >= 0.95
    result = trainer.evaluate((X, LABELS), batch_size=7)
    assert result["accuracy"] == pytest.approx(history["val_accuracy"][-1])
    assert result["loss"] == pytest.approx(history["val_loss"][-1], rel=1e-4)


def test_evaluate_is_the_mean_over_rows():
    trainer = linear()
    prediction = trainer.predict(X, batch_size=20)
    assert prediction.shape == (50, 1)
    expected = X @ trainer.model.weight.numpy().T + trainer.model.bias.numpy()
    np.testing.assert_allclose(prediction.numpy(), expected, rtol=1e-5, atol=1e-6)
    for size in (50, 16, 1):
        assert trainer.evaluate((X, Y), batch_size=size)["loss"] == pytest.approx(
            ((expected - Y) ** 2).mean(), rel=1e-4
        )


def test_modes_are_put_back():
    trainer = classifier()
    trainer.model[2].eval()
    modes = [m.training for m in trainer.model.modules()]
    trainer.predict(X)
    trainer.evaluate((X, LABELS))
    assert [m.training for m in trainer.model.modules()] == modes


def test_same_seed_same_bits():
    def weights(seed, compile=True):
        trainer = classifier(compile=compile)
        trainer.fit((X, LABELS), epochs=3, batch_size=16, seed=seed)
        return trainer.model[0].weight.numpy()

    first = weights(1)
    np.testing.assert_array_equal(first, weights(1))
    np.testing.assert_array_equal(first, weights(1, compile=False))
    assert (first != weights(2)).any()


def test_two_fits_are_one():
    once, twice = classifier(), classifier()
    once.fit((X, LABELS), epochs=4)
    weft.random.seed(0)
    twice = classifier()
    twice.fit((X, LABELS), epochs=1)
    twice.fit((X, LABELS), epochs=3)
    np.testing.assert_array_equal(once.model[0].weight.numpy(), twice.model[0].weight.numpy())
    assert once.history["loss"] == twice.history["loss"]


def test_kinds_of_data():
    expected = linear().fit((X, Y), epochs=2, batch_size=25, shuffle=False)["loss"]
    batches = [(X[:25], Y[:25]), (X[25:], Y[25:])]
    assert linear().fit(batches, epochs=2)["loss"] == expected
    assert linear().fit((weft.asarray(X), weft.asarray(Y)), epochs=2, batch_size=25, shuffle=False)["loss"] == expected
    assert linear().fit((X.astype("float64"), Y), epochs=2, batch_size=25, shuffle=False)["loss"] == expected
    shuffled = linear().fit((X, Y), epochs=2, batch_size=25)["loss"]
    tensors = linear().fit((weft.asarray(X), weft.asarray(Y)), epochs=2, batch_size=25)["loss"]
    assert shuffled == tensors != expected


def test_callbacks_and_stop():
    seen = []

    class Watch(weft.train.Callback):
        def on_fit_begin(self, trainer):
            seen.append("begin")

        def on_step_end(self, trainer, step, loss):
            seen.append(step)
            trainer.stop = step == 5

        def on_epoch_end(self, trainer, epoch, figures):
            seen.append(("epoch", epoch, sorted(figures)))

        def on_fit_end(self, trainer):
            seen.append("end")

    trainer = linear(callbacks=[Watch()])
    trainer.fit((X, Y), epochs=5, batch_size=16)
    epoch = ("epoch", 0, ["loss", "seconds"])
    assert seen == ["begin", 0, 1, 2, 3, epoch, 4, 5, ("epoch", 1, ["loss", "seconds"]), "end"]


def test_learning_rate_schedule():
    rates = []

    class Watch(weft.train.Callback):
        def on_step_end(self, trainer, step, loss):
            rates.append(trainer.optimizer.lr.item())

    schedule = weft.train.LearningRate(lambda step: 0.1 / (step + 1))
    linear(callbacks=[schedule, Watch()]).fit((X, Y), batch_size=25)
    assert rates == [np.float32(0.1), np.float32(0.05)]

    frozen = linear(callbacks=[weft.train.LearningRate(lambda step: 0.0)])
    before = frozen.model.weight.numpy().copy()
    frozen.fit((X, Y), epochs=2)
    np.testing.assert_array_equal(frozen.model.weight.numpy(), before)


@pytest.mark.parametrize("compile", [True, False])
def test_nan_stops_and_names_the_step(compile, tmp_path):
    y = Y.copy()
    y[30] = np.nan
    trainer = linear(compile=compile)
    with pytest.raises(weft.train.NanLossError, match="step 7 ") as error:
        trainer.fit([(X[:10], Y[:10])] * 7 + [(X[20:40], y[20:40])] * 2, epochs=2, save=tmp_path / "run")
    assert error.value.step == 7
    assert os.listdir(tmp_path / "run") == []
    trainer = linear(compile=compile)
    assert np.isnan(trainer.fit((X, y), epochs=2, stop_on_nan=False)["loss"]).all()


def test_no_bar_without_a_terminal(capfd):
    linear().fit((X, Y), epochs=2)
    assert capfd.readouterr() == ("", "")


def test_a_bar_where_asked(capfd):
    linear().fit((X, Y), epochs=2, progress=True)
    assert "epoch 2/2" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: linear().fit((X, Y[:10])), ["(50, 3)", "(10, 1)"]),
        (lambda: linear().fit((X, Y), batch_size=0), ["batch_size", "0"]),
        (lambda: linear().fit((X, Y), epochs=-1), ["epochs", "-1"]),
        (lambda: linear().fit(5), ["pair", "int"]),
        (lambda: linear().fit([X]), ["pair", "ndarray"]),
        (lambda: linear().fit(iter([(X, Y)]), epochs=2), ["epoch 2", "generator"]),
        (lambda: linear().evaluate([]), ["no rows"]),
        (lambda: linear(metrics=["auc"]), ["auc", "accuracy"]),
        (lambda: weft.Trainer(nn.Linear(1, 1), "adam", "mse"), ["optimizer", "adam"]),
        (lambda: weft.Trainer(nn.Linear(1, 1), weft.optim.SGD([weft.ones(1)]), "mae"), ["mae", "cross_entropy"]),
        (lambda: linear().fit((X[:, :2], Y)), ["(32, 2)", "must be 3"]),
        (lambda: linear().fit([(X[:0], Y[:0])]), ["(0, 3)", "no rows"]),
        (lambda: linear().fit([([[1.0], [1.0, 2.0]], Y[:2])]), ["pad"]),
        (lambda: linear().fit([(np.array(["a", "b"], dtype=object), Y[:2])]), ["Python objects"]),
        (lambda: linear().fit([(X,)]), ["pair", "of 1"]),
        (lambda: linear().fit("data"), ["pair", "str"]),
        (lambda: linear().fit((X, Y), resume="auto"), ["resume", "save="]),
    ],
)
def test_mistakes(call, words):
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    for word in words:
        assert word in str(error.value)


def test_the_history_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    history = classifier().fit((X, LABELS), (X, LABELS), epochs=3)
    losses, accuracies = history.plot(tmp_path / "a.png").axes
    for axis, names in ((losses, ["loss", "val_loss"]), (accuracies, ["accuracy", "val_accuracy"])):
        drawn = {line.get_label().replace(" ", "_"): list(line.get_ydata()) for line in axis.lines}
        assert drawn == {name: history[name] for name in names}
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="train first"):
        weft.train.History().plot(tmp_path / "b.png")


def test_a_label_out_of_range():
    labels = LABELS.copy()
    labels[20] = 7
    trainer = classifier()
    with pytest.raises(IndexError):
        trainer.fit((X, labels), batch_size=10, shuffle=False)
    trainer = classifier()
    assert len(trainer.fit((X, LABELS))["loss"]) == 1


INTERRUPTED = """
import os, signal, sys
import numpy as np
import weft
model = weft.nn.Linear(3, 1)
class Press(weft.train.Callback):
    def on_step_end(self, trainer, step, loss):
        if step == 5:
            os.kill(os.getpid(), signal.SIGINT)
trainer = weft.Trainer(model, weft.optim.Adam(model.parameters()), "mse", callbacks=[Press()])
try:
    trainer.fit((np.ones((40, 3), "float32"), np.ones((40, 1), "float32")), epochs=100, batch_size=10, save=sys.argv[1])
except KeyboardInterrupt:
    print("interrupted at", trainer.step, len(trainer.history["loss"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_between_two_steps_and_saves(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.stdout == "interrupted at 6 1\n", run.stderr
    assert sorted(os.listdir(tmp_path / "run")) == ["model.safetensors", "training.safetensors", "weft.json"]


def test_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    linear().fit((X, Y))
    assert signal.getsignal(signal.SIGINT) is before
