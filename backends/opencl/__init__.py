"""The OpenCL backend: any vendor's GPU, and CPU runtimes, through pyopencl."""

from .protocol import OpenCLBackend

__all__ = ["OpenCLBackend", "backend"]

backend = OpenCLBackend  # what the core's table of built-in backends names
