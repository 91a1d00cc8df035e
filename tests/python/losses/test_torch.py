"""Every loss against PyTorch's: values and gradients of each reduction."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft import losses

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:reduction:UserWarning")]

rng = np.random.default_rng(0)
N, C = 8, 5


def normal(*shape):
    return rng.normal(size=shape)


def uniform(*shape):
    return rng.uniform(0.05, 0.95, size=shape)


CLASSES = rng.integers(0, C, size=N)
PIXELS = rng.integers(0, C, size=(N, 3, 2))
SIGNS = rng.choice([-1, 1], size=N)
WEIGHT = uniform(C)
PROBABILITIES = (lambda x: x / x.sum(1, keepdims=True))(uniform(N, C))
RAGGED = normal(12, N, C)

# The class, its options, and what it is called with. Gradients are compared of the floating-point ones.
CASES = [
    ("MSELoss", {}, (normal(N, C), normal(N, C))),
    ("L1Loss", {}, (normal(N, C), normal(N, C))),
    ("HuberLoss", {"delta": 0.6}, (normal(N, C), normal(N, C))),
    ("SmoothL1Loss", {"beta": 0.6}, (normal(N, C), normal(N, C))),
    ("CrossEntropyLoss", {}, (normal(N, C), CLASSES)),
    ("CrossEntropyLoss", {"weight": WEIGHT, "ignore_index": 2}, (normal(N, C), CLASSES)),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.1, "ignore_index": 2}, (normal(N, C), CLASSES)),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.1}, (normal(N, C), PROBABILITIES)),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.1}, (normal(N, C, 3, 2), PIXELS)),
    ("CrossEntropyLoss", {}, (normal(C), CLASSES[0])),
    ("NLLLoss", {"weight": WEIGHT, "ignore_index": 2}, (normal(N, C), CLASSES)),
    ("NLLLoss", {"weight": WEIGHT}, (normal(N, C, 3, 2), PIXELS)),
    ("BCELoss", {"weight": WEIGHT}, (uniform(N, C), uniform(N, C))),
    ("BCEWithLogitsLoss", {"weight": WEIGHT, "pos_weight": WEIGHT + 1}, (5 * normal(N, C), uniform(N, C))),
    ("KLDivLoss", {}, (normal(N, C), uniform(N, C))),
    ("KLDivLoss", {"log_target": True}, (normal(N, C), normal(N, C))),
    ("HingeEmbeddingLoss", {"margin": 0.5}, (normal(N), SIGNS)),
    ("CosineEmbeddingLoss", {"margin": 0.2}, (normal(N, C), normal(N, C), SIGNS)),
    ("TripletMarginLoss", {"margin": 2.0, "p": 2}, (normal(N, C), normal(N, C), normal(N, C))),
    ("TripletMarginLoss", {"margin": 2.0, "p": 3, "swap": True}, (normal(N, C), normal(N, C), normal(N, C))),
    ("GaussianNLLLoss", {"full": True}, (normal(N, C), normal(N, C), uniform(N, C))),
    ("GaussianNLLLoss", {"eps": 0.3}, (normal(N, C), normal(N, C), uniform(N, 1))),
    ("PoissonNLLLoss", {"full": True}, (normal(N, C), rng.poisson(2.0, size=(N, C)).astype(float))),
    ("PoissonNLLLoss", {"log_input": False}, (uniform(N, C), rng.poisson(2.0, size=(N, C)).astype(float))),
]


def compare(name, options, arguments, reduction, through=(lambda x: x, lambda x: x)):
    """The same loss in both, on the same numbers; `through` is applied to the first argument of each."""
    found = []
    for library, tensor, first in ((torch.nn, torch.tensor, through[0]), (losses, weft.asarray, through[1])):
        tensors = [tensor(np.asarray(a)) for a in arguments]
        smooth = [t for t, a in zip(tensors, arguments, strict=True) if np.asarray(a).dtype.kind == "f"]
        for t in smooth:
            t.requires_grad_()
        given = {key: tensor(v) if isinstance(v, np.ndarray) else v for key, v in options.items()}
        value = getattr(library, name)(**given, reduction=reduction)(first(tensors[0]), *tensors[1:])
        value.sum().backward()
        found.append([value.detach().numpy(), *(t.grad.numpy() for t in smooth)])
    for theirs, ours in zip(*found, strict=True):
        theirs = np.where(np.isnan(theirs), ours, theirs)  # its Stirling term has no gradient for small counts
        assert not np.isnan(ours).any()
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "options", "arguments"), CASES)
def test_loss(name, options, arguments, reduction):
    compare(name, options, arguments, reduction)


def test_batchmean():
    compare("KLDivLoss", {}, (normal(N, C), uniform(N, C)), "batchmean")


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("longest", [0, 1, 6])
def test_ctc(longest, reduction):
    """Through log_softmax, since PyTorch's gradient is that of the logits."""
    targets = rng.integers(1, C, size=(N, longest))
    lengths = rng.integers(1, 13, size=N), rng.integers(0, longest + 1, size=N)
    arguments = RAGGED, targets, *lengths
    through = (lambda x: torch.log_softmax(x, 2), lambda x: weft.nn.functional.log_softmax(x, 2))
    compare("CTCLoss", {"zero_infinity": True}, arguments, reduction, through)
