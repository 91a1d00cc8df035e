"""A step of the digits network, and what a small operation costs."""

import numpy as np

import weft
from weft import nn


class Digits:
    """Forward, backward and Adam at batch 64."""

    def setup(self):
        rng = np.random.default_rng(0)
        self.x = weft.asarray(rng.normal(size=(64, 1, 8, 8)).astype("float32"))
        self.y = weft.asarray(rng.integers(0, 10, size=64))
        self.model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding="same"),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding="same"),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(1024, 10),
        )
        self.optimizer = weft.optim.Adam(self.model.parameters())
        for _ in range(3):
            self.time_step()

    def time_step(self):
        loss = nn.functional.cross_entropy(self.model(self.x), self.y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        weft.synchronize()


class Overhead:
    """Operations on one number: all overhead."""

    def setup(self):
        self.x = weft.asarray(1.0)

    def time_add(self):
        self.x + 1.0

    def time_item(self):
        (self.x + 1.0).item()
