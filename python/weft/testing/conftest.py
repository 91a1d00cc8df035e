"""Every test that takes `target` runs once for each backend asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import weft
from weft.testing.target import Target

_targets: dict[str, Target] = {}


def _names(config: pytest.Config) -> list[str]:
    return config.getoption("weft_backends", None) or [os.environ.get("WEFT_BACKEND", "").strip() or "cpu"]


def _target(name: str) -> Target:
    if name not in _targets:
        try:
            _targets[name] = Target(name)
        except weft.BackendError as error:
            pytest.exit(f"weft.testing: {error}", returncode=4)
    return _targets[name]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "performance: measures, and asserts nothing")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", _names(metafunc.config), indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    measure = bool(config.getoption("weft_performance", False))
    mine = [i for i in items if i.path.parent == Path(__file__).parent]
    left_out = {id(i) for i in mine if (i.get_closest_marker("performance") is not None) != measure}
    if left_out:
        config.hook.pytest_deselected(items=[i for i in items if id(i) in left_out])
        items[:] = [i for i in items if id(i) not in left_out]


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [f"weft.testing: {_target(name)!r}, {_targets[name].rate / 1e6:.3g}M elements/s" for name in _names(config)]


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """The backend under test."""
    return _target(request.param)


@pytest.fixture(autouse=True)
def _on_target(request: pytest.FixtureRequest) -> Iterator[Any]:
    """New tensors go to the backend under test."""
    if "target" not in request.fixturenames:
        yield
        return
    with request.getfixturevalue("target").device:
        yield
