"""Linear algebra. Factorisations, with gradients, are computed by NumPy on the host: on a device a counted fallback."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from weft import _core
from weft._core import Tensor, matmul, matrix_transpose
from weft._factorisations import Cholesky, Det, Eigh, Inv, Qr, Slogdet, Solve, Svd, adjoint, eye_like, host
from weft._functions import diagonal as _diagonal
from weft._functions import trace as _trace
from weft._products import cross, outer, tensordot, vecdot

if TYPE_CHECKING:
    from weft._typing import Axis, DTypeLike, TensorLike

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


# ---- systems, inverses and determinants


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
    return Inv.apply(_matrix("inv", x, square=True))  # type: ignore[no-any-return]


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
    x = Solve.apply(left, right)
    return x.squeeze(-1) if vector else x  # type: ignore[no-any-return]


def det(x: TensorLike, /) -> Tensor:
    """The determinants of square matrices."""
    return Det.apply(_matrix("det", x, square=True))  # type: ignore[no-any-return]


def slogdet(x: TensorLike, /) -> SlogdetResult:
    """The signs of determinants, and the logarithms of their sizes."""
    return SlogdetResult(*Slogdet.apply(_matrix("slogdet", x, square=True)))


def lstsq(a: TensorLike, b: TensorLike, /, rcond: float | None = None) -> Tensor:
    """The `x` for which ``a @ x - b`` is smallest; no gradient flows."""
    left = _matrix("lstsq", a)
    right = _floating(_core.asarray(b, device=left.device)).astype(left.dtype)
    return host("lstsq", lambda p, q: np.linalg.lstsq(p, q, rcond=rcond)[0], left, right)  # type: ignore[no-any-return]


# ---- factorisations


def cholesky(x: TensorLike, /, *, upper: bool = False) -> Tensor:
    """The lower triangular `L` with ``L @ L.T == x``, for positive definite matrices; with `upper` its transpose.

    Raises
    ------
    ValueError
        A matrix is not positive definite.
    """
    low = Cholesky.apply(_matrix("cholesky", x, square=True))
    return adjoint(low) if upper else low


def eigh(x: TensorLike, /) -> EighResult:
    """Eigenvalues, ascending, and eigenvectors (columns) of symmetric or Hermitian matrices."""
    return EighResult(*Eigh.apply(_matrix("eigh", x, square=True)))


def eigvalsh(x: TensorLike, /) -> Tensor:
    """The eigenvalues of symmetric or Hermitian matrices, ascending."""
    return eigh(x).eigenvalues


def eig(x: TensorLike, /) -> EigResult:
    """Eigenvalues and eigenvectors (columns) of square matrices, complex; no gradient flows."""
    t = _matrix("eig", x, square=True)
    wide = t.astype(_core.promote_types(t.dtype, _core.complex64))
    return EigResult(*host("eig", lambda a: tuple(np.linalg.eig(a)), wide))


def eigvals(x: TensorLike, /) -> Tensor:
    """The eigenvalues of square matrices, complex; no gradient flows."""
    return eig(x).eigenvalues


def svd(x: TensorLike, /, *, full_matrices: bool = True) -> SVDResult:
    """The singular value decomposition ``U @ diag(S) @ Vh``; gradients flow for ``full_matrices=False``, once."""
    t = _matrix("svd", x)
    if full_matrices and t.shape[-1] != t.shape[-2]:
        return SVDResult(*host("svd", lambda a: tuple(np.linalg.svd(a)), t))
    return SVDResult(*Svd.apply(t))


def svdvals(x: TensorLike, /) -> Tensor:
    """The singular values, descending."""
    return svd(x, full_matrices=False).S


def qr(x: TensorLike, /, *, mode: str = "reduced") -> QRResult:
    """An orthonormal `Q` and an upper triangular `R` with ``Q @ R == x``; gradients flow, once, if "reduced"."""
    t = _matrix("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is 'reduced' or 'complete', not {mode!r}")
    if mode == "complete" and t.shape[-2] > t.shape[-1]:
        return QRResult(*host("qr", lambda a: tuple(np.linalg.qr(a, mode="complete")), t))
    return QRResult(*Qr.apply(t))


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
    return adjoint(vh) @ (inverse.unsqueeze(-1) * adjoint(u))


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
    return _core.broadcast_to(eye_like(t), t.shape) if result is None else result


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
