"""Weights by name, from PyTorch's files."""

import json
import struct

import numpy as np
import pytest

import weft
from weft import nn
from weft.serialization import load_state_dict, save_tensors

rng = np.random.default_rng(0)


def model():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def torch_names():
    """What a PyTorch model of this structure saves."""
    names = [name for name in model().state_dict() if not name.endswith("num_batches_tracked")]
    arrays = {name: rng.normal(size=model().state_dict()[name].shape).astype("float32") for name in names}
    return arrays, {**arrays, "1.num_batches_tracked": np.array(7)}


def write_safetensors(path, arrays):
    """The format, written out: https://huggingface.co/docs/safetensors."""
    kinds = {"float32": "F32", "float16": "F16", "int64": "I64"}
    header, data = {}, b""
    for name, a in arrays.items():
        header[name] = {
            "dtype": kinds[a.dtype.name],
            "shape": list(a.shape),
            "data_offsets": [len(data), len(data) + a.nbytes],
        }
        data += a.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def same(loaded, arrays):
    for name, t in loaded.state_dict().items():
        if name in arrays:
            np.testing.assert_array_equal(t.numpy(), arrays[name], err_msg=name)


def test_a_file_as_pytorch_names_it(tmp_path):
    arrays, saved = torch_names()
    write_safetensors(tmp_path / "a.safetensors", saved)
    loaded = model()
    assert not load_state_dict(loaded, tmp_path / "a.safetensors")
    same(loaded, arrays)


def test_half_precision_becomes_the_dtype_of_the_model(tmp_path):
    arrays, _ = torch_names()
    halves = {name: a.astype("float16") for name, a in arrays.items()}
    write_safetensors(tmp_path / "a.safetensors", halves)
    loaded = model()
    load_state_dict(loaded, tmp_path / "a.safetensors")
    same(loaded, {name: a.astype("float32") for name, a in halves.items()})


@pytest.mark.parametrize(
    "rename",
    [
        {"module.net.": ""},
        lambda name: name.removeprefix("module.net."),
        {**{f"module.net.{i}.": f"{i}." for i in range(3)}},
    ],
)
def test_renamed(rename):
    arrays, saved = torch_names()
    loaded = model()
    assert not load_state_dict(loaded, {f"module.net.{name}": a for name, a in saved.items()}, rename=rename)
    same(loaded, arrays)


def test_what_does_not_match_is_listed(tmp_path):
    arrays, _ = torch_names()
    del arrays["0.bias"]
    arrays["head.weight"] = np.zeros((2, 2), "float32")
    loaded = model()
    before = {name: t.numpy().copy() for name, t in loaded.state_dict().items()}
    with pytest.raises(ValueError, match="strict=False") as error:
        load_state_dict(loaded, arrays)
    assert "missing in the file: 0.bias" in str(error.value)
    assert "not in the model: head.weight" in str(error.value)
    same(loaded, before)
    mismatch = load_state_dict(loaded, arrays, strict=False)
    assert (mismatch.missing, mismatch.unexpected, mismatch.wrong) == (["0.bias"], ["head.weight"], [])
    same(loaded, {**arrays, "0.bias": before["0.bias"]})


@pytest.mark.parametrize("wrong", [np.zeros((4, 9), "float32"), np.zeros((4, 3), "int64")])
def test_wrong_shape_and_dtype(wrong):
    arrays, _ = torch_names()
    arrays["0.weight"] = wrong
    with pytest.raises(ValueError, match=rf"0.weight: {wrong.dtype} .*float32 \(4, 3\)"):
        load_state_dict(model(), arrays, strict=False)


def test_two_of_one_name():
    with pytest.raises(ValueError, match="two weights"):
        load_state_dict(model(), {"a": np.zeros(1), "b": np.zeros(1)}, rename=lambda name: "0.bias")


def test_a_damaged_file(tmp_path):
    save_tensors(tmp_path / "a.safetensors", {"x": weft.zeros(100)})
    content = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(content[:-7])
    with pytest.raises(weft.serialization.FileError, match=r"a\.safetensors"):
        load_state_dict(model(), tmp_path / "a.safetensors")


@pytest.mark.slow
def test_pytorch_gives_the_same_numbers(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    x = rng.normal(size=(8, 3)).astype("float32")
    theirs(torch.tensor(x))  # moves the running statistics
    save_file(theirs.state_dict(), tmp_path / "a.safetensors")
    loaded = model().eval()
    load_state_dict(loaded, tmp_path / "a.safetensors")
    expected = theirs.eval()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(loaded(weft.asarray(x)).numpy(), expected, rtol=1e-5, atol=1e-6)
