"""The conformance kit: whatever a backend is, the same operations give the same values on it.

``pytest --pyargs weft.testing --backend NAME`` runs it from any folder. `NAME` is that of a backend (``cpu``,
``opencl``, a plugin's) or of a device (``opencl:1``); the option may be given more than once. Values are compared with
NumPy in float64, within bounds that depend on the operation and the dtype; gradients with finite differences. Sizes
adapt to what the backend can hold and how fast it is. ``--weft-performance`` prints rates instead, and asserts nothing.

Modules: `compare` (bounds), `samples` (inputs), `oracle` (what NumPy lacks), `target` (the backend under test).
"""

from __future__ import annotations

__all__: list[str] = []
