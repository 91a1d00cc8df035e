"""The same training on every backend."""

import numpy as np
import pytest

import weft
from weft import nn

STEPS = 20


def losses(name: str) -> np.ndarray:
    """Of the first steps of the digits network, from one seed."""
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    images = (images / 16).astype("float32").reshape(-1, 1, 8, 8)
    with weft.device(name):
        weft.random.seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding="same"), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.25), nn.Linear(32 * 4 * 4, 10),
        )  # fmt: skip
        optimizer = weft.optim.Adam(model.parameters(), lr=1e-3)
        optimizer.prepare()

        @weft.compile
        def step(x, y):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        batches = [slice(64 * i, 64 * i + 64) for i in range(STEPS)]
        return np.array([step(weft.asarray(images[b]), weft.asarray(labels[b])).item() for b in batches])


def test_losses_agree(backend):
    np.testing.assert_allclose(losses(backend), losses("cpu"), rtol=1e-4)
    assert losses("cpu")[-1] < losses("cpu")[0] / 1.5
