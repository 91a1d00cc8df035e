"""The options of weft's conformance kit, for pytest.

Loaded into every pytest run where weft is installed: it imports nothing.
"""

from __future__ import annotations

from typing import Any


def _asks_for_the_kit(pluginmanager: Any) -> bool:
    config = pluginmanager.get_plugin("pytestconfig")
    args = [] if config is None else [str(a) for a in config.invocation_params.args]
    return any("weft.testing" in a or "weft/testing" in a or "weft\\testing" in a for a in args)


def pytest_addoption(parser: Any, pluginmanager: Any) -> None:
    """Add ``--backend``, in runs of the kit alone: many projects have an option of that name."""
    if not _asks_for_the_kit(pluginmanager):
        return
    group = parser.getgroup("weft", "weft's conformance kit")
    group.addoption(
        "--backend",
        action="append",
        dest="weft_backends",
        metavar="NAME",
        help="test this backend or device (again for more); default: WEFT_BACKEND, or cpu",
    )
    group.addoption(
        "--weft-performance",
        action="store_true",
        dest="weft_performance",
        help="measure instead of test: print a table of GB/s and GFLOP/s",
    )
