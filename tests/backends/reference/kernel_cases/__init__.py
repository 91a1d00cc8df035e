"""Kernels with the answer NumPy gives for them: every instruction and type, every form of access, every kind.

Each case is a function that returns a kernel and what its arguments hold afterwards: {argument: (array, ulps or None)}.
None asks for equal values (NaN equal to NaN); a number n for n units in the last place; -n the same, but relative to
the largest value of the array, for sums that cancel.
"""

from . import accesses, contractions, floats, integers, ordered, other, reductions, storage  # noqa: F401  adds to CASES
from .case import CASES, check
from .reductions import reduce_rows, softmax

__all__ = ["CASES", "check", "reduce_rows", "softmax"]
