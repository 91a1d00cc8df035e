"""Models as ONNX files, for the runtimes that read these (https://onnx.ai).

A function is traced to the graph that weft would compute, and each primitive of it becomes an operator, or a few.
Needs the package onnx: ``pip install "weft[onnx]"``.
"""

from .export import export
from .graph import ExportError

__all__ = ["ExportError", "export"]
