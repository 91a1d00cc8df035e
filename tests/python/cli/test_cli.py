"""The commands, and what they say to mistakes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

SECONDS = 1500


def test_help_and_version(weft):
    assert "train" in weft().stdout
    assert "--batch-size" in weft("train", "digits", "--help").stdout
    assert weft("--version").stdout.startswith("weft 0.")


def test_devices_and_info(weft):
    run = weft("devices")
    assert run.returncode == 0, run.stderr
    assert "cpu:0" in run.stdout
    run = weft("info")
    assert run.returncode == 0, run.stderr
    assert "numpy" in run.stdout


def test_devices_and_info_work_with_a_bad_variable(weft):
    for command in ("devices", "info"):
        run = weft(command, WEFT_BACKEND="nonsense")
        assert run.returncode == 0, run.stderr
        assert "nonsense" in run.stdout


def test_linear(weft, tmp_path):
    run = weft("train", "linear", "--json", tmp_path / "a.json", "--save", tmp_path / "run")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    figures = json.loads((tmp_path / "a.json").read_text())
    assert abs(figures["slope"] - 3) < 0.1
    assert abs(figures["intercept"] - 2.5) < 0.1
    assert 0.06 < figures["test_mse"] < 0.11  # the noise has variance 1/12
    assert figures["device"].endswith(":0")
    assert all(not isinstance(value, dict | list) for value in figures.values())
    for name in ("samples_per_second", "seconds", "kernel_builds", "peak_memory_bytes"):
        assert figures[name] >= 0
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert (tmp_path / "run" / "weft.json").exists()


def test_plot(weft, tmp_path):
    pytest.importorskip("matplotlib")
    run = weft("train", "linear", "--epochs", 2, "--plot", tmp_path / "a.png")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_digits_one_epoch(weft, tmp_path):
    pytest.importorskip("sklearn")
    run = weft("train", "digits", "--epochs", 1, "--json", tmp_path / "a.json")
    assert run.returncode == 0, run.stderr
    assert "test accuracy" in run.stdout
    figures = json.loads((tmp_path / "a.json").read_text())
    assert {"test_accuracy", "test_loss", "samples_per_second", "device", "seconds"} <= set(figures)
    assert figures["test_accuracy"] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_digits_on_the_cpu(weft, tmp_path, seed):
    pytest.importorskip("sklearn")
    run = weft("train", "digits", "--seed", seed, "--json", tmp_path / "a.json", "--device", "cpu")
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "a.json").read_text())["test_accuracy"] >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["opencl", "reference"])
def test_digits_elsewhere(weft, tmp_path, backend):
    pytest.importorskip("sklearn")
    if backend == "opencl" and not os.environ.get("WEFT_REQUIRE_OPENCL") and "opencl:0" not in weft("devices").stdout:
        pytest.skip("no OpenCL device; `weft devices` says why")
    run = weft("train", "digits", "--json", tmp_path / "a.json", WEFT_BACKEND=backend)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "a.json").read_text())
    assert figures["test_accuracy"] >= 0.98
    assert figures["device"] == f"{backend}:0"


TRAIN = ("train", "linear")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "linear", "--epochs", "0"), ["--epochs", "0"]),
        (("train", "linear", "--epochs", "many"), ["--epochs", "many"]),
        (("train", "linear", "--batch-size", "-3"), ["--batch-size", "-3"]),
        (("train", "linear", "--lr", "nan"), ["--lr", "nan"]),
        (("train", "linear", "--lr", "fast"), ["--lr", "fast"]),
        (("train", "linear", "--seed", "-1"), ["--seed", "-1"]),
        (("train", "linear", "--colour", "red"), ["--colour"]),
        (("train", "linear", "--save", "/dev/null/x"), ["/dev/null/x"]),
        (("train", "linear", "--json", "/nonexistent/a.json"), ["/nonexistent/a.json"]),
        (("train", "linear", "--json", "."), [".", "folder"]),
        (("train", "linear", "--plot", "a.docx"), ["a.docx", ".png"]),
        (("train", "linear", "--device", "nonsense"), ["nonsense", "cpu"]),
        (("train", "linear", "--device", "cpu:7"), ["cpu:7"]),
        (("train", "linear", "--lr", "1e38", "--epochs", "2"), ["step"]),
        (("train", "cats"), ["cats"]),
        (("dance",), ["dance"]),
    ],
)
def test_mistakes(mistake, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mistake(*words, arguments=arguments)


def test_unknown_backend_in_the_variable(mistake):
    mistake("nonsense", "cpu", arguments=TRAIN, WEFT_BACKEND="nonsense")


def test_no_opencl_driver(mistake, tmp_path):
    pytest.importorskip("pyopencl")
    mistake("opencl", arguments=TRAIN, WEFT_BACKEND="opencl", WEFT_OPENCL_PLATFORM="there is no such platform")


def test_scikit_learn_is_missing(mistake, tmp_path):
    (tmp_path / "sklearn.py").write_text("raise ImportError('blocked')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    mistake('pip install "weft[demo]"', arguments=("train", "digits"), PYTHONPATH=path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_saves_and_ends_with_130(tmp_path):
    command = [sys.executable, "-m", "weft.cli", "train", "linear", "--epochs", "100000"]
    command += ["--save", str(tmp_path / "run"), "--json", str(tmp_path / "a.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run" / ".lock").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted at step" in err
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert "slope" in json.loads((tmp_path / "a.json").read_text())
