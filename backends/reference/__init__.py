"""The reference backend: every kernel in plain NumPy. The oracle of the tests, and the tutorial for authors."""

from .protocol import ReferenceBackend

__all__ = ["ReferenceBackend", "backend"]

backend = ReferenceBackend  # what the core's table of built-in backends names
