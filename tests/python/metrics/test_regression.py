"""Metrics of numbers against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

import weft
from weft import metrics

REFERENCES = [
    (metrics.MAE, sklearn.metrics.mean_absolute_error),
    (metrics.MSE, sklearn.metrics.mean_squared_error),
    (metrics.RMSE, sklearn.metrics.root_mean_squared_error),
    (metrics.R2, sklearn.metrics.r2_score),
]


def after(metric, output, target, cuts=(3, 4, 40)):
    for some in np.split(np.arange(len(target)), cuts):
        metric.update(weft.asarray(output[some]), weft.asarray(target[some]))
    return metric.compute().item()


@pytest.mark.parametrize(("metric", "reference"), REFERENCES)
def test_against_sklearn(metric, reference, rng, device):
    target = rng.normal(size=100) * 3 + 50
    output = target + rng.normal(size=100)
    np.testing.assert_allclose(after(metric(), output, target), reference(target, output), rtol=1e-12)
    small = output.astype(np.float32), target.astype(np.float32)
    np.testing.assert_allclose(after(metric(), *small), reference(*small[::-1]), rtol=2e-6)


def test_r2_of_columns(rng):
    target = rng.normal(size=(50, 3)) * [1, 10, 100]
    output = target + rng.normal(size=(50, 3))
    got = after(metrics.R2(num_outputs=3), output, target)
    np.testing.assert_allclose(got, sklearn.metrics.r2_score(target, output), rtol=1e-12)
    got = after(metrics.R2(), output[:, :1], target[:, :1])
    np.testing.assert_allclose(got, sklearn.metrics.r2_score(target[:, 0], output[:, 0]), rtol=1e-12)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=30), st.data())
def test_r2_however_it_is_cut(pairs, data):
    output, target = np.array(pairs).round(3).T
    cuts = sorted(data.draw(st.lists(st.integers(0, len(target)), max_size=4)))
    want = sklearn.metrics.r2_score(target, output)
    np.testing.assert_allclose(after(metrics.R2(), output, target, cuts), want, rtol=1e-6, atol=1e-6)


def test_r2_where_the_mean_is_large(rng):
    """Sums of squares would lose the variance; the merged one does not."""
    target = rng.normal(size=1000) + 1e6
    output = target + 0.5 * rng.normal(size=1000)
    want = sklearn.metrics.r2_score(target, output)
    np.testing.assert_allclose(after(metrics.R2(), output, target, range(10, 1000, 10)), want, rtol=1e-9)


def test_r2_of_little():
    nothing = metrics.R2()
    assert np.isnan(nothing.compute().item())
    nothing.update(weft.asarray([1.0]), weft.asarray([2.0]))
    assert np.isnan(nothing.compute().item())
    constant = np.ones(4)
    for output in (constant, constant + 1):
        assert after(metrics.R2(), output, constant, ()) == sklearn.metrics.r2_score(constant, output)


def test_bad_input():
    for metric in (metrics.MAE(), metrics.R2()):
        with pytest.raises(ValueError, match="reshape one of them"):
            metric.update(weft.zeros((3, 1)), weft.zeros(3))
    with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
        metrics.R2(2).update(weft.zeros(4), weft.zeros(4))
