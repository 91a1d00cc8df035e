"""``weft doctor``: what was found, what failed, why, and what to do."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .info import VARIABLES

if TYPE_CHECKING:
    from weft._devices import BackendReport

__all__ = ["doctor"]

_OPENCL_VARIABLES = ("OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES")

# Asked in a process of its own, since a broken driver may crash the one that loads it.
_LOOK_AT_OPENCL = """
import ctypes, json, sys
from weft.backends.opencl.platforms import pip_drivers, system_announcements
rows = []
for path in system_announcements():
    library = path.read_text(errors="replace").split("\\n")[0].strip()
    try:
        ctypes.CDLL(library)
        rows.append([str(path), library, None])
    except OSError as error:
        rows.append([str(path), library, str(error)])
drivers = [[str(path), "", None] for path in pip_drivers()]
print("\\n" + json.dumps({"system": rows, "pip": drivers}), flush=True)
from weft.backends.opencl import OpenCLBackend
print("\\n" + json.dumps({"system": rows, "pip": drivers, "problems": OpenCLBackend().problems}))
"""


@dataclass
class _Finding:
    """A line of the report: good or bad, and what to do if bad."""

    good: bool
    text: str
    advice: str = ""

    def show(self) -> None:
        click.echo(f"  {'ok ' if self.good else 'BAD'}  {' '.join(self.text.split())}")
        if self.advice:
            click.echo(f"       -> {self.advice}")


@click.command()
def doctor() -> None:
    """Explain which backends and drivers were found, what failed and why, and what to do."""
    from weft._devices import list_backends

    reports = list_backends()
    sections = {
        "Python": _python(),
        "Choice of the device": _choice(),
        "Backends": [finding for report in reports for finding in _backend(report)],
        "OpenCL drivers": _opencl(),
    }
    for title, findings in sections.items():
        click.echo(f"{title}")
        for finding in findings:
            finding.show()
    bad = sum(not finding.good for findings in sections.values() for finding in findings)
    click.echo(f"\n{bad} thing{'s' * (bad != 1)} to look at" if bad else "\neverything is in order")


def _python() -> list[_Finding]:
    import numpy

    import weft

    text = (
        f"weft {weft.__version__}, Python {platform.python_version()}, NumPy {numpy.__version__}, {platform.platform()}"
    )
    return [_Finding(True, text)]


def _choice() -> list[_Finding]:
    import weft
    from weft.backend import BackendError

    findings = [_Finding(True, f"{name}={os.environ[name]}") for name in VARIABLES if name in os.environ]
    spec = os.environ.get("WEFT_BACKEND", "")
    try:
        device = weft.get_default_device()
    except BackendError as error:
        advice = "unset WEFT_BACKEND to compute on the cpu, or set it to one of the backends that are ok below"
        return [*findings, _Finding(False, str(error), advice)]
    how = f"because WEFT_BACKEND is {spec!r}" if spec else "as WEFT_BACKEND is not set"
    return [*findings, _Finding(True, f"the default device is {device.name} ({device.description}), {how}")]


def _backend(report: BackendReport) -> list[_Finding]:
    if report.reason is not None:
        return [_Finding(False, f"{report.name}: {report.reason}", _advice(report.name, report.reason))]
    findings = []
    for device in report.devices:
        text = f"{device.name}: {device.description}"
        if device.reason is not None:
            text = f"{text}: {device.reason}"
            findings.append(_Finding(False, text, "update its driver, or choose another device"))
        else:
            findings.append(_Finding(True, text))
    return findings or [_Finding(False, f"{report.name}: it has no devices", _advice(report.name, ""))]


def _advice(name: str, reason: str) -> str:
    if name == "opencl":
        if "pyopencl" in reason:
            return 'pip install "weft[opencl]"; on a machine without a GPU driver, pip install "weft[opencl-cpu]"'
        return 'see the drivers below; without a GPU, pip install "weft[opencl-cpu]" brings one for the CPU'
    if name in ("cpu", "reference"):
        return "weft is not installed as it should be: pip install --force-reinstall weft"
    if "abi" in reason.lower():
        return f"the plugin {name} was made for another version of weft: update both"
    return f"ask those who made the plugin {name}, or uninstall it"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # copied, not installed
        return "of unknown version"


def _opencl() -> list[_Finding]:
    if importlib.util.find_spec("pyopencl") is None:
        return [_Finding(False, "pyopencl is not installed", 'pip install "weft[opencl]", if OpenCL is wanted')]
    findings = [_Finding(True, f"pyopencl {_version('pyopencl')}")]
    for name in _OPENCL_VARIABLES:
        value = os.environ.get(name)
        if value:
            findings.append(_override(name, value))
    seen, crash = _look()
    for path, library, error in seen["system"]:
        text = f"{path} names {library}"
        advice = "install the driver's package again, or delete the .icd file"
        findings.append(
            _Finding(True, text) if error is None else _Finding(False, f"{text}, which does not load: {error}", advice)
        )
    findings += [_Finding(True, f"{path}, installed by pip") for path, _, _ in seen["pip"]]
    if not seen["system"] and not seen["pip"]:
        advice = (
            "install the driver of your GPU (on Debian: intel-opencl-icd, mesa-opencl-icd or nvidia-opencl-icd), "
            'or pip install "weft[opencl-cpu]"'
        )
        findings.append(_Finding(False, "no driver is installed: /etc/OpenCL/vendors has no .icd files", advice))
    for problem in seen.get("problems", []):
        findings.append(
            _Finding(False, problem, "update or remove this driver; weft does not use what fails its probe")
        )
    if crash is not None:
        findings.append(_Finding(False, crash, "remove one driver after the other to find the one that crashes"))
    return findings


def _override(name: str, value: str) -> _Finding:
    """A variable that replaces the usual places of drivers."""
    text = f"{name}={value} is used instead of the system's drivers and those from pip"
    if name == "OCL_ICD_VENDORS" and not Path(value).exists():
        return _Finding(False, f"{text}, and it does not exist", f"unset {name}, or correct it")
    return _Finding(True, text)


def _look() -> tuple[dict[str, Any], str | None]:
    """The drivers there are, and what became of the process that loaded them, if it did not end well."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    environment.pop("WEFT_BACKEND", None)
    try:
        run = subprocess.run(
            [sys.executable, "-c", _LOOK_AT_OPENCL],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )
        out, crash = run.stdout, None
        if run.returncode:
            last = (run.stderr.strip().splitlines() or [f"status {run.returncode}"])[-1]
            crash = f"looking for OpenCL devices failed: {last}"
    except subprocess.TimeoutExpired as error:
        out = error.stdout.decode() if isinstance(error.stdout, bytes) else ""
        crash = "looking for OpenCL devices took more than 60 s"
    lines = [line for line in out.splitlines() if line.startswith("{")]
    return (json.loads(lines[-1]) if lines else {"system": [], "pip": []}), crash
