"""Writes normal_table.h: the normal quantile as cubics, for random.cpp. Run from anywhere: python make_normal_table.py

A 31-bit magnitude m becomes v = 2 m + 1, and stands for the two-sided tail q = v / 2^32; wanted is z with
P(|Z| > z) = q. v is turned into a float32, whose exponent and top SEGMENT_BITS mantissa bits name a segment, and whose
other mantissa bits are t in [0, 1). In each segment z is a cubic in t, fitted at Chebyshev points, then moved so that
neighbours meet.
"""

from pathlib import Path
from statistics import NormalDist

import numpy as np

SEGMENT_BITS = 4
OCTAVES = 32
NORMAL = NormalDist()


def quantile(q: float) -> float:
    """Z with P(|Z| > z) = q. Through the small tail, where inv_cdf is accurate."""
    return 0.0 if q >= 1.0 else -NORMAL.inv_cdf(q / 2)


def fit(segment: int) -> list[float]:
    octave, part = divmod(segment, 1 << SEGMENT_BITS)
    low, width = 1 + part / (1 << SEGMENT_BITS), 1 / (1 << SEGMENT_BITS)

    def z(t: float) -> float:
        return quantile((low + t * width) * 2.0 ** (octave - OCTAVES))

    nodes = (1 - np.cos((2 * np.arange(16) + 1) * np.pi / 32)) / 2
    # Exact at both ends, so that the pieces join; the inside by least squares.
    first, last = z(0.0), z(1.0)
    bump = np.stack([nodes * (1 - nodes), nodes * nodes * (1 - nodes)], axis=1)
    rest = np.array([z(t) for t in nodes]) - first - nodes * (last - first)
    (p, q), *_ = np.linalg.lstsq(bump, rest, rcond=None)
    # first + t (last - first) + p t (1 - t) + q t^2 (1 - t)
    return [first, last - first + p, q - p, -q]


def main() -> None:
    rows = [fit(segment) for segment in range(OCTAVES << SEGMENT_BITS)]
    rows.append([0.0, 0.0, 0.0, 0.0])  # v rounded up to 2^32
    lines = [
        "// Made by make_normal_table.py; see there. Do not edit.",
        "#pragma once",
        "",
        f"inline constexpr int kNormalSegmentBits = {SEGMENT_BITS};",
        f"inline constexpr int kNormalSegments = {len(rows)};",
        "inline constexpr float kNormalTable[kNormalSegments][4] = {  // z = c0 + t (c1 + t (c2 + t c3))",
    ]
    lines += ["    {" + ", ".join(f"{np.float32(c):.8e}f" for c in row) + "}," for row in rows]
    lines.append("};")
    Path(__file__).with_name("normal_table.h").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
