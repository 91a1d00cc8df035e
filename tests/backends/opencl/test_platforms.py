"""Finding drivers, and surviving broken ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyopencl")

from weft.backends.opencl import platforms

_LIST = """
from weft.backends.opencl import OpenCLBackend
backend = OpenCLBackend()
print(len(backend.devices()), "|", "; ".join(backend.problems))
"""


def _devices(**environment: str) -> tuple[int, str]:
    kept = {k: v for k, v in os.environ.items() if k != "WEFT_OPENCL_PLATFORM"}
    done = subprocess.run(
        [sys.executable, "-c", _LIST], env={**kept, **environment}, capture_output=True, text=True, check=True
    )
    count, _, problems = done.stdout.partition("|")
    return int(count), problems.strip()


def _environment_with_driver(prefix: Path, line: str) -> Path:
    vendors = prefix / "etc" / "OpenCL" / "vendors"
    vendors.mkdir(parents=True)
    (vendors / "some.icd").write_text(line)
    (prefix / "lib").mkdir()
    library = prefix / "lib" / "libsome.so"
    library.write_bytes(b"not a library")
    return library


def test_a_driver_from_pip_is_found_behind_its_placeholder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = _environment_with_driver(tmp_path, "/opt/placeholder/lib/libsome.so\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("site.USER_BASE", None)
    assert platforms.pip_drivers() == [library]


def test_the_systems_drivers_stay_in_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = _environment_with_driver(tmp_path / "prefix", "libsome.so")
    system = tmp_path / "system"
    system.mkdir()
    (system / "vendor.icd").write_text("libvendor.so.1\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr("site.USER_BASE", None)
    monkeypatch.setattr(platforms, "SYSTEM", system)
    for name in platforms.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with platforms.drivers_in_sight():
        folder = Path(os.environ["OCL_ICD_VENDORS"])
        lines = {path.read_text().strip() for path in folder.glob("*.icd")}
    assert lines == {"libvendor.so.1", str(library)}
    assert "OCL_ICD_VENDORS" not in os.environ
    assert not folder.exists()


def test_a_users_setting_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCL_ICD_VENDORS", str(tmp_path))
    with platforms.drivers_in_sight():
        assert os.environ["OCL_ICD_VENDORS"] == str(tmp_path)
    assert os.environ["OCL_ICD_VENDORS"] == str(tmp_path)


def test_no_driver_is_a_reason_not_an_error(tmp_path: Path) -> None:
    count, problems = _devices(OCL_ICD_VENDORS=str(tmp_path))
    assert count == 0
    assert problems


def test_a_broken_driver_does_not_hide_the_others(opencl: Any, tmp_path: Path) -> None:
    count, _ = _devices()
    (tmp_path / "broken.icd").write_text(str(_environment_with_driver(tmp_path / "prefix", "libsome.so")))
    for library in platforms.pip_drivers():
        (tmp_path / f"{library.name}.icd").write_text(str(library))
    for announcement in platforms.system_announcements():
        (tmp_path / announcement.name).write_text(announcement.read_text())
    assert _devices(OCL_ICD_VENDORS=str(tmp_path))[0] == count


def test_a_name_that_no_platform_has(opencl: Any) -> None:
    count, problems = _devices(WEFT_OPENCL_PLATFORM="no such platform")
    assert count == 0
    assert "no such platform" in problems
