"""The networks of models.py in plain JAX: a function from parameters, and the parameters."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from . import models


def _weight(*shape):
    return jnp.asarray(np.random.default_rng(3).standard_normal(shape, dtype="float32") * 0.02)


def _dense(inputs, outputs):
    return {"w": _weight(inputs, outputs), "b": jnp.zeros(outputs)}


def _apply(p, x):
    return x @ p["w"] + p["b"]


def mlp(sizes):
    def forward(layers, x):
        for layer in layers[:-1]:
            x = jax.nn.relu(_apply(layer, x))
        return _apply(layers[-1], x)

    return forward, [_dense(a, b) for a, b in pairwise(sizes)]


def cnn():
    def convolve(p, x):
        y = jax.lax.conv_general_dilated(x, p["w"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return jax.nn.relu(y + p["b"])

    def forward(p, x):
        x = convolve(p["c2"], convolve(p["c1"], x.transpose(0, 2, 3, 1)))
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return _apply(p["d2"], jax.nn.relu(_apply(p["d1"], x.reshape(x.shape[0], -1))))

    c1, c2 = ({"w": _weight(3, 3, i, o), "b": jnp.zeros(o)} for i, o in ((1, 32), (32, 64)))
    return forward, {"c1": c1, "c2": c2, "d1": _dense(9216, 128), "d2": _dense(128, 10)}


def _norm(p, x):
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * p["w"] + p["b"]


def gpt(width=256, heads=4, layers=4, vocabulary=256, length=128):
    def attend(p, x):
        n, t, _ = x.shape
        q, k, v = (part.reshape(n, t, heads, -1) for part in jnp.split(_apply(p["qkv"], x), 3, -1))
        return _apply(p["out"], jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(n, t, width))

    def forward(p, tokens):
        x = p["tokens"][tokens] + p["places"]
        for block in p["blocks"]:
            x = x + attend(block, _norm(block["norm1"], x))
            x = x + _apply(block["narrow"], jax.nn.gelu(_apply(block["wide"], _norm(block["norm2"], x))))
        return _apply(p["head"], _norm(p["norm"], x)).transpose(0, 2, 1)

    norm = {"w": jnp.ones(width), "b": jnp.zeros(width)}
    block = {
        "norm1": norm, "norm2": norm, "qkv": _dense(width, 3 * width), "out": _dense(width, width),
        "wide": _dense(width, 4 * width), "narrow": _dense(4 * width, width),
    }  # fmt: skip
    tables = {"tokens": _weight(vocabulary, width), "places": _weight(length, width)}
    return forward, {**tables, "blocks": [block] * layers, "norm": norm, "head": _dense(width, vocabulary)}


def lstm(inputs=64, hidden=256):
    def forward(p, x):
        def cell(state, given):
            h, c = state
            i, f, g, o = jnp.split(given + h @ p["h"], 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), None

        start = jnp.zeros((x.shape[0], hidden))
        (h, _), _ = jax.lax.scan(cell, (start, start), _apply(p["x"], x).transpose(1, 0, 2))
        return _apply(p["head"], h)

    return forward, {"x": _dense(inputs, 4 * hidden), "h": _weight(hidden, 4 * hidden), "head": _dense(hidden, 10)}


NETWORKS = {
    "tiny": partial(mlp, (3, 16, 2)), "mlp": partial(mlp, (784, 512, 256, 10)), "cnn": cnn, "gpt": gpt, "lstm": lstm,
    "line": partial(mlp, (1, 1)),
}  # fmt: skip


def cross_entropy(x, y):
    """Over classes along axis 1, as PyTorch has it."""
    return -jnp.take_along_axis(jax.nn.log_softmax(x, 1), jnp.expand_dims(y, 1), 1).mean()


def step(name):
    """A jitted step of Adam, and the state it takes and gives."""
    forward, parameters = NETWORKS[name]()
    squared = name == "line" or models.TASKS[name].loss == "mse"
    decay = 0.0 if name == "line" or models.TASKS[name].optimizer == "Adam" else 0.01

    def loss(p, x, y):
        return ((forward(p, x) - y) ** 2).mean() if squared else cross_entropy(forward(p, x), y)

    def update(state, x, y):
        p, m, v, t = state
        g = jax.grad(loss)(p, x, y)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t

        def move(p, m, v):
            return p - 1e-3 * (m / c1 / (jnp.sqrt(v / c2) + 1e-8) + decay * p)

        return jax.tree.map(move, p, m, v), m, v, t

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return jax.jit(update, donate_argnums=0), (
        jax.tree.map(jnp.copy, parameters),
        zeros,
        jax.tree.map(jnp.copy, zeros),
        jnp.float32(0),
    )
