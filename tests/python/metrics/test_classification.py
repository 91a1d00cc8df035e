"""Metrics of classes against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

import weft
from weft import metrics


@pytest.fixture
def labelled(rng):
    """Scores and classes; the last of six classes is never there, the fifth never predicted."""
    scores = rng.normal(size=(200, 6))
    scores[:, 4:] = -10
    return scores, rng.integers(0, 5, size=200)


def after(metric, scores, target, batches=3):
    for some in np.array_split(np.arange(len(target)), batches):
        metric.update(weft.asarray(scores[some]), weft.asarray(target[some]))
    return metric.compute().numpy()


def test_accuracy(labelled, device):
    scores, target = labelled
    want = sklearn.metrics.accuracy_score(target, scores.argmax(1))
    np.testing.assert_allclose(after(metrics.Accuracy(), scores, target), want, rtol=1e-12)
    np.testing.assert_allclose(after(metrics.Accuracy(), scores.argmax(1), target), want, rtol=1e-12)
    for k in (2, 3):
        metric = metrics.Accuracy(top_k=k)
        assert metric.name == f"top_{k}_accuracy"
        want = sklearn.metrics.top_k_accuracy_score(target, scores, k=k, labels=range(6))
        np.testing.assert_allclose(after(metric, scores, target), want, rtol=1e-12)
    kept = target != 2
    want = sklearn.metrics.accuracy_score(target[kept], scores.argmax(1)[kept])
    np.testing.assert_allclose(after(metrics.Accuracy(ignore_index=2), scores, target), want, rtol=1e-12)


def test_equal_scores_and_nan_in_top_k():
    metric = metrics.Accuracy(top_k=2)
    metric.update(weft.zeros((3, 4)), weft.asarray([0, 1, 2]))  # the first two come first
    assert metric.compute().item() == pytest.approx(2 / 3)
    metric.reset()
    metric.update(weft.asarray([[weft.nan, 1.0, 2.0]] * 2), weft.asarray([0, 2]))
    assert metric.compute().item() == 0.5


def test_images():
    scores = np.zeros((1, 2, 2, 2))
    scores[0, 1, 0, 0] = 1
    metric = metrics.Accuracy()
    metric.update(weft.asarray(scores), weft.asarray([[[1, 1], [0, 0]]]))
    assert metric.compute().item() == 0.75
    assert metrics.accuracy(weft.asarray(scores), weft.asarray([[[1, 1], [0, 0]]])).item() == 0.75


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
def test_averages(labelled, average, device):
    scores, target = labelled
    predicted = scores.argmax(1)
    present = range(5)
    for metric, reference in (
        (metrics.Precision, sklearn.metrics.precision_score),
        (metrics.Recall, sklearn.metrics.recall_score),
        (metrics.F1, sklearn.metrics.f1_score),
        (metrics.MeanIoU, sklearn.metrics.jaccard_score),
    ):
        labels = present if average else range(6)
        want = reference(target, predicted, labels=labels, average=average, zero_division=0)
        np.testing.assert_allclose(after(metric(6, average), scores, target), want, rtol=1e-12)


@given(
    target=st.lists(st.integers(0, 1), min_size=1, max_size=30),
    data=st.data(),
    threshold=st.sampled_from([0.5, 0.0]),
)
def test_yes_and_no(target, data, threshold):
    scores = np.array(data.draw(st.lists(st.floats(-1, 1), min_size=len(target), max_size=len(target))))
    predicted, target = (scores > threshold).astype(int), np.array(target)
    for metric, reference in (
        (metrics.Precision, sklearn.metrics.precision_score),
        (metrics.Recall, sklearn.metrics.recall_score),
        (metrics.F1, sklearn.metrics.f1_score),
    ):
        want = reference(target, predicted, zero_division=0)
        for column in (False, True):  # targets as the binary losses take them, too
            seen = metric(threshold=threshold)
            shape = (-1, 1) if column else (-1,)
            got = after(seen, scores.reshape(shape), target.astype(float).reshape(shape), 1)
            np.testing.assert_allclose(got, want, rtol=1e-12)
    want = sklearn.metrics.accuracy_score(target, predicted)
    np.testing.assert_allclose(after(metrics.Accuracy(threshold=threshold), scores[:, None], target, 1), want)


def test_confusion_matrix(labelled, device):
    scores, target = labelled
    got = after(metrics.ConfusionMatrix(6), scores, target)
    np.testing.assert_array_equal(got, sklearn.metrics.confusion_matrix(target, scores.argmax(1), labels=range(6)))
    assert got.dtype == np.int64
    kept = target != 2
    got = after(metrics.ConfusionMatrix(6, ignore_index=2), scores, target)
    want = sklearn.metrics.confusion_matrix(target[kept], scores.argmax(1)[kept], labels=range(6))
    np.testing.assert_array_equal(got, want)
    ignored = metrics.ConfusionMatrix(2, ignore_index=255)
    np.testing.assert_array_equal(after(ignored, np.array([0, 1, 1]), np.array([0, 255, 0]), 1), [[1, 1], [0, 0]])


def test_nothing_seen():
    assert np.isnan(metrics.Accuracy().compute().item())
    assert np.isnan(metrics.MeanIoU(3).compute().item())


@pytest.mark.parametrize("kind", [metrics.ConfusionMatrix, metrics.Precision, metrics.MeanIoU])
@pytest.mark.parametrize(("output", "target"), [([0, 3], [0, 1]), ([0, 1], [0, 3]), ([0, 1], [-1, 1])])
def test_no_such_class(kind, output, target, device):
    metric = kind(3)
    metric.update(weft.asarray([0, 1]), weft.asarray([0, 1]))
    before = metric.compute().numpy()
    metric.update(weft.asarray(output), weft.asarray(target))
    with pytest.raises(IndexError, match="out of bounds"):
        metric.compute().numpy()
    np.testing.assert_array_equal(metric.compute().numpy(), before)  # what was counted before is still there


BAD = [
    (lambda: metrics.Accuracy().update(weft.zeros((3, 2)), weft.zeros((4,))), "expected scores"),
    (lambda: metrics.Accuracy(top_k=2).update(weft.zeros((3,)), weft.zeros((3,))), "top_k needs scores"),
    (lambda: metrics.Accuracy(top_k=0), "top_k"),
    (lambda: metrics.accuracy(weft.zeros((3, 2)), weft.zeros((3, 1))), "accuracy: output of shape"),
    (lambda: metrics.F1().update(weft.zeros((3, 5)), weft.asarray([0, 1, 2])), "give num_classes=5"),
    (lambda: metrics.F1(3, "binary"), "needs 2 classes"),
    (lambda: metrics.F1(3, "mean"), "average must be"),
    (lambda: metrics.ConfusionMatrix(1), "num_classes"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
