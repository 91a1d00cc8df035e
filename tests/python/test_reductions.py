"""Reductions, scans, sorting and sets against NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

import weft

SHAPES = [
    ((7,), None),
    ((3, 4), 0),
    ((3, 4), 1),
    ((3, 4), None),
    ((2, 3, 4), (0, 2)),
    ((2, 3, 4), (-1, 1)),
    ((1, 5), 0),
    ((5, 1), 1),
    ((1000,), None),
    ((), None),
]


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "any", "all", "var", "std", "count_nonzero"])
def test_against_numpy(device, rng, name):
    cases = []
    for shape, axis in SHAPES:
        for dtype in ("float32", "int32", "bool"):
            a = (rng.standard_normal(shape) * 1.5).astype(dtype)
            if dtype == "bool" and name in ("max", "min"):
                continue
            ours = getattr(weft, name)(weft.asarray(a), axis=axis)
            wide = (
                a.astype("float64")
                if name in ("mean", "var", "std") or (name in ("sum", "prod") and dtype == "float32")
                else a
            )
            cases.append((ours, np.asarray(getattr(np, name)(wide, axis=axis)), (shape, axis, dtype)))
            if name != "count_nonzero":
                kept = getattr(weft.asarray(a), name)(dim=axis, keepdim=True)
                assert kept.shape == getattr(np, name)(a, axis=axis, keepdims=True).shape
    weft.eval([c[0] for c in cases])
    for ours, theirs, what in cases:
        assert ours.shape == theirs.shape, what
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=2e-5, atol=1e-6, err_msg=str(what))


def test_dtypes_of_results():
    for dtype, expected in [
        ("bool", "int64"),
        ("int8", "int64"),
        ("uint8", "uint64"),
        ("int32", "int64"),
        ("float16", "float16"),
        ("float32", "float32"),
        ("complex64", "complex64"),
    ]:
        assert weft.ones(3, dtype=dtype).sum().dtype.name == expected
        assert weft.ones(3, dtype=dtype).cumsum(0).dtype.name == expected
    assert weft.ones(3).sum(dtype=weft.float64).dtype == weft.float64
    assert weft.ones(3, dtype=int).mean().dtype == weft.float32
    assert weft.ones(3, dtype=weft.int8).max().dtype == weft.int8
    assert weft.ones(3).argmax().dtype == weft.int64


def test_float16_sums_are_rounded_once(device):
    assert weft.ones(4096, dtype=weft.float16).sum().item() == 4096
    assert weft.ones(4096, dtype=weft.bfloat16).sum().item() == 4096


def test_nan_and_empty(device):
    x = weft.asarray([1.0, math.nan, 3.0])
    assert math.isnan(x.max().item())
    assert math.isnan(x.min().item())
    assert weft.nanmax(x).item() == 3
    assert weft.nansum(x).item() == 4
    assert weft.nanmean(x).item() == 2
    assert x.argmax().item() == 1
    empty = weft.zeros((0, 3))
    assert empty.sum().item() == 0
    assert empty.prod(0).tolist() == [1, 1, 1]
    assert empty.all().item() is True
    assert empty.any().item() is False
    with pytest.raises(ValueError, match="max"):
        empty.max()
    with pytest.raises(ValueError, match="argmax"):
        empty.argmax()


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_arg_reductions(device, rng, axis):
    a = rng.integers(0, 5, (6, 7))
    assert np.array_equal(weft.asarray(a).argmax(axis).numpy(), a.argmax(axis))
    assert np.array_equal(weft.asarray(a).argmin(axis).numpy(), a.argmin(axis))
    assert np.array_equal(weft.argmax(weft.asarray(a), axis, keepdims=True).numpy(), a.argmax(axis, keepdims=True))


def test_variance_options(device, rng):
    a = rng.standard_normal((4, 5))
    t = weft.asarray(a)
    np.testing.assert_allclose(t.var(0, correction=1).numpy(), a.var(0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(t.std(ddof=1).numpy(), a.std(ddof=1), rtol=1e-12)
    np.testing.assert_allclose(
        weft.logsumexp(t * 1000, 1).numpy(),
        np.max(a * 1000, 1) + np.log(np.sum(np.exp(a * 1000 - np.max(a * 1000, 1, keepdims=True)), 1)),
    )
    assert weft.logsumexp(weft.asarray([-math.inf, -math.inf])).item() == -math.inf
    np.testing.assert_allclose(
        weft.average(t, 1, weights=[1, 2, 3, 4, 5]).numpy(), np.average(a, 1, weights=[1, 2, 3, 4, 5]), rtol=1e-6
    )
    np.testing.assert_allclose(weft.ptp(t, 0).numpy(), np.ptp(a, 0))


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_scans(device, rng, name):
    for shape, axis in [((9,), 0), ((3, 300), 1), ((4, 3, 2), 1), ((3, 4), None)]:
        a = rng.uniform(0.9, 1.1, shape)
        ours = getattr(weft, name)(weft.asarray(a), axis)
        np.testing.assert_allclose(ours.numpy(), getattr(np, name)(a, axis), rtol=1e-10)
    assert weft.cummax(weft.asarray([1, 3, 2])).tolist() == [1, 3, 3]
    assert weft.cumulative_sum(weft.asarray([1, 2]), include_initial=True).tolist() == [0, 1, 3]
    assert weft.cumulative_prod(weft.asarray([2, 3]), include_initial=True).tolist() == [1, 2, 6]
    with pytest.raises(ValueError, match="axis"):
        weft.cumulative_sum(weft.ones((2, 2)))


@pytest.mark.parametrize("shape", [(20,), (4, 9), (3, 1, 5)])
def test_order(device, rng, shape):
    a = rng.integers(0, 6, shape).astype(np.float32)
    t = weft.asarray(a)
    np.testing.assert_array_equal(t.sort().numpy(), np.sort(a))
    np.testing.assert_array_equal(t.argsort(0).numpy(), np.argsort(a, 0, kind="stable"))
    np.testing.assert_array_equal(t.sort(descending=True).numpy(), -np.sort(-a))
    np.testing.assert_array_equal(t.argsort(descending=True).numpy(), np.argsort(-a, kind="stable"))
    k = shape[-1] // 2
    best, places = t.topk(k)
    np.testing.assert_array_equal(best.numpy(), -np.sort(-a)[..., :k])
    np.testing.assert_array_equal(np.take_along_axis(a, places.numpy(), -1), best.numpy())
    assert weft.asarray([2.0, math.nan, 1.0]).argsort().tolist() == [2, 0, 1]


def test_searchsorted(device):
    line, wanted = weft.asarray([1, 3, 3, 7]), weft.asarray([[0, 3], [7, 9]])
    for side in ("left", "right"):
        np.testing.assert_array_equal(
            weft.searchsorted(line, wanted, side=side).numpy(), np.searchsorted(line.numpy(), wanted.numpy(), side=side)
        )


def test_quantiles(device, rng):
    a = rng.standard_normal((5, 8))
    t = weft.asarray(a)
    for method in ("linear", "lower", "higher", "midpoint"):
        np.testing.assert_allclose(
            weft.quantile(t, [0.1, 0.5, 1.0], 1, method=method).numpy(),
            np.quantile(a, [0.1, 0.5, 1.0], 1, method=method),
        )
    np.testing.assert_allclose(weft.median(t, 0).numpy(), np.median(a, 0))
    np.testing.assert_allclose(weft.median(t).numpy(), np.median(a))
    np.testing.assert_allclose(
        weft.percentile(t, 25, (0, 1), keepdims=True).numpy(), np.percentile(a, 25, (0, 1), keepdims=True)
    )
    assert math.isnan(weft.median(weft.asarray([1.0, math.nan])).item())


def test_sets(device, rng):
    a = rng.integers(-3, 4, (5, 6))
    t = weft.asarray(a)
    values, index, inverse, counts = np.unique(a, return_index=True, return_inverse=True, return_counts=True)
    ours = weft.unique_all(t)
    np.testing.assert_array_equal(ours.values.numpy(), values)
    np.testing.assert_array_equal(ours.indices.numpy(), index)
    np.testing.assert_array_equal(ours.inverse_indices.numpy(), inverse.reshape(a.shape))
    np.testing.assert_array_equal(ours.counts.numpy(), counts)
    assert weft.unique(t).tolist() == values.tolist()
    assert weft.unique(t, return_counts=True)[1].tolist() == counts.tolist()
    for ours_, theirs in zip(weft.nonzero(t), np.nonzero(a), strict=True):
        np.testing.assert_array_equal(ours_.numpy(), theirs)
    np.testing.assert_array_equal(weft.argwhere(t).numpy(), np.argwhere(a))
    np.testing.assert_array_equal(weft.isin(t, [-1, 2]).numpy(), np.isin(a, [-1, 2]))
    np.testing.assert_array_equal(weft.isin(t, weft.asarray([]), invert=True).numpy(), np.ones_like(a, bool))
    np.testing.assert_array_equal(weft.bincount(t + 3, minlength=9).numpy(), np.bincount(a.ravel() + 3, minlength=9))
    assert weft.unique_values(weft.zeros(0)).shape == (0,)


def test_wrong_axes():
    with pytest.raises(IndexError, match="axis 2"):
        weft.ones((2, 3)).sum(2)
    with pytest.raises(ValueError, match="twice"):
        weft.ones((2, 3)).sum((0, -2))
