"""First values: their distributions, against SciPy and the definitions."""

import math

import numpy as np
import pytest
from scipy import special, stats

import weft
from weft import nn
from weft.nn import init


@pytest.mark.parametrize(
    ("draw", "distribution"),
    [
        (lambda t: init.uniform_(t, -1.0, 3.0), stats.uniform(-1, 4)),
        (lambda t: init.normal_(t, 1.0, 2.0), stats.norm(1, 2)),
        (lambda t: init.trunc_normal_(t), stats.truncnorm(-2, 2)),
        (lambda t: init.trunc_normal_(t, 1.0, 0.5, 0.0, 1.25), stats.truncnorm(-2, 0.5, 1, 0.5)),
        (lambda t: init.trunc_normal_(t, std=0.02, a=-2, b=2), stats.norm(0, 0.02)),
        (lambda t: init.kaiming_normal_(t, nonlinearity="relu"), stats.norm(0, math.sqrt(2 / 200))),
        (lambda t: init.kaiming_uniform_(t, mode="fan_out"), stats.uniform(-math.sqrt(0.02), 2 * math.sqrt(0.02))),
        (lambda t: init.xavier_normal_(t, 2.0), stats.norm(0, 2 * math.sqrt(2 / 500))),
        (lambda t: init.xavier_uniform_(t), stats.uniform(-math.sqrt(6 / 500), 2 * math.sqrt(6 / 500))),
    ],
)
def test_distributions(draw, distribution):
    weft.random.seed(3)
    values = draw(weft.empty((300, 200))).numpy().ravel()
    assert stats.kstest(values, distribution.cdf).pvalue > 0.01


def test_inverse_of_erf():
    x = np.concatenate([np.linspace(-0.999, 0.999, 201), [1 - 1e-6, -1 + 1e-6]]).astype(np.float32)
    np.testing.assert_allclose(
        init._erfinv(weft.asarray(x)).numpy(), special.erfinv(x.astype(float)), rtol=2e-5, atol=1e-7
    )


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3)])
def test_orthogonal(shape):
    weft.random.seed(3)
    q = init.orthogonal_(weft.empty(shape), gain=2.0).numpy().reshape(shape[0], -1) / 2
    product = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)


def test_orthogonal_matrices_are_equally_likely():
    weft.random.seed(3)
    traces = [np.trace(init.orthogonal_(weft.empty((3, 3))).numpy()) for _ in range(300)]
    assert abs(np.mean(traces)) < 0.2  # 0 for Haar's measure; QR alone prefers one sign
    assert abs(np.var(traces) - 1) < 0.3


def test_layers_begin_as_in_pytorch():
    weft.random.seed(0)
    layer = nn.Linear(100, 400)
    for values in (layer.weight.numpy(), layer.bias.numpy()):
        assert 0.09 < np.abs(values).max() <= 0.1
    assert math.isclose(layer.weight.numpy().std(), 0.1 / math.sqrt(3), rel_tol=0.02)
    assert math.isclose(nn.Embedding(200, 50).weight.numpy().std(), 1, rel_tol=0.05)
    attention = nn.MultiheadAttention(64, 4)
    assert 0.9 < np.abs(attention.in_proj_weight.numpy()).max() / math.sqrt(6 / 256) <= 1
    assert not attention.in_proj_bias.numpy().any()
    assert not attention.out_proj.bias.numpy().any()
    weft.random.seed(5)
    a = nn.Linear(3, 3).weight.numpy().copy()
    weft.random.seed(5)
    np.testing.assert_array_equal(nn.Linear(3, 3).weight.numpy(), a)


def test_mistakes(mistake):
    mistake(lambda: init.xavier_normal_(weft.empty((3,))), "(3,)")
    mistake(lambda: init.orthogonal_(weft.empty((3,))), "orthogonal_", "(3,)")
    mistake(lambda: init.calculate_gain("swish"), "swish")
    mistake(lambda: init.kaiming_normal_(weft.empty((3, 3)), mode="fan"), "fan")
    mistake(lambda: init.trunc_normal_(weft.empty(3), a=2.0, b=-2.0), "a=2.0", "b=-2.0")
    mistake(lambda: init.trunc_normal_(weft.empty(3), std=0.0), "std")
    mistake(lambda: init.trunc_normal_(weft.empty(3), mean=100.0), "too far")
