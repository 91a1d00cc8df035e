"""The command ``weft``."""

from .main import main

__all__ = ["main"]
