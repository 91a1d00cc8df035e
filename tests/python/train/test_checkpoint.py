"""Saving and loading: exact, whole or not at all, and clear about what is wrong."""

import json
import os

import numpy as np
import pytest

import weft
from weft import nn
from weft.serialization import FileError, load_tensors, save_tensors

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)).astype("float32")
Y = rng.normal(size=(40, 1)).astype("float32")


def make(features=3, optimizer=weft.optim.Adam):
    weft.random.seed(0)
    model = nn.Sequential(nn.Linear(features, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    return weft.Trainer(model, optimizer(model.parameters(), lr=0.01), "mse")


@pytest.fixture
def folder(tmp_path):
    trainer = make()
    trainer.fit((X, Y), epochs=2, save=tmp_path / "run")
    return tmp_path / "run"


def test_training_goes_on_exactly(folder):
    whole = make()
    whole.fit((X, Y), epochs=5)
    rest = make()
    rest.load(folder)
    assert rest.epoch == 2
    rest.fit((X, Y), epochs=3)
    assert rest.history["loss"] == whole.history["loss"]
    for (name, a), b in zip(whole.model.state_dict().items(), rest.model.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=name)


def test_what_is_written(folder):
    from safetensors.numpy import load_file

    assert set(load_file(folder / "model.safetensors")) == set(make().model.state_dict())
    about = json.loads((folder / "weft.json").read_text())
    assert about["epoch"] == 2
    assert about["optimizer"]["class"] == "Adam"
    assert len(about["history"]["loss"]) == 2
    assert sorted(os.listdir(folder)) == ["model.safetensors", "training.safetensors", "weft.json"]


def refused(folder, trainer, error, *words, **options):
    before = {name: t.numpy().copy() for name, t in trainer.model.state_dict().items()}
    with pytest.raises(error) as caught:
        trainer.load(folder, **options)
    for word in words:
        assert word in str(caught.value)
    for name, t in trainer.model.state_dict().items():
        np.testing.assert_array_equal(t.numpy(), before[name])
    assert trainer.epoch == 0


def test_another_model(folder):
    refused(folder, make(features=5), ValueError, "model.safetensors", "0.weight", "(4, 3)", "(4, 5)")


def test_another_optimizer(folder):
    refused(folder, make(optimizer=weft.optim.SGD), ValueError, "Adam", "SGD", "optimizer=False")
    trainer = make(optimizer=weft.optim.SGD)
    trainer.load(folder, optimizer=False)
    assert trainer.epoch == 0


@pytest.mark.parametrize("name", ["model.safetensors", "training.safetensors", "weft.json"])
@pytest.mark.parametrize("damage", ["truncated", "garbage", "empty", "missing"])
def test_damaged_files(folder, name, damage):
    path = folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
        refused(folder, make(), FileNotFoundError, name)
        return
    path.write_bytes({"truncated": content[: len(content) // 2], "garbage": b"\xff" * 200, "empty": b""}[damage])
    refused(folder, make(), FileError, name, "restore it from a copy")


def test_files_of_different_moments(folder, tmp_path):
    old = (folder / "model.safetensors").read_bytes()
    trainer = make()
    trainer.load(folder)
    trainer.fit((X, Y), save=folder)
    (folder / "model.safetensors").write_bytes(old)
    refused(folder, make(), FileError, "of another moment", "optimizer=False")
    make().load(folder, optimizer=False)


def test_a_json_of_something_else(folder):
    (folder / "weft.json").write_text('{"hello": 1}')
    refused(folder, make(), FileError, "weft.json")


def test_a_failing_write_leaves_the_old_files(folder, monkeypatch):
    before = {name: (folder / name).read_bytes() for name in os.listdir(folder)}
    trainer = make()
    trainer.load(folder)
    trainer.fit((X, Y))
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        trainer.save(folder)
    assert {name: (folder / name).read_bytes() for name in os.listdir(folder)} == before


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "bfloat16", "float32", "float64"])
def test_dtypes(tmp_path, dtype):
    tensor = weft.asarray([[0.0, 1.0], [3.0, 0.5]]).astype(dtype)
    save_tensors(tmp_path / "a.safetensors", {"x": tensor, "empty": weft.zeros((0, 2)), "scalar": weft.asarray(2.0)})
    loaded = load_tensors(tmp_path / "a.safetensors")
    assert loaded["x"].dtype == weft.dtype(dtype)
    assert loaded["x"].tolist() == tensor.tolist()
    assert loaded["empty"].shape == (0, 2)
    assert loaded["scalar"].item() == 2.0
