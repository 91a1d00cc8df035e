"""Chains, dtypes and scales."""

import numpy as np
import pytest

import weft
from weft.data import transforms


def test_to_float(device):
    x = np.arange(256, dtype="uint8").reshape(1, 1, 16, 16)
    got = transforms.ToFloat()(weft.asarray(x))
    assert got.dtype == weft.float32
    np.testing.assert_array_equal(got.numpy(), x.astype("float32") / np.float32(255))
    half = transforms.ToFloat()(weft.full((1, 1, 2, 2), 0.5, dtype="float16"))
    assert (half.dtype, half[0, 0, 0, 0].item()) == (weft.float32, 0.5)


def test_to_dtype(device):
    x = weft.asarray(np.array([0.0, 0.5, 0.999, 1.0], "float32").reshape(1, 1, 2, 2))
    assert transforms.ToDtype("uint8", scale=True)(x).ravel().tolist() == [0, 127, 255, 255]
    assert transforms.ToDtype(weft.int32)(x * 10).ravel().tolist() == [0, 5, 9, 10]
    assert transforms.ToDtype("float16", scale=True)(x).dtype == weft.float16
    with pytest.raises(ValueError, match="go through floats"):
        transforms.ToDtype("int16", scale=True)(weft.zeros(1, 1, 1, 1, dtype="uint8"))


def test_bytes_survive_floats(device):
    x = weft.arange(256, dtype="uint8").reshape(1, 1, 16, 16)
    back = transforms.Compose([transforms.ToFloat(), transforms.ToDtype("uint8", scale=True)])(x)
    np.testing.assert_array_equal(back.numpy(), x.numpy())


def test_normalize(device, rng):
    x = rng.random((4, 3, 5, 6), dtype="float32")
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.3, 0.1]
    got = transforms.Normalize(mean, std)(weft.asarray(x))
    expected = (x.astype("float64") - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="3 channels; there are 1 means and 1 standard"):
        transforms.Normalize([0.5], [0.5])(weft.asarray(x))
    with pytest.raises(ValueError, match="std must not be 0"):
        transforms.Normalize([0.5], [0])


def test_a_chain_fuses_and_is_traced_once(device, rng):
    chain = transforms.Compose(
        [
            transforms.ToFloat(),
            transforms.RandomCrop(8, padding=1),
            transforms.RandomHorizontalFlip(),
            transforms.Normalize((0.5,) * 3, (0.25,) * 3),
        ]
    )
    x = weft.asarray(rng.integers(256, size=(4, 3, 8, 8), dtype="uint8"))
    compiled = weft.compile(chain)
    weft.manual_seed(2)
    expected = chain(x).numpy()
    weft.manual_seed(2)
    np.testing.assert_array_equal(compiled(x).numpy(), expected)
    with weft.profile() as profile:
        assert compiled(x).numpy().shape == (4, 3, 8, 8)
    passes = [kernel for kernel in profile.kernels if kernel.bytes > x.size]
    assert len(passes) <= 2  # the rest draws a few numbers for each image
    assert not profile.fallbacks
    assert compiled.traces == 1


def test_transforms_are_values():
    assert transforms.RandomCrop(8, 1) == transforms.RandomCrop((8, 8), (1, 1, 1, 1))
    assert hash(transforms.Normalize([0.5], [1])) == hash(transforms.Normalize((0.5,), (1.0,)))
    assert repr(transforms.Compose([transforms.ToFloat()])) == "Compose([ToFloat(dtype='float32', scale=True)])"
