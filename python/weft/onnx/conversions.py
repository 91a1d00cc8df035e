"""All conversions, registered; and the converter that uses them."""

from . import elementwise, indexing, loops, movement, order, products, reductions, softmax  # noqa: F401
from .convert import Converter

__all__ = ["Converter"]
