"""The networks of the training rows. PyTorch and weft share their code: both are handed their `nn` and `functional`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Task:
    model: Callable[[Any, Any], Any]
    batch: Callable[[], tuple[Any, Any]]
    optimizer: str
    loss: str = "cross_entropy"


def _normal(*shape):
    return np.random.default_rng(1).standard_normal(shape, dtype="float32")


def _labels(classes, *shape):
    return np.random.default_rng(2).integers(0, classes, shape)


def tiny(nn, F):
    return nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2))


def mlp(nn, F):
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def cnn(nn, F):
    convolutions = nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10))


def gpt(nn, F, width=256, heads=4, layers=4, vocabulary=256, length=128):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, x):
            n, t, _ = x.shape
            q, k, v = (part.reshape(n, t, heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.out(y.transpose(1, 2).reshape(n, t, width))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), Attention(), nn.LayerNorm(width)
            self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            x = x + self.attention(self.norm1(x))
            return x + self.narrow(F.gelu(self.wide(self.norm2(x)), approximate="tanh"))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)

        def forward(self, tokens):
            x = self.tokens(tokens) + self.places.weight
            return self.head(self.norm(self.blocks(x))).transpose(1, 2)

    return GPT()


def lstm(nn, F):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(64, 256, batch_first=True), nn.Linear(256, 10)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    return Last()


TASKS = {
    "tiny": Task(tiny, lambda: (_normal(32, 3), _normal(32, 2)), "Adam", "mse"),
    "mlp": Task(mlp, lambda: (_normal(128, 784), _labels(10, 128)), "Adam"),
    "cnn": Task(cnn, lambda: (_normal(64, 1, 28, 28), _labels(10, 64)), "Adam"),
    "gpt": Task(gpt, lambda: (_labels(256, 16, 128), _labels(256, 16, 128)), "AdamW"),
    "lstm": Task(lstm, lambda: (_normal(32, 64, 64), _labels(10, 32)), "Adam"),
}


def line():
    """Of the linear regression: y = 3 x + 2 and noise."""
    rng = np.random.default_rng(0)
    x = rng.random((1000, 1), dtype="float32")
    return x, 3 * x + 2 + rng.random((1000, 1), dtype="float32")
