"""Resize against references in float64, against exact cases, and against PyTorch."""

import numpy as np
import pytest

import weft
from weft.data import transforms

SIZES = [(4, 4), (16, 20), (9, 3), (5, 12), (1, 1), (7, 9)]


@pytest.fixture
def images(rng, device):
    return weft.asarray(rng.random((2, 3, 7, 9), dtype="float32"))


def bilinear(line, size):
    """One line: between the two nearest pixel centers, the border repeated."""
    old = len(line)
    centers = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    return np.interp(centers, np.arange(old), line)


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_is_interpolation_along_both_axes(size, images):
    got = transforms.Resize(size, antialias=False)(images).numpy()
    expected = np.apply_along_axis(bilinear, 3, images.numpy().astype("float64"), size[1])
    expected = np.apply_along_axis(bilinear, 2, expected, size[0])
    np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_nearest(size, images):
    rows, columns = (np.floor(np.arange(n) * old / n).astype(int) for n, old in zip(size, (7, 9), strict=True))
    got = transforms.Resize(size, "nearest")(images).numpy()
    np.testing.assert_array_equal(got, images.numpy()[:, :, rows][:, :, :, columns])


def test_antialiased_halves_weigh_by_distance(device, rng):
    """Twice as small: triangle weights 1, 3, 3, 1 over 8."""
    line = rng.random(8, dtype="float32")
    got = transforms.Resize((1, 4))(weft.asarray(line.reshape(1, 1, 1, 8))).numpy().ravel()
    expected = (line[1:5:2] + 3 * line[2:6:2] + 3 * line[3:7:2] + line[4:8:2]) / 8
    np.testing.assert_allclose(got[1:3], expected, atol=1e-6)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [False, True])
def test_constants_stay(interpolation, antialias, device):
    x = weft.full((1, 2, 6, 6), 0.3)
    for size in (3, 11):
        got = transforms.Resize(size, interpolation, antialias)(x).numpy()
        np.testing.assert_allclose(got, 0.3, rtol=1e-6)


@pytest.mark.parametrize("antialias", [False, True])
def test_bicubic_continues_a_line(antialias, device):
    """Cubic convolution reproduces straight lines away from the border."""
    x = weft.arange(20, dtype="float32").reshape(1, 1, 1, 20)
    got = transforms.Resize((1, 60), "bicubic", antialias)(x).numpy().ravel()
    expected = (np.arange(60) + 0.5) / 3 - 0.5
    np.testing.assert_allclose(got[9:-9], expected[9:-9], atol=0.05)
    np.testing.assert_allclose(got[10:-10:3], expected[10:-10:3], atol=1e-5)  # at the old centers


def test_an_int_is_the_shorter_side():
    assert transforms.Resize(4)(weft.zeros(1, 1, 8, 13)).shape == (1, 1, 4, 6)
    assert transforms.Resize(4)(weft.zeros(1, 1, 13, 8)).shape == (1, 1, 6, 4)


def test_bytes_only_as_they_are(device):
    x = weft.arange(16, dtype="uint8").reshape(1, 1, 4, 4)
    assert transforms.Resize(2, "nearest")(x).tolist() == [[[[0, 2], [8, 10]]]]
    with pytest.raises(TypeError, match=r"ToFloat\(\)"):
        transforms.Resize(2)(x)
    with pytest.raises(ValueError, match="interpolation must be"):
        transforms.Resize(2, "lanczos")
    with pytest.raises(ValueError, match="have no pixels"):
        transforms.Resize(2)(weft.zeros(1, 1, 0, 4))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("antialias", [False, True])
def test_against_pytorch(size, interpolation, antialias, images):
    torch = pytest.importorskip("torch")
    antialias = antialias and interpolation != "nearest"
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(images.numpy().copy()), size, mode=interpolation, antialias=antialias
    )
    got = transforms.Resize(size, interpolation, antialias)(images).numpy()
    np.testing.assert_allclose(got, expected.numpy(), atol=2e-6)
