"""Finding OpenCL drivers: the system's, and those that pip installed.

A driver is announced by an .icd file that holds the path of its library. The loader reads them from
/etc/OpenCL/vendors, or from the folder named by OCL_ICD_VENDORS *instead*. A driver from pip puts its .icd under the
environment's prefix, where no loader looks, and may leave a placeholder for the path. So before the first query the
variable is set for a moment, to a folder that holds both. A user's own setting is left alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import site
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

SYSTEM = Path("/etc/OpenCL/vendors")
VARIABLES = ("OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES")
_lock = threading.Lock()


def pip_drivers() -> list[Path]:
    """Libraries of drivers that are installed in this Python environment."""
    found: dict[Path, None] = {}
    for prefix in dict.fromkeys([sys.prefix, site.USER_BASE or sys.prefix]):
        try:
            announcements = sorted((Path(prefix) / "etc" / "OpenCL" / "vendors").glob("*.icd"))
        except OSError:
            continue
        for announcement in announcements:
            with contextlib.suppress(OSError, UnicodeDecodeError, IndexError):
                named = Path(announcement.read_text().split("\n")[0].strip())
                candidates = [named, Path(prefix) / "lib" / named.name]
                library = next((path for path in candidates if path.is_absolute() and path.is_file()), None)
                if library is not None:
                    found[library.resolve()] = None
    return list(found)


def system_announcements() -> list[Path]:
    try:
        return sorted(SYSTEM.glob("*.icd"))
    except OSError:
        return []


@contextlib.contextmanager
def drivers_in_sight() -> Iterator[None]:
    """Within this context the loader's first query finds all drivers."""
    drivers = pip_drivers() if sys.platform.startswith("linux") else []
    if not drivers or any(os.environ.get(name) for name in VARIABLES):
        yield
        return
    with _lock:
        folder = tempfile.mkdtemp(prefix="weft-icd-")
        try:
            known = set()
            for announcement in system_announcements():
                with contextlib.suppress(OSError):
                    text = announcement.read_text()
                    known.add(text.strip())
                    (Path(folder) / announcement.name).write_text(text)
            for number, library in enumerate(drivers):
                if str(library) not in known:
                    (Path(folder) / f"weft-pip-{number}.icd").write_text(f"{library}\n")
            os.environ["OCL_ICD_VENDORS"] = folder
            yield
        finally:
            os.environ.pop("OCL_ICD_VENDORS", None)
            shutil.rmtree(folder, ignore_errors=True)
