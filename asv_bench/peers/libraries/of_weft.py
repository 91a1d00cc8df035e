"""weft on the device that WEFT_BACKEND names."""

import numpy as np

import weft
from weft import nn
from weft.nn import functional as F

from . import models
from .base import Base

STEPS = 10  # that one measured `fit` takes


class Library(Base):
    xp, nn, F = weft, nn, F

    def __init__(self):
        super().__init__()
        weft.random.seed(0)

    def array(self, values):
        return weft.asarray(values)

    def read(self, result):
        return result.numpy()

    def sync(self, result):
        if result is not None:
            weft.eval(*result if isinstance(result, (list, tuple)) else [result])
        weft.synchronize()

    def call(self, f, *args, out="", images=0):
        return {"weft": lambda: f(*args)}

    def gradient(self, f, argnums, *args, images=0):
        for i in argnums:
            args[i].requires_grad_()

        def run():
            for i in argnums:
                args[i].grad = None
            f(*args).backward()
            return [args[i].grad for i in argnums]

        return {"weft": run}

    def each(self, thunk):
        return {"weft": thunk}

    def sigmoid(self, x):
        return weft.sigmoid(x)

    def gelu(self, x):
        return F.gelu(x, approximate="tanh")

    def softmax(self, x):
        return F.softmax(x, -1)

    def layer_norm(self, x, weight, bias):
        return F.layer_norm(x, weight.shape, weight, bias)

    def cross_entropy(self, x, y):
        return F.cross_entropy(x, y)

    def contiguous(self, x):
        return x.reshape(-1)  # a view of strides alone would do for anything else

    def take(self, x, index):
        return F.embedding(index, x)

    def sort(self, x):
        return weft.sort(x)

    def conv2d(self, x, w, stride, padding, groups):
        return F.conv2d(x, w, None, stride, padding, 1, groups)

    def max_pool(self, x):
        return F.max_pool2d(x, 2)

    def batch_norm(self, x, weight, bias):
        return F.batch_norm(x, None, None, weight, bias, training=True)

    def _task(self, name):
        task = models.TASKS[name]
        model = task.model(nn, F)
        return task, model, getattr(weft.optim, task.optimizer)(model.parameters(), lr=1e-3)

    def _fit(self, name, precision=None):
        """Steps through the Trainer. The attribute `calls` says how many one call takes."""
        task, model, optimizer = self._task(name)
        trainer = weft.Trainer(model, optimizer, task.loss, precision=precision)
        x, y = task.batch()
        data, size = (np.concatenate([x] * STEPS), np.concatenate([y] * STEPS)), len(x)

        def fit():
            trainer.fit(data, epochs=1, batch_size=size, shuffle=False, progress=False)

        fit.calls = STEPS
        return fit

    def training(self, name):
        ways = {"weft": self._fit(name)}
        return ways | ({"bfloat16": self._fit(name, "bfloat16")} if name == "gpt" else {})

    def _step(self, name, wrap):
        """A step by hand."""
        task, model, optimizer = self._task(name)
        x, y = (self.array(values) for values in task.batch())
        loss = {"cross_entropy": F.cross_entropy, "mse": F.mse_loss}[task.loss]

        @wrap
        def step(x, y):
            value = loss(model(x), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            return value

        return lambda: step(x, y)

    def steps(self, name):
        return {"weft": self._step(name, weft.compile), "eager": self._step(name, lambda step: step)}

    def regression(self):
        x, y = models.line()

        def fit():
            model = nn.Linear(1, 1)
            trainer = weft.Trainer(model, weft.optim.Adam(model.parameters()), "mse")
            trainer.fit((x, y), epochs=100, batch_size=32, progress=False)

        return {"weft": fit}
