"""Linear and bilinear maps, lookups and dropout against NumPy."""

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F


def test_linear(rng):
    x, w, b = rng.standard_normal((3, 4)), rng.standard_normal((5, 4)), rng.standard_normal(5)
    np.testing.assert_allclose(F.linear(*map(weft.asarray, (x, w, b))).numpy(), x @ w.T + b, rtol=1e-12)


def test_bilinear(rng, check_gradients):
    x, y = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 5))
    w, b = rng.standard_normal((6, 4, 5)), rng.standard_normal(6)
    expected = np.einsum("...i,kij,...j->...k", x, w, y) + b
    np.testing.assert_allclose(F.bilinear(*map(weft.asarray, (x, y, w, b))).numpy(), expected, rtol=1e-10)
    check_gradients(F.bilinear, x[0, :2], y[0, :2], w[:2], b[:2])
    layer = nn.Bilinear(9, 5, 6)
    assert {name: p.shape for name, p in layer.named_parameters()} == {"weight": (6, 9, 5), "bias": (6,)}
    assert 0.3 < np.abs(layer.weight.numpy()).max() <= 1 / 3


def test_embedding(rng, check_gradients):
    table = rng.standard_normal((7, 3))
    index = np.array([[1, 6], [1, 0]])
    np.testing.assert_array_equal(F.embedding(weft.asarray(index), weft.asarray(table)).numpy(), table[index])
    check_gradients(lambda t: F.embedding(weft.asarray([1, 1, 4]), t), table[:5, :2].copy())


def test_the_padding_row_is_not_trained():
    layer = nn.Embedding(5, 2, padding_idx=-2)
    assert layer.padding_idx == 3
    assert (layer.weight.numpy()[3] == 0).all()
    assert (layer.weight.numpy()[[0, 1, 2, 4]] != 0).all()
    layer(weft.asarray([3, 1, 3])).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.numpy(), [[0, 0], [1, 1], [0, 0], [0, 0], [0, 0]])


def test_embedding_of_a_given_table():
    table = weft.arange(6.0).reshape((3, 2))
    frozen, trained = nn.Embedding.from_pretrained(table), nn.Embedding.from_pretrained(table, freeze=False)
    assert frozen(weft.asarray([2])).tolist() == [[4.0, 5.0]]
    assert (frozen.weight.requires_grad, trained.weight.requires_grad) == (False, True)


@pytest.mark.parametrize("number", [7, -1, 1000])
def test_a_number_out_of_range(number, device):
    with pytest.raises(IndexError):
        F.embedding(weft.asarray([0, number]), weft.ones((7, 3))).numpy()


def test_one_hot():
    assert F.one_hot(weft.asarray([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert F.one_hot(weft.asarray([1]), 4).tolist() == [[0, 1, 0, 0]]
    assert F.one_hot(weft.zeros((2, 3), dtype=weft.int32), 2).shape == (2, 3, 2)


def test_dropout():
    weft.random.seed(1)
    x = weft.ones((100, 100))
    y = F.dropout(x, 0.25).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert 0.22 < (y == 0).mean() < 0.28
    assert F.dropout(x, 0.25, training=False) is x
    assert (F.dropout(x, 1.0).numpy() == 0).all()


def test_dropout2d_drops_channels():
    weft.random.seed(1)
    y = nn.Dropout2d(0.25)(weft.ones((50, 20, 3, 4))).numpy()
    assert (y.min((2, 3)) == y.max((2, 3))).all()
    assert 0.2 < (y == 0).mean() < 0.3
    x = weft.ones((20, 3, 4))
    assert nn.Dropout2d(0.25).eval()(x) is x


def test_mistakes(mistake):
    mistake(lambda: F.linear(weft.ones((2, 3)), weft.ones((4, 5))), "(4, 5)", "must be 5")
    mistake(lambda: F.bilinear(weft.ones(3), weft.ones(4), weft.ones((2, 4, 3))), "(2, 4, 3)")
    mistake(lambda: F.bilinear(weft.ones((2, 3)), weft.ones((5, 4)), weft.ones((2, 3, 4))), "(5, 4)")
    mistake(lambda: F.embedding(weft.ones(2), weft.ones((7, 3))), "integers", error=TypeError)
    mistake(lambda: F.embedding(weft.asarray([1]), weft.ones(7)), "(7,)")
    mistake(lambda: nn.Embedding(5, 2, padding_idx=5), "padding_idx=5", "5")
    mistake(lambda: F.one_hot(weft.ones(2)), "integers", error=TypeError)
    mistake(lambda: F.dropout(weft.ones(2), 1.5), "1.5")
    mistake(lambda: F.dropout2d(weft.ones((2, 3))), "(2, 3)")
    mistake(lambda: nn.Dropout2d(-0.1), "Dropout2d", "-0.1")
