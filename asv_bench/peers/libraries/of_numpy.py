"""NumPy."""

import numpy as np

from .base import Base


class Library(Base):
    xp = np

    def call(self, f, *args, out="", images=0):
        if images:
            raise NotImplementedError
        ways = {"eager": lambda: f(*args)}
        if out:
            room = np.empty_like(f(*args), order="C")
            into = {
                "add": lambda: np.add(*args, out=room),
                "exp": lambda: np.exp(*args, out=room),
                "transpose": lambda: np.copyto(room, args[0].T),
                "take": lambda: np.take(*args, axis=0, out=room, mode="clip"),
            }
            ways["out="] = into[out]
        return ways

    def sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

    def gelu(self, x):
        return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))

    def softmax(self, x):
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def layer_norm(self, x, weight, bias):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt(np.mean(centred * centred, -1, keepdims=True) + 1e-5) * weight + bias

    def contiguous(self, x):
        return np.ascontiguousarray(x)

    def take(self, x, index):
        return np.take(x, index, 0)

    def sort(self, x):
        return np.sort(x)
