"""Linear algebra. Factorisations, with gradients, are computed by NumPy on the host: on a device a counted fallback."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from weft import _core
from weft._core import Tensor, matmul, matrix_transpose
from weft._functions import diagonal as _diagonal
from weft._functions import trace as _trace
from weft._products import cross, outer, tensordot, vecdot
from weft.autograd import Function

if TYPE_CHECKING:
    from weft._typing import Array, Axis, DTypeLike, TensorLike

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


class SlogdetResult(NamedTuple):
    sign: Tensor
    logabsdet: Tensor


class EighResult(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


class EigResult(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    Q: Tensor
    R: Tensor


class SVDResult(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor


# ---- the way through NumPy


def _matrix(op: str, x: TensorLike, square: bool = False) -> Tensor:
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    if t.ndim < 2:
        raise ValueError(f"{op}: a matrix is needed, not shape {t.shape}")
    if square and t.shape[-1] != t.shape[-2]:
        raise ValueError(f"{op}: a square matrix is needed, not shape {t.shape}")
    return _floating(t)


def _floating(t: Tensor) -> Tensor:
    if t.dtype.kind not in "fc":
        return t.astype(_core.get_default_dtype())
    return t.astype(_core.float32) if t.dtype.itemsize < 4 else t


def _host(op: str, f: Callable[..., Any], *tensors: Tensor, **kwargs: Any) -> Any:
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


def _h(t: Tensor) -> Tensor:
    """The conjugate transpose."""
    return t.mT.conj() if t.dtype.kind == "c" else t.mT


def _eye_like(t: Tensor) -> Tensor:
    return _core.eye(t.shape[-1], dtype=t.dtype, device=t.device)


# ---- systems, inverses and determinants


class _Inv(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.a = a
        return _host("inv", np.linalg.inv, a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        back = _h(inv(ctx.a))  # recorded, for gradients of gradients
        return -(back @ g @ back)


class _Solve(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.a, ctx.b = a, b
        return _host("solve", np.linalg.solve, a, b)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        gb = _Solve.apply(_h(ctx.a), g)
        x = _Solve.apply(ctx.a, ctx.b)
        return -(gb @ _h(x)), gb


class _Det(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.a = a
        return _host("det", np.linalg.det, a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        value = (g * det(ctx.a).conj()).reshape((*g.shape, 1, 1))
        return value * _h(inv(ctx.a))


class _Slogdet(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        ctx.a = a
        sign, log = _host("slogdet", lambda x: tuple(np.linalg.slogdet(x)), a)
        return sign, log

    @staticmethod
    def backward(ctx: Any, g_sign: Tensor, g: Tensor) -> Any:
        return g.reshape((*g.shape, 1, 1)).astype(ctx.a.dtype) * _h(inv(ctx.a))


def inv(x: TensorLike, /) -> Tensor:
    """The inverse of square matrices.

    Parameters
    ----------
    x : tensor of shape (..., n, n)

    Returns
    -------
    Tensor
        Of the same shape; float32 for integers and narrow floats.

    Raises
    ------
    ValueError
        A matrix is singular or not square.
    HostFallbackError
        On a device with ``WEFT_STRICT=1``.

    Examples
    --------
    >>> import weft
    >>> weft.linalg.inv(2 * weft.eye(2)).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    return _Inv.apply(_matrix("inv", x, square=True))  # type: ignore[no-any-return]


def solve(a: TensorLike, b: TensorLike, /) -> Tensor:
    """The solution `x` of ``a @ x == b``, for a vector `b` or a matrix of columns.

    Examples
    --------
    >>> import weft
    >>> weft.linalg.solve(2 * weft.eye(2), weft.ones(2)).tolist()
    [0.5, 0.5]
    """
    left = _matrix("solve", a, square=True)
    right = b if isinstance(b, Tensor) else _core.asarray(b, device=left.device)
    common = _core.promote_types(left.dtype, _floating(right).dtype)
    left, right = left.astype(common), right.astype(common)
    vector = right.ndim == 1
    if vector:
        right = right.reshape(-1, 1)
    if right.shape[-2] != left.shape[-1]:
        raise ValueError(f"solve: shapes {left.shape} and {tuple(right.shape)} do not agree")
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = _core.broadcast_to(left, (*batch, *left.shape[-2:]))
    right = _core.broadcast_to(right, (*batch, *right.shape[-2:]))
    x = _Solve.apply(left, right)
    return x.squeeze(-1) if vector else x  # type: ignore[no-any-return]


