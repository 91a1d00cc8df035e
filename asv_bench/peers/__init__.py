"""weft beside NumPy, PyTorch and JAX: one process each, measured in turn, in one run.

``python -m asv_bench.peers`` from the root of the repository; docs/benchmarks.md says how to read its table.
"""
