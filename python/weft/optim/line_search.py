"""A line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from weft import Tensor

__all__ = ["Point", "strong_wolfe"]

ARMIJO, CURVATURE = 1e-4, 0.9  # how much the loss must fall, and how flat it must become


@dataclass
class Point:
    """A place on the line: how far along, the loss there, its gradient, and its slope along the line."""

    t: float
    loss: float
    gradient: Tensor
    slope: float


def strong_wolfe(
    at: Callable[[float], Point], start: Point, t: float, reach: float, tolerance: float, limit: int
) -> Point:
    """A point where the loss is low and flat enough, or the best that was seen.

    Nocedal and Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6, with cubic interpolation and the
    safeguards of Schmidt's minFunc.

    Parameters
    ----------
    at : callable
        Evaluates a point.
    start : Point
        Where ``t`` is 0.
    t : float
        Tried first.
    reach : float
        The largest element of the direction; a bracket shorter than `tolerance` in every parameter ends the search.
    tolerance : float
        See `reach`.
    limit : int
        How many points are tried after the first.
    """
    previous, point, tried = start, at(t), 0

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + ARMIJO * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -CURVATURE * start.slope

    # Go on until a minimum is bracketed.
    while tried < limit:
        if too_high(point) or (tried > 1 and point.loss >= previous.loss):
            break
        if flat(point):
            return point
        if point.slope >= 0:
            break
        least = point.t + 0.01 * (point.t - previous.t)
        previous, point = point, at(cubic_minimum(previous, point, least, 10 * point.t))
        tried += 1
    else:
        previous = start
    low, high = (previous, point) if previous.loss <= point.loss else (point, previous)

    # Narrow the bracket.
    stuck = False
    while tried < limit and not abs(high.t - low.t) * reach < tolerance:
        left, right = min(low.t, high.t), max(low.t, high.t)
        t = cubic_minimum(low, high, left, right)
        margin = 0.1 * (right - left)
        near = min(right - t, t - left) < margin
        if near and (stuck or not left < t < right):  # twice at an end: step away from it
            t = right - margin if right - t < t - left else left + margin
            near = False
        stuck = near
        point = at(t)
        tried += 1
        if too_high(point) or point.loss >= low.loss:
            low, high = (low, point) if low.loss <= point.loss else (point, low)
        elif flat(point):
            return point
        else:
            low, high = point, low if point.slope * (high.t - low.t) >= 0 else high
    return low


def cubic_minimum(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic through two points and slopes is lowest, within bounds; their middle where it has no minimum."""
    if a.t > b.t:
        a, b = b, a
    if a.t < b.t:
        d = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
        square = d * d - a.slope * b.slope
        root = math.sqrt(square) if square >= 0 else math.nan
        below = b.slope - a.slope + 2 * root
        if below and math.isfinite(below):
            return min(max(b.t - (b.t - a.t) * (b.slope + root - d) / below, least), most)
    return (least + most) / 2