def det(x: TensorLike, /) -> Tensor:
    """The determinants of square matrices."""
    return _Det.apply(_matrix("det", x, square=True))  # type: ignore[no-any-return]


def slogdet(x: TensorLike, /) -> SlogdetResult:
    """The signs of determinants, and the logarithms of their sizes."""
    return SlogdetResult(*_Slogdet.apply(_matrix("slogdet", x, square=True)))


def lstsq(a: TensorLike, b: TensorLike, /, rcond: float | None = None) -> Tensor:
    """The `x` for which ``a @ x - b`` is smallest; no gradient flows."""
    left = _matrix("lstsq", a)
    right = _floating(_core.asarray(b, device=left.device)).astype(left.dtype)
    return _host("lstsq", lambda p, q: np.linalg.lstsq(p, q, rcond=rcond)[0], left, right)  # type: ignore[no-any-return]


# ---- factorisations


class _Cholesky(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.a = a
        return _host("cholesky", np.linalg.cholesky, a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        low = _Cholesky.apply(ctx.a)
        p = (_h(low) @ g.tril()).tril()
        p = p - 0.5 * _eye_like(p) * p
        back = inv(low)
        s = _h(back) @ p @ back
        return 0.5 * (s + _h(s))


class _Eigh(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        ctx.a = a
        return _host("eigh", lambda x: tuple(np.linalg.eigh(x)), a)  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, gw: Tensor, gv: Tensor) -> Any:
        w, v = _Eigh.apply(ctx.a)
        d = w.unsqueeze(-2) - w.unsqueeze(-1)
        f = _core.where(_core.equal(d, 0), 0.0, 1.0 / _core.where(_core.equal(d, 0), 1.0, d)).astype(v.dtype)
        inside = f * (_h(v) @ gv) + _eye_like(v) * gw.unsqueeze(-1).astype(v.dtype)
        ga = v @ inside @ _h(v)
        return 0.5 * (ga + _h(ga))


class _Svd(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u, s, vh = _host("svd", lambda x: tuple(np.linalg.svd(x, full_matrices=False)), a)
        ctx.values = u, s, vh
        return u, s, vh

    @staticmethod
    def backward(ctx: Any, gu: Tensor, gs: Tensor, gvh: Tensor) -> Any:
        u, s, vh = ctx.values
        v, gv = _h(vh), _h(gvh)
        square = s * s
        d = square.unsqueeze(-2) - square.unsqueeze(-1)
        f = _core.where(_core.equal(d, 0), 0.0, 1.0 / _core.where(_core.equal(d, 0), 1.0, d)).astype(u.dtype)
        scale = s.unsqueeze(-2).astype(u.dtype)
        a, b = f * (_h(u) @ gu), f * (vh @ gv)
        middle = (
            (a + _h(a)) * scale
            + s.unsqueeze(-1).astype(u.dtype) * (b + _h(b))
            + _eye_like(a) * gs.unsqueeze(-1).astype(u.dtype)
        )
        if u.dtype.kind == "c":  # the phase that no result fixes
            both = _eye_like(a) * (_h(u) @ gu)
            middle = middle + (both - _h(both)) / (2 * scale)
        g = u @ middle @ vh
        rows, columns, k = u.shape[-2], v.shape[-2], s.shape[-1]
        if rows > k:
            g = g + (gu - u @ (_h(u) @ gu)) / scale @ vh
        if columns > k:
            g = g + u @ _h((gv - v @ (vh @ gv)) / scale)
        return g


class _Qr(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> tuple[Tensor, Tensor]:
        q, r = _host("qr", lambda x: tuple(np.linalg.qr(x)), a)
        ctx.values = q, r
        return q, r

    @staticmethod
    def backward(ctx: Any, gq: Tensor, gr: Tensor) -> Any:
        q, r = ctx.values
        if q.shape[-2] < r.shape[-1]:
            raise RuntimeError("qr: no gradient for matrices with more columns than rows")
        m = r @ _h(gr) - _h(gq) @ q
        low = m.tril(-1)
        diag = _eye_like(m) * m
        inside = gq + q @ (low + _h(low) + (diag.real if m.dtype.kind == "c" else diag).astype(m.dtype))
        return _h(solve(r, _h(inside)))


def cholesky(x: TensorLike, /, *, upper: bool = False) -> Tensor:
    """The lower triangular `L` with ``L @ L.T == x``, for positive definite matrices; with `upper` its transpose.

    Raises
    ------
    ValueError
        A matrix is not positive definite.
    """
    low = _Cholesky.apply(_matrix("cholesky", x, square=True))
    return _h(low) if upper else low


def eigh(x: TensorLike, /) -> EighResult:
    """Eigenvalues, ascending, and eigenvectors (columns) of symmetric or Hermitian matrices."""
    return EighResult(*_Eigh.apply(_matrix("eigh", x, square=True)))


def eigvalsh(x: TensorLike, /) -> Tensor:
    """The eigenvalues of symmetric or Hermitian matrices, ascending."""
    return eigh(x).eigenvalues


def eig(x: TensorLike, /) -> EigResult:
    """Eigenvalues and eigenvectors (columns) of square matrices, complex; no gradient flows."""
    t = _matrix("eig", x, square=True)
    wide = t.astype(_core.promote_types(t.dtype, _core.complex64))
    return EigResult(*_host("eig", lambda a: tuple(np.linalg.eig(a)), wide))


def eigvals(x: TensorLike, /) -> Tensor:
    """The eigenvalues of square matrices, complex; no gradient flows."""
    return eig(x).eigenvalues


def svd(x: TensorLike, /, *, full_matrices: bool = True) -> SVDResult:
    """The singular value decomposition ``U @ diag(S) @ Vh``; gradients flow for ``full_matrices=False``, once."""
    t = _matrix("svd", x)
    if full_matrices and t.shape[-1] != t.shape[-2]:
        return SVDResult(*_host("svd", lambda a: tuple(np.linalg.svd(a)), t))
    return SVDResult(*_Svd.apply(t))


def svdvals(x: TensorLike, /) -> Tensor:
    """The singular values, descending."""
    return svd(x, full_matrices=False).S


def qr(x: TensorLike, /, *, mode: str = "reduced") -> QRResult:
    """An orthonormal `Q` and an upper triangular `R` with ``Q @ R == x``; gradients flow, once, if `mode` is "reduced"."""
    t = _matrix("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is 'reduced' or 'complete', not {mode!r}")
    if mode == "complete" and t.shape[-2] > t.shape[-1]:
        return QRResult(*_host("qr", lambda a: tuple(np.linalg.qr(a, mode="complete")), t))
    return QRResult(*_Qr.apply(t))


# ---- what follows from them


def _cut(s: Tensor, shape: tuple[int, ...], rtol: TensorLike | None) -> Tensor:
    eps = np.finfo(s.dtype.name).eps
    relative = max(shape[-2:]) * eps if rtol is None else rtol
    return s.max(-1, keepdims=True) * (
        relative.unsqueeze(-1) if isinstance(relative, Tensor) and relative.ndim else relative
    )


def pinv(x: TensorLike, /, *, rtol: TensorLike | None = None) -> Tensor:
    """The Moore-Penrose inverse."""
    t = _matrix("pinv", x)
    u, s, vh = svd(t, full_matrices=False)
    large = s > _cut(s, t.shape, rtol)
    inverse = _core.where(large, 1.0 / _core.where(large, s, 1.0), 0.0).astype(t.dtype)
    return _h(vh) @ (inverse.unsqueeze(-1) * _h(u))


def matrix_rank(x: TensorLike, /, *, rtol: TensorLike | None = None) -> Tensor:
    """How many singular values are not negligible; int64."""
    t = _matrix("matrix_rank", x)
    s = svdvals(t)
    return (s > _cut(s, t.shape, rtol)).sum(-1)


def cond(x: TensorLike, /) -> Tensor:
    """The largest singular value divided by the smallest."""
    s = svdvals(x)
    return s[..., 0] / s[..., -1]


def matrix_power(x: TensorLike, n: int, /) -> Tensor:
    """The matrix multiplied by itself `n` times; by its inverse for negative `n`."""
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    if t.ndim < 2 or t.shape[-1] != t.shape[-2]:
        raise ValueError(f"matrix_power: a square matrix is needed, not shape {t.shape}")
    if n < 0:
        t, n = inv(t), -n
    result: Tensor | None = None
    while n:
        if n & 1:
            result = t if result is None else result @ t
        n >>= 1
        if n:
            t = t @ t
    return _core.broadcast_to(_eye_like(t), t.shape) if result is None else result


def diagonal(x: TensorLike, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices."""
    return _diagonal(x, offset, -2, -1)


def trace(x: TensorLike, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """The sums of the diagonals of matrices."""
    return _trace(x, offset, -2, -1, dtype=dtype)


def vector_norm(x: TensorLike, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """The `ord`-norm of vectors along the axes (all by default).

    Examples
    --------
    >>> import weft
    >>> weft.linalg.vector_norm(weft.asarray([3.0, 4.0])).item()
    5.0
    """
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    t = t if t.dtype.kind in "fc" else _floating(t)
    size = t.abs()
    if ord == math.inf:
        return size.max(axis, keepdims=keepdims)
    if ord == -math.inf:
        return size.min(axis, keepdims=keepdims)
    if ord == 0:
        return _core.count_nonzero(size, axis, keepdims=keepdims).astype(size.dtype)
    if ord == 1:
        return size.sum(axis, keepdims=keepdims)
    if ord == 2:
        return size.square().sum(axis, keepdims=keepdims).sqrt()
    return (size**ord).sum(axis, keepdims=keepdims) ** (1 / ord)


def matrix_norm(x: TensorLike, /, *, keepdims: bool = False, ord: float | str = "fro") -> Tensor:
    """A norm of matrices: ``"fro"``, ``"nuc"``, 1, 2, inf or their negatives."""
    t = _matrix("matrix_norm", x)
    if ord == "fro":
        return vector_norm(t, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        s = svdvals(t)
        value = s.sum(-1) if ord == "nuc" else s[..., 0] if ord == 2 else s[..., -1]
    elif ord in (1, -1, math.inf, -math.inf):
        sums = t.abs().sum(-2 if abs(float(ord)) == 1 else -1)
        value = sums.max(-1) if float(ord) > 0 else sums.min(-1)
    else:
        raise ValueError(f"matrix_norm: ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, not {ord!r}")
    return value.reshape((*value.shape, 1, 1)) if keepdims else value


def norm(
    x: TensorLike, ord: float | str | None = None, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Tensor:
    """NumPy's norm: of a vector along one axis, of a matrix along two; of all elements without `axis` and `ord`."""
    t = x if isinstance(x, Tensor) else _core.asarray(x)
    if axis is None and ord is None:
        return vector_norm(t, keepdims=keepdims)
    axes = tuple(range(t.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if len(axes) == 1:
        return vector_norm(t, axis=axes, keepdims=keepdims, ord=2 if ord is None else float(ord))
    if len(axes) != 2:
        raise ValueError(f"norm: one or two axes are needed, not {axes}")
    value = matrix_norm(_core.moveaxis(t, axes, (-2, -1)), ord="fro" if ord is None else ord)
    return value.unsqueeze(sorted(a % t.ndim for a in axes)) if keepdims else value
