"""Colours against float64 references of one image, with HSV by Python's own colorsys."""

import colorsys

import numpy as np
import pytest

import weft
from weft.data import transforms

GRAY = np.array([0.2989, 0.587, 0.114]).reshape(3, 1, 1)


@pytest.fixture
def images(rng, device):
    x = rng.random((6, 3, 5, 4), dtype="float32")
    x[0, :, 0, 0] = 0  # black, white, gray, and two equal channels, where hues have their corners
    x[0, :, 0, 1] = 1
    x[0, :, 0, 2] = 0.5
    x[0, :, 1, 0] = [0.7, 0.7, 0.2]
    x[0, :, 1, 1] = [0.1, 0.7, 0.7]
    x[0, :, 1, 2] = [0.7, 0.1, 0.7]
    return weft.asarray(x)


def blend(image, other, factor):
    return np.clip(factor * image + (1 - factor) * other, 0, 1)


def gray(image):
    return (image * GRAY).sum(0, keepdims=True)


def hue(image, turn):
    out = np.empty_like(image)
    for place in np.ndindex(image.shape[1:]):
        h, s, v = colorsys.rgb_to_hsv(*image[(slice(None), *place)])
        out[(slice(None), *place)] = colorsys.hsv_to_rgb((h + turn) % 1, s, v)
    return out


REFERENCES = {
    "brightness": lambda image, f: blend(image, 0, f),
    "contrast": lambda image, f: blend(image, gray(image).mean(), f),
    "saturation": lambda image, f: blend(image, gray(image), f),
    "hue": hue,
}


@pytest.mark.parametrize(
    ("name", "factor"),
    [(n, f) for n in ("brightness", "contrast", "saturation") for f in (0.0, 0.4, 1.0, 1.7)]
    + [("hue", t) for t in (-0.5, -0.21, 0.0, 1 / 6, 0.37, 0.5)],
)
def test_each_change_by_a_given_amount(name, factor, images):
    got = transforms.ColorJitter(**{name: (factor, factor)})(images).numpy()
    expected = [REFERENCES[name](image, factor) for image in images.numpy().astype("float64")]
    np.testing.assert_allclose(got, expected, atol=2e-6)


def test_the_order_is_brightness_contrast_saturation_hue(images):
    amounts = {"brightness": 1.3, "contrast": 0.6, "saturation": 1.5, "hue": 0.15}
    got = transforms.ColorJitter(**{name: (value, value) for name, value in amounts.items()})(images).numpy()
    expected = images.numpy().astype("float64")
    for name, value in amounts.items():
        expected = np.stack([REFERENCES[name](image, value) for image in expected])
    np.testing.assert_allclose(got, expected, atol=5e-6)


def test_each_image_has_a_factor_of_its_own(device):
    weft.manual_seed(3)
    factors = transforms.ColorJitter(brightness=0.4)(weft.full((2000, 1, 2, 2), 0.5)).numpy() / 0.5
    assert (factors == factors[:, :, :1, :1]).all()
    factors = factors[:, 0, 0, 0]
    assert 0.6 <= factors.min() < 0.61
    assert 1.39 < factors.max() <= 1.4
    assert abs(factors.mean() - 1) < 5 * 0.8 / 12**0.5 / 2000**0.5


def test_ranges():
    jitter = transforms.ColorJitter(brightness=1.5, contrast=0.25, saturation=(0.5, 3), hue=0.1)
    assert (jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue) == (
        (0, 2.5),
        (0.75, 1.25),
        (0.5, 3),
        (-0.1, 0.1),
    )


def test_jitter_that_does_nothing_draws_nothing(images):
    weft.manual_seed(1)
    before = weft.random.get_state()
    np.testing.assert_array_equal(transforms.ColorJitter()(images).numpy(), images.numpy())
    assert weft.random.get_state() == before


def test_gray_images_have_no_colour_to_change(device, rng):
    x = weft.asarray(rng.random((3, 1, 4, 4), dtype="float32"))
    np.testing.assert_array_equal(transforms.ColorJitter(saturation=0.9, hue=0.5)(x).numpy(), x.numpy())
    got = transforms.ColorJitter(contrast=(0.5, 0.5))(x).numpy()
    np.testing.assert_allclose(got, 0.5 * x.numpy() + 0.5 * x.numpy().mean((1, 2, 3), keepdims=True), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_grayscale(channels, images):
    got = transforms.Grayscale(channels)(images).numpy()
    expected = (images.numpy().astype("float64") * GRAY).sum(1, keepdims=True)
    assert got.shape[1] == channels
    np.testing.assert_allclose(got, np.broadcast_to(expected, got.shape), atol=1e-6)


def test_compiled_bits_are_the_same(images):
    jitter = transforms.ColorJitter(0.3, 0.3, 0.3, 0.2)
    compiled = weft.compile(jitter)
    weft.manual_seed(5)
    first, second = jitter(images).numpy(), jitter(images).numpy()
    weft.manual_seed(5)
    np.testing.assert_array_equal(compiled(images).numpy(), first)
    np.testing.assert_array_equal(compiled(images).numpy(), second)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: transforms.ColorJitter(brightness=-0.1), ValueError, "brightness must not be negative"),
        (lambda: transforms.ColorJitter(hue=0.6), ValueError, "hue must be a range within"),
        (lambda: transforms.ColorJitter(contrast=(1.2, 0.8)), ValueError, "contrast must be a range"),
        (lambda: transforms.Grayscale(2), ValueError, "must be 1 or 3"),
        (lambda: transforms.Grayscale()(weft.zeros(1, 4, 2, 2)), ValueError, "1 or 3 channels"),
        (lambda: transforms.ColorJitter(0.1)(weft.zeros(1, 3, 2, 2, dtype="uint8")), TypeError, r"apply ToFloat\(\)"),
    ],
)
def test_bad_options(make, error, words):
    with pytest.raises(error, match=words):
        make()
