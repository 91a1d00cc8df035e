"""Choosing backends and devices, and what happens when they fail."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

import weft
from weft._devices import list_backends, names
from weft.backend import Backend, BackendError, Capabilities, DeviceInfo


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "WEFT_BACKEND"}
    environment |= {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **variables}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=environment, timeout=120
    )


@pytest.fixture
def plugin(tmp_path):
    """Installs an entry point for some code: gives the PYTHONPATH that finds it."""

    def install(name: str, code: str, target: str = "backend") -> str:
        (tmp_path / f"{name}_plugin.py").write_text(textwrap.dedent(code))
        info = tmp_path / f"{name}_plugin-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[weft.backends]\n{name} = {name}_plugin:{target}\n")
        return os.pathsep.join([str(tmp_path), *(p for p in sys.path if p)])

    return install


def test_names():
    assert weft.device("cpu") == weft.device("cpu:0") == weft.zeros(1).device
    assert weft.device("cpu") != weft.device("reference")
    assert weft.device("cpu") != "cpu"
    assert not weft.device("cpu") == None  # noqa: E711, SIM201
    assert repr(weft.device("reference:0")) == "weft.device('reference:0')"
    assert str(weft.device("cpu")) == "cpu:0"
    d = weft.device("reference")
    assert (d.type, d.index, d.kind) == ("reference", 0, "cpu")
    assert len({weft.device("cpu"), weft.device("cpu:0")}) == 1
    assert weft.device(d) == d
    assert weft.device("cpu") in weft.devices("cpu")


def test_order_of_choices():
    assert weft.get_default_device() == weft.device(os.environ.get("WEFT_BACKEND") or "cpu")
    before = weft.get_default_device()
    try:
        weft.set_default_device("reference")
        assert weft.zeros(1).device.type == "reference"
        with weft.device("cpu"):
            assert weft.zeros(1).device.type == "cpu"
            assert weft.zeros(1, device="reference").device.type == "reference"
            with weft.device("reference") as inner:
                assert weft.default_device() == inner
            assert weft.zeros(1).device.type == "cpu"
        assert weft.zeros(1).device.type == "reference"
    finally:
        weft.set_default_device(None)
    assert weft.get_default_device() == before
    with pytest.raises(ZeroDivisionError), weft.device("reference"):
        1 / 0  # noqa: B018
    assert weft.get_default_device() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nonsense", "no backend is named 'nonsense'.*cpu.*opencl.*reference"),
        ("cpu:7", "no device 'cpu:7'.*cpu:0"),
        ("cpu:x", "not the name"),
        ("cpu:", "not the name"),
    ],
)
def test_wrong_names(name, message):
    with pytest.raises(BackendError, match=message):
        weft.device(name)
    with pytest.raises(BackendError, match=message):
        weft.zeros(1, device=name)


def test_wrong_types():
    with pytest.raises(TypeError, match="device"):
        weft.zeros(1, device=3)


def test_moving():
    x = weft.asarray([1.0, 2.0])
    y = x.to("reference")
    assert y.device.type == "reference"
    assert y.tolist() == [1, 2]
    assert x.to("cpu") is x
    assert y.cpu().device.type == "cpu"
    assert x.to(y).device == y.device
    assert x.to(weft.float16).dtype == weft.float16
    assert x.to("reference", weft.int32).dtype == weft.int32
    assert x.to("float64").dtype == weft.float64
    assert x.to_device(y.device).device == y.device
    with pytest.raises(ValueError, match="reference:0"):
        x + y
    w = weft.ones(2).requires_grad_()
    (w.to("reference") * y).sum().backward()
    assert w.grad.device.type == "cpu"
    assert w.grad.tolist() == [1, 2]


def test_the_variable():
    code = "import weft; print(weft.zeros(1).device)"
    assert run(code).stdout.strip() == "cpu:0"
    assert run(code, WEFT_BACKEND="reference").stdout.strip() == "reference:0"
    bad = run("import weft\nprint('imported')\nweft.zeros(1)", WEFT_BACKEND="nonsense")
    assert bad.stdout.strip() == "imported"
    assert "WEFT_BACKEND=nonsense: no backend is named 'nonsense'" in bad.stderr
    assert (
        run("import weft; print(weft.zeros(1, device='cpu').device)", WEFT_BACKEND="nonsense").stdout.strip() == "cpu:0"
    )


def test_auto():
    result = run("import weft; print(weft.zeros(1).device.kind, weft.zeros(1).device)", WEFT_BACKEND="auto")
    kind, name = result.stdout.split()
    assert kind == "gpu" or name == "cpu:0"
    assert f"auto took {name}" in result.stderr
    assert result.stderr.count("auto took") == 1


def test_nothing_is_loaded_at_import():
    late = ("weft.backends.", "pyopencl", "weft.nn", "weft.linalg", "rich", "subprocess")
    result = run(f"import sys, weft; print([m for m in sys.modules if m.startswith({late})])")
    assert result.stdout.strip() == "[]"


def test_a_plugin(plugin):
    path = plugin(
        "mine",
        """
        from weft.backends.reference import ReferenceBackend
        class Mine(ReferenceBackend):
            name = "mine"
        backend = Mine
        """,
    )
    result = run(
        "import weft; print((weft.ones(2) + 1).tolist(), weft.zeros(1).device)", WEFT_BACKEND="mine", PYTHONPATH=path
    )
    assert result.stdout.strip() == "[2.0, 2.0] mine:0", result.stderr


REFERENCE = (
    "from weft.backends.reference import ReferenceBackend\nclass backend(ReferenceBackend):\n    name = 'broken'\n    "
)
BROKEN = {
    "import": ("raise ImportError('no library')", "ImportError: no library"),
    "object": ("backend = 3", "not a subclass"),
    "major": (REFERENCE + "abi_major = 99", "version 99"),
    "empty": (REFERENCE + "def devices(self): return []", "no device"),
    "wrong": (REFERENCE + "def run(self, *a): return None", "first small kernel failed"),
    "raises": (REFERENCE + "def compile(self, *a): raise OSError('no compiler')", "no compiler"),
    "native": (
        "from weft.backend import native_backend\nbackend = native_backend('/nowhere/lib.so')",
        "/nowhere/lib.so",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_plugins(plugin, name):
    code, reason = BROKEN[name]
    path = plugin(name, code)
    result = run(
        "import weft\nprint(weft.ones(2, device='cpu').tolist())\nweft.ones(2).tolist()",
        WEFT_BACKEND=name,
        PYTHONPATH=path,
    )
    assert result.stdout.strip() == "[1.0, 1.0]", result.stderr
    assert "BackendError" in result.stderr
    assert reason in result.stderr


def test_a_crash_is_a_line_of_the_list(plugin, monkeypatch):
    path = plugin("crash", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    code = """
    from weft._devices import list_backends
    for report in list_backends(["cpu", "crash", "reference"]):
        print(report.name, [d.name for d in report.devices if not d.reason], report.reason)
    """
    lines = run(code, PYTHONPATH=path, WEFT_BACKEND="crash").stdout.splitlines()
    assert lines[0] == "cpu ['cpu:0'] None"
    assert lines[1] == "crash [] it crashed while loading (SIGSEGV)"
    assert lines[2] == "reference ['reference:0'] None"


def test_a_hang_is_a_line_of_the_list(plugin):
    path = plugin("hang", "import time; time.sleep(100)")
    result = run(
        "from weft._devices import list_backends; print(list_backends(['hang'], timeout=2)[0].reason)", PYTHONPATH=path
    )
    assert result.stdout.strip() == "it did not answer within 2 s"


def test_listing():
    assert names()[:3] == ["cpu", "opencl", "reference"]
    (report,) = list_backends(["nonsense"])
    assert "no backend is named" in report.reason


# ---- errors of a Python backend in use


class Picky(Backend):
    """Refuses what a test asks it to."""

    name = "picky"

    def __init__(self) -> None:
        from weft.backends.reference import ReferenceBackend

        self._inner = ReferenceBackend()
        self.capabilities = Capabilities(
            dtypes=self._inner.capabilities.dtypes, kinds=frozenset({"loop"}), extra=frozenset({"philox"}), max_args=8
        )
        self.fail: type[Exception] | None = None

    def devices(self) -> list[DeviceInfo]:
        return [DeviceInfo("a picky one", "accelerator", 1 << 30)]

    def __getattribute__(self, name):
        if name in ("copy_in", "copy_out", "compile", "load", "wait", "status"):
            return getattr(self._inner, name)
        return super().__getattribute__(name)

    def alloc(self, device, nbytes):
        if self.fail is MemoryError:
            raise MemoryError
        return self._inner.alloc(device, nbytes)

    def run(self, *args):
        if self.fail is not None:
            raise self.fail("on purpose")
        return self._inner.run(*args)


def test_errors_in_use():
    backend = Picky()
    (device,) = weft._core._register_python(backend)
    assert (device.kind, device.memory, device.description) == ("accelerator", 1 << 30, "a picky one")
    x = weft.ones(3, device=device)
    assert (x + 1).tolist() == [2, 2, 2]
    backend.fail = OSError
    with pytest.raises(BackendError, match=r"picky: run\(\) failed: OSError: on purpose.*test_devices"):
        (x + 2).tolist()
    backend.fail = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        (x + 3).tolist()
    backend.fail = MemoryError
    weft.empty_cache(device)
    with pytest.raises(weft.OutOfMemoryError, match="picky:0: cannot allocate"):
        weft.ones(12345, device=device).tolist()
    assert issubclass(weft.OutOfMemoryError, MemoryError)
    backend.fail = None
    assert (x + 4).tolist() == [5, 5, 5]
    # Kinds it lacks are lowered to loops.
    y = weft.asarray([[3.0, 1.0], [2.0, 5.0]], device=device)
    assert (y @ y).tolist() == [[11, 8], [16, 27]]
    assert y.sort().tolist() == [[1, 3], [2, 5]]
    assert y.cumsum(1).tolist() == [[3, 4], [2, 7]]
    assert weft.scatter_add(weft.zeros(2, device=device), 0, weft.asarray([1, 1, 0], device=device), x).tolist() == [
        1,
        2,
    ]


def test_memory():
    d = weft.device("cpu")
    x = weft.ones(1 << 20) + 1
    x.eval()
    stats = weft.memory_stats(d)
    assert stats["in_use"] >= 4 << 20
    assert stats["peak"] >= stats["in_use"]
    del x
    assert weft.memory_stats()["in_use"] <= stats["in_use"] - (4 << 20)
    weft.reset_peak_memory()
    assert weft.memory_stats()["peak"] == weft.memory_stats()["in_use"]
    weft.empty_cache()
    assert weft.memory_stats()["cached"] == 0
    weft.set_memory_limit(weft.memory_stats()["in_use"] + (1 << 20))
    try:
        with pytest.raises(weft.OutOfMemoryError, match="limit"):
            (weft.ones(1 << 20) + 1).eval()
    finally:
        weft.set_memory_limit(0)
    assert (weft.ones(1 << 20) + 1)[0].item() == 2


def test_tensors_of_two_devices_do_not_mix():
    a, b = weft.ones(3, device="cpu"), weft.ones(3, device="reference")
    for operation in (lambda: a + b, lambda: a @ b, lambda: weft.concat([a, b]), lambda: weft.where(a > 0, a, b)):
        with pytest.raises(ValueError, match=r"cpu:0 and reference:0|reference:0 and cpu:0"):
            operation()
    assert (a + b.to("cpu")).tolist() == [2.0, 2.0, 2.0]
