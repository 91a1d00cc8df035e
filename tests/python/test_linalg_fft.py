"""Linear algebra and Fourier transforms, their gradients, and the fallbacks they count."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import weft

M = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.2], [-0.3, 0.6, 1.8]])
S = M @ M.T + np.eye(3)
B = np.stack([M, M.T + np.eye(3)])
STEP = 1e-6


def slope(fun, a):
    """The gradient of a real function by finite differences; of complex numbers both parts."""
    g = np.zeros_like(a)
    for i in np.ndindex(a.shape):
        for direction in (1, 1j) if np.iscomplexobj(a) else (1,):
            high, low = a.copy(), a.copy()
            high[i] += STEP * direction
            low[i] -= STEP * direction
            g[i] += direction * (fun(weft.asarray(high)).item() - fun(weft.asarray(low)).item()) / (2 * STEP)
    return g


def check(fun, a, rtol=1e-5):
    def scalar(x):
        out = fun(x)
        weights = weft.asarray(np.cos(np.arange(out.size)).reshape(out.shape) + 1.2)
        return ((out.abs() ** 2 if out.dtype.kind == "c" else out) * weights).sum()

    x = weft.asarray(a).requires_grad_()
    scalar(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), slope(scalar, a), rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("a", [M, S, B], ids=["matrix", "symmetric", "batch"])
def test_values(device, a):
    t = weft.asarray(a)
    L = weft.linalg
    np.testing.assert_allclose(L.inv(t).numpy(), np.linalg.inv(a))
    np.testing.assert_allclose(L.det(t).numpy(), np.linalg.det(a))
    for ours, theirs in zip(L.slogdet(t), np.linalg.slogdet(a), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs)
    np.testing.assert_allclose(L.solve(t, weft.ones((3, 2))).numpy(), np.linalg.solve(a, np.ones((3, 2))))
    np.testing.assert_allclose(
        L.solve(t, weft.ones(3)).numpy(), np.linalg.solve(a, np.ones((*a.shape[:-1], 1)))[..., 0]
    )
    np.testing.assert_allclose(L.svdvals(t).numpy(), np.linalg.svd(a, compute_uv=False))
    np.testing.assert_allclose(L.pinv(t).numpy(), np.linalg.pinv(a), atol=1e-12)
    np.testing.assert_allclose(L.matrix_power(t, 5).numpy(), np.linalg.matrix_power(a, 5))
    np.testing.assert_allclose(L.matrix_power(t, -2).numpy(), np.linalg.matrix_power(a, -2))
    np.testing.assert_allclose(L.matrix_power(t, 0).numpy(), np.linalg.matrix_power(a, 0))
    assert (L.matrix_rank(t).numpy() == 3).all()
    np.testing.assert_allclose(L.cond(t).numpy(), np.linalg.cond(a))
    q, r = L.qr(t)
    np.testing.assert_allclose((q @ r).numpy(), a)
    u, s, vh = L.svd(t)
    np.testing.assert_allclose(((u * s.unsqueeze(-2)) @ vh).numpy(), a)
    w, v = L.eig(t)
    np.testing.assert_allclose((t.astype(weft.complex128) @ v).numpy(), (v * w.unsqueeze(-2)).numpy(), atol=1e-12)
    np.testing.assert_allclose(L.trace(t).numpy(), np.trace(a, axis1=-2, axis2=-1))


def test_symmetric(device):
    t = weft.asarray(S)
    low = weft.linalg.cholesky(t)
    np.testing.assert_allclose((low @ low.mT).numpy(), S)
    np.testing.assert_allclose(weft.linalg.cholesky(t, upper=True).numpy(), np.linalg.cholesky(S).T)
    w, v = weft.linalg.eigh(t)
    np.testing.assert_allclose((v * w @ v.mT).numpy(), S)
    np.testing.assert_allclose(weft.linalg.lstsq(t, weft.ones(3)).numpy(), np.linalg.solve(S, np.ones(3)))


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms(ord):
    np.testing.assert_allclose(weft.linalg.matrix_norm(weft.asarray(M), ord=ord).numpy(), np.linalg.norm(M, ord))
    np.testing.assert_allclose(
        weft.linalg.norm(weft.asarray(B), ord, (1, 2), keepdims=True).numpy(),
        np.linalg.norm(B, ord, (1, 2), keepdims=True),
    )
    if not isinstance(ord, str):
        np.testing.assert_allclose(
            weft.linalg.vector_norm(weft.asarray(M), axis=1, ord=ord).numpy(), np.linalg.norm(M, ord, 1)
        )
    np.testing.assert_allclose(weft.linalg.norm(weft.asarray(B)).numpy(), np.linalg.norm(B))


GRADIENTS = {
    "inv": (weft.linalg.inv, B),
    "det": (weft.linalg.det, B),
    "slogdet": (lambda x: weft.linalg.slogdet(x).logabsdet, B),
    "solve": (lambda x: weft.linalg.solve(x, x[..., :2] * 2), B),
    "solve vector": (lambda x: weft.linalg.solve(x, x[0]), M),
    "cholesky": (lambda x: weft.linalg.cholesky((x + x.mT) / 2), S),
    "eigvalsh": (lambda x: weft.linalg.eigvalsh((x + x.mT) / 2), S),
    "eigh": (lambda x: weft.linalg.eigh((x + x.mT) / 2).eigenvectors.abs(), S),
    "svdvals": (weft.linalg.svdvals, B),
    "svd tall": (lambda x: weft.linalg.svd(x[:, :2], full_matrices=False).U.abs(), M),
    "svd wide": (lambda x: weft.linalg.svd(x[:2], full_matrices=False).Vh.abs(), M),
    "qr": (lambda x: weft.linalg.qr(x[:, :2]).R.abs(), M),
    "q": (lambda x: weft.linalg.qr(x).Q.abs(), M),
    "pinv": (lambda x: weft.linalg.pinv(x[:, :2]), M),
    "norm": (weft.linalg.norm, M),
    "nuc": (lambda x: weft.linalg.matrix_norm(x, ord="nuc"), M),
    "power": (lambda x: weft.linalg.matrix_power(x, 3), M),
    "complex inv": (weft.linalg.inv, M + 1j * M.T),
    "complex det": (lambda x: weft.linalg.det(x), M + 0.5j * M.T),
    "complex solve": (lambda x: weft.linalg.solve(x, x[:, :1] * (1 + 2j)), M + 1j * S),
    "complex svd": (weft.linalg.svdvals, M + 0.5j * M.T),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    check(*GRADIENTS[name])


def test_second_order():
    f = lambda x: weft.linalg.slogdet(x).logabsdet  # noqa: E731
    _, out = weft.jvp(weft.grad(f), (weft.asarray(M),), (weft.asarray(S),))
    high = weft.grad(f)(weft.asarray(M + STEP * S)).numpy()
    low = weft.grad(f)(weft.asarray(M - STEP * S)).numpy()
    np.testing.assert_allclose(out.numpy(), (high - low) / (2 * STEP), rtol=1e-5)


def test_dtypes_and_errors():
    assert weft.linalg.inv(weft.eye(2)).dtype == weft.float32
    assert weft.linalg.inv(weft.eye(2, dtype=weft.float16)).dtype == weft.float32
    assert weft.linalg.det(weft.asarray([[1, 2], [3, 4]])).dtype == weft.float32
    for fun in (weft.linalg.inv, weft.linalg.det, weft.linalg.cholesky):
        with pytest.raises(ValueError, match="square"):
            fun(weft.ones((2, 3)))
    with pytest.raises(ValueError, match="Singular"):
        weft.linalg.inv(weft.zeros((2, 2)))
    with pytest.raises(ValueError, match="matrix is needed"):
        weft.linalg.svd(weft.ones(3))


SIGNAL = np.cos(np.arange(24.0) ** 1.3).reshape(4, 6)
WAVE = SIGNAL + 1j * SIGNAL[::-1]


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_transforms(device, name, norm):
    a = SIGNAL if name in ("rfft", "ihfft") else WAVE
    for n, axis in [(None, -1), (9, -1), (4, 1), (5, 0)]:
        ours = getattr(weft.fft, name)(weft.asarray(a), n, axis, norm)
        np.testing.assert_allclose(ours.numpy(), getattr(np.fft, name)(a, n, axis, norm), atol=1e-12)
        check(lambda x, n=n, axis=axis: getattr(weft.fft, name)(x, n, axis, norm), a[:2, :5])


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2"])
def test_several_axes(name):
    a = (SIGNAL if name == "rfftn" else WAVE).reshape(2, 2, 6)
    np.testing.assert_allclose(getattr(weft.fft, name)(weft.asarray(a)).numpy(), getattr(np.fft, name)(a), atol=1e-12)
    if name.endswith("n"):
        np.testing.assert_allclose(
            getattr(weft.fft, name)(weft.asarray(a), (3, 4), (0, 2)).numpy(),
            getattr(np.fft, name)(a, (3, 4), (0, 2)),
            atol=1e-12,
        )


def test_fft_helpers():
    np.testing.assert_allclose(weft.fft.fftfreq(7, 0.5).numpy(), np.fft.fftfreq(7, 0.5), rtol=1e-6)
    np.testing.assert_allclose(weft.fft.rfftfreq(8).numpy(), np.fft.rfftfreq(8))
    np.testing.assert_array_equal(weft.fft.fftshift(weft.asarray(SIGNAL)).numpy(), np.fft.fftshift(SIGNAL))
    np.testing.assert_array_equal(weft.fft.ifftshift(weft.asarray(SIGNAL), 1).numpy(), np.fft.ifftshift(SIGNAL, 1))
    assert weft.fft.fft(weft.ones(4)).dtype == weft.complex64
    with pytest.raises(TypeError, match="rfft"):
        weft.fft.rfft(weft.asarray(WAVE))
    with pytest.raises(ValueError, match="norm"):
        weft.fft.fft(weft.ones(4), norm="other")


def test_fallbacks_are_counted():
    with weft.device("reference"):
        x = weft.eye(2)
        with weft.profile() as p:
            weft.linalg.inv(x)
            weft.fft.fft(x)
    assert p.fallbacks == ["linalg.inv", "fft.fft"] or len(p.fallbacks) == 2
    assert "host fallback" in str(p)


STRICT = """
import weft
with weft.device("reference"):
    x = weft.eye(2)
    try:
        weft.linalg.inv(x)
    except weft.HostFallbackError as error:
        assert "linalg.inv" in str(error), error
    else:
        raise SystemExit("no error")
    with weft.allow_host():
        weft.linalg.inv(x)
weft.linalg.inv(weft.eye(2))
"""


def test_strict():
    import os

    environment = {**os.environ, "WEFT_STRICT": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", STRICT], check=True, env=environment)
