"""Files that appear whole or not at all: with a full disk, and killed at each step of writing."""

import contextlib
import errno
import os
import subprocess
import sys

import pytest

from weft._files import discard, remove_parts, sha256, write_files, write_folder

OLD = {"a": [b"old a"], "b": [b"old ", b"b"]}
NEW = {"a": [b"new a" * 10_000], "b": [memoryview(b"new b")]}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def joined(contents):
    return {name: b"".join(pieces) for name, pieces in contents.items()}


def test_folder_and_files(tmp_path):
    write_folder(tmp_path / "one", OLD)
    assert content(tmp_path / "one") == joined(OLD)
    write_folder(tmp_path / "one", NEW)
    assert content(tmp_path / "one") == joined(NEW)
    write_files({tmp_path / "one" / name: pieces for name, pieces in OLD.items()})
    assert content(tmp_path / "one") == joined(OLD)
    assert os.listdir(tmp_path) == ["one"]
    discard(tmp_path / "one")
    assert os.listdir(tmp_path) == []


def test_sha256():
    # FIPS 180-2, appendix B.1
    assert sha256([b"a", memoryview(b"bc")]) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("name", ["mkdir", "fsync", "rename"])
@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_no_space_at_any_call(tmp_path, monkeypatch, name, call):
    write_folder(tmp_path / "step-1", OLD)
    real, calls = getattr(os, name), 0

    def failing(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, failing)
    with contextlib.suppress(OSError):
        write_folder(tmp_path / "step-2", NEW)
        assert calls < call  # else it was to fail
    monkeypatch.undo()
    assert content(tmp_path / "step-1") == joined(OLD)
    if (tmp_path / "step-2").exists():
        assert content(tmp_path / "step-2") == joined(NEW)
    assert not list(tmp_path.glob(".*"))


def test_flushed_before_renamed(tmp_path, monkeypatch):
    """What a power failure must not turn round: data before the name, and the name before going on."""
    events = []

    def noted(name, function):
        def call(first, *rest):
            events.append((name, os.readlink(f"/proc/self/fd/{first}") if name == "fsync" else str(first)))
            return function(first, *rest)

        return call

    if not os.path.exists("/proc/self/fd"):
        pytest.skip("needs /proc to know what was flushed")
    for name in ("fsync", "rename", "replace"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    write_folder(tmp_path / "one", NEW)
    part = events[-2][1]
    assert events == [
        ("fsync", f"{part}/a"), ("fsync", f"{part}/b"), ("fsync", part), ("rename", part), ("fsync", str(tmp_path)),
    ]  # fmt: skip
    events.clear()
    write_files({tmp_path / "one" / name: pieces for name, pieces in OLD.items()})
    assert [name for name, _ in events] == ["fsync", "fsync", "replace", "replace", "fsync"]
    assert events[-1] == ("fsync", str(tmp_path / "one"))


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_files_that_fail_leave_the_old_ones(tmp_path, monkeypatch, name):
    write_folder(tmp_path / "run", OLD)

    def failing(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, name, failing)
    with pytest.raises(OSError, match="No space left on device"):
        write_files({tmp_path / "run" / file: pieces for file, pieces in NEW.items()})
    assert content(tmp_path / "run") == joined(OLD)


def test_a_write_that_is_cut_short_names_the_file(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    write_folder(tmp_path / "step-1", OLD)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"File too large: .*step-2.*/a"):
            write_folder(tmp_path / "step-2", NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["step-1"]


# Each forked child dies at one call more than the one before it, until one gets through.
KILLED = """
import builtins, os, signal, sys
from pathlib import Path
from weft._files import write_files, write_folder
place, what = Path(sys.argv[1]), sys.argv[2]
new = {"a": [b"new a" * 10_000], "b": [memoryview(b"new b")]}

def dying_at(number):
    calls = 0
    def wrap(function):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return call
    for name in ("mkdir", "fsync", "rename", "replace", "open", "close", "rmdir", "unlink"):
        setattr(os, name, wrap(getattr(os, name)))
    builtins.open = wrap(open)

for number in range(1, 100):
    child = os.fork()
    if not child:
        dying_at(number)
        if what == "folder":
            write_folder(place / f"step-{number}", new)
        else:
            write_files({place / "run" / name: pieces for name, pieces in new.items()})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(number, status, sorted(p.name for p in place.iterdir() if p.name[0] != "."), flush=True)
    if what != "folder":
        files = {p.name: p.read_bytes()[:5].decode() for p in sorted((place / "run").iterdir()) if p.name[0] != "."}
        print(files)
        for name, pieces in {"a": b"old a", "b": b"old b"}.items():
            (place / "run" / name).write_bytes(pieces)
    if status == 0:
        break
"""


def killed(what, place):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(place), what], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.splitlines()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_each_call_a_folder_is_whole_or_absent(tmp_path):
    write_folder(tmp_path / "step-0", OLD)
    lines = killed("folder", tmp_path)
    assert len(lines) > 8  # as many calls were killed
    assert lines[0].startswith("1 9 ")
    assert lines[-1].split()[1] == "0"
    assert content(tmp_path / "step-0") == joined(OLD)
    appeared = list(tmp_path.glob("step-[1-9]*"))
    assert 1 < len(appeared) < len(lines)
    assert all(content(path) == joined(NEW) for path in appeared)
    remove_parts(tmp_path)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_each_call_a_file_is_old_or_new(tmp_path):
    write_folder(tmp_path / "run", OLD)
    lines = killed("files", tmp_path)
    seen = {line for line in lines if line.startswith("{")}
    assert seen == {
        "{'a': 'old a', 'b': 'old b'}",
        "{'a': 'new a', 'b': 'old b'}",
        "{'a': 'new a', 'b': 'new b'}",
    }
