"""Modules: registration, state, modes, moving, and the layers' first values."""

import copy
import pickle

import numpy as np
import pytest

import weft
from weft import nn


def small():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16, 2))


def test_names():
    model = small()
    assert [name for name, _ in model.named_parameters()] == [
        "0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias",
    ]  # fmt: skip
    assert [name for name, _ in model.named_buffers()] == [
        "1.running_mean", "1.running_var", "1.num_batches_tracked",
    ]  # fmt: skip
    assert [name for name, _ in model.named_modules()] == ["", "0", "1", "2", "3", "4"]
    assert list(model.state_dict()) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked", "4.weight", "4.bias",
    ]  # fmt: skip


def test_attributes_register():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(weft.ones((2,)))
            self.layer = nn.Linear(2, 2, bias=False)
            self.tied = self.layer
            self.constant = weft.ones((3,))
            self.register_buffer("mask", weft.ones((2,)), persistent=False)

        def forward(self, x):
            return self.layer(x) * self.scale * self.mask

    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["scale", "layer.weight"]
    assert [name for name, _ in net.named_buffers()] == ["mask"]
    assert list(net.state_dict()) == ["scale", "layer.weight"]
    net.layer = nn.Linear(2, 4)
    assert dict(net.named_parameters())["layer.weight"].shape == (4, 2)
    del net.scale
    assert "scale" not in dict(net.named_parameters())


def test_state_dict_is_a_snapshot():
    model = nn.Linear(2, 2)
    state = model.state_dict()
    before = state["weight"].numpy().copy()
    model.weight.assign(model.weight + 1)
    np.testing.assert_array_equal(state["weight"].numpy(), before)
    model.load_state_dict(state)
    np.testing.assert_array_equal(model.weight.numpy(), before)
    assert model.weight.requires_grad


def test_load_lists_every_mismatch_and_changes_nothing():
    model = small()
    state = model.state_dict()
    state["0.weight"] = weft.zeros((4, 1, 5, 5))
    state["extra"] = weft.zeros((1,))
    del state["4.bias"]
    before = model.state_dict()["1.weight"].numpy().copy()
    state["1.weight"] = weft.zeros((4,))
    with pytest.raises(ValueError, match="3 mismatches") as error:
        model.load_state_dict(state)
    text = str(error.value)
    assert "0.weight: shape (4, 1, 5, 5), this model needs (4, 1, 3, 3)" in text
    assert "4.bias: missing" in text
    assert "extra: this model has no such name" in text
    np.testing.assert_array_equal(model.state_dict()["1.weight"].numpy(), before)
    del state["0.weight"]
    model.load_state_dict(state, strict=False)
    assert (model.state_dict()["1.weight"].numpy() == 0).all()


def test_modes_and_apply():
    model = small()
    assert all(not m.training for m in model.eval().modules())
    assert all(m.training for m in model.train().modules())
    seen = []
    model.apply(lambda m: seen.append(type(m).__name__))
    assert seen[-1] == "Sequential"
    assert len(seen) == 6
    model.requires_grad_(False)
    assert not any(p.requires_grad for p in model.parameters())


def test_to_keeps_the_objects():
    model = small()
    weight = model[0].weight
    model.to(weft.float64)
    assert model[0].weight is weight
    assert weight.dtype == weft.float64
    assert weight.requires_grad
    assert model[1].running_mean.dtype == weft.float64
    assert model(weft.ones((2, 1, 6, 6), dtype=weft.float64)).dtype == weft.float64


def test_copy_and_pickle():
    model = small()
    x = weft.random.normal(size=(2, 1, 6, 6))
    expected = model.eval()(x).numpy()
    for clone in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert isinstance(clone[0].weight, nn.Parameter)
        np.testing.assert_array_equal(clone(x).numpy(), expected)
        clone[0].weight.assign(0.0)
    np.testing.assert_array_equal(model(x).numpy(), expected)


def test_backward_reaches_every_parameter():
    model = small()
    model(weft.random.normal(size=(3, 1, 6, 6))).sum().backward()
    assert all(p.grad is not None and p.grad.shape == p.shape for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_repr():
    text = repr(small())
    assert text.splitlines()[0] == "Sequential("
    assert "(0): Conv2d(1, 4, kernel_size=(3, 3))" in text
    assert "(4): Linear(in_features=64, out_features=2, bias=True)" in text


def test_dropout_and_batch_norm_follow_the_mode():
    drop = nn.Dropout(0.5)
    x = weft.ones((50, 50))
    assert (drop(x).numpy() == 0).any()
    assert (drop.eval()(x).numpy() == 1).all()
    norm = nn.BatchNorm1d(50)
    norm(weft.random.normal(3.0, 1.0, size=(200, 50)))
    assert abs(norm.running_mean.numpy().mean() - 0.3) < 0.02
    assert nn.BatchNorm1d(3, track_running_stats=False).running_mean is None


def test_linear_needs_sizes(mistake):
    mistake(lambda: nn.Linear(0, 3), "in_features", "0")


def test_forward_is_needed():
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)
