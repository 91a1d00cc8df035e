"""Products that are reshapes around one matmul: einsum and its relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weft import _core
from weft._core import Tensor
from weft._functions import diagonal

if TYPE_CHECKING:
    from weft._typing import TensorLike

__all__ = ["cross", "einsum", "inner", "kron", "outer", "tensordot", "vdot", "vecdot"]


def _pair(x1: TensorLike, x2: TensorLike) -> tuple[Tensor, Tensor]:
    if isinstance(x1, Tensor):
        return x1, x2 if isinstance(x2, Tensor) else _core.asarray(x2, device=x1.device)
    return _core.asarray(x1, device=x2.device if isinstance(x2, Tensor) else None), _core.asarray(x2)


def tensordot(
    x1: TensorLike, x2: TensorLike, axes: int | tuple[Sequence[int] | int, Sequence[int] | int] = 2
) -> Tensor:
    """Sum products over pairs of axes.

    Parameters
    ----------
    x1, x2 : tensor
    axes : int or (axes of x1, axes of x2)
        A number: the last axes of `x1` with the first of `x2`.

    Returns
    -------
    Tensor
        With the remaining dimensions of `x1`, then those of `x2`.

    Raises
    ------
    ValueError
        The sizes of a pair differ.

    Examples
    --------
    >>> import weft
    >>> weft.tensordot(weft.ones((2, 3, 4)), weft.ones((3, 4, 5))).shape
    (2, 5)
    """
    a, b = _pair(x1, x2)
    if isinstance(axes, int):
        left, right = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        left, right = ([x] if isinstance(x, int) else list(x) for x in axes)
        left, right = [x % a.ndim for x in left], [x % b.ndim for x in right]
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ValueError(f"tensordot: shapes {a.shape} and {b.shape} do not agree along axes {left} and {right}")
    free_a, free_b = [i for i in range(a.ndim) if i not in left], [i for i in range(b.ndim) if i not in right]
    k = math.prod(a.shape[i] for i in left)
    rows, columns = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    product = _core.matmul(
        a.permute((*free_a, *left)).reshape(math.prod(rows), k),
        b.permute((*right, *free_b)).reshape(k, math.prod(columns)),
    )
    return product.reshape((*rows, *columns))


def outer(x1: TensorLike, x2: TensorLike) -> Tensor:
    """All products of an element of `x1` and one of `x2`; both are flattened."""
    a, b = _pair(x1, x2)
    return a.reshape(-1, 1) * b.reshape(1, -1)


def inner(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products over the last axes."""
    a, b = _pair(x1, x2)
    return a * b if not a.ndim or not b.ndim else tensordot(a, b, ((-1,), (-1,)))


def vecdot(x1: TensorLike, x2: TensorLike, /, *, axis: int = -1) -> Tensor:
    """The dot product along an axis, the first complex-conjugated; the other dimensions broadcast.

    Examples
    --------
    >>> import weft
    >>> weft.vecdot(weft.ones((4, 3)), weft.ones(3)).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    a, b = _pair(x1, x2)
    a, b = _core.moveaxis(a, axis, -1), _core.moveaxis(b, axis, -1)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"vecdot: shapes {a.shape} and {b.shape} do not agree along axis {axis}")
    product = a.conj() * b
    return product.sum(-1, dtype=product.dtype)


def vdot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The dot product of both flattened, the first complex-conjugated."""
    a, b = _pair(x1, x2)
    return vecdot(a.reshape(-1), b.reshape(-1))


def cross(x1: TensorLike, x2: TensorLike, /, *, axis: int = -1) -> Tensor:
    """The cross product of vectors of 3 elements along an axis."""
    a, b = (_core.moveaxis(t, axis, -1) for t in _pair(x1, x2))
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(f"cross: 3 elements along axis {axis} are needed, not shapes {a.shape} and {b.shape}")
    product = a.roll(-1, -1) * b.roll(-2, -1) - a.roll(-2, -1) * b.roll(-1, -1)
    return _core.moveaxis(product, -1, axis)


