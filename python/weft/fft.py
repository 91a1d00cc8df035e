"""Fourier transforms, computed by NumPy on the host; on a device that is a counted fallback. All have gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import _core
from weft._core import Tensor
from weft.autograd import Function

if TYPE_CHECKING:
    from weft._typing import Axis, DeviceLike, DTypeLike, TensorLike

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]

# The adjoint of a transform is the opposite one with the scale on the other side.
_DUAL = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _norm(norm: str | None) -> str:
    norm = "backward" if norm is None else norm
    if norm not in _DUAL:
        raise ValueError(f"fft: norm is 'backward', 'forward' or 'ortho', not {norm!r}")
    return norm


def _tensor(x: TensorLike, complex_: bool) -> Tensor:
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    wide = _core.promote_types(t.dtype, _core.float32) if t.dtype.kind in "fc" else _core.get_default_dtype()
    if t.dtype.kind in "fc" and t.dtype.itemsize < 4:
        wide = _core.dtype("float32")
    return t.astype(_core.promote_types(wide, _core.complex64) if complex_ else wide)


def _host(op: str, f: Callable[..., Any], t: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    _core._record_fallback(f"fft.{op}", t.device)
    result = f(t.detach().numpy(), *args, **kwargs)
    double = t.dtype.itemsize == (16 if t.dtype.kind == "c" else 8)
    name = (
        ("complex128" if double else "complex64") if result.dtype.kind == "c" else ("float64" if double else "float32")
    )
    return _core.asarray(result.astype(name, copy=False), device=t.device)


def _resized(t: Tensor, axis: int, n: int) -> Tensor:
    """Cut or padded with zeros at the end."""
    have = t.shape[axis]
    if n <= have:
        return t[(slice(None),) * (axis % t.ndim) + (slice(0, n),)]
    hi = [0] * t.ndim
    hi[axis] = n - have
    return _core._pad(t, [0] * t.ndim, hi)


class _Complex(Function):
    """fft or ifft along one axis, of a tensor of the right length."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, name: str, axis: int, norm: str) -> Tensor:
        ctx.call = name, axis, norm
        return _host(name, getattr(np.fft, name), x, axis=axis, norm=norm)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        name, axis, norm = ctx.call
        return _Complex.apply(g, "ifft" if name == "fft" else "fft", axis, _DUAL[norm]), None, None, None


class _Real(Function):
    """rfft along one axis."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, axis: int, norm: str) -> Tensor:
        ctx.call = x.shape[axis], axis, norm
        return _host("rfft", np.fft.rfft, x, axis=axis, norm=norm)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        n, axis, norm = ctx.call
        return _Complex.apply(_resized(g, axis, n), "ifft", axis, _DUAL[norm]).real, None, None


class _RealInverse(Function):
    """irfft along one axis, from n // 2 + 1 elements to n."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, n: int, axis: int, norm: str) -> Tensor:
        ctx.call = n, axis, norm
        return _host("irfft", np.fft.irfft, x, n=n, axis=axis, norm=norm)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        n, axis, norm = ctx.call
        spectrum = _Real.apply(g, axis, _DUAL[norm])
        # Every frequency but 0 and the last of an even length stands for two.
        k = _core.arange(spectrum.shape[axis], device=g.device)
        twice = _core.logical_and(k > 0, _core.not_equal(k * 2, n))
        weight = _core.where(twice, 2.0, 1.0).astype(g.dtype)
        shape = [1] * g.ndim
        shape[axis] = -1
        return spectrum * weight.reshape(shape), None, None, None


def _length(t: Tensor, n: int | None, axis: int) -> int:
    if not t.ndim:
        raise ValueError("fft: at least 1 dimension is needed")
    n = t.shape[axis] if n is None else n
    if n < 1:
        raise ValueError(f"fft: the length must be positive, but is {n}")
    return n


