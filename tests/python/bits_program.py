"""What test_bits.py runs in processes of its own: large computations, a hash of the bits of each, and what threads did.

Each line it prints is a name, a hash, and, with the argument --busy, how many threads worked on it.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import weft
from weft import nn

ENOUGH = 0.05  # seconds of processor time from which on a thread counts as busy
LIMIT = 1.0  # seconds of processor time, of all threads together, to wait for that


def processor_seconds():
    """What each thread of this process has used."""
    tick = os.sysconf("SC_CLK_TCK")
    stats = {task.name: (task / "stat").read_text() for task in Path("/proc/self/task").iterdir()}
    fields = {name: stat.rpartition(")")[2].split() for name, stat in stats.items()}
    return {name: (int(field[11]) + int(field[12])) / tick for name, field in fields.items()}


def busy_threads(compute):
    """How many threads share the work, seen by the processor time each uses while `compute` is repeated."""
    before, begin = processor_seconds(), time.process_time()
    busy = 0
    while busy < 2 and time.process_time() - begin < LIMIT:
        weft.eval(*compute())
        busy = sum(used - before.get(name, 0) >= ENOUGH for name, used in processor_seconds().items())
    return busy


rng = np.random.default_rng(0)
long = weft.asarray(rng.standard_normal(2_000_000).astype("float32"))
matrix = weft.asarray(rng.standard_normal((1024, 1024)).astype("float32"))
images = weft.asarray(rng.standard_normal((8, 16, 20, 20)).astype("float32"))
filters = weft.asarray(rng.standard_normal((32, 16, 3, 3)).astype("float32")).requires_grad_()


def total():
    return [long.sum()]


def product():
    return [matrix @ matrix]


def convolution_gradient():
    filters.grad = None
    nn.functional.conv2d(images, filters, padding=1).square().sum().backward()
    return [filters.grad]


def trained_weights():
    weft.random.seed(0)
    layers = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(288, 10)
    model = nn.Sequential(*layers)
    digits, labels = load_digits(return_X_y=True)
    trainer = weft.Trainer(model, weft.optim.Adam(model.parameters(), lr=1e-2), "cross_entropy")
    trainer.fit((digits.reshape(-1, 1, 8, 8).astype("float32"), labels), epochs=1, batch_size=256, progress=False)
    return model.parameters()


for compute in (total, product, convolution_gradient, trained_weights):
    bits = b"".join(value.numpy().tobytes() for value in compute())
    busy = busy_threads(compute) if "--busy" in sys.argv else ""
    print(compute.__name__, hashlib.sha256(bits).hexdigest()[:16], busy)