def kron(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The Kronecker product."""
    a, b = _pair(x1, x2)
    n = max(a.ndim, b.ndim)
    left, right = (1,) * (n - a.ndim) + a.shape, (1,) * (n - b.ndim) + b.shape
    wide = a.reshape(tuple(s for d in left for s in (d, 1))) * b.reshape(tuple(s for d in right for s in (1, d)))
    return wide.reshape(tuple(i * j for i, j in zip(left, right, strict=True)))


# ---- einsum


def einsum(subscripts: str, *operands: TensorLike) -> Tensor:
    """Sum products over named axes, by Einstein's convention.

    Parameters
    ----------
    subscripts : str
        ``"ij,jk->ik"``: a letter for each axis of each operand; ``...`` for axes that broadcast. Without ``->`` the
        result has the letters that appear once, in alphabetical order.
    *operands : tensor

    Returns
    -------
    Tensor
        Of the dtype the operands have together.

    Raises
    ------
    ValueError
        The letters do not fit the shapes.

    Examples
    --------
    >>> import weft
    >>> weft.einsum("ij,kj->ik", weft.ones((2, 3)), weft.ones((4, 3))).shape
    (2, 4)
    """
    tensors = [_core.asarray(x) if not isinstance(x, Tensor) else x for x in operands]
    inputs, output = _parsed(subscripts, [t.ndim for t in tensors])
    sizes: dict[str, int] = {}
    for letters, t in zip(inputs, tensors, strict=True):
        for letter, size in zip(letters, t.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                if 1 not in (size, sizes[letter]):
                    raise ValueError(f"einsum: {subscripts!r}: axis {letter!r} has sizes {sizes[letter]} and {size}")
                sizes[letter] = max(size, sizes[letter])
    terms = [_single(t, letters, sizes) for t, letters in zip(tensors, inputs, strict=True)]
    value, letters = terms[0]
    for i, (other, others) in enumerate(terms[1:], 1):
        needed = set(output).union(*(rest for _, rest in terms[i + 1 :]))
        value, letters = _contracted(value, letters, other, others, needed)
    value, letters = _summed(value, letters, set(output))
    return value.permute(tuple(letters.index(letter) for letter in output)) if output else value


def _parsed(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """Letters for each operand and for the result; the axes of ``...`` get Greek ones, the last the same in all."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(ranks):
        raise ValueError(f"einsum: {subscripts!r} names {len(parts)} operands, but {len(ranks)} were given")
    widest, inputs = 0, []
    for part, rank in zip(parts, ranks, strict=True):
        named = part.replace("...", "")
        extra = rank - len(named)
        if not all(c.isascii() and c.isalpha() for c in named) or extra < 0 or (extra and "..." not in part):
            raise ValueError(f"einsum: {part!r} of {subscripts!r} does not fit {rank} dimensions")
        widest = max(widest, extra)
        inputs.append(part.replace("...", "".join(chr(0x391 + 100 - extra + i) for i in range(extra))))
    dots = "".join(chr(0x391 + 100 - widest + i) for i in range(widest))
    if arrow:
        if any(c not in left for c in right.replace("...", "")) or len(set(right.replace("...", ""))) != len(
            right.replace("...", "")
        ):
            raise ValueError(
                f"einsum: the result {right!r} of {subscripts!r} has letters that are twice there, or in no operand"
            )
        return inputs, right.replace("...", dots)
    flat = left.replace("...", "").replace(",", "")
    return inputs, dots + "".join(sorted(c for c in set(flat) if flat.count(c) == 1))


def _single(t: Tensor, letters: str, sizes: dict[str, int]) -> tuple[Tensor, str]:
    """One operand without repeated letters."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            i = letters.index(letter)
            j = letters.index(letter, i + 1)
            t = diagonal(t, 0, i, j)
            letters = letters[:i] + letters[i + 1 : j] + letters[j + 1 :] + letter
    return t, letters


def _summed(t: Tensor, letters: str, keep: set[str]) -> tuple[Tensor, str]:
    gone = tuple(i for i, letter in enumerate(letters) if letter not in keep)
    return (t.sum(gone, dtype=t.dtype) if gone else t), "".join(letter for letter in letters if letter in keep)


def _contracted(a: Tensor, la: str, b: Tensor, lb: str, needed: set[str]) -> tuple[Tensor, str]:
    a, la = _summed(a, la, needed | set(lb))
    b, lb = _summed(b, lb, needed | set(la))
    both = [letter for letter in la if letter in lb]
    over = [letter for letter in both if letter not in needed]
    batch = [letter for letter in both if letter in needed]
    only_a, only_b = [letter for letter in la if letter not in lb], [letter for letter in lb if letter not in la]
    a = a.permute(tuple(la.index(letter) for letter in (*batch, *only_a, *over))) if la else a
    b = b.permute(tuple(lb.index(letter) for letter in (*batch, *over, *only_b))) if lb else b
    nb, na, no = len(batch), len(only_a), len(over)
    letters = "".join([*batch, *only_a, *only_b])
    if not over:
        wide = a.reshape((*a.shape, *(1,) * len(only_b))) * b.reshape((*b.shape[:nb], *(1,) * na, *b.shape[nb:]))
        return wide, letters
    summed = tuple(
        max(i, j) for i, j in zip(a.shape[nb + na :], b.shape[nb : nb + no], strict=True)
    )  # sizes of 1 broadcast
    a = _core.broadcast_to(a, (*a.shape[: nb + na], *summed))
    b = _core.broadcast_to(b, (*b.shape[:nb], *summed, *b.shape[nb + no :]))
    rows, columns, k = a.shape[nb : nb + na], b.shape[nb + no :], math.prod(summed)
    product = _core.matmul(
        a.reshape((*a.shape[:nb], math.prod(rows), k)), b.reshape((*b.shape[:nb], k, math.prod(columns)))
    )
    return product.reshape((*product.shape[:nb], *rows, *columns)), letters
