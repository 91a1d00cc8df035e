"""Images of other sizes, and images read at given places, against NumPy and SciPy."""

import numpy as np
import pytest
from scipy import ndimage

import weft
from weft import nn
from weft.nn import functional as F


def linear_reference(x, out, align_corners):
    """Linear interpolation along the last axis by numpy.interp, which repeats the ends."""
    n = x.shape[-1]
    at = np.arange(out)
    source = at * (n - 1) / max(1, out - 1) if align_corners else (at + 0.5) * n / out - 0.5
    return np.apply_along_axis(lambda row: np.interp(source, np.arange(n), row), -1, x)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("sizes", [(7, 3), (1, 5), (4, 10), (9, 1)])
def test_bilinear(sizes, align_corners, rng, check_gradients):
    x = rng.standard_normal((2, 3, 4, 5))
    expected = linear_reference(x.swapaxes(2, 3), sizes[0], align_corners).swapaxes(2, 3)
    expected = linear_reference(expected, sizes[1], align_corners)

    def f(x):
        return F.interpolate(x, sizes, mode="bilinear", align_corners=align_corners)

    np.testing.assert_allclose(f(weft.asarray(x)).numpy(), expected, rtol=1e-10, atol=1e-12)
    check_gradients(f, x[:1, :1])


def test_linear_and_trilinear(rng):
    x = rng.standard_normal((2, 3, 5))
    expected = linear_reference(x, 8, False)
    np.testing.assert_allclose(F.interpolate(weft.asarray(x), 8, mode="linear").numpy(), expected, rtol=1e-10)
    box = np.broadcast_to(x[:, :, None, None], (2, 3, 4, 2, 5))
    got = F.interpolate(weft.asarray(box.copy()), (3, 2, 8), mode="trilinear").numpy()
    np.testing.assert_allclose(got, np.broadcast_to(expected[:, :, None, None], got.shape), rtol=1e-10)


def keys(d, a=-0.75):
    """Keys' cubic convolution kernel (1981), with the parameter of PyTorch and OpenCV."""
    d = np.abs(d)
    near, far = (a + 2) * d**3 - (a + 3) * d**2 + 1, a * (d**3 - 5 * d**2 + 8 * d - 4)
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def test_bicubic(rng, check_gradients):
    x = rng.standard_normal((1, 2, 3, 4))
    matrices = []
    for n, out in ((3, 5), (4, 7)):
        source = (np.arange(out) + 0.5) * n / out - 0.5
        matrix = np.zeros((out, n))
        for place in range(-3, n + 3):
            matrix[:, np.clip(place, 0, n - 1)] += keys(source - place)
        matrices.append(matrix)
    expected = matrices[0] @ x @ matrices[1].T

    def f(x):
        return F.interpolate(x, (5, 7), mode="bicubic")

    np.testing.assert_allclose(f(weft.asarray(x)).numpy(), expected, rtol=1e-10, atol=1e-12)
    same = F.interpolate(weft.asarray(x), (5, 7), mode="bicubic", align_corners=True).numpy()[..., ::2, ::2]
    np.testing.assert_allclose(same, x, rtol=1e-12, atol=1e-14)
    check_gradients(f, x)


