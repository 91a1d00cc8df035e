"""Metrics of language against published values and formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

import weft
from weft import metrics

# Papineni et al., 2002, sections 2.1 and 2.1.1: two translations, and three references.
GOOD = "it is a guide to action which ensures that the military always obeys the commands of the party"
POOR = "it is to insure the troops forever hearing the activity guidebook that party direct"
REFERENCES = [
    "it is a guide to action that ensures that the military will forever heed party commands",
    "it is the guiding principle which guarantees the military forces always being under the command of the party",
    "it is the practical guide for the army always to heed the directions of the party",
]


def bleu(translations, references, **options):
    metric = metrics.BLEU(**options)
    metric.update(translations, references)
    return metric.compute().item()


def test_modified_precisions_of_the_paper(device):
    np.testing.assert_allclose(bleu([GOOD], [REFERENCES], max_n=1), 17 / 18)
    np.testing.assert_allclose(bleu([GOOD], [REFERENCES], max_n=2), math.sqrt(17 / 18 * 10 / 17))
    # Of 14 words, where the nearest reference has 16.
    brevity = math.exp(1 - 16 / 14)
    np.testing.assert_allclose(bleu([POOR], [REFERENCES], max_n=1), brevity * 8 / 14)
    np.testing.assert_allclose(bleu([POOR], [REFERENCES], max_n=2), brevity * math.sqrt(8 / 14 * 1 / 13))
    the = ["the cat is on the mat", "there is a cat on the mat"]
    np.testing.assert_allclose(bleu(["the the the the the the the"], [the], max_n=1), 2 / 7)


def test_bleu_of_a_corpus_counts_before_it_divides():
    # Right of all: 17 + 8 of 18 + 14 words, 10 + 1 of 17 + 13 pairs; lengths 32 and 18 + 16.
    want = math.exp(1 - 34 / 32) * math.sqrt(25 / 32 * 11 / 30)
    np.testing.assert_allclose(bleu([GOOD, POOR], [REFERENCES] * 2, max_n=2), want)
    metric, other = metrics.BLEU(max_n=2), metrics.BLEU(max_n=2)
    metric.update([GOOD], [REFERENCES])
    other.update([POOR], [REFERENCES])
    metric.merge(other)
    np.testing.assert_allclose(metric.compute().item(), want)


def test_bleu_of_tokens():
    np.testing.assert_allclose(bleu([[1, 2, 3, 4, 5]], [[1, 2, 3, 4, 6]], max_n=2), math.sqrt(4 / 5 * 3 / 4))
    several = bleu([GOOD.split()], [[r.split() for r in REFERENCES]], max_n=2)
    assert several == bleu([GOOD], [REFERENCES], max_n=2)
    assert bleu([GOOD.split()], [REFERENCES[0].split()]) == bleu([GOOD], [REFERENCES[0]])
    tensors = weft.asarray([[1, 2, 3], [4, 5, 6]]), weft.asarray([[1, 2, 3], [4, 5, 6]])
    assert bleu(*tensors, max_n=3) == pytest.approx(1)


def test_bleu_of_nothing_right():
    assert bleu(["a b c"], ["x y z"]) == 0
    assert bleu([""], ["x y z"]) == 0
    assert bleu(["a b c"], ["a b d"]) == 0  # no three words in a row
    np.testing.assert_allclose(bleu(["a b c"], ["a b d"], max_n=3, smooth=True), (2 / 3 * 2 / 3 * 1 / 2) ** (1 / 3))
    assert metrics.BLEU().compute().item() == 0


def test_perplexity(rng, device):
    logits, target = rng.normal(size=(12, 5)), rng.integers(0, 5, size=12)
    metric = metrics.Perplexity(ignore_index=0)
    for some in np.split(np.arange(12), [5]):
        metric.update(weft.asarray(logits[some]), weft.asarray(target[some]))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    want = math.exp(-np.log(p[np.arange(12), target])[target != 0].mean())
    np.testing.assert_allclose(metric.compute().item(), want, rtol=1e-12)


def test_perplexity_of_sequences():
    metric = metrics.Perplexity()
    metric.update(weft.zeros((2, 7, 3)), weft.zeros((2, 3), dtype=weft.int64))
    np.testing.assert_allclose(metric.compute().item(), 7, rtol=1e-6)


def test_exact_match(device):
    metric = metrics.ExactMatch()
    metric.update(["a b", "c"], ["a b", "d"])
    metric.update([[1, 2], [3]], [(1, 2), [3, 4]])
    metric.update(weft.asarray([[1, 2], [3, 4], [5, 6]]), weft.asarray([[1, 2], [3, 0], [5, 6]]))
    assert metric.compute().item() == pytest.approx(4 / 7)
    folded = metrics.ExactMatch(normalize=str.casefold)
    folded.update(["Paris"], ["PARIS"])
    assert folded.compute().item() == 1


def test_bad_input():
    for metric in (metrics.BLEU(), metrics.ExactMatch()):
        with pytest.raises(ValueError, match="2"):
            metric.update(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="no references"):
        metrics.BLEU().update(["a"], [[]])
    with pytest.raises(ValueError, match="expected"):
        metrics.ExactMatch().update(weft.zeros((2, 3)), weft.zeros((2, 4)))
    with pytest.raises(ValueError, match="max_n"):
        metrics.BLEU(max_n=0)
