"""Random numbers: Philox by its published vectors, and the same bits on every backend."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

import weft
from weft.testing.compare import equal_bits, exact
from weft.testing.oracle import philox
from weft.testing.samples import FLOATS, Array, from_weft
from weft.testing.target import Target

# Random123's known-answer tests for philox4x32, 10 rounds: counter, key, words.
KNOWN = [
    ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, 0xFFFFFFFFFFFFFFFF, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        0x299F31D0A4093822,
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
STREAMS = [(0, 0), (1, 0), (0xDEADBEEFCAFEBABE, 3), (2**64 - 1, 2**32 - 5), (12345, 2**40 + 1)]


def _words(key: int, counter: int, n: int) -> Array:
    """(n, 4) words of counters counter, counter + 1, ..."""
    at = np.arange(n, dtype=np.uint64) + np.uint64(counter)
    zero = np.zeros_like(at)
    return philox(np.stack([at & np.uint64(0xFFFFFFFF), at >> np.uint64(32), zero, zero], axis=1), key)


def _generator(key: int, counter: int) -> weft.Generator:
    generator = weft.Generator(0)
    generator.set_state((key, counter))
    return generator


def test_the_oracle_is_philox() -> None:
    for counter, key, words in KNOWN:
        assert philox(np.array([counter]), key)[0].tolist() == list(words)


def test_known_answer(target: Target) -> None:
    target.need("uint64")
    assert int(from_weft(_generator(0, 0).bits((1,)))[0]) == KNOWN[0][2][0]


@pytest.mark.parametrize(("key", "counter"), STREAMS)
def test_bits(target: Target, key: int, counter: int) -> None:
    target.need("uint64")
    words = _words(key, counter, 60)
    exact(from_weft(_generator(key, counter).bits((3, 20))), words[:, 0].reshape(3, 20))
    wide = words[:, 1].astype(np.uint64) << np.uint64(32) | words[:, 0]
    exact(from_weft(_generator(key, counter).bits64((60,))), wide)


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform(target: Target, dtype: str) -> None:
    target.need("uint64", dtype)
    words = _words(7, 11, 500)
    got = from_weft(_generator(7, 11).uniform((500,), dtype))
    if dtype == "float64":
        both = words[:, 0].astype(np.uint64) << np.uint64(32) | words[:, 1]
        want = (both >> np.uint64(11)).astype(np.float64) / 2.0**53
    else:
        digits = {"float16": 11, "bfloat16": 8, "float32": 24}[dtype]
        want = (words[:, 0] >> np.uint32(32 - digits)).astype(np.float64) / 2.0**digits
    exact(got.astype(np.float64), want)
    assert got.min() >= 0
    assert got.max() < 1


def test_normal_is_the_quantile_of_its_bits(target: Target) -> None:
    target.need("uint64")
    words = _words(5, 100, 400)[:, 0]
    got = from_weft(_generator(5, 100).normal((400,)))
    tail = (((words.astype(np.uint64) << np.uint64(1)) | np.uint64(1)) & np.uint64(0xFFFFFFFF)).astype(
        np.float64
    ) / 2.0**33
    size = np.array([-NormalDist().inv_cdf(p) for p in tail])
    want = np.where(words >> np.uint32(31) == 0, size, -size)
    np.testing.assert_allclose(got, want, atol=2e-5, rtol=2e-5)


def test_integers_and_permutations(target: Target) -> None:
    target.need("uint64")
    got = from_weft(weft.random.randint(10, 17, 200, generator=_generator(3, 0)))
    exact(got, ((_words(3, 0, 200)[:, 0].astype(np.uint64) * np.uint64(7)) >> np.uint64(32)).astype(np.int64) + 10)
    n = 20
    order = from_weft(weft.random.permutation(n, generator=_generator(3, 0)))
    assert sorted(order.tolist()) == list(range(n))


@pytest.mark.parametrize("other", ["cpu", "reference"])
def test_same_bits_elsewhere(target: Target, other: str) -> None:
    """Normals are integer steps and uncontracted float32 arithmetic: no library may show."""
    target.need("uint64")
    if target.device.type == other:
        pytest.skip("that is the backend under test")
    try:
        device = weft.device(other)
    except weft.BackendError as error:
        pytest.skip(str(error))
    n = target.budget(20000, seconds=0.02)
    here = from_weft(_generator(9, 1).normal((n,)))
    with device:
        there = from_weft(_generator(9, 1).normal((n,)))
    equal_bits(here, there)


def test_a_stream_goes_on(target: Target) -> None:
    target.need("uint64")
    generator = _generator(1, 0)
    parts = [generator.bits((n,)) for n in (3, 1, 6)]
    exact(np.concatenate([from_weft(p) for p in parts]), _words(1, 0, 10)[:, 0])
    x = generator.uniform((4,))
    equal_bits(from_weft(x), from_weft(x * 1))  # evaluated twice, the same numbers
    assert generator.get_state() == (1, 14)
