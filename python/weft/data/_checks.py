"""Checks of options."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["check_count", "check_seed"]


def check_seed(seed: Any, name: str) -> int:
    """An integer that NumPy's generators take."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"{name}: seed must be an integer that is not negative, not {seed!r}")
    return int(seed)


def check_count(value: Any, name: str) -> int:
    """A positive integer."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a positive integer, not {value!r}")
    return int(value)
