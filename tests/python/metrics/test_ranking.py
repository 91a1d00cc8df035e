"""The area under the curve against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import weft
from weft import metrics


def binary(rng, rows=500):
    target = rng.integers(0, 2, size=rows)
    return 1 / (1 + np.exp(-(rng.normal(size=rows) + target))), target


def after(metric, scores, target, batches=4):
    for some in np.array_split(np.arange(len(target)), batches):
        metric.update(weft.asarray(scores[some]), weft.asarray(target[some]))
    return metric.compute().item()


def test_exact(rng, device):
    scores, target = binary(rng)
    np.testing.assert_allclose(after(metrics.ExactAUROC(), scores, target), roc_auc_score(target, scores), rtol=1e-12)
    ties = scores.round(1)
    np.testing.assert_allclose(after(metrics.ExactAUROC(), ties, target), roc_auc_score(target, ties), rtol=1e-12)


@pytest.mark.parametrize("bins", [8, 64, 1024])
def test_binned_is_within_its_bound(rng, bins, device):
    scores, target = binary(rng)
    metric = metrics.AUROC(bins)
    error = abs(after(metric, scores, target) - roc_auc_score(target, scores))
    bound = metric.error_bound().item()
    assert error <= bound + 1e-12
    assert bound < 1.5 / bins


@given(
    target=st.lists(st.booleans(), min_size=2, max_size=40).filter(lambda t: len(set(t)) == 2),
    data=st.data(),
    bins=st.integers(2, 20),
)
def test_bound_holds(target, data, bins):
    scores = np.array(data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(target), max_size=len(target))))
    metric = metrics.AUROC(bins)
    got = after(metric, scores, np.array(target), 1)
    assert abs(got - roc_auc_score(target, scores)) <= metric.error_bound().item() + 1e-12


def test_exact_on_the_grid(rng):
    """Scores that fall into bins of their own are ranked exactly, 0 and 1 among them."""
    scores, target = rng.integers(0, 9, size=300) / 8, rng.integers(0, 2, size=300)
    scores[scores == 1] = 7 / 8  # the last bin takes both
    np.testing.assert_allclose(after(metrics.AUROC(8), scores, target), roc_auc_score(target, scores), rtol=1e-12)
    assert after(metrics.AUROC(2), np.array([0.0, 1.0]), np.array([0, 1]), 1) == 1


def test_logits_and_columns(rng):
    scores, target = binary(rng)
    logits = np.log(scores / (1 - scores))
    want = after(metrics.AUROC(), scores, target)
    np.testing.assert_allclose(after(metrics.AUROC(from_logits=True), logits, target), want, atol=1e-5)
    np.testing.assert_allclose(after(metrics.AUROC(), scores[:, None], target), want)
    np.testing.assert_allclose(after(metrics.AUROC(), scores[:, None], target[:, None].astype(float)), want)
    np.testing.assert_allclose(after(metrics.AUROC(), np.stack([1 - scores, scores], 1), target), want)
    both = np.stack([np.zeros_like(logits), logits], 1)
    np.testing.assert_allclose(after(metrics.AUROC(from_logits=True), both, target), want, atol=1e-5)
    np.testing.assert_allclose(after(metrics.ExactAUROC(), both, target), roc_auc_score(target, logits), rtol=1e-12)


def test_each_class_against_the_rest(rng, device):
    logits, target = rng.normal(size=(400, 4)), rng.integers(0, 4, size=400)
    logits[np.arange(400), target] += 1
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    metric = metrics.AUROC(num_classes=4, from_logits=True)
    got = after(metric, logits, target)
    assert abs(got - roc_auc_score(target, scores, multi_class="ovr")) <= metric.error_bound().item() + 1e-6
    padded = np.where(np.arange(400) % 5 == 0, -1, target)
    ignoring = metrics.AUROC(num_classes=4, from_logits=True, ignore_index=-1)
    want = roc_auc_score(target[padded >= 0], scores[padded >= 0], multi_class="ovr")
    assert abs(after(ignoring, logits, padded) - want) <= ignoring.error_bound().item() + 1e-6


def test_one_kind_only():
    assert np.isnan(after(metrics.AUROC(), np.array([0.5]), np.array([1]), 1))
    assert np.isnan(after(metrics.ExactAUROC(), np.array([0.5]), np.array([1]), 1))
    assert np.isnan(metrics.ExactAUROC().compute().item())


def test_exact_keeps_its_state(rng):
    scores, target = binary(rng)
    one, two = metrics.ExactAUROC(), metrics.ExactAUROC("area")
    after(one, scores[:200], target[:200])
    after(two, scores[200:], target[200:])
    one.merge(two)
    np.testing.assert_allclose(one.compute().item(), roc_auc_score(target, scores), rtol=1e-12)
    again = two.fresh()
    assert again.name == "area"
    assert np.isnan(again.compute().item())
    again.load_state_dict({name: value.numpy() for name, value in one.state_dict().items()})
    assert again.compute().item() == one.compute().item()
    again.reset()
    assert again.state_dict()["scores"].shape == (0,)


@pytest.mark.parametrize(("score", "actual"), [(1.5, 0), (-0.1, 0), (np.nan, 0), (0.5, 2), (0.5, -1)])
def test_scores_are_probabilities_and_targets_classes(score, actual, device):
    metric = metrics.AUROC()
    metric.update(weft.asarray([0.1, score]), weft.asarray([0, actual]))
    with pytest.raises(IndexError, match="out of bounds"):
        metric.compute().item()


def test_bad_input():
    with pytest.raises(ValueError, match=r"expected \(N, 3, ...\) and \(N, ...\)"):
        metrics.AUROC(num_classes=3).update(weft.zeros((4, 2)), weft.asarray([0, 1, 2, 0]))
    with pytest.raises(ValueError, match="or both of one shape"):
        metrics.AUROC().update(weft.zeros(3), weft.zeros((4,)))
    with pytest.raises(ValueError, match="bins"):
        metrics.AUROC(bins=1)
    with pytest.raises(ValueError, match="merge"):
        metrics.ExactAUROC().merge(metrics.AUROC())
