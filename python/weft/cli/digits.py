"""``weft train digits``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import Options, need, training_options
from .task import Task, run

if TYPE_CHECKING:
    from weft import Trainer

__all__ = ["digits", "digits_task"]


def digits_task() -> Task:
    """A convolutional network and the images."""
    import weft
    from weft import nn

    need("sklearn")
    data, test = weft.data.digits()
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
    return Task("digits", model, data, loss, test, ["accuracy"], prepare=_images)


def _images(array: Any) -> Any:
    """Rows of 64 pixels, or images of 8x8, with values from 0 to 16 as scikit-learn gives them."""
    if array.size % 64:
        raise ValueError(f"digits: an array of shape {array.shape} holds no images of 8x8")
    return array.reshape(-1, 1, 8, 8) / 16


@click.command()
@training_options(epochs=20, batch_size=64, lr=0.002)
def digits(options: Options) -> None:
    """Train a convolutional network on scikit-learn's handwritten digits (8x8, 10 classes)."""

    def results(trainer: Trainer, test: dict[str, Any]) -> dict[str, Any]:
        return {"test_accuracy": test["accuracy"], "test_loss": test["loss"]}

    run(digits_task, options, results)
