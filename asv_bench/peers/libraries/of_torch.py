"""PyTorch: eager, with torch.compile, channels-last, into memory it has, with a fused optimizer."""

import itertools
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import models
from .base import Base

COMPILE = os.environ.get("PEERS_TORCH_COMPILE", "1") == "1"


class Library(Base):
    xp, nn, F = torch, nn, F

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)

    def array(self, values):
        return torch.from_numpy(np.asarray(values))

    def read(self, result):
        return result.numpy()

    def _ways(self, f, args):
        """As it is, and compiled."""
        compiled = torch.compile(f) if COMPILE else None
        return {"eager": lambda: f(*args)} | ({"compile": lambda: compiled(*args)} if compiled else {})

    def call(self, f, *args, out="", images=0):
        ways = {name: torch.no_grad()(way) for name, way in self._ways(f, args).items()}
        if images:
            last = self._channels_last(args, images)
            ways["channels last"] = torch.no_grad()(lambda: f(*last))
        if out:
            room = torch.empty_like(f(*args), memory_format=torch.contiguous_format)
            into = {
                "add": lambda: torch.add(*args, out=room),
                "exp": lambda: torch.exp(*args, out=room),
                "transpose": lambda: room.copy_(args[0].T),
                "take": lambda: torch.index_select(args[0], 0, args[1], out=room),
            }
            ways["out="] = into[out]
        return ways

    def _channels_last(self, args, images):
        """The arguments, those of four dimensions with channels last."""
        return [a.to(memory_format=torch.channels_last) if a.dim() == 4 else a for a in args]

    def gradient(self, f, argnums, *args, images=0):
        def both(f, args):
            args = [a.detach().requires_grad_(i in argnums) for i, a in enumerate(args)]

            def run():
                for i in argnums:
                    args[i].grad = None
                f(*args).backward()
                return [args[i].grad for i in argnums]

            return run

        ways = {"eager": both(f, args)}
        if images:
            ways["channels last"] = both(f, self._channels_last(args, images))
        if COMPILE:
            ways["compile"] = both(torch.compile(f), args)
        return ways

    def sigmoid(self, x):
        return torch.sigmoid(x)

    def gelu(self, x):
        return F.gelu(x, approximate="tanh")

    def softmax(self, x):
        return torch.softmax(x, -1)

    def layer_norm(self, x, weight, bias):
        return F.layer_norm(x, weight.shape, weight, bias)

    def cross_entropy(self, x, y):
        return F.cross_entropy(x, y)

    def contiguous(self, x):
        return x.contiguous()

    def take(self, x, index):
        return F.embedding(index, x)

    def sort(self, x):
        return torch.sort(x).values

    def conv2d(self, x, w, stride, padding, groups):
        return F.conv2d(x, w, None, stride, padding, 1, groups)

    def max_pool(self, x):
        return F.max_pool2d(x, 2)

    def batch_norm(self, x, weight, bias):
        return F.batch_norm(x, None, None, weight, bias, training=True)

    def _step(self, name, compiled=False, fused=False):
        task = models.TASKS[name]
        model, (x, y) = task.model(nn, F), (self.array(values) for values in task.batch())
        optimizer = getattr(torch.optim, task.optimizer)(model.parameters(), lr=1e-3, fused=fused)
        forward = torch.compile(model) if compiled else model
        loss = {"cross_entropy": F.cross_entropy, "mse": F.mse_loss}[task.loss]

        def step():
            value = loss(forward(x), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()

        return step

    def training(self, name):
        ways = {"eager": self._step(name), "fused optimizer": self._step(name, fused=True)}
        if COMPILE:
            ways["compile"] = self._step(name, compiled=True, fused=True)
        return ways

    def steps(self, name):
        return self.training(name)

    def regression(self):
        x, y = (self.array(values) for values in models.line())

        def fit():
            model = nn.Linear(1, 1)
            optimizer = torch.optim.Adam(model.parameters())
            for _, (xs, ys) in itertools.product(range(100), list(zip(x.split(32), y.split(32), strict=True))):
                loss = F.mse_loss(model(xs), ys)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        return {"eager": fit}
