"""Training steps as a user writes them: compiled, and through the Trainer."""

import numpy as np

import weft
from weft import nn
from weft.nn import functional as F

from .backends import NAMES, OnBackend


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def digits_cnn():
    layers = []
    for inputs, outputs in ((1, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding="same"), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 10))


def transformer():
    layer = nn.TransformerEncoderLayer(64, 4, 256, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Linear(16, 64), layer, nn.Flatten(), nn.Linear(32 * 64, 10))


MODELS = {"mlp": (mlp, (128, 784)), "cnn": (digits_cnn, (64, 1, 8, 8)), "transformer": (transformer, (32, 32, 16))}


def batch(name):
    """A model, and one batch of random inputs and labels."""
    make, shape = MODELS[name]
    rng = np.random.default_rng(0)
    weft.random.seed(0)
    return make(), rng.standard_normal(shape, dtype="float32"), rng.integers(0, 10, shape[0])


def compiled_step(name):
    """A function without arguments that takes one step of Adam."""
    model, *data = batch(name)
    optimizer = weft.optim.Adam(model.parameters())
    x, y = (weft.asarray(values) for values in data)

    @weft.compile
    def step(x, y):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def run():
        loss = step(x, y)
        weft.synchronize()
        return loss

    return run


class Step(OnBackend):
    """One step of Adam, compiled."""

    params = (NAMES, tuple(MODELS))
    param_names = ("backend", "model")

    def prepare(self, model):
        self.step = compiled_step(model)
        for _ in range(3):
            self.step()

    def time_step(self, *_):
        self.step()


class Fit(OnBackend):
    """Ten steps through the Trainer."""

    params = (NAMES, tuple(MODELS))
    param_names = ("backend", "model")

    def prepare(self, name):
        model, x, y = batch(name)
        self.trainer = weft.Trainer(model, weft.optim.Adam(model.parameters()), "cross_entropy")
        self.data, self.size = (np.concatenate([x] * 10), np.concatenate([y] * 10)), len(x)
        self.time_fit()

    def time_fit(self, *_):
        self.trainer.fit(self.data, epochs=1, batch_size=self.size, progress=False)
