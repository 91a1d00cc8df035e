"""The reference backend: every kernel in plain NumPy. The oracle of the tests, and the tutorial for authors."""

from .backend import ReferenceBackend

__all__ = ["ReferenceBackend"]
