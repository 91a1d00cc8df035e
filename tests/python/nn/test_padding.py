"""pad() against numpy.pad, fold() and unfold() against windows taken by NumPy."""

import numpy as np
import pytest

import weft
from weft.nn import functional as F

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", MODES)
def test_pad(mode, rng, check_gradients):
    x = rng.standard_normal((2, 3, 4))
    expected = np.pad(x, ((0, 0), (0, 2), (3, 1)), mode=MODES[mode])
    np.testing.assert_array_equal(F.pad(weft.asarray(x), (3, 1, 0, 2), mode).numpy(), expected)
    check_gradients(lambda x: F.pad(x, (3, 1, 0, 2), mode), x[:1])


def test_negative_widths_cut(rng):
    x = rng.standard_normal((3, 4))
    got = F.pad(weft.asarray(x), (-1, 2, 1, -2), value=7.0).numpy()
    np.testing.assert_array_equal(got, np.pad(x[:1, 1:], ((1, 0), (0, 2)), constant_values=7))


def test_unfold_and_fold(rng, check_gradients):
    x = rng.standard_normal((2, 3, 5, 6))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
    options = {"dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
    columns = [padded[:, :, i : i + 3 : 2, j : j + 3].reshape(2, -1) for i in range(7 - 2) for j in range(0, 6 - 2, 2)]
    expected = np.stack(columns, -1)
    got = F.unfold(weft.asarray(x), (2, 3), **options)
    np.testing.assert_array_equal(got.numpy(), expected)
    # fold() is the adjoint of unfold().
    y = rng.standard_normal(expected.shape)
    folded = F.fold(weft.asarray(y), (5, 6), (2, 3), **options).numpy()
    np.testing.assert_allclose((folded * x).sum(), (y * expected).sum(), rtol=1e-10)
    check_gradients(lambda x: F.unfold(x, 2, stride=2, padding=1), x[0, :1, :3, :4].copy())
    check_gradients(lambda x: F.fold(x, (3, 4), 2), y[:1, :8, :6].copy())


def test_mistakes(mistake):
    x = weft.ones((1, 2, 3))
    mistake(lambda: F.pad(x, (1, 1, 1)), "(1, 1, 1)")
    mistake(lambda: F.pad(x, (1,) * 8), "(1, 2, 3)")
    mistake(lambda: F.pad(x, (-2, -2)), "cuts more")
    mistake(lambda: F.pad(x, (3, 0), "reflect"), "reflect", "at most 2")
    mistake(lambda: F.pad(x, (1, 1), "mirror"), "mirror")
    mistake(lambda: F.pad(x, (1, 1), "reflect", value=1.0), "value")
    mistake(lambda: F.unfold(x, 4), "kernel of 4", "input of 2")
    mistake(lambda: F.fold(weft.ones((1, 8, 5)), (3, 4), 2), "(1, 8, 5)", "2 x 3")
    mistake(lambda: F.fold(weft.ones((1, 7, 6)), (3, 4), 2), "multiple of 4")
