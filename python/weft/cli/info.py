"""``weft devices`` and ``weft info``."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence

import click

__all__ = ["devices", "info"]

VARIABLES = (
    "WEFT_BACKEND",
    "WEFT_NUM_THREADS",
    "WEFT_CPU_ISA",
    "WEFT_FUSE",
    "WEFT_STRICT",
    "WEFT_DEBUG",
    "WEFT_OPENCL_PLATFORM",
    "WEFT_CACHE_DIR",
    "OCL_ICD_VENDORS",
)


@click.command()
def devices() -> None:
    """List every backend and its devices, or why it cannot be used."""
    from weft._devices import list_backends

    rows = []
    for backend in list_backends():
        if backend.reason is not None:
            rows.append((backend.name, "", _one_line(backend.reason)))
        for device in backend.devices:
            memory = f", {device.memory / 2**30:.1f} GiB" if device.memory else ""
            text = f"{device.description}{memory}"
            rows.append(
                (device.name, device.kind, text if device.reason is None else f"{text}: {_one_line(device.reason)}")
            )
    _table(rows)
    click.echo(f"\ndefault: {_default()}")


@click.command()
def info() -> None:
    """Show versions, settings, caches and their limits."""
    import numpy

    import weft

    rows = [
        ("weft", weft.__version__),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("numpy", numpy.__version__),
        ("platform", platform.platform()),
        ("default device", _default()),
        *((name, os.environ.get(name, "(not set)")) for name in VARIABLES),
    ]
    stats = weft._core.runtime_stats()
    rows += [(name.replace("_", " "), str(value)) for name, value in stats.items()]
    _table(rows)


def _default() -> str:
    """The default device, or what is wrong with the one that was chosen."""
    import weft
    from weft.backend import BackendError

    try:
        device = weft._core.get_default_device()
    except BackendError as error:
        return _one_line(str(error))
    return f"{device.name} ({device.description})"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
