"""Normalisations against means and variances taken by NumPy."""

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F


def standardised(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def close(y, expected):
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-10, atol=1e-10)


def test_batch_norm(rng, check_gradients):
    x, g, b = rng.standard_normal((4, 3, 5, 5)), rng.standard_normal(3), rng.standard_normal(3)
    at = (slice(None), None, None)
    mean, var = weft.asarray(np.zeros(3)), weft.asarray(np.ones(3))
    y = F.batch_norm(weft.asarray(x), mean, var, weft.asarray(g), weft.asarray(b), training=True)
    close(y, standardised(x, (0, 2, 3)) * g[at] + b[at])
    np.testing.assert_allclose(mean.numpy(), 0.1 * x.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), 0.9 + 0.1 * x.var((0, 2, 3), ddof=1), rtol=1e-12)
    y = F.batch_norm(weft.asarray(x), mean, var)
    close(y, (x - mean.numpy()[at]) / np.sqrt(var.numpy()[at] + 1e-5))
    check_gradients(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        *(rng.standard_normal(shape) for shape in ((4, 2, 3), (2,), (2,))),
        rtol=1e-4,
    )


def test_running_statistics_without_momentum_are_means_of_all_batches(rng):
    norm = nn.BatchNorm1d(3, momentum=None, dtype=weft.float64)
    batches = [rng.standard_normal((5, 3)) for _ in range(4)]
    for batch in batches:
        norm(weft.asarray(batch))
    np.testing.assert_allclose(norm.running_mean.numpy(), np.mean([b.mean(0) for b in batches], 0), rtol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), np.mean([b.var(0, ddof=1) for b in batches], 0), rtol=1e-6)
    assert norm.num_batches_tracked.item() == 4


def test_batches_are_counted_in_compiled_steps(rng):
    norm = nn.BatchNorm1d(3)
    step = weft.compile(lambda x: norm(x).sum())
    for _ in range(3):
        step(weft.asarray(rng.standard_normal((5, 3)), dtype=weft.float32)).item()
    assert norm.num_batches_tracked.item() == 3
    norm.eval()
    step(weft.ones((5, 3))).item()
    assert norm.num_batches_tracked.item() == 3


def test_layer_norm(rng, check_gradients):
    x, w, b = rng.standard_normal((6, 4, 5)), rng.standard_normal((4, 5)), rng.standard_normal((4, 5))
    close(
        F.layer_norm(*map(weft.asarray, (x,)), (4, 5), weft.asarray(w), weft.asarray(b)),
        standardised(x, (1, 2)) * w + b,
    )
    check_gradients(lambda x, w, b: F.layer_norm(x, 5, w, b), x[:1, :3], w[0].copy(), b[0].copy(), rtol=1e-4)


def test_group_norm(rng, check_gradients):
    x, w, b = rng.standard_normal((2, 6, 3, 4)), rng.standard_normal(6), rng.standard_normal(6)
    expected = standardised(x.reshape(2, 3, 2, 3, 4), (2, 3, 4)).reshape(x.shape)
    expected = expected * w[:, None, None] + b[:, None, None]
    close(F.group_norm(weft.asarray(x), 3, weft.asarray(w), weft.asarray(b)), expected)
    check_gradients(lambda x, w, b: F.group_norm(x, 2, w, b), x[:1, :4, :2, :2].copy(), w[:4], b[:4], rtol=1e-4)


def test_instance_norm(rng):
    x = rng.standard_normal((2, 3, 4, 5))
    close(F.instance_norm(weft.asarray(x)), standardised(x, (2, 3)))
    norm = nn.InstanceNorm2d(3, affine=True, track_running_stats=True, dtype=weft.float64)
    close(norm(weft.asarray(x)), standardised(x, (2, 3)))
    np.testing.assert_allclose(norm.running_mean.numpy(), 0.1 * x.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(norm.running_var.numpy(), 0.9 + 0.1 * x.var((2, 3), ddof=1).mean(0), rtol=1e-12)
    mean, var = norm.running_mean.numpy()[:, None, None], norm.running_var.numpy()[:, None, None]
    close(norm.eval()(weft.asarray(x)), (x - mean) / np.sqrt(var + 1e-5))
    close(nn.InstanceNorm2d(3)(weft.asarray(x[0])), standardised(x, (2, 3))[0])


def test_rms_norm(rng, check_gradients):
    x, w = rng.standard_normal((2, 3, 5)), rng.standard_normal(5)
    expected = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-3) * w
    close(F.rms_norm(weft.asarray(x), 5, weft.asarray(w), 1e-3), expected)
    check_gradients(lambda x, w: F.rms_norm(x, 5, w), x[0], w, rtol=1e-4)
    zeros = F.rms_norm(weft.zeros((2, 5)), 5)
    assert (zeros.numpy() == 0).all()  # epsilon of the dtype keeps it from dividing by 0


def test_state():
    assert list(nn.BatchNorm2d(3).state_dict()) == [
        "weight", "bias", "running_mean", "running_var", "num_batches_tracked",
    ]  # fmt: skip
    assert nn.BatchNorm1d(3).num_batches_tracked.dtype == weft.int64
    assert list(nn.InstanceNorm2d(3).state_dict()) == []
    assert list(nn.GroupNorm(1, 3).state_dict()) == list(nn.LayerNorm(3).state_dict()) == ["weight", "bias"]
    assert list(nn.RMSNorm(3).state_dict()) == list(nn.LayerNorm(3, bias=False).state_dict()) == ["weight"]


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(3), nn.InstanceNorm2d(3)])
def test_channels_are_compared(norm, mistake):
    mistake(lambda: norm(weft.ones((2, 4, 5, 5))), type(norm).__name__, "3 channels", "(2, 4, 5, 5)")


def test_mistakes(mistake):
    mistake(lambda: F.layer_norm(weft.ones((2, 3)), (7,)), "layer_norm", "(7,)")
    mistake(lambda: F.rms_norm(weft.ones((2, 3)), (7,)), "rms_norm", "(7,)")
    mistake(lambda: F.batch_norm(weft.ones((1, 3)), None, None, training=True), "more than 1")
    mistake(lambda: F.instance_norm(weft.ones((2, 3, 1, 1))), "more than 1")
    mistake(lambda: F.instance_norm(weft.ones((2, 3, 4)), use_input_stats=False), "running_mean")
    mistake(lambda: F.group_norm(weft.ones((2, 4, 4)), 3), "(2, 4, 4)", "3 groups")
    mistake(lambda: nn.GroupNorm(3, 4), "num_channels=4", "num_groups=3")
    mistake(lambda: nn.BatchNorm1d(0), "num_features")
