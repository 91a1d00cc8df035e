"""Training by command: resumed, of the user's own, and what is done with what was saved."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

SECONDS = 600

MODULE = """
import numpy as np
import weft

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")

def pair():
    return weft.nn.Linear(4, 2), (X, Y)

def everything(seed, epochs):
    model = weft.nn.Linear(4, 1)
    return {
        "model": model, "data": (X, X[:, :1]), "test": (X, X[:, :1]), "loss": "mse", "metrics": ["mae"],
        "optimizer": weft.optim.SGD(model.parameters(), lr=0.1), "prepare": lambda array: array.reshape(-1, 4),
    }

def nothing():
    return None

def no_model():
    return 3, (X, Y)

def typo():
    return {"model": weft.nn.Linear(4, 2), "data": (X, Y), "epoch": 3}

def raises():
    return 1 / 0

def wrong_shape():
    return {"model": weft.nn.Linear(5, 2), "data": (X, Y)}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---- resume


def train_linear(weft, folder, *more):
    run = weft("train", "linear", "--epochs", 20, "--device", "cpu", "--save", folder, *more)
    assert run.returncode == 0, run.stderr
    return (folder / "model.safetensors").read_bytes(), run


def test_resume_of_nothing_and_of_a_finished_run(weft, tmp_path):
    whole, _ = train_linear(weft, tmp_path / "whole")
    first, run = train_linear(weft, tmp_path / "run", "--resume")
    assert run.stderr == ""
    again, run = train_linear(weft, tmp_path / "run", "--resume")
    assert "resumed from" in run.stderr
    assert whole == first == again


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_interrupted_and_resumed(weft, tmp_path, number, status):
    whole, _ = train_linear(weft, tmp_path / "whole", "--epochs", 400)
    command = [sys.executable, "-m", "weft.cli", "train", "linear", "--epochs", "400", "--device", "cpu", "--resume"]
    command += ["--save", str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "run" / ".lock").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == status, err
    assert "interrupted at step" in err
    assert "Traceback" not in err
    resumed, run = train_linear(weft, tmp_path / "run", "--epochs", 400, "--resume")
    assert "resumed from" in run.stderr
    assert resumed == whole


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("backend", "kills"), [("cpu", 5), ("opencl", 1)])
def test_digits_killed_again_and_again(weft, tmp_path, backend, kills):
    """`WEFT_TEST_KILLS=20` in the environment for twenty times as many, in a quarter of an hour."""
    kills *= int(os.environ.get("WEFT_TEST_KILLS", 1))
    pytest.importorskip("sklearn")
    if backend == "opencl" and not os.environ.get("WEFT_REQUIRE_OPENCL") and "opencl:0" not in weft("devices").stdout:
        pytest.skip("no OpenCL device; `weft devices` says why")
    luck = random.Random(0)
    command = [sys.executable, "-m", "weft.cli", "train", "digits", "--epochs", "2", "--device", backend, "--save"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    whole = (tmp_path / "whole" / "model.safetensors").read_bytes()
    often = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    (tmp_path / "sitecustomize.py").write_text(OFTEN)
    for number in range(kills):
        folder = tmp_path / f"run-{number}"
        for _ in range(luck.randint(1, 2)):
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
            with subprocess.Popen([*command, str(folder), "--resume"], env=often, **quiet) as process:
                try:
                    process.wait(luck.uniform(0.3, 2.5))
                except subprocess.TimeoutExpired:
                    process.kill()
                error = process.stderr.read()
            assert process.returncode in (0, -signal.SIGKILL), error
        run = subprocess.run([*command, str(folder), "--resume"], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert "warning" not in run.stderr  # no checkpoint was broken
        assert (folder / "model.safetensors").read_bytes() == whole


OFTEN = """
import weft.train.callbacks.checkpoint as checkpoint
checkpoint.AutoCheckpoint._seconds_are_over = lambda self, seconds: True
"""


def test_an_unfinished_run_of_something_else(weft, mistake, tmp_path, folder):
    run = weft("train", "mine:pair", "--save", tmp_path / "run")
    assert run.returncode == 0, run.stderr
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    mistake("another model", arguments=("train", "linear", "--save", tmp_path / "run", "--resume"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    mistake("--save", arguments=("train", "linear", "--resume"))


# ---- the user's own


def test_a_pair(weft, folder):
    run = weft("train", "mine:pair", "--json", "a.json", "--lr", 0.1, "--save", "run")
    assert run.returncode == 0, run.stderr
    figures = json.loads((folder / "a.json").read_text())
    assert figures["epochs"] == 10
    about = json.loads((folder / "run" / "weft.json").read_text())
    assert "accuracy" in about["history"]
    assert about["info"]["task"] == "mine:pair"


def test_everything(weft, folder):
    run = weft("train", "mine.py:everything", "--json", "a.json", "--epochs", 30, "--save", "run")
    assert run.returncode == 0, run.stderr
    figures = json.loads((folder / "a.json").read_text())
    assert figures["test_loss"] < 0.01
    assert figures["test_mae"] < 0.1
    x = np.arange(8, dtype="float32").reshape(2, 4)
    np.savetxt("x.csv", x, delimiter=",", header="a,b,c,d", comments="")
    run = weft("predict", "run", "x.csv", "-o", "y.csv")
    assert run.returncode == 0, run.stderr
    predicted = np.loadtxt("y.csv", delimiter=",", ndmin=2)
    assert predicted.shape == (2, 1)
    np.testing.assert_allclose(predicted[:, 0], x[:, 0], atol=0.5)


def test_help_says_what_to_return(weft):
    text = weft("train", "module:function", "--help").stdout
    for word in ("model", "data", "optimizer", "prepare"):
        assert word in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere:make", ["nowhere", "no module"]),
        ("nowhere.py:make", ["nowhere.py", "no module"]),
        ("mine:missing", ["mine", "missing"]),
        ("mine:nothing", ["(model, data)", "NoneType"]),
        ("mine:no_model", ["int", "Module"]),
        ("mine:typo", ["'epoch'", "callbacks"]),
        ("mine:raises", ["ZeroDivisionError", "mine.py, line 29"]),
        ("mine:wrong_shape", ["(32, 4)", "5"]),
    ],
)
def test_mistakes_of_ones_own(mistake, folder, name, words):
    mistake(*words, arguments=("train", name))


# ---- what was saved


@pytest.fixture(scope="module")
def digits_run(weft, tmp_path_factory):
    pytest.importorskip("sklearn")
    place = tmp_path_factory.mktemp("digits") / "run"
    run = weft("train", "digits", "--epochs", 1, "--save", place)
    assert run.returncode == 0, run.stderr
    return place


@pytest.mark.parametrize("kind", ["npy", "csv", "safetensors"])
def test_predict_digits(weft, digits_run, tmp_path, kind):
    from safetensors.numpy import save_file
    from sklearn.datasets import load_digits

    data = load_digits()
    file = tmp_path / f"x.{kind}"
    if kind == "npy":
        np.save(file, data.images)
    elif kind == "csv":
        np.savetxt(file, data.data, delimiter=",", fmt="%g")
    else:
        save_file({"x": np.ascontiguousarray(data.data)}, file)
    run = weft("predict", digits_run, file, "-o", tmp_path / "out.npy", "--classes")
    assert run.returncode == 0, run.stderr
    assert (np.load(tmp_path / "out.npy") == data.target).mean() > 0.5


def test_predict_mistakes(mistake, digits_run, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 63)))
    np.save(tmp_path / "text.npy", np.array(["a"]))
    (tmp_path / "x.txt").write_text("1,2")
    (tmp_path / "ragged.csv").write_text("1,2\n3\n")
    (tmp_path / "empty").mkdir()
    for file, words in (
        ("x.npy", ["(2, 63)", "8x8"]),
        ("text.npy", ["text.npy", "numbers"]),
        ("x.txt", ["x.txt", ".csv"]),
        ("ragged.csv", ["ragged.csv"]),
        ("missing.npy", ["missing.npy"]),
    ):
        mistake(*words, arguments=("predict", digits_run, tmp_path / file, "-o", tmp_path / "out.npy"))
    mistake("no saved model", arguments=("predict", tmp_path / "empty", tmp_path / "x.npy", "-o", tmp_path / "o.npy"))
    mistake(".npy or .csv", arguments=("predict", digits_run, tmp_path / "x.npy", "-o", tmp_path / "out.txt"))