def fft(x: TensorLike, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """The discrete Fourier transform along an axis.

    Parameters
    ----------
    x : tensor
        Real or complex.
    n : int, optional
        The length: the axis is cut or padded with zeros to it.
    axis : int
    norm : str
        Where the factor ``1/n`` goes: ``"backward"``, ``"forward"``, or its root in both, ``"ortho"``.

    Returns
    -------
    Tensor
        Complex: complex64 for float32 and less.

    Raises
    ------
    HostFallbackError
        On a device with ``WEFT_STRICT=1``.

    Examples
    --------
    >>> import weft
    >>> weft.fft.fft(weft.ones(4)).tolist()
    [(4+0j), 0j, 0j, 0j]
    """
    t = _tensor(x, True)
    return _Complex.apply(_resized(t, axis, _length(t, n, axis)), "fft", axis, _norm(norm))  # type: ignore[no-any-return]


def ifft(x: TensorLike, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """The inverse of fft()."""
    t = _tensor(x, True)
    return _Complex.apply(_resized(t, axis, _length(t, n, axis)), "ifft", axis, _norm(norm))  # type: ignore[no-any-return]


def rfft(x: TensorLike, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """fft() of real numbers: the first ``n // 2 + 1`` frequencies, which say all."""
    t = _tensor(x, False)
    if t.dtype.kind == "c":
        raise TypeError("rfft: real numbers are needed; use fft()")
    return _Real.apply(_resized(t, axis, _length(t, n, axis)), axis, _norm(norm))  # type: ignore[no-any-return]


def irfft(x: TensorLike, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """The inverse of rfft(): `n` real numbers, by default an even number of them."""
    t = _tensor(x, True)
    n = 2 * (_length(t, None, axis) - 1) if n is None else n
    if n < 1:
        raise ValueError(f"irfft: the length must be positive, but is {n}")
    return _RealInverse.apply(_resized(t, axis, n // 2 + 1), n, axis, _norm(norm))  # type: ignore[no-any-return]


def _axes(t: Tensor, s: Sequence[int] | None, axes: Axis) -> list[tuple[int, int | None]]:
    if axes is None:
        axes = list(range(t.ndim)) if s is None else list(range(t.ndim - len(s), t.ndim))
    axes = [axes] if isinstance(axes, int) else list(axes)
    sizes = [None] * len(axes) if s is None else [None if n == -1 else n for n in s]
    if len(sizes) != len(axes):
        raise ValueError(f"fft: {len(sizes)} lengths for {len(axes)} axes")
    return list(zip(axes, sizes, strict=True))


def fftn(x: TensorLike, s: Sequence[int] | None = None, axes: Axis = None, norm: str | None = "backward") -> Tensor:
    """fft() along several axes (all by default), with lengths `s`."""
    t = _tensor(x, True)
    for axis, n in _axes(t, s, axes):
        t = fft(t, n, axis, norm)
    return t


def ifftn(x: TensorLike, s: Sequence[int] | None = None, axes: Axis = None, norm: str | None = "backward") -> Tensor:
    """The inverse of fftn()."""
    t = _tensor(x, True)
    for axis, n in _axes(t, s, axes):
        t = ifft(t, n, axis, norm)
    return t


def rfftn(x: TensorLike, s: Sequence[int] | None = None, axes: Axis = None, norm: str | None = "backward") -> Tensor:
    """rfft() along the last of the axes, fft() along the others."""
    t = _tensor(x, False)
    *others, (last, n) = _axes(t, s, axes)
    t = rfft(t, n, last, norm)
    for axis, n in others:
        t = fft(t, n, axis, norm)
    return t


def irfftn(x: TensorLike, s: Sequence[int] | None = None, axes: Axis = None, norm: str | None = "backward") -> Tensor:
    """The inverse of rfftn()."""
    t = _tensor(x, True)
    *others, (last, n) = _axes(t, s, axes)
    for axis, length in others:
        t = ifft(t, length, axis, norm)
    return irfft(t, n, last, norm)


def fft2(
    x: TensorLike, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = "backward"
) -> Tensor:
    """fftn() along two axes."""
    return fftn(x, s, axes, norm)


def ifft2(
    x: TensorLike, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = "backward"
) -> Tensor:
    """ifftn() along two axes."""
    return ifftn(x, s, axes, norm)


def hfft(x: TensorLike, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """The transform of a signal whose spectrum is real: `x` holds its first half."""
    return irfft(_tensor(x, True).conj(), n, axis, _DUAL[_norm(norm)])


def ihfft(x: TensorLike, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """The inverse of hfft()."""
    return rfft(x, n, axis, _DUAL[_norm(norm)]).conj()


def fftfreq(n: int, d: float = 1.0, *, dtype: DTypeLike | None = None, device: DeviceLike = None) -> Tensor:
    """The frequencies of the elements of fft(), for samples `d` apart."""
    return _core.asarray(
        np.fft.fftfreq(n, d), dtype=_core.get_default_dtype() if dtype is None else dtype, device=device
    )


def rfftfreq(n: int, d: float = 1.0, *, dtype: DTypeLike | None = None, device: DeviceLike = None) -> Tensor:
    """The frequencies of the elements of rfft(), for samples `d` apart."""
    return _core.asarray(
        np.fft.rfftfreq(n, d), dtype=_core.get_default_dtype() if dtype is None else dtype, device=device
    )


def _shifted(x: TensorLike, axes: Axis, sign: int) -> Tensor:
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    over = range(t.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    for axis in over:
        half = t.shape[axis] // 2
        t = t.roll(half if sign > 0 else -half, axis)
    return t


def fftshift(x: TensorLike, axes: Axis = None) -> Tensor:
    """Frequency 0 in the middle."""
    return _shifted(x, axes, 1)


def ifftshift(x: TensorLike, axes: Axis = None) -> Tensor:
    """The inverse of fftshift()."""
    return _shifted(x, axes, -1)
