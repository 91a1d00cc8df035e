"""``--weft-performance``: a table of rates. Nothing is asserted."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import weft
from weft.testing.samples import numbers, to_weft
from weft.testing.target import Target

F = weft.nn.functional
pytestmark = pytest.mark.performance


def _seconds(run: Callable[[], weft.Tensor]) -> float:
    """The best of several runs, each of as many calls as take 20 ms."""
    weft.eval(run())
    weft.synchronize()
    calls, best = 1, float("inf")
    for _ in range(12):
        start = time.perf_counter()
        for _ in range(calls):
            weft.eval(run())
        weft.synchronize()
        seconds = time.perf_counter() - start
        best = min(best, seconds / calls)
        if seconds < 0.02:
            calls *= 4
        if seconds > 2:
            break
    return best


def test_rates(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    n = target.budget(1 << 22, seconds=0.2)
    rows, columns = max(1, n // 512), 512
    side = 1024 if target.rate > 1e8 else 256 if target.rate > 1e7 else 16
    image = (8, 32, 56, 56) if target.rate > 1e8 else (2, 8, 12, 12) if target.rate > 1e7 else (1, 2, 6, 6)

    def x(*shape: int, seed: int = 0) -> weft.Tensor:
        t = to_weft(numbers(shape, "float32", seed=seed), "float32")
        weft.eval(t)
        return t

    a, b, matrix, m1, m2 = x(n), x(n, seed=1), x(rows, columns), x(side, side), x(side, side, seed=1)
    pixels, filters = x(*image), x(image[1], image[1], 3, 3, seed=1)
    conv_flops = 2 * image[0] * image[1] ** 2 * 9 * image[2] * image[3]
    table: list[tuple[str, str, Callable[[], weft.Tensor], float, float]] = [
        ("add", f"{n}", lambda: a + b, 12 * n, n),
        ("chain", f"{n}", lambda: weft.tanh(a * 2 + 1) * b - a, 12 * n, 5 * n),
        ("sum", f"{n}", lambda: a.sum(), 4 * n, n),
        ("softmax", f"{rows} x {columns}", lambda: F.softmax(matrix, 1), 8 * matrix.size, 5 * matrix.size),
        ("matmul", f"{side}", lambda: m1 @ m2, 12 * side**2, 2 * side**3),
        (
            "conv 3x3",
            " x ".join(map(str, image)),
            lambda: F.conv2d(pixels, filters, padding=1),
            8 * pixels.size,
            conv_flops,
        ),
    ]
    lines = [f"\n{target!r}", f"{'':10}{'size':>18}{'us':>12}{'GB/s':>10}{'GFLOP/s':>10}"]
    for name, size, run, nbytes, flops in table:
        seconds = _seconds(run)
        lines.append(
            f"{name:10}{size:>18}{seconds * 1e6:>12.1f}{nbytes / seconds / 1e9:>10.2f}{flops / seconds / 1e9:>10.2f}"
        )
    with capsys.disabled():
        print("\n".join(lines))
