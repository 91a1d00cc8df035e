"""``weft train``: small trainings from end to end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import check_plot, figures, finish, need, training_options

if TYPE_CHECKING:
    from weft import Trainer

__all__ = ["train"]


@click.group()
def train() -> None:
    """Train a model on data that are at hand."""


@train.command()
@training_options(epochs=20, batch_size=64, lr=0.002)
def digits(
    epochs: int,
    batch_size: int,
    lr: float,
    seed: int,
    device: str | None,
    save: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Train a convolutional network on scikit-learn's handwritten digits (8x8, 10 classes)."""
    datasets, selection = need("sklearn.datasets"), need("sklearn.model_selection")
    check_plot(plot)
    import weft
    from weft import nn

    images, labels = datasets.load_digits(return_X_y=True)
    images = (images / 16).astype("float32").reshape(-1, 1, 8, 8)
    x_train, x_test, y_train, y_test = selection.train_test_split(
        images, labels, test_size=0.25, stratify=labels, random_state=0
    )
    with weft.device(_device(device)):
        weft.random.seed(seed)
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding="same"),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.25),
            nn.Linear(64 * 4 * 4, 10),
        )
        loss = weft.losses.CrossEntropyLoss(label_smoothing=0.1)
        trainer = _trainer(model, loss, ["accuracy"], lr, epochs * -(-len(x_train) // batch_size))
        start = time.perf_counter()
        stopped = _fit(trainer, (x_train, y_train), (x_test, y_test), epochs, batch_size, seed, save)
        seconds = time.perf_counter() - start
        test = trainer.evaluate((x_test, y_test))
    values = {"test_accuracy": test["accuracy"], "test_loss": test["loss"], **figures(trainer, len(x_train), seconds)}
    finish({**values, "seed": seed}, trainer.history, json_file, plot)
    if stopped:
        raise KeyboardInterrupt


@train.command()
@training_options(epochs=50, batch_size=32, lr=0.05)
def linear(
    epochs: int,
    batch_size: int,
    lr: float,
    seed: int,
    device: str | None,
    save: Path | None,
    json_file: Path | None,
    plot: Path | None,
) -> None:
    """Find the line in y = 3 x + 2 + noise, with noise uniform on [0, 1): slope 3, intercept 2.5."""
    check_plot(plot)
    import numpy as np

    import weft

    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(1250, 1)).astype("float32")
    y = (3 * x + 2 + rng.uniform(size=x.shape)).astype("float32")
    samples, test = (x[:1000], y[:1000]), (x[1000:], y[1000:])
    with weft.device(_device(device)):
        weft.random.seed(seed)
        model = weft.nn.Linear(1, 1)
        trainer = _trainer(model, "mse", [], lr, epochs * -(-len(samples[0]) // batch_size))
        start = time.perf_counter()
        stopped = _fit(trainer, samples, test, epochs, batch_size, seed, save)
        seconds = time.perf_counter() - start
        mse = trainer.evaluate(test)["loss"]
    assert model.bias is not None
    values = {"slope": model.weight.item(), "intercept": model.bias.item(), "test_mse": mse}
    values |= figures(trainer, len(samples[0]), seconds)
    finish({**values, "seed": seed}, trainer.history, json_file, plot)
    if stopped:
        raise KeyboardInterrupt


def _device(name: str | None) -> Any:
    import weft

    return weft.device(name) if name is not None else weft.default_device()


def _trainer(model: Any, loss: Any, metrics: list[str], lr: float, steps: int) -> Trainer:
    """Adam, with a learning rate that falls to 0 along a half cosine."""
    import weft

    schedule = weft.train.LearningRate(weft.optim.cosine(lr, steps))
    return weft.Trainer(model, weft.optim.Adam(model.parameters(), lr=lr), loss, metrics, callbacks=[schedule])


def _fit(trainer: Trainer, data: Any, test: Any, epochs: int, batch_size: int, seed: int, save: Path | None) -> bool:
    """Train; whether Ctrl-C ended it."""
    try:
        trainer.fit(data, test, epochs=epochs, batch_size=batch_size, seed=seed, save=save)
    except KeyboardInterrupt:
        click.echo(f"weft: interrupted at step {trainer.step}; finishing", err=True)
        return True
    return False