@pytest.mark.parametrize("out", [1, 2, 5, 10, 13])
def test_nearest(out, rng, check_gradients):
    x = rng.standard_normal((2, 3, 5))
    down = x[:, :, np.arange(out) * 5 // out]
    np.testing.assert_array_equal(F.interpolate(weft.asarray(x), out).numpy(), down)
    exact = x[:, :, np.floor((np.arange(out) + 0.5) * 5 / out).astype(int)]
    np.testing.assert_array_equal(F.interpolate(weft.asarray(x), out, mode="nearest-exact").numpy(), exact)
    check_gradients(lambda x: F.interpolate(x, out), x[:1])


def test_scale_factors(rng):
    x = weft.asarray(rng.standard_normal((1, 2, 4, 6)))
    assert nn.Upsample(scale_factor=(1.5, 0.5), mode="bilinear")(x).shape == (1, 2, 6, 3)
    np.testing.assert_array_equal(nn.Upsample(scale_factor=2)(x).numpy(), x.numpy().repeat(2, 2).repeat(2, 3))
    by_size = F.interpolate(x, (5, 7), mode="bilinear")
    rounded = F.interpolate(x, scale_factor=1.25, mode="bilinear", recompute_scale_factor=True)
    np.testing.assert_array_equal(rounded.numpy(), by_size.numpy())
    assert (F.interpolate(x, scale_factor=1.25, mode="bilinear").numpy()[..., -1] != by_size.numpy()[..., -1]).any()


def test_pixel_shuffle(rng):
    x = rng.standard_normal((2, 12, 3, 4))
    expected = x.reshape(2, 3, 2, 2, 3, 4).transpose(0, 1, 4, 2, 5, 3).reshape(2, 3, 6, 8)
    shuffled = F.pixel_shuffle(weft.asarray(x), 2)
    np.testing.assert_array_equal(shuffled.numpy(), expected)
    np.testing.assert_array_equal(F.pixel_unshuffle(shuffled, 2).numpy(), x)


@pytest.mark.parametrize(
    ("padding_mode", "scipy_mode"), [("zeros", "grid-constant"), ("border", "nearest"), ("reflection", "reflect")]
)
@pytest.mark.parametrize(("mode", "order"), [("bilinear", 1), ("nearest", 0)])
def test_grid_sample(mode, order, padding_mode, scipy_mode, rng):
    x, grid = rng.standard_normal((2, 3, 5, 6)), rng.uniform(-1.6, 1.6, (2, 4, 3, 2))
    got = F.grid_sample(weft.asarray(x), weft.asarray(grid), mode, padding_mode).numpy()
    columns, rows = ((grid[..., 0] + 1) * 6 - 1) / 2, ((grid[..., 1] + 1) * 5 - 1) / 2
    for n, c in np.ndindex(2, 3):
        expected = ndimage.map_coordinates(x[n, c], [rows[n], columns[n]], order=order, mode=scipy_mode)
        np.testing.assert_allclose(got[n, c], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_grid_sample_gradients(mode, padding_mode, rng, check_gradients):
    grid = rng.uniform(-1.4, 1.4, (1, 2, 3, 2))
    check_gradients(
        lambda x, g: F.grid_sample(x, g, mode, padding_mode, align_corners=True),
        rng.standard_normal((1, 2, 4, 3)),
        grid,
        rtol=1e-4,
    )


def test_identity_grid(rng):
    x = weft.asarray(rng.standard_normal((1, 2, 4, 3)))
    y, x_ = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 3), indexing="ij")
    grid = weft.asarray(np.stack([x_, y], -1)[None])
    for mode in ("bilinear", "bicubic", "nearest"):
        np.testing.assert_allclose(F.grid_sample(x, grid, mode, align_corners=True).numpy(), x.numpy(), atol=1e-12)


def test_mistakes(mistake):
    x = weft.ones((1, 2, 4, 4))
    mistake(lambda: F.interpolate(x, 4, mode="linear"), "linear", "3 dimensions", "(1, 2, 4, 4)")
    mistake(lambda: F.interpolate(x, 4, mode="lanczos"), "lanczos", "bicubic")
    mistake(lambda: F.interpolate(x), "size", "scale_factor")
    mistake(lambda: F.interpolate(x, 4, 2.0), "either")
    mistake(lambda: F.interpolate(x, (4, 4, 4)), "(4, 4, 4)")
    mistake(lambda: F.interpolate(x, scale_factor=0.1), "nothing")
    mistake(lambda: F.interpolate(x, 4, align_corners=True), "align_corners", "nearest")
    mistake(lambda: F.interpolate(weft.ones((1, 2, 4), dtype=weft.int32), 4), "int32", error=TypeError)
    mistake(lambda: F.pixel_shuffle(x, 2), "multiple of 4", "(1, 2, 4, 4)")
    mistake(lambda: F.pixel_unshuffle(x, 3), "multiples of 3")
    mistake(lambda: F.grid_sample(x, weft.ones((1, 2, 2))), "(1, 2, 2)")
    mistake(lambda: F.grid_sample(x, weft.ones((1, 2, 2, 2)), "cubic"), "cubic")
    mistake(lambda: F.grid_sample(x, weft.ones((1, 2, 2, 2)), padding_mode="wrap"), "wrap")
