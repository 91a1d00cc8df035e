"""Which backends there are, and which device is meant.

A backend is an entry point of the group ``weft.backends``. It is loaded when it is chosen, and believed after a small
kernel ran on the device. `resolve` is asked by the core for every name it does not know, `default` when nothing was
chosen.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from weft import _core
from weft.backend import Backend, BackendError, NativeBackend

__all__ = ["BackendReport", "DeviceReport", "default", "devices", "list_backends", "load", "names", "resolve"]

if TYPE_CHECKING:
    import subprocess

# importlib.metadata and subprocess cost more to import than the rest of weft: they are, where they are needed.

_GROUP = "weft.backends"
_BUILT_IN = {name: f"weft.backends.{name}:backend" for name in ("cpu", "opencl", "reference")}

_lock = threading.RLock()
_loaded: dict[str, list[_core.device]] = {}
_failed: dict[str, str] = {}  # what is wrong does not change while the process lives


def names() -> list[str]:
    """The names of all installed backends; none is loaded for it."""
    from importlib.metadata import entry_points

    found = {entry.name for entry in entry_points(group=_GROUP)}
    return [*_BUILT_IN, *sorted(found - set(_BUILT_IN))]


def _target(name: str) -> Any:
    if name in _BUILT_IN:  # also without metadata, in a bare source tree
        module, attribute = _BUILT_IN[name].split(":")
        return getattr(importlib.import_module(module), attribute)
    from importlib.metadata import entry_points

    entries = entry_points(group=_GROUP, name=name)
    if not entries:
        raise BackendError(
            f"no backend is named {name!r}; installed are {', '.join(names())}. "
            "Choose one of them (WEFT_BACKEND, --device, weft.device), or install the package that brings it"
        )
    return next(iter(entries)).load()


def _register(name: str, target: Any) -> list[_core.device]:
    if isinstance(target, NativeBackend):
        return _core._register_native(target.path)
    if isinstance(target, type) and issubclass(target, Backend):
        target = target()
    if not isinstance(target, Backend):
        raise BackendError(
            f"its entry point is {target!r}, not a subclass of weft.backend.Backend or a weft.native_backend"
        )
    return _core._register_python(target)


def load(name: str) -> list[_core.device]:
    """The devices of a backend, which is imported if it was not yet.

    Raises
    ------
    BackendError
        No such backend, or it fails: why, and what to do.
    """
    with _lock:
        if name in _loaded:
            return _loaded[name]
        if name in _failed:
            raise BackendError(_failed[name])
        try:
            _loaded[name] = _register(name, _target(name))
        except Exception as error:
            if isinstance(error, BackendError) and str(error).startswith("no backend is named"):
                raise
            reason = str(error) if isinstance(error, BackendError) else f"{type(error).__name__}: {error}"
            if isinstance(error, ModuleNotFoundError) and error.name == "pyopencl":
                reason = 'it needs pyopencl: pip install "weft[opencl]"'
            _failed[name] = f"backend {name!r} cannot be used: {reason.rstrip('.')}. `weft devices` lists what there is"
            raise BackendError(_failed[name]) from error
        return _loaded[name]


def _probe(device: _core.device) -> None:
    """Run a small kernel. A driver may list a device on which every build fails."""
    with _lock:
        if device in _core._believed():
            return
        if device.name in _failed:
            raise BackendError(_failed[device.name])
        recording = _core.set_grad_enabled(False)
        try:
            x = _core.asarray([1.0, 2.0, 3.0, 4.0], device=device)
            result = (x * x + 0.5).tolist()
            if result != [1.5, 4.5, 9.5, 16.5]:
                raise BackendError(f"it computed {result} for [1.5, 4.5, 9.5, 16.5]")
        except Exception as error:
            _failed[device.name] = (
                f"{device.name} ({device.description}) cannot be used: a first small kernel failed: {error}"
            )
            raise BackendError(_failed[device.name]) from error
        finally:
            _core.set_grad_enabled(recording)
        _core._believe(device)


def devices(name: str | None = None) -> list[_core.device]:
    """The devices of one backend, or of all backends that load and pass the probe.

    Examples
    --------
    >>> import weft
    >>> weft.devices("cpu")
    [weft.device('cpu:0')]
    """
    if name is not None:
        return list(load(name))
    usable = []
    for each in names():
        try:
            for device in load(each):
                _probe(device)
                usable.append(device)
        except BackendError:
            continue
    return usable


def resolve(spec: str) -> _core.device:
    """The device of a name: ``"cpu"``, ``"opencl:1"``, a plugin's name, or ``"auto"``.

    Raises
    ------
    BackendError
        The name is unknown, the backend fails, or it has no such device.
    """
    spec = spec.strip()
    if spec == "auto":
        return _auto()
    name, colon, number = spec.partition(":")
    if colon and not number.isdecimal():
        raise BackendError(f"{spec!r} is not the name of a device; write a backend and a number, such as 'opencl:1'")
    found = load(name)
    index = int(number) if colon else 0
    if index >= len(found):
        listed = ", ".join(f"{d.name} ({d.description})" for d in found)
        raise BackendError(f"there is no device {spec!r}; backend {name!r} has {listed}")
    _probe(found[index])
    return found[index]


def _auto() -> _core.device:
    """A real GPU if there is one, else the CPU: an OpenCL runtime on the CPU is slower than the CPU backend."""
    failures = []
    for name in names():
        if name in ("cpu", "reference"):
            continue
        try:
            for device in load(name):
                if device.kind != "cpu":
                    _probe(device)
                    print(f"weft: auto took {device.name} ({device.description})", file=sys.stderr)
                    return device
        except BackendError as error:
            failures.append(f"{name}: {error}")
    device = resolve("cpu")
    why = "; ".join(failures) if failures else "no GPU found"
    print(f"weft: auto took {device.name} ({device.description}); {why}", file=sys.stderr)
    return device


def default() -> _core.device:
    """The device of the variable WEFT_BACKEND; ``cpu`` where it is not set."""
    spec = os.environ.get("WEFT_BACKEND", "").strip() or "cpu"
    try:
        return resolve(spec)
    except BackendError as error:
        if "WEFT_BACKEND" in os.environ:
            raise BackendError(f"WEFT_BACKEND={spec}: {error}") from error
        raise


# ---- for `weft devices`


@dataclass
class DeviceReport:
    """A device of a backend, and why it is of no use, if so."""

    name: str
    description: str
    kind: str
    memory: int = 0
    reason: str | None = None


@dataclass
class BackendReport:
    """What became of loading a backend in a process of its own."""

    name: str
    devices: list[DeviceReport] = field(default_factory=list)
    reason: str | None = None


def _report(name: str) -> None:
    """Write a report as the last line of standard output."""
    import json

    report: dict[str, Any] = {"devices": [], "reason": None}
    try:
        for device in load(name):
            row = {
                "name": device.name,
                "description": device.description,
                "kind": device.kind,
                "memory": device.memory,
                "reason": None,
            }
            try:
                _probe(device)
            except BackendError as error:
                row["reason"] = str(error)
            report["devices"].append(row)
    except BackendError as error:
        report["reason"] = str(error)
    print("\n" + json.dumps(report))


def list_backends(only: Sequence[str] | None = None, timeout: float = 60.0) -> list[BackendReport]:
    """Try every installed backend, each in a process of its own: a driver that crashes is a line of the list.

    Parameters
    ----------
    only : sequence of str, optional
        These backends alone.
    timeout : float
        Seconds to wait for each.

    Returns
    -------
    list of BackendReport
        With the devices, and the reason where a backend or device cannot be used.
    """
    import subprocess

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    environment.pop("WEFT_BACKEND", None)
    running = [
        (
            name,
            subprocess.Popen(
                [sys.executable, "-c", f"from weft._devices import _report; _report({name!r})"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            ),
        )
        for name in (names() if only is None else only)
    ]
    return [_collect(name, process, timeout) for name, process in running]


def _collect(name: str, process: subprocess.Popen[str], timeout: float) -> BackendReport:
    import json
    import signal
    import subprocess

    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return BackendReport(name, reason=f"it did not answer within {timeout:.0f} s")
    if process.returncode < 0:
        return BackendReport(name, reason=f"it crashed while loading ({signal.Signals(-process.returncode).name})")
    try:
        report = json.loads(out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        last = (err.strip().splitlines() or ["no output"])[-1]
        return BackendReport(name, reason=f"it stopped with status {process.returncode}: {last}")
    return BackendReport(name, [DeviceReport(**row) for row in report["devices"]], report["reason"])