def test_plot_a_run(weft, mistake, digits_run, tmp_path):
    pytest.importorskip("matplotlib")
    run = weft("plot", digits_run, "-o", tmp_path / "a.svg")
    assert run.returncode == 0, run.stderr
    assert "val" in (tmp_path / "a.svg").read_text()
    mistake("no saved training", arguments=("plot", tmp_path))


# ---- characters


def test_characters(weft, mistake, tmp_path):
    run = weft("train", "chars", "--epochs", 1, "--characters", 8_000, "--length", 5, "--json", tmp_path / "a.json")
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "a.json").read_text())
    assert figures["sample"].startswith("def ")
    assert len(figures["sample"]) == 9
    assert figures["perplexity"] == pytest.approx(np.exp(figures["test_loss"]))
    assert figures["perplexity"] < 60  # of about 95 characters
    mistake("--prompt", "é", arguments=("train", "chars", "--prompt", "é", "--epochs", 1, "--characters", 2_000))


# ---- doctor


def test_doctor(weft):
    run = weft("doctor")
    assert run.returncode == 0, run.stderr
    assert "cpu:0" in run.stdout
    assert "OpenCL drivers" in run.stdout


def test_doctor_explains(weft, tmp_path):
    run = weft("doctor", WEFT_BACKEND="nonsense")
    assert run.returncode == 0, run.stderr
    assert "BAD  WEFT_BACKEND=nonsense" in run.stdout
    assert "-> unset WEFT_BACKEND" in run.stdout
    pytest.importorskip("pyopencl")
    run = weft("doctor", OCL_ICD_VENDORS=str(tmp_path / "missing"))
    assert run.returncode == 0, run.stderr
    assert f"OCL_ICD_VENDORS={tmp_path}/missing" in run.stdout
    assert "unset OCL_ICD_VENDORS" in run.stdout


def test_doctor_without_pyopencl(weft, tmp_path):
    (tmp_path / "pyopencl.py").write_text("raise ModuleNotFoundError('blocked', name='pyopencl')\n")
    run = weft("doctor", PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert 'pip install "weft[opencl]"' in run.stdout
