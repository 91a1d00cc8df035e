"""The rows, by what they are about: importing these modules adds them."""

from ..row import ROWS
from . import convolutions, dispatch, elementwise, movement, products, reductions, training

__all__ = ["ROWS", "convolutions", "dispatch", "elementwise", "movement", "products", "reductions", "training"]
