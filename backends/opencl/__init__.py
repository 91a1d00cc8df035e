"""The OpenCL backend: any vendor's GPU, and CPU runtimes, through pyopencl."""

from .backend import OpenCLBackend

__all__ = ["OpenCLBackend"]
