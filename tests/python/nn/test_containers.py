"""Modules made of modules."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest

import weft
from weft import nn


def test_sequential():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(model) == 3
    assert isinstance(model[-1], nn.Linear)
    assert len(model[:2]) == 2
    model.insert(1, nn.LayerNorm(3)).append(nn.Tanh())
    assert [type(m).__name__ for m in model] == ["Linear", "LayerNorm", "ReLU", "Linear", "Tanh"]
    assert list(model.state_dict())[2:4] == ["1.weight", "1.bias"]
    model[2] = nn.Sigmoid()
    del model[1]
    assert [type(m).__name__ for m in model] == ["Linear", "Sigmoid", "Linear", "Tanh"]
    assert model(weft.ones((5, 2))).shape == (5, 1)


def test_named_modules():
    model = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), last=nn.Linear(3, 1)))
    assert list(model.state_dict()) == ["first.weight", "first.bias", "last.weight", "last.bias"]
    assert model.first.in_features == 2
    assert model(weft.ones((5, 2))).shape == (5, 1)


def test_module_list():
    layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)]).extend([nn.ReLU()])
    assert len(list(layers.parameters())) == 6
    assert [name for name, _ in layers.named_children()] == ["0", "1", "2", "3"]


def test_module_dict():
    heads = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.ReLU()})
    heads.update([("c", nn.Linear(2, 3))])
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"]
    assert [type(m).__name__ for m in heads.values()] == ["Linear", "ReLU", "Linear"]
    assert dict(heads.items())["c"] is heads["c"]
    assert list(heads.state_dict()) == ["a.weight", "a.bias", "c.weight", "c.bias"]
    assert isinstance(heads.pop("b"), nn.ReLU)
    del heads["a"]
    assert "a" not in heads
    assert len(heads) == 1
    with pytest.raises(KeyError):
        heads["a"]
    with pytest.raises(KeyError, match="training"):
        heads["training"] = nn.ReLU()


def test_lambda():
    model = nn.Sequential(nn.Lambda(np.negative), nn.Identity(3, any=True))
    assert pickle.loads(pickle.dumps(model))(weft.ones(2)).tolist() == [-1.0, -1.0]
    assert "negative" in repr(model)
    with pytest.raises(TypeError, match="int"):
        nn.Lambda(3)
    with pytest.raises(TypeError, match="Module"):
        nn.Sequential(np.negative)


def test_shapes():
    x = weft.ones((2, 3, 4, 5))
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(-3, 2)(x).shape == (2, 12, 5)
    assert nn.Unflatten(-1, (5, 1))(x).shape == (2, 3, 4, 5, 1)


def test_repr_shows_what_is_not_default():
    assert repr(nn.Conv2d(1, 2, 3, padding=1)) == "Conv2d(1, 2, kernel_size=(3, 3), padding=(1, 1))"
    assert repr(nn.LSTM(3, 4, 2)) == "LSTM(3, 4, num_layers=2)"
    assert repr(nn.MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0)"
