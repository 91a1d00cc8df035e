"""Matrix products: batches, transposes, odd sizes, and nothing at all."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft.testing.compare import EPS, exact, near
from weft.testing.samples import FLOATS, Array, from_weft, numbers, to_weft
from weft.testing.target import Target

SHAPES = [
    ((1, 1), (1, 1)),
    ((2, 3), (3, 4)),
    ((5, 1), (1, 7)),
    ((1, 9), (9, 1)),
    ((17, 33), (33, 19)),
    ((64, 64), (64, 64)),
    ((65, 31), (31, 129)),
    ((3, 500), (500, 2)),
    ((100, 3), (3, 90)),
    ((7,), (7,)),
    ((7,), (7, 3)),
    ((4, 7), (7,)),
    ((2, 3, 4), (4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((3, 1, 4, 5), (2, 5, 6)),
    ((6,), (3, 6, 2)),
    ((0, 3), (3, 4)),
    ((3, 0), (0, 4)),
    ((2, 3), (3, 0)),
    ((0, 2, 3), (3, 4)),
    ((2, 3, 0), (2, 0, 5)),
]


def _bound(a: Array, b: Array, dtype: str) -> Array:
    eps = EPS["float64" if dtype == "float64" else "float32"]
    out: Array = (
        eps * (4 + np.sqrt(a.shape[-1])) * np.matmul(np.abs(a).astype(np.float64), np.abs(b).astype(np.float64))
    )
    return out


def _check(
    target: Target, a: Array, b: Array, dtype: str, ta: weft.Tensor | None = None, tb: weft.Tensor | None = None
) -> None:
    if a.size * (b.shape[-1] if b.ndim > 1 else 1) > target.rate and target.slow:
        pytest.skip("the backend is too slow for products of this size")
    got = from_weft(weft.matmul(to_weft(a, dtype) if ta is None else ta, to_weft(b, dtype) if tb is None else tb))
    near(got, np.matmul(a.astype(np.float64), b.astype(np.float64)), dtype, _bound(a, b, dtype))


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_shapes(target: Target, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    _check(target, numbers(shapes[0], "float32", seed=1), numbers(shapes[1], "float32", seed=2), "float32")


@pytest.mark.parametrize("dtype", FLOATS)
def test_dtypes(target: Target, dtype: str) -> None:
    target.need(dtype)
    _check(target, numbers((9, 37), dtype, -1, 1, 1), numbers((37, 11), dtype, -1, 1, 2), dtype)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_integers(target: Target, dtype: str) -> None:
    target.need(dtype)
    a, b = numbers((6, 20), dtype, -9, 9, 1), numbers((20, 5), dtype, -9, 9, 2)
    exact(from_weft(to_weft(a, dtype) @ to_weft(b, dtype)), a @ b)


def test_complex(target: Target) -> None:
    target.need("complex64")
    a, b = numbers((5, 8), "complex64", seed=1), numbers((8, 4), "complex64", seed=2)
    near(from_weft(to_weft(a, "complex64") @ to_weft(b, "complex64")), a.astype(np.complex128) @ b, "complex64", 1e-4)


@pytest.mark.parametrize("left", ["plain", "transposed", "strided", "reversed", "repeated"])
@pytest.mark.parametrize("right", ["plain", "transposed", "strided", "reversed", "repeated"])
def test_operands_in_any_layout(target: Target, left: str, right: str) -> None:
    def operand(rows: int, columns: int, layout: str, seed: int) -> tuple[Array, weft.Tensor]:
        if layout == "transposed":
            x = numbers((columns, rows), "float32", seed=seed)
            return x.T, to_weft(x, "float32").T
        if layout == "strided":
            x = numbers((2 * rows, 3 * columns), "float32", seed=seed)
            return x[::2, ::3], to_weft(x, "float32")[::2, ::3]
        if layout == "reversed":
            x = numbers((rows, columns), "float32", seed=seed)
            return x[::-1, ::-1], to_weft(x, "float32")[::-1, ::-1]
        if layout == "repeated":
            x = numbers((1, columns), "float32", seed=seed)
            return np.broadcast_to(x, (rows, columns)), weft.broadcast_to(to_weft(x, "float32"), (rows, columns))
        x = numbers((rows, columns), "float32", seed=seed)
        return x, to_weft(x, "float32")

    a, ta = operand(13, 21, left, 1)
    b, tb = operand(21, 10, right, 2)
    _check(target, a, b, "float32", ta, tb)


def test_what_comes_before_and_after(target: Target) -> None:
    """Operands that are expressions, and an epilogue: bias, activation, residual, rounding."""
    a, b, bias = (
        numbers((12, 18), "float32", seed=1),
        numbers((18, 7), "float32", seed=2),
        numbers(7, "float32", seed=3),
    )
    ta, tb, tbias = (to_weft(v, "float32") for v in (a, b, bias))
    product = (a.astype(np.float64) * 2) @ np.abs(b.astype(np.float64))
    bound = 2 * _bound(a, b, "float32") + 1e-6
    near(
        from_weft(weft.relu((ta * 2) @ weft.abs(tb) + tbias) + ta[:, :7]),
        np.maximum(product + bias, 0) + a[:, :7],
        "float32",
        bound,
    )
    near(from_weft(((ta * 2) @ weft.abs(tb)).sum(axis=1)), product.sum(axis=1), "float32", bound.sum(axis=1))


def test_nan_and_infinity_pass_through(target: Target) -> None:
    a, b = numbers((4, 6), "float32", seed=1), numbers((6, 3), "float32", seed=2)
    a[1, 2], a[2, 0] = np.nan, np.inf
    with np.errstate(all="ignore"):
        want = a.astype(np.float64) @ b.astype(np.float64)
    near(from_weft(to_weft(a, "float32") @ to_weft(b, "float32")), want, "float32", 1e-3)


@pytest.mark.parametrize(
    "formula", ["ij,jk->ik", "bij,bkj->bik", "ij->ji", "ii->i", "ij->", "i,j->ij", "bhqd,bhkd->bhqk", "ij,ij->i"]
)
def test_einsum(target: Target, formula: str) -> None:
    sizes = {"i": 4, "j": 5, "k": 3, "b": 2, "h": 2, "q": 4, "d": 6}
    inputs = [
        numbers(tuple(sizes[c] if term != "ii" else 4 for c in term), "float32", seed=n)
        for n, term in enumerate(formula.split("->")[0].split(","))
    ]
    want = np.einsum(formula, *[x.astype(np.float64) for x in inputs])
    near(from_weft(weft.einsum(formula, *[to_weft(x, "float32") for x in inputs])), np.asarray(want), "float32", 2e-5)
