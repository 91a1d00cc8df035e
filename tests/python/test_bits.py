"""Scheduling changes no bit: threads, fusion, and values read in the middle."""

import hashlib
import os
import subprocess
import sys

import numpy as np

import weft

PROGRAM = """
import hashlib, numpy as np, weft
from weft import nn
rng = np.random.default_rng(0)
x = weft.asarray(rng.standard_normal(2_000_000).astype("float32"))
a = weft.asarray(rng.standard_normal((1024, 1024)).astype("float32"))
shapes = (8, 16, 20, 20), (32, 16, 3, 3)
images, filters = (weft.asarray(rng.standard_normal(shape).astype("float32")) for shape in shapes)
filters.requires_grad_()
nn.functional.conv2d(images, filters, padding=1).square().sum().backward()
weft.random.seed(0)
layers = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(288, 10)
model = nn.Sequential(*layers)
trainer = weft.Trainer(model, weft.optim.Adam(model.parameters(), lr=1e-2), "cross_entropy")
data = rng.standard_normal((200, 1, 8, 8)).astype("float32"), rng.integers(0, 10, 200)
trainer.fit(data, epochs=2, batch_size=64, progress=False)
for value in (x.sum(), a @ a, filters.grad, *model.parameters()):
    print(hashlib.sha256(value.numpy().tobytes()).hexdigest()[:16])
print("threads", weft._core._threads(weft.get_default_device()))
"""


def bits(backend, **environment):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "WEFT_BACKEND": backend, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    *hashes, threads = run.stdout.split("\n")[:-1]
    return hashes, threads


def test_one_thread_or_two():
    one, two = bits("cpu", WEFT_NUM_THREADS="1"), bits("cpu", WEFT_NUM_THREADS="2")
    assert (one[1], two[1]) == ("threads 1", "threads 2")
    assert one[0] == two[0]


def test_fused_or_not(backend):
    assert bits(backend)[0] == bits(backend, WEFT_FUSE="0")[0]


def test_a_value_read_in_the_middle(device, rng):
    x = weft.asarray(rng.standard_normal((64, 300)).astype("float32"))

    def run(look):
        h = weft.exp(x * 0.3) - 1
        if look:
            h.numpy()
        m = h.mean(axis=1, keepdims=True)
        if look:
            str(m)
        return hashlib.sha256(((h - m) / weft.sqrt(h.var(axis=1, keepdims=True))).numpy().tobytes()).hexdigest()

    assert run(False) == run(True)


def test_long_reductions_depend_on_length_alone(device, rng):
    values = rng.standard_normal(100_000).astype("float32")
    x = weft.asarray(values)
    y = weft.asarray(np.stack([values, values[::-1]], axis=1))[:, 0]  # the same values, two apart in memory
    assert x.sum().item() == y.sum().item()
