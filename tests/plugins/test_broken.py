"""Plugins that fail in every way: each is listed with its reason, and breaks nothing else."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from plugin_environment import Environment, make_environment

PROTOCOL = """
from weft.backend import Backend, Capabilities, DeviceInfo


class backend(Backend):
    name = "{name}"
    capabilities = Capabilities(dtypes=frozenset({{"float32", "float64", "int64"}}))

    def devices(self):
        {devices}

    def alloc(self, device, nbytes):
        return bytearray(nbytes)

    def copy_in(self, device, dst, offset, src):
        dst[offset : offset + src.nbytes] = src

    def copy_out(self, device, dst, src, offset):
        dst[:] = src[offset : offset + dst.nbytes]

    def compile(self, device, kernel):
        return kernel

    def load(self, device, plan):
        return plan

    def run(self, executable, buffers, params, measure):
        {run}

    def wait(self, device):
        pass

    def status(self, device):
        return 0
"""


def _protocol(name: str, devices: str = 'return [DeviceInfo("one", "cpu")]', run: str = "return None") -> str:
    return PROTOCOL.format(name=name, devices=devices, run=run)


@dataclass(frozen=True)
class Broken:
    module: str
    reason: str  # part of what is said about it


SEGFAULT = "import ctypes; ctypes.string_at(0)"
PLUGINS = {
    "no_import": Broken("import a_driver_nobody_has", "a_driver_nobody_has"),
    "no_syntax": Broken("backend = (", "SyntaxError"),
    "no_attribute": Broken("something = 1", "backend"),
    "no_backend": Broken("backend = 42", "42"),
    "no_library": Broken(
        "from weft import native_backend\nbackend = native_backend('/nowhere/libnone.so')", "/nowhere/libnone.so"
    ),
    "says_why": Broken(
        "from weft import BackendError\nraise BackendError('the licence server is asleep; wake it')",
        "the licence server is asleep; wake it",
    ),
    "no_device": Broken(_protocol("no_device", devices="return []"), "no device"),
    "raises_in_devices": Broken(
        _protocol("raises_in_devices", devices="raise OSError('the card fell out')"), "the card fell out"
    ),
    "raises_in_run": Broken(_protocol("raises_in_run", run="raise OSError('the fan stopped')"), "the fan stopped"),
    "computes_nonsense": Broken(_protocol("computes_nonsense"), "it computed"),
    "crashes_in_devices": Broken(_protocol("crashes_in_devices", devices=SEGFAULT), "SIGSEGV"),
    "crashes_in_run": Broken(_protocol("crashes_in_run", run=SEGFAULT), "SIGSEGV"),
    "crashes_at_import": Broken(SEGFAULT, "SIGSEGV"),
    "exits": Broken("import os\nos._exit(3)", "status 3"),
    "other_major": Broken(_protocol("other_major").replace("    name =", "    abi_major = 2\n    name ="), "version 2"),
}

OTHER_MAJOR = """
#include "weft/backend.h"
const weft_backend* weft_backend_v1(void) {
  static const weft_capabilities capabilities = {.header = {WEFT_ABI_MAJOR + 1, sizeof capabilities}};
  static const weft_backend backend = {
      .header = {WEFT_ABI_MAJOR + 1, sizeof backend}, .name = "c_other_major", .capabilities = &capabilities};
  return &backend;
}
"""
CRASH = """
int weft_backend_v1(void) { return *(volatile int*)0; }
"""
EMPTY = "int something_else(void) { return 0; }\n"


def _library(environment: Environment, name: str, source: str) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    include = environment.code("import weft; print(weft.get_include())").stdout.strip()
    path = environment.folder / f"lib{name}.so"
    path.with_suffix(".c").write_text(source)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-I", include, str(path.with_suffix(".c")), "-o", str(path)], check=True
    )
    return f"from weft import native_backend\nbackend = native_backend({str(path)!r})\n"


@pytest.fixture(scope="module")
def broken(bare: Environment) -> dict[str, str]:
    """Installs all of them in one environment; the reasons to find."""
    reasons = {}
    native = {
        "c_other_major": (OTHER_MAJOR, "version 2"),
        "c_crashes": (CRASH, "SIGSEGV"),
        "c_empty": (EMPTY, "weft_backend_v1"),
    }
    for name, plugin in PLUGINS.items():
        bare.add_plugin(name, plugin.module)
        reasons[name] = plugin.reason
    for name, (source, reason) in native.items():
        bare.add_plugin(name, _library(bare, name, source))
        reasons[name] = reason
    return reasons


def test_each_is_listed_with_its_reason(bare: Environment, broken: dict[str, str]) -> None:
    out = bare.code("""
        import json, weft
        reports = {r.name: [r.reason, *(d.reason for d in r.devices)] for r in weft.list_backends()}
        print(json.dumps(reports))
    """).stdout
    import json

    reports = json.loads(out.strip().splitlines()[-1])
    for name, reason in broken.items():
        said = " ".join(r for r in reports[name] if r)
        assert reason in said, f"{name}: {said!r} does not say {reason!r}"
    assert reports["cpu"] == [None, None]
    assert reports["reference"] == [None, None]


def test_the_command_line_lists_them(bare: Environment, broken: dict[str, str]) -> None:
    done = bare.run("-m", "weft.cli", "devices")
    assert "cpu:0" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    for name in broken:
        assert name in done.stdout


@pytest.mark.usefixtures("broken")
def test_they_break_nothing(bare: Environment) -> None:
    assert bare.code("import weft; print((weft.ones(3) + 1).tolist())").stdout == "[2.0, 2.0, 2.0]\n"


@pytest.mark.parametrize("name", ["no_import", "no_library", "raises_in_devices", "computes_nonsense", "other_major"])
def test_chosen_it_raises_at_first_use(bare: Environment, broken: dict[str, str], name: str) -> None:
    bare.code("import weft; weft.float32", WEFT_BACKEND=name)  # importing alone is no use
    done = bare.code(
        """
        import weft
        try:
            weft.ones(3)
        except weft.BackendError as e:
            print(e)
            print((weft.ones(2, device="cpu") * 2).tolist())
        """,
        WEFT_BACKEND=name,
    )
    assert broken[name] in done.stdout
    assert name in done.stdout
    assert done.stdout.endswith("[2.0, 2.0]\n")


@pytest.mark.usefixtures("broken")
def test_an_unknown_name_lists_those_there_are(bare: Environment) -> None:
    done = bare.code("import weft\ntry:\n    weft.device('nobody')\nexcept weft.BackendError as e:\n    print(e)")
    for name in ("nobody", "cpu", "opencl", "reference", "no_import"):
        assert name in done.stdout


def test_auto_passes_over_what_it_can(bare: Environment, tmp_path: Path) -> None:
    """With a plugin that only raises; one that kills the process cannot be survived in this process."""
    environment = make_environment(tmp_path / "env")
    environment.add_plugin("raises_in_devices", PLUGINS["raises_in_devices"].module)
    done = environment.code("import weft; print(weft.ones(1).device)", WEFT_BACKEND="auto")
    assert "weft: auto took" in done.stderr
