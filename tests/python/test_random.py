"""Random numbers: the same bits on every backend, and the right distributions."""

from __future__ import annotations

import numpy as np
import pytest

import weft

KNOWN = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)  # Philox 4x32-10 of counter 0 and key 0, from Random123


def test_known_answers(device):
    g = weft.Generator(0)
    assert g.bits(1).item() == KNOWN[0]
    g.manual_seed(0)
    assert g.bits64(1).item() == KNOWN[1] << 32 | KNOWN[0]


DRAWS = {
    "bits": lambda g: g.bits((5, 7)),
    "uniform": lambda g: weft.random.uniform(-1, 3, (9,), generator=g),
    "normal": lambda g: weft.random.normal(2, 0.5, (33,), generator=g),
    "float16": lambda g: weft.random.uniform(size=9, dtype="float16", generator=g),
    "randint": lambda g: weft.random.randint(-5, 5, (20,), generator=g),
    "wide": lambda g: weft.random.randint(0, 2**40, (20,), generator=g),
    "bernoulli": lambda g: weft.random.bernoulli(0.3, (20,), generator=g),
    "permutation": lambda g: weft.random.permutation(50, generator=g),
    "choice": lambda g: weft.random.choice(10, 5, replace=False, generator=g),
}


@pytest.mark.parametrize("name", DRAWS)
def test_same_bits_on_every_backend(device, name):
    ours = DRAWS[name](weft.Generator(42))
    assert ours.device == device
    with weft.device("reference"):
        np.testing.assert_array_equal(ours.numpy(), DRAWS[name](weft.Generator(42)).numpy())


def test_streams():
    g = weft.Generator(1)
    a, b = g.uniform(4), g.uniform(4)
    assert g.get_state() == (1, 8)
    g.manual_seed(1)
    np.testing.assert_array_equal(g.uniform(8).numpy(), np.concatenate([a.numpy(), b.numpy()]))
    np.testing.assert_array_equal(a.numpy(), a.numpy())
    state = weft.random.get_state()
    x = weft.random.rand(3)
    weft.random.set_state(state)
    assert weft.array_equal(x, weft.random.rand(3))
    weft.manual_seed(-1)
    assert weft.random.get_state() == (2**64 - 1, 0)
    weft.random.seed(5)
    first = weft.random.randn(2, 2)
    weft.random.seed(5)
    assert weft.array_equal(first, weft.random.randn(2, 2))
    g.set_state((7, 2**64 - 2))
    g.uniform(5)
    assert g.get_state() == (7, 3)


def test_order_of_calls_decides():
    g = weft.Generator(3)
    a, b = g.uniform(2), g.uniform(2)
    later = b.tolist(), a.tolist()
    g.manual_seed(3)
    assert (g.uniform(2).tolist(), g.uniform(2).tolist()) == later[::-1]


def test_distributions():
    g = weft.Generator(0)
    n = 200_000
    u = weft.random.uniform(size=n, generator=g).numpy()
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 0.005
    assert abs(u.std() - 12**-0.5) < 0.005
    z = weft.random.normal(size=n, generator=g).numpy()
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert abs((z**4).mean() - 3) < 0.1
    assert abs((np.abs(z) > 3).mean() - 0.0027) < 0.0006
    i = weft.random.randint(7, size=n, generator=g).numpy()
    np.testing.assert_allclose(np.bincount(i, minlength=7) / n, np.full(7, 1 / 7), atol=0.005)
    assert abs(weft.random.bernoulli(0.2, n, generator=g).numpy().mean() - 0.2) < 0.005
    assert abs(weft.random.exponential(2.0, n, generator=g).numpy().mean() - 2) < 0.05
    picks = weft.random.choice(3, n, p=[0.5, 0.0, 0.5], generator=g).numpy()
    np.testing.assert_allclose(np.bincount(picks, minlength=3) / n, [0.5, 0, 0.5], atol=0.005)


def test_shapes_and_dtypes():
    assert weft.random.uniform().shape == ()
    assert weft.random.uniform(size=(0, 3)).shape == (0, 3)
    assert weft.random.normal(weft.zeros(3), 1.0).shape == (3,)
    assert weft.random.uniform(dtype="float64", size=2).dtype == weft.float64
    assert weft.random.randint(5, size=2, dtype="int32").dtype == weft.int32
    assert weft.random.bernoulli(weft.asarray([0.0, 1.0])).tolist() == [False, True]
    assert sorted(weft.random.permutation(weft.arange(5)).tolist()) == list(range(5))
    x = weft.arange(10)
    weft.random.shuffle(x)
    assert sorted(x.tolist()) == list(range(10))
    assert set(weft.random.choice([3, 5, 7], 20).tolist()) <= {3, 5, 7}
    weft.set_default_dtype("float64")
    try:
        assert weft.random.rand(2).dtype == weft.float64
    finally:
        weft.set_default_dtype("float32")


def test_errors():
    with pytest.raises(ValueError, match="randint"):
        weft.random.randint(0)
    with pytest.raises(ValueError, match="without replacement"):
        weft.random.choice(3, 4, replace=False)
    with pytest.raises(TypeError):
        weft.random.uniform(size=2, dtype="int32")
