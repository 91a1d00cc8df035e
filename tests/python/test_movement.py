"""Functions that move elements, and products, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import weft

A = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def same(ours, theirs):
    np.testing.assert_array_equal(ours.numpy(), theirs)


def test_shapes(device):
    t = weft.asarray(A)
    same(t.reshape(4, 6), A.reshape(4, 6))
    same(t.reshape((-1, 2)), A.reshape(-1, 2))
    same(weft.reshape(t, 24), A.reshape(24))
    same(t.view(6, -1), A.reshape(6, -1))
    same(t.flatten(), A.ravel())
    same(t.flatten(1), A.reshape(2, 12))
    same(t.flatten(0, 1), A.reshape(6, 4))
    same(weft.ravel(t), A.ravel())
    same(t.unflatten(-1, (2, -1)), A.reshape(2, 3, 2, 2))
    assert weft.asarray(5).flatten().shape == (1,)
    with pytest.raises(ValueError, match="reshape"):
        t.reshape(5, 5)


def test_order_of_dimensions(device):
    t = weft.asarray(A)
    same(t.T, A.T)
    same(t.mT, A.swapaxes(-1, -2))
    same(weft.matrix_transpose(t), A.swapaxes(-1, -2))
    same(t.permute(2, 0, 1), A.transpose(2, 0, 1))
    same(t.permute((2, 0, -2)), A.transpose(2, 0, 1))
    same(weft.permute_dims(t, (1, 2, 0)), A.transpose(1, 2, 0))
    same(t.transpose(), A.transpose())
    same(t.transpose(2, 0, 1), A.transpose(2, 0, 1))
    same(t.transpose(0, 2), A.swapaxes(0, 2))
    same(weft.transpose(t, (1, 0, 2)), A.transpose(1, 0, 2))
    same(t.swapaxes(0, -1), A.swapaxes(0, -1))
    same(weft.moveaxis(t, 0, -1), np.moveaxis(A, 0, -1))
    same(t.moveaxis((0, 1), (2, 0)), np.moveaxis(A, (0, 1), (2, 0)))
    for bad in ((0, 1), (0, 0, 1)):
        with pytest.raises(ValueError, match="permute"):
            weft.permute_dims(t, bad)
    with pytest.raises(ValueError, match="mT"):
        _ = weft.ones(3).mT


def test_dimensions_of_size_one(device):
    a = A.reshape(1, 2, 1, 12)
    t = weft.asarray(a)
    same(t.squeeze(), a.squeeze())
    same(t.squeeze(0), a.squeeze(0))
    same(weft.squeeze(t, (0, 2)), a.squeeze((0, 2)))
    same(t.squeeze(dim=1), a)
    same(t.unsqueeze(-1), a[..., None])
    same(weft.expand_dims(t, axis=2), np.expand_dims(a, 2))
    same(weft.broadcast_to(weft.asarray([1, 2]), (3, 2)), np.broadcast_to([1, 2], (3, 2)))
    same(weft.asarray([[1], [2]]).expand(-1, 3), np.broadcast_to([[1], [2]], (2, 3)))
    with pytest.raises(ValueError, match="squeeze"):
        t.squeeze(1)
    with pytest.raises(ValueError, match="broadcast"):
        weft.broadcast_to(weft.ones(3), (2,))


def test_repeating(device):
    t = weft.asarray(A)
    same(t.tile(2, 1, 3), np.tile(A, (2, 1, 3)))
    same(weft.tile(t, 2), np.tile(A, 2))
    same(weft.tile(weft.asarray([1, 2]), (2, 2)), np.tile([1, 2], (2, 2)))
    same(weft.repeat(t, 2, 1), np.repeat(A, 2, 1))
    same(weft.repeat(t, 3), np.repeat(A, 3))
    same(t.repeat([1, 0, 2], axis=1), np.repeat(A, [1, 0, 2], 1))
    same(t.flip(), np.flip(A))
    same(weft.flip(t, (0, 2)), np.flip(A, (0, 2)))
    same(weft.roll(t, 5), np.roll(A, 5))
    same(t.roll((1, -2), (0, 2)), np.roll(A, (1, -2), (0, 2)))
    same(t.roll(-7, 2), np.roll(A, -7, 2))
    same(weft.rot90(t, 3), np.rot90(A, 3))


def test_joining_and_splitting(device):
    t = weft.asarray(A)
    same(weft.concat([t, t + 1], 1), np.concatenate([A, A + 1], 1))
    same(weft.concat((t, t), axis=None), np.concatenate([A, A], None))
    same(weft.cat([t, t], dim=-1), np.concatenate([A, A], -1))
    same(weft.concat([t, weft.zeros((0, 3, 4))]), A)
    assert weft.concat([weft.ones(1, dtype=int), weft.ones(1)]).dtype == weft.float32
    same(weft.stack([t, t], axis=2), np.stack([A, A], 2))
    same(weft.hstack([t, t]), np.hstack([A, A]))
    same(weft.vstack([weft.ones(2), weft.zeros(2)]), np.vstack([np.ones(2), np.zeros(2)]))
    for ours, theirs in zip(weft.split(t, 2, 2), np.split(A, 2, 2), strict=True):
        same(ours, theirs)
    for ours, theirs in zip(weft.split(t, [1, 3], axis=-1), np.split(A, [1, 3], -1), strict=True):
        same(ours, theirs)
    for ours, theirs in zip(weft.array_split(t, 3, 2), np.array_split(A, 3, 2), strict=True):
        same(ours, theirs)
    assert [p.shape[2] for p in t.split(3, 2)] == [3, 1]
    assert [p.shape[2] for p in t.split([1, 3], dim=2)] == [1, 3]
    assert [p.shape[2] for p in t.chunk(3, -1)] == [2, 2]
    for i, part in enumerate(weft.unstack(t, axis=1)):
        same(part, A[:, i])
    with pytest.raises(ValueError, match="equal sections"):
        weft.split(t, 3, 2)
    with pytest.raises(ValueError, match="concat"):
        weft.concat([t, weft.ones((2, 2, 2))])


@pytest.mark.parametrize("mode", ["constant", "reflect", "symmetric", "edge", "wrap"])
@pytest.mark.parametrize("width", [1, (2, 1), ((1, 0), (0, 2), (3, 2)), ((0, 0), (5, 4), (0, 9))])
def test_pad(device, mode, width):
    same(weft.pad(weft.asarray(A), width, mode=mode), np.pad(A, width, mode=mode))


def test_pad_options(device):
    same(weft.pad(weft.asarray([1, 2]), (1, 0), constant_values=7), np.array([7, 1, 2]))
    same(weft.pad(weft.asarray(A), ((0, 0), (0, 0), (-1, -1))), A[:, :, 1:3])
    with pytest.raises(ValueError, match="mode"):
        weft.pad(weft.ones(2), 1, mode="other")
    with pytest.raises(ValueError, match="pad_width"):
        weft.pad(weft.ones(2), ((1, 1), (1, 1)))


def test_diff(device, rng):
    a = rng.standard_normal((4, 5))
    t = weft.asarray(a)
    same(weft.diff(t), np.diff(a))
    same(weft.diff(t, 2, axis=0), np.diff(a, 2, axis=0))
    same(weft.diff(t, prepend=0), np.diff(a, prepend=0))
    same(weft.diff(t, axis=0, append=a[:1]), np.diff(a, axis=0, append=a[:1]))
    same(weft.diff(weft.asarray([True, False])), [True])


# ---- views compose


@st.composite
def movements(draw):
    """A random chain of views, and the same for NumPy."""
    steps = draw(
        st.lists(
            st.sampled_from(["transpose", "flip", "slice", "unsqueeze", "reshape", "roll", "pad", "broadcast"]),
            min_size=1,
            max_size=5,
        )
    )
    return [(step, draw(st.integers(0, 5)), draw(st.integers(0, 5))) for step in steps]


def moved(x, xp, steps):
    for step, i, j in steps:
        n = len(x.shape)
        if step == "transpose" and n:
            x = xp.moveaxis(x, i % n, j % n)
        elif step == "flip" and n:
            x = xp.flip(x, i % n)
        elif step == "slice" and n:
            x = x[(slice(None),) * (i % n) + (slice(j % 2, None, 1 + j % 3),)]
        elif step == "unsqueeze":
            x = xp.expand_dims(x, i % (n + 1))
        elif step == "reshape":
            x = xp.reshape(x, (-1,) if i % 2 else x.shape[::-1])
        elif step == "roll" and n:
            x = xp.roll(x, j, i % n)
        elif step == "pad" and n and n < 5:
            x = xp.pad(x, [(j % 2, i % 2)] * n)
        elif step == "broadcast":
            x = xp.broadcast_to(x, (1 + i % 2, *x.shape))
    return x


@given(steps=movements())
def test_chains_of_views(steps):
    for name in ("cpu", "reference"):
        with weft.device(name):
            same(moved(weft.asarray(A), weft, steps) * 2, moved(A, np, steps) * 2)


# ---- products


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((1, 2, 3), (5, 3, 4)),
        ((6, 1, 2, 3), (5, 3, 4)),
        ((2, 0), (0, 3)),
        ((0, 2), (2, 3)),
        ((65, 130), (130, 70)),
    ],
)
def test_matmul(device, rng, a, b):
    x, y = rng.standard_normal(a).astype(np.float32), rng.standard_normal(b).astype(np.float32)
    np.testing.assert_allclose((weft.asarray(x) @ weft.asarray(y)).numpy(), x @ y, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        (weft.asarray(x.T) @ weft.asarray(y.T)).numpy() if len(a) == len(b) == 2 and a[0] == b[1] else x,
        x.T @ y.T if len(a) == len(b) == 2 and a[0] == b[1] else x,
        rtol=1e-4,
    )


def test_matmul_dtypes(device):
    for dtype in ("int32", "int64", "float16"):
        a = np.ones((2, 3)).astype(dtype)
        ours = weft.asarray(a) @ weft.asarray(a.T)
        assert ours.dtype.name == dtype
        same(ours, a @ a.T)
    with pytest.raises(ValueError, match="matmul"):
        weft.ones((2, 3)) @ weft.ones((2, 3))


def test_relatives_of_matmul(device, rng):
    a, b = rng.standard_normal((3, 4, 5)), rng.standard_normal((4, 3, 2))
    x, y = weft.asarray(a), weft.asarray(b)
    np.testing.assert_allclose(weft.tensordot(x, y, ((1, 0), (0, 1))).numpy(), np.tensordot(a, b, ((1, 0), (0, 1))))
    np.testing.assert_allclose(
        weft.tensordot(x, weft.asarray(a.transpose(1, 2, 0)), 2).numpy(), np.tensordot(a, a.transpose(1, 2, 0), 2)
    )
    np.testing.assert_allclose(weft.inner(x, x).numpy(), np.inner(a, a))
    np.testing.assert_allclose(weft.outer(x, y).numpy(), np.outer(a, b))
    np.testing.assert_allclose(
        weft.dot(x, y.permute(2, 0, 1)[:, :, :1].tile(1, 5 // 5, 1).permute(0, 2, 1)[:, :1, :1].broadcast_to((2, 5, 1)))
        .numpy()
        .shape,
        (3, 4, 2, 1),
    )
    np.testing.assert_allclose(weft.vdot(x, x).numpy(), np.vdot(a, a))
    np.testing.assert_allclose(weft.vecdot(x, x, axis=1).numpy(), (a * a).sum(1))
    np.testing.assert_allclose(weft.kron(x[0], y[0]).numpy(), np.kron(a[0], b[0]))
    np.testing.assert_allclose(weft.linalg.cross(y, y.flip(2), axis=1).numpy(), np.cross(b, b[:, :, ::-1], axis=1))


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bkj->bik", [(5, 2, 3), (5, 4, 3)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("iij,jk->ik", [(2, 2, 3), (3, 4)]),
        ("i,i,i->", [(3,), (3,), (3,)]),
        ("ab,cd->", [(2, 3), (4, 5)]),
        ("...,...", [(2, 3), (3,)]),
        ("ij,kj->jik", [(2, 3), (4, 3)]),
    ],
)
def test_einsum(device, rng, subscripts, shapes):
    arrays = [rng.standard_normal(s) for s in shapes]
    np.testing.assert_allclose(
        weft.einsum(subscripts, *map(weft.asarray, arrays)).numpy(),
        np.einsum(subscripts, *arrays),
        rtol=1e-10,
        atol=1e-12,
    )


def test_einsum_errors():
    for bad, args in [("ij,jk", 1), ("ij->ik", 1), ("ijk->i", 1), ("i.->i", 1), ("ij->ii", 1)]:
        with pytest.raises(ValueError, match="einsum"):
            weft.einsum(bad, *[weft.ones((2, 3))] * args)
    with pytest.raises(ValueError, match="sizes"):
        weft.einsum("ij,jk", weft.ones((2, 3)), weft.ones((2, 3)))
