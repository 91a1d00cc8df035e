"""Factorisations by NumPy, with their gradients, for linalg.py.

What a gradient calls is recorded too, so gradients of gradients work where no result of NumPy is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from weft import _core
from weft._core import Tensor
from weft.autograd import Function

if TYPE_CHECKING:
    from weft._typing import Array

__all__ = ["Cholesky", "Det", "Eigh", "Inv", "Qr", "Slogdet", "Solve", "Svd", "adjoint", "eye_like", "host"]


def host(op: str, f: Callable[..., Any], *tensors: Tensor, **kwargs: Any) -> Any:
    """A function of NumPy on the values of tensors; its arrays as tensors on their device."""
    device = tensors[0].device
    _core._record_fallback(f"linalg.{op}", device)
    try:
        result = f(*(t.detach().numpy() for t in tensors), **kwargs)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{op}: {error}") from None
    if isinstance(result, tuple):
        return tuple(_back(a, tensors[0], device) for a in result)
    return _back(result, tensors[0], device)


def _back(a: Array, like: Tensor, device: _core.device) -> Tensor:
    double = like.dtype.itemsize == (16 if like.dtype.kind == "c" else 8)
    a = np.asarray(a)
    if a.dtype.kind == "c":
        a = a.astype("complex128" if double else "complex64", copy=False)
    elif a.dtype.kind == "f":
        a = a.astype("float64" if double else "float32", copy=False)
    return _core.asarray(a, device=device)


def adjoint(t: Tensor) -> Tensor:
    """The conjugate transpose."""
    return t.mT.conj() if t.dtype.kind == "c" else t.mT


def eye_like(t: Tensor) -> Tensor:
    return _core.eye(t.shape[-1], dtype=t.dtype, device=t.device)


class Inv(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.a = a
        return host("inv", np.linalg.inv, a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        back = adjoint(Inv.apply(ctx.a))  # recorded, for gradients of gradients
        return -(back @ g @ back)


class Solve(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.a, ctx.b = a, b
        return host("solve", np.linalg.solve, a, b)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        gb = Solve.apply(adjoint(ctx.a), g)
        x = Solve.apply(ctx.a, ctx.b)
        return -(gb @ adjoint(x)), gb


class Det(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.a = a
        return host("det", np.linalg.det, a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        value = (g * Det.apply(ctx.a).conj()).reshape((*g.shape, 1, 1))
        return value * adjoint(Inv.apply(ctx.a))


class Slogdet(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        ctx.a = a
        sign, log = host("slogdet", lambda x: tuple(np.linalg.slogdet(x)), a)
        return sign, log

    @staticmethod
    def backward(ctx: Any, g_sign: Tensor, g: Tensor) -> Any:
        return g.reshape((*g.shape, 1, 1)).astype(ctx.a.dtype) * adjoint(Inv.apply(ctx.a))


class Cholesky(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.a = a
        return host("cholesky", np.linalg.cholesky, a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        low = Cholesky.apply(ctx.a)
        p = (adjoint(low) @ g.tril()).tril()
        p = p - 0.5 * eye_like(p) * p
        back = Inv.apply(low)
        s = adjoint(back) @ p @ back
        return 0.5 * (s + adjoint(s))


class Eigh(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        ctx.a = a
        return host("eigh", lambda x: tuple(np.linalg.eigh(x)), a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, gw: Tensor, gv: Tensor) -> Any:
        w, v = Eigh.apply(ctx.a)
        d = w.unsqueeze(-2) - w.unsqueeze(-1)
        f = _core.where(_core.equal(d, 0), 0.0, 1.0 / _core.where(_core.equal(d, 0), 1.0, d)).astype(v.dtype)
        inside = f * (adjoint(v) @ gv) + eye_like(v) * gw.unsqueeze(-1).astype(v.dtype)
        ga = v @ inside @ adjoint(v)
        return 0.5 * (ga + adjoint(ga))


class Svd(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u, s, vh = host("svd", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), a)
        ctx.values = u, s, vh
        return u, s, vh

    @staticmethod
    def backward(ctx: Any, gu: Tensor, gs: Tensor, gvh: Tensor) -> Any:
        u, s, vh = ctx.values
        v, gv = adjoint(vh), adjoint(gvh)
        square = s * s
        d = square.unsqueeze(-2) - square.unsqueeze(-1)
        f = _core.where(_core.equal(d, 0), 0.0, 1.0 / _core.where(_core.equal(d, 0), 1.0, d)).astype(u.dtype)
        scale = s.unsqueeze(-2).astype(u.dtype)
        a, b = f * (adjoint(u) @ gu), f * (vh @ gv)
        middle = (
            (a + adjoint(a)) * scale
            + s.unsqueeze(-1).astype(u.dtype) * (b + adjoint(b))
            + eye_like(a) * gs.unsqueeze(-1).astype(u.dtype)
        )
        if u.dtype.kind == "c":  # the phase that no result fixes
            both = eye_like(a) * (adjoint(u) @ gu)
            middle = middle + (both - adjoint(both)) / (2 * scale)
        g = u @ middle @ vh
        rows, columns, k = u.shape[-2], v.shape[-2], s.shape[-1]
        if rows > k:
            g = g + (gu - u @ (adjoint(u) @ gu)) / scale @ vh
        if columns > k:
            g = g + u @ adjoint((gv - v @ (vh @ gv)) / scale)
        return g


class Qr(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        q, r = host("qr", lambda x: tuple(np.linalg.qr(x)), a)
        ctx.values = q, r
        return q, r

    @staticmethod
    def backward(ctx: Any, gq: Tensor, gr: Tensor) -> Any:
        q, r = ctx.values
        if q.shape[-2] < r.shape[-1]:
            raise RuntimeError("qr: no gradient for matrices with more columns than rows")
        m = r @ adjoint(gr) - adjoint(gq) @ q
        low = m.tril(-1)
        diag = eye_like(m) * m
        inside = gq + q @ (low + adjoint(low) + (diag.real if m.dtype.kind == "c" else diag).astype(m.dtype))
        return adjoint(Solve.apply(r, adjoint(inside)))
