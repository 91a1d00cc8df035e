"""JAX, jitted."""

import jax
import jax.numpy as jnp

from . import jax_models, models
from .base import Base


class Library(Base):
    xp = jnp

    def array(self, values):
        if values.dtype == "float64":
            raise NotImplementedError  # a setting of the whole process, which would change other rows
        return jnp.asarray(values)

    def sync(self, result):
        jax.block_until_ready(result)

    def call(self, f, *args, out="", images=0):
        fast = jax.jit(f)
        return {"jit": lambda: fast(*args)}

    def gradient(self, f, argnums, *args, images=0):
        fast = jax.jit(jax.grad(f, argnums))
        return {"jit": lambda: fast(*args)}

    def sigmoid(self, x):
        return jax.nn.sigmoid(x)

    def gelu(self, x):
        return jax.nn.gelu(x, approximate=True)

    def softmax(self, x):
        return jax.nn.softmax(x, -1)

    def layer_norm(self, x, weight, bias):
        centred = x - x.mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * weight + bias

    def cross_entropy(self, x, y):
        return jax_models.cross_entropy(x, y)

    def contiguous(self, x):
        return jnp.copy(x)

    def take(self, x, index):
        return jnp.take(x, index, axis=0)

    def sort(self, x):
        return jnp.sort(x)

    def conv2d(self, x, w, stride, padding, groups):
        pad = [(padding, padding)] * 2
        return jax.lax.conv_general_dilated(x, w, (stride, stride), pad, feature_group_count=groups)

    def max_pool(self, x):
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def batch_norm(self, x, weight, bias):
        centred = x - x.mean((0, 2, 3), keepdims=True)
        scaled = centred * jax.lax.rsqrt((centred * centred).mean((0, 2, 3), keepdims=True) + 1e-5)
        return scaled * weight[:, None, None] + bias[:, None, None]

    def training(self, name):
        step, state = jax_models.step(name)
        x, y = (self.array(values) for values in models.TASKS[name].batch())
        kept = [state]

        def run():
            kept[0] = step(kept[0], x, y)
            return kept[0]

        return {"jit": run}

    def steps(self, name):
        return self.training(name)

    def regression(self):
        step, start = jax_models.step("line")
        x, y = (self.array(values) for values in models.line())
        batches = [(x[i : i + 32], y[i : i + 32]) for i in range(0, len(x), 32)]

        def fit():
            state = jax.tree.map(jnp.copy, start)
            for _ in range(100):
                for xs, ys in batches:
                    state = step(state, xs, ys)
            return state

        return {"jit": fit}
