"""Sort, scan and scatter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from kernel_builder import Builder

from .case import (
    Case,
    named,
    rng,
)

for _descending in (0, 1):

    @named(f"sort-{'descending' if _descending else 'ascending'}")
    def _(descending: int = _descending) -> Case:
        x = rng().integers(0, 6, (3, 50)).astype(np.float32)
        x[1, [3, 9]] = np.nan
        builder = Builder([3], [50], "sort", descending=descending)
        builder.access(builder.arg(x), [50, 1])
        builder.access(builder.arg(np.zeros((3, 50), np.int64)), [50, 1], store=True)
        rows = []
        for row in x:
            keys = [(math.isnan(v), 0.0 if math.isnan(v) else (-v if descending else v), i) for i, v in enumerate(row)]
            rows.append([key[2] for key in sorted(keys)])
        return builder, {1: (np.array(rows), None)}


for _op, _ufunc in enumerate((np.add, np.multiply, np.maximum, np.minimum)):

    @named(f"scan-{_ufunc.__name__}")
    def _(op: int = _op, ufunc: Any = _ufunc) -> Case:
        x = rng().integers(1, 4, (4, 12)).astype(np.int32)
        builder = Builder([4], [12], "scan", op=op)
        builder.access(builder.arg(x), [12, 1])
        builder.access(builder.arg(np.zeros((4, 12), np.int32)), [12, 1], store=True)
        return builder, {1: (ufunc.accumulate(x, axis=1), None)}


for _op, _name in enumerate(("set", "sum", "prod", "max", "min")):

    @named(f"scatter-{_name}")
    def _(op: int = _op) -> Case:
        r = rng()
        base, values = r.normal(size=(6, 4)).astype(np.float32), r.normal(size=(15, 4)).astype(np.float32)
        where = r.integers(-2, 8, 15).astype(np.int64)
        builder = Builder([6, 4], [15], "scatter", op=op)
        builder.access(builder.arg(base), [4, 1, 0])
        builder.access(builder.arg(where), [0, 0, 1])
        builder.access(builder.arg(values), [0, 1, 4])
        builder.access(builder.arg(np.zeros((6, 4), np.float32)), [4, 1, 0], store=True)
        combine = [lambda a, b: b, np.add, np.multiply, np.maximum, np.minimum][op]
        want = base.copy()
        for i, row in enumerate(where):
            if 0 <= row < 6:
                want[row] = combine(want[row], values[i])
        return builder, {3: (want, None)}
