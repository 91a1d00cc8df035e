"""A training loop without the Trainer: what it does, in the open.

Run it: python examples/train_by_hand.py       or on a GPU: WEFT_BACKEND=opencl python examples/train_by_hand.py
"""

import numpy as np

import weft
from weft import nn

rng = np.random.default_rng(0)
weft.random.seed(0)

# Two spirals, one per class.
turn = rng.uniform(0.5, 3, size=1000)
label = rng.integers(0, 2, size=1000)
angle = 2 * np.pi * turn / 2 + np.pi * label
points = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1) + rng.normal(scale=0.05, size=(1000, 2))
x, y = weft.asarray(points.astype("float32")), weft.asarray(label)

model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
optimizer = weft.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(60):
    for rows in np.array_split(rng.permutation(len(x)), 16):
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()  # queues the work and goes on
    if epoch % 10 == 9:
        with weft.no_grad():
            accuracy = weft.metrics.accuracy(model(x), y)
        print(f"epoch {epoch + 1:3}  loss {loss.item():.4f}  accuracy {accuracy.item():.3f}")
