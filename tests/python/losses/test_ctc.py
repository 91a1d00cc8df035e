"""CTC against the sum over every way to place the target."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import weft
from weft.losses import CTCLoss, ctc_loss
from weft.nn.functional import log_softmax


def spelt(way, blank):
    """What is left of a way when repeats, and then blanks, are dropped."""
    return tuple(c for c, _ in itertools.groupby(way) if c != blank)


def brute_force(log_probs, target, blank=0):
    """Minus the log-likelihood of a target: (T, C) of one row, every class at every step tried."""
    steps, classes = log_probs.shape
    ways = itertools.product(range(classes), repeat=steps)
    right = [sum(log_probs[t, c] for t, c in enumerate(way)) for way in ways if spelt(way, blank) == tuple(target)]
    return -np.logaddexp.reduce(right) if right else math.inf


def random_log_probs(rng, *shape):
    x = rng.normal(size=shape)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


@given(
    seed=st.integers(0, 2**31),
    steps=st.integers(1, 5),
    rows=st.integers(1, 3),
    classes=st.integers(2, 4),
    longest=st.integers(0, 4),
    data=st.data(),
)
def test_every_way(seed, steps, rows, classes, longest, data):
    rng = np.random.default_rng(seed)
    blank = data.draw(st.integers(0, classes - 1))
    others = [c for c in range(classes) if c != blank]
    log_probs = random_log_probs(rng, steps, rows, classes)
    targets = rng.choice(others, size=(rows, longest))
    input_lengths, target_lengths = rng.integers(0, steps + 1, rows), rng.integers(0, longest + 1, rows)
    want = [
        brute_force(log_probs[:t, n], targets[n, :s], blank)
        for n, (t, s) in enumerate(zip(input_lengths, target_lengths, strict=True))
    ]

    given_ = weft.asarray(log_probs), weft.asarray(targets, dtype=weft.int64)
    lengths = weft.asarray(input_lengths), weft.asarray(target_lengths)
    got = ctc_loss(*given_, *lengths, blank=blank, reduction="none")
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-10, atol=1e-10)

    in_a_row = weft.asarray(np.concatenate([t[:s] for t, s in zip(targets, target_lengths, strict=True)]))
    lists = input_lengths.tolist(), target_lengths.tolist()
    joined = ctc_loss(given_[0], in_a_row.astype(weft.int64), *lists, blank=blank, reduction="none")
    np.testing.assert_array_equal(joined.numpy(), got.numpy())

    finite = np.where(np.isinf(want), 0, want)
    mean = ctc_loss(*given_, *lengths, blank=blank, zero_infinity=True)
    np.testing.assert_allclose(mean.item(), (finite / np.maximum(target_lengths, 1)).mean(), rtol=1e-10, atol=1e-10)
    total = ctc_loss(*given_, *lengths, blank=blank, reduction="sum", zero_infinity=True)
    np.testing.assert_allclose(total.item(), finite.sum(), rtol=1e-10, atol=1e-10)


@pytest.fixture
def batch(rng):
    """Log-probabilities (4, 3, 3), targets and lengths; the third target is too long for its input."""
    return random_log_probs(rng, 4, 3, 3), np.array([[1, 1], [2, 0], [1, 2]]), [4, 3, 1], [2, 1, 2]


def test_gradients(batch, device):
    log_probs, targets, input_lengths, target_lengths = batch
    x = weft.asarray(log_probs, dtype=weft.float32).requires_grad_()
    ctc_loss(x, weft.asarray(targets), input_lengths, target_lengths, reduction="sum", zero_infinity=True).backward()

    def total(log_probs):
        return sum(brute_force(log_probs[:t, n], targets[n, :s]) for n, (t, s) in enumerate([(4, 2), (3, 1)]))

    want = np.zeros_like(log_probs)
    for i in np.ndindex(log_probs.shape):
        moved = [log_probs.copy(), log_probs.copy()]
        moved[0][i] += 1e-6
        moved[1][i] -= 1e-6
        want[i] = (total(moved[0]) - total(moved[1])) / 2e-6
    np.testing.assert_allclose(x.grad.numpy(), want, rtol=1e-4, atol=1e-5)


def test_impossible_targets(batch, device):
    log_probs, targets, input_lengths, target_lengths = batch
    x = weft.asarray(log_probs, dtype=weft.float32).requires_grad_()
    loss = ctc_loss(x, weft.asarray(targets), input_lengths, target_lengths, reduction="none")
    assert np.isinf(loss.numpy()).tolist() == [False, False, True]
    loss.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    assert not x.grad.numpy()[:, 2].any()


def test_probabilities_of_zero(device):
    x = weft.asarray([[0.0, 1.0], [1.0, 0.0]]).log().requires_grad_()
    loss = ctc_loss(x, weft.asarray([1]), 2, 1)
    assert loss.item() == 0
    loss.backward()
    assert x.grad.tolist() == [[0.0, -1.0], [-1.0, 0.0]]
    assert ctc_loss(x, weft.asarray([1, 1]), 2, 2).item() == math.inf


def test_without_a_batch(batch):
    log_probs, targets, *_ = batch
    alone = ctc_loss(weft.asarray(log_probs[:, 0]), weft.asarray(targets[0]), 4, 2, reduction="none")
    assert alone.shape == ()
    np.testing.assert_allclose(alone.item(), brute_force(log_probs[:, 0], targets[0]), rtol=1e-10)


def test_narrow_input_is_computed_in_float32(batch):
    log_probs, targets, input_lengths, target_lengths = batch
    x = weft.asarray(log_probs).astype(weft.float16)
    loss = CTCLoss(reduction="none")(x, weft.asarray(targets), input_lengths, target_lengths)
    assert loss.dtype == weft.float16
    want = brute_force(x.numpy().astype(float)[:, 0], targets[0])
    np.testing.assert_allclose(loss.numpy()[0], want, rtol=1e-3)


def test_other_lengths_compile_nothing(rng):
    def run(steps):
        x = weft.asarray(random_log_probs(rng, steps, 2, 5), dtype=weft.float32).requires_grad_()
        ctc_loss(x, weft.asarray([[1, 2, 3], [4, 4, 1]]), [steps, steps - 1], [3, 2]).backward()
        return x.grad.numpy()

    run(7)
    before = weft.kernel_builds()
    assert run(30).shape == (30, 2, 5)
    assert weft.kernel_builds() == before


def test_compiled(batch):
    log_probs, targets, input_lengths, target_lengths = batch
    arguments = (
        weft.asarray(log_probs),
        weft.asarray(targets),
        weft.asarray(input_lengths),
        weft.asarray(target_lengths),
    )

    @weft.compile
    def step(x, *rest):
        return weft.grad(lambda x: ctc_loss(log_softmax(x, 2), *rest, zero_infinity=True))(x)

    want = weft.grad(lambda x: ctc_loss(log_softmax(x, 2), *arguments[1:], zero_infinity=True))(arguments[0])
    for _ in range(2):
        np.testing.assert_allclose(step(*arguments).numpy(), want.numpy(), rtol=1e-12, atol=1e-12)


LOG_PROBS, TARGETS = weft.zeros((4, 2, 3)), weft.asarray([[1, 2], [1, 1]])
BAD = [
    (
        lambda: ctc_loss(LOG_PROBS, TARGETS, [4], [2, 2]),
        ValueError,
        "input_lengths are .* expected 2 numbers from 0 to 4",
    ),
    (lambda: ctc_loss(LOG_PROBS, TARGETS, [4, 5], [2, 2]), ValueError, "from 0 to 4"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS, [4, 4], [2, 3]), ValueError, "from 0 to 2"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS, [4, 4], weft.asarray([2, 3])).item(), IndexError, "out of bounds"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS, [4, 4], weft.asarray([2, -1])).item(), IndexError, "out of bounds"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS + 1, [4, 4], [2, 2]).item(), IndexError, "out of bounds"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS, [4, 4], [2, 2], blank=3), ValueError, "blank"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS.reshape(-1), [4, 4], [2, 1]), ValueError, "with that sum"),
    (lambda: ctc_loss(LOG_PROBS, weft.zeros((3, 2), dtype=weft.int64), [4, 4], [2, 2]), ValueError, "expected class"),
    (lambda: ctc_loss(LOG_PROBS, weft.zeros((2, 2)), [4, 4], [2, 2]), ValueError, "expected class numbers"),
    (lambda: ctc_loss(LOG_PROBS[0, 0], TARGETS, 4, 2), ValueError, "expected"),
    (lambda: ctc_loss(LOG_PROBS, TARGETS, [4, 4], [2, 2], reduction="all"), ValueError, "reduction"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
