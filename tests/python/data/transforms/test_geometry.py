"""Flips and crops against NumPy, image by image: each result must be one of those that are allowed."""

import numpy as np
import pytest

import weft
from weft.data import transforms

N = 200


@pytest.fixture
def images(rng, device):
    return weft.asarray(rng.random((N, 3, 6, 7), dtype="float32"))


@pytest.fixture(autouse=True)
def seed():
    weft.manual_seed(11)


@pytest.mark.parametrize(
    ("transform", "axis"), [(transforms.RandomHorizontalFlip, -1), (transforms.RandomVerticalFlip, -2)]
)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_flips(transform, axis, p, images):
    before, after = images.numpy(), transform(p)(images).numpy()
    flipped = [np.array_equal(a, np.flip(b, axis)) for a, b in zip(after, before, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(after, before, strict=True)]
    assert all(f != s for f, s in zip(flipped, same, strict=True))
    assert abs(sum(flipped) - N * p) <= 5 * (N * p * (1 - p)) ** 0.5


@pytest.mark.parametrize(
    ("size", "padding", "mode", "fill"),
    [(5, 0, "constant", 0), ((6, 7), 2, "constant", 0.5), ((4, 9), (1, 2), "reflect", 0), (6, (0, 1, 2, 3), "edge", 0)],
)
def test_random_crops_are_windows(size, padding, mode, fill, images):
    crop = transforms.RandomCrop(size, padding, fill, mode)
    after = crop(images).numpy()
    h, w = size if isinstance(size, tuple) else (size, size)
    left, top, right, bottom = ((padding,) * 4 if isinstance(padding, int) else padding * 2)[:4]
    widths = [(0, 0), (0, 0), (top, bottom), (left, right)]
    padded = np.pad(images.numpy(), widths, mode, **({"constant_values": fill} if mode == "constant" else {}))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (h, w), (2, 3))
    assert after.shape == (N, 3, h, w)
    places = []
    for image, window in zip(after, windows, strict=True):
        found = np.argwhere((window == image[:, None, None]).all((0, 3, 4)))
        assert len(found)
        places.append(tuple(found[0]))
    rows, columns = windows.shape[2:4]
    assert len(set(places)) >= 0.6 * rows * columns  # images are cut at places of their own


@pytest.mark.parametrize("size", [3, (4, 5), (5, 4), 6, (8, 9), (2, 12), (11, 7)])
def test_center_crop(size, images):
    h, w = size if isinstance(size, tuple) else (size, size)
    before = images.numpy()
    missing = [max(0, h - 6), max(0, w - 7)]
    padded = np.pad(before, [(0, 0), (0, 0), *((m // 2, m - m // 2) for m in missing)])
    top, left = (int(np.round((padded.shape[axis] - s) / 2)) for axis, s in ((2, h), (3, w)))
    got = transforms.CenterCrop(size)(images).numpy()
    np.testing.assert_array_equal(got, padded[:, :, top : top + h, left : left + w])


@pytest.mark.parametrize(
    "transform", [transforms.RandomHorizontalFlip(), transforms.RandomVerticalFlip(), transforms.RandomCrop(6, 2)]
)
def test_seeds_repeat_and_bits_are_the_same_compiled(transform, images):
    first = transform(images).numpy()
    second = transform(images).numpy()
    assert not np.array_equal(first, second)
    compiled = weft.compile(transform)
    weft.manual_seed(11)
    np.testing.assert_array_equal(compiled(images).numpy(), first)
    np.testing.assert_array_equal(compiled(images).numpy(), second)
    assert compiled.traces == 1


def test_integers_and_no_images(device):
    whole = weft.arange(2 * 16, dtype=weft.uint8).reshape(2, 1, 4, 4)
    cut = transforms.RandomCrop(2, 1)(whole)
    assert (cut.shape, cut.dtype) == ((2, 1, 2, 2), weft.uint8)
    assert transforms.RandomHorizontalFlip(1.0)(whole)[0, 0, 0].tolist() == [3, 2, 1, 0]
    assert transforms.RandomCrop(2, 1)(weft.zeros(0, 3, 4, 4)).numpy().shape == (0, 3, 2, 2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: transforms.RandomHorizontalFlip(1.5), "p must be between 0 and 1"),
        (lambda: transforms.RandomCrop(0), "size must be a positive int"),
        (lambda: transforms.RandomCrop((1, 2, 3)), "size must be a positive int"),
        (lambda: transforms.RandomCrop(3, (1, 2, 3)), "padding must be 1, 2 or 4 ints"),
        (lambda: transforms.RandomCrop(3, -1), "not negative"),
        (lambda: transforms.RandomCrop(9)(weft.zeros(1, 3, 8, 8)), "smaller than"),
        (lambda: transforms.CenterCrop(-1), "size must be a positive int"),
        (lambda: transforms.CenterCrop(3)(weft.zeros(3, 8, 8)), r"of shape \(N, C, H, W\), not \(3, 8, 8\)"),
    ],
)
def test_bad_options(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_arrays_are_not_tensors():
    with pytest.raises(TypeError, match=r"weft\.asarray"):
        transforms.RandomVerticalFlip()(np.zeros((1, 3, 4, 4)))
