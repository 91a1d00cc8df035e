"""The conformance kit, once for each backend of this repository, as a user runs it: from another folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import weft


def _run(tmp_path: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "weft.testing", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1800)


@pytest.mark.parametrize("name", ["cpu", "reference", pytest.param("opencl", marks=pytest.mark.slow)])
def test_kit(name: str, tmp_path: Path) -> None:
    try:
        weft.device(name)
    except weft.BackendError as error:
        pytest.skip(str(error))
    done = _run(tmp_path, "--backend", name)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_several_backends_in_one_run(tmp_path: Path) -> None:
    done = _run(tmp_path, "--backend", "cpu", "--backend", "reference", "-k", "test_views", "-vv")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "[cpu-" in done.stdout
    assert "[reference-" in done.stdout


def test_an_unknown_backend_is_one_clear_line(tmp_path: Path) -> None:
    done = _run(tmp_path, "--backend", "nobody")
    assert done.returncode == 4
    assert "no backend is named 'nobody'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_performance_prints_a_table(tmp_path: Path) -> None:
    done = _run(tmp_path, "--backend", "reference", "--weft-performance")
    assert done.returncode == 0, done.stdout[-4000:]
    for row in ("add", "chain", "sum", "softmax", "matmul", "conv 3x3", "GB/s"):
        assert row in done.stdout


def test_the_option_is_in_nobodys_way(tmp_path: Path) -> None:
    """A project with a --backend of its own."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--backend', default='theirs')\n"
    )
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\ndef test_theirs(request):\n"
        "    assert request.config.getoption('--backend') == 'mine'\n"
        "    assert 'weft' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--backend", "mine"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
