"""The scratch environments; plugin_environment.py is importable, whatever the import mode."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plugin_environment import EXAMPLES, Environment, make_environment


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With both examples built and installed."""
    environment = make_environment(tmp_path_factory.mktemp("examples") / "env")
    if environment.code("import scikit_build_core, pip", check=False).returncode:
        pytest.skip("building the examples needs pip and scikit-build-core: pip install scikit-build-core")
    if not shutil.which("cmake") or not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("building the C example needs cmake and a C compiler")
    for name in ("tiny_c", "tiny_py"):
        source = environment.folder / name
        shutil.copytree(EXAMPLES / name, source)  # pip may leave files behind
        environment.run("-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", "-q", str(source))
    return environment


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """For plugins that are broken in some way."""
    return make_environment(tmp_path_factory.mktemp("bare") / "env")
