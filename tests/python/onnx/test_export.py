"""Whole models in onnxruntime, the names in their files, open batch sizes, and what cannot be exported."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft import nn

from .conftest import compare

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(autouse=True)
def _seed():
    weft.manual_seed(0)


def normal(*shape):
    return weft.random.normal(size=shape)


def initializers(folder):
    return {x.name: onnx.numpy_helper.to_array(x) for x in onnx.load(folder / "model.onnx").graph.initializer}


def mlp():
    return nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Dropout(0.5), nn.Linear(16, 3), nn.Softmax(-1))


def cnn():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        nn.Conv2d(8, 8, 3, stride=2, groups=2),
        nn.AvgPool2d(2, stride=1, padding=1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


def trained(model, x):
    """Running statistics that are not those of the beginning."""
    model.train()
    model(x * 2 + 1)
    return model


class Attention(nn.Module):
    """An encoder over numbers of words, with positions, a causal mask and a result of several parts."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.positions = nn.SinusoidalPositionalEncoding(16, batch_first=True)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 20)

    def forward(self, tokens):
        x = self.positions(self.embedding(tokens))
        n = tokens.shape[1]
        hidden = self.encoder(x, mask=weft.triu(weft.full((n, n), -weft.inf), 1))
        return {"logits": self.head(hidden), "hidden": hidden}


# ---- models


def test_mlp(agrees, operators):
    model = mlp()
    agrees(model.eval(), normal(5, 4))
    assert "Softmax" in operators()


def test_cnn(agrees, operators):
    x = normal(2, 3, 17, 16)
    agrees(trained(cnn(), x).eval(), x)
    assert {"Conv", "MaxPool", "AveragePool"} <= set(operators())


@pytest.mark.parametrize("options", [{}, {"batch_first": True, "num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("layer", ["RNN", "GRU", "LSTM"])
def test_recurrent(agrees, operators, layer, options):
    agrees(getattr(nn, layer)(4, 6, **options), normal(5, 3, 4))
    assert operators().count("Scan") == (4 if options else 1)


def test_lstm_with_states(agrees):
    session = agrees(nn.LSTM(4, 6), normal(5, 3, 4), (normal(1, 3, 6), normal(1, 3, 6)))
    assert [value.name for value in session.get_inputs()] == ["input", "hx_0", "hx_1"]


def test_transformer(agrees):
    tokens = weft.asarray(np.random.default_rng(0).integers(0, 20, (2, 7)))
    session = agrees(Attention().eval(), tokens)
    assert sorted(value.name for value in session.get_outputs()) == ["hidden", "logits"]


def test_a_model_goes_on_by_itself(session):
    """The file holds copies, and the mode is as it was."""
    model, x = mlp().train(), normal(2, 4)
    made = session(model, x)
    assert all(module.training for module in model.modules())
    before = model.eval()(x).numpy().copy()
    model[0].weight.assign(model[0].weight * 0)
    np.testing.assert_allclose(made.run(None, {"input": x.numpy()})[0], before, rtol=1e-5)


# ---- names


def test_weights_have_their_names(session, tmp_path):
    model = cnn().eval()
    session(model, normal(1, 3, 16, 16))
    weights = initializers(tmp_path)
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):  # which no output needs
            continue
        np.testing.assert_array_equal(weights[name], value.numpy())


def test_a_shared_weight_is_stored_once(agrees, tmp_path):
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    agrees(model, normal(2, 4))
    assert {"0.weight", "0.bias", "1.bias"} <= set(initializers(tmp_path))
    assert "1.weight" not in initializers(tmp_path)


def test_inputs_and_outputs_are_named(session):
    def function(a, b, scale=2.0):
        return a * scale, [b["left"], b["right"] + a]

    both = {"right": normal(3), "left": normal(3)}
    made = session(function, normal(3), both)
    assert [value.name for value in made.get_inputs()] == ["a", "left", "right"]
    assert [value.name for value in made.get_outputs()] == ["output_0", "output_1_0", "output_1_1"]
    made = session(function, normal(3), both, input_names=["x", "y", "z"], output_names=["p", "q", "r"])
    assert [value.name for value in made.get_inputs()] == ["x", "y", "z"]
    assert [value.name for value in made.get_outputs()] == ["p", "q", "r"]


def test_keyword_arguments_and_other_values(tmp_path):
    path = tmp_path / "keywords.onnx"
    weft.onnx.export(lambda x, power=1: x**power, {"x": normal(3), "power": 3}, path)
    assert [value.name for value in onnx.load(path).graph.input] == ["x"]


def test_a_method_is_traced_in_evaluation_mode(session, tmp_path):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.drop = nn.Linear(3, 2), nn.Dropout(0.5)

        def encode(self, x):
            return self.drop(self.layer(x))

    session(Model().encode, normal(1, 3))
    assert "layer.weight" in initializers(tmp_path)


def test_results_may_be_inputs_constants_and_the_same_twice(agrees):
    table = weft.arange(3)
    agrees(lambda x: (x, x, table, x + 1), normal(3))


# ---- open batch sizes


@pytest.mark.parametrize("make", [mlp, cnn, Attention, lambda: nn.LSTM(4, 6, batch_first=True, bidirectional=True)])
def test_any_batch_size(session, make):
    shapes = {mlp: (4,), cnn: (3, 16, 16), Attention: (6,)}
    model, shape = make().eval(), shapes.get(make, (5, 4))

    def batch(n):
        return (
            weft.asarray(np.random.default_rng(n).integers(0, 20, (n, *shape)))
            if make is Attention
            else normal(n, *shape)
        )

    made = session(model, batch(2), dynamic_batch=True)
    assert made.get_inputs()[0].shape == ["batch", *shape]
    for n in (1, 2, 7):
        compare(made, model, batch(n))


def test_a_size_that_is_a_multiple_of_the_batch(session):
    made = session(
        lambda x: (x.reshape(-1, 2), x.sum(axis=0), weft.zeros((x.shape[0], 3))), normal(2, 4), dynamic_batch=True
    )
    assert made.get_outputs()[0].shape == ["2 * batch", 2]
    compare(made, lambda x: (x.reshape(-1, 2), x.sum(axis=0), weft.zeros((x.shape[0], 3))), normal(5, 4))


def test_a_loop_over_any_number_of_steps(session):
    def function(x):
        return weft.loop(lambda c, x, _: (c + x, c * x), weft.zeros(3), x)

    compare(session(function, normal(4, 3), dynamic_batch=True), function, normal(9, 3))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x.mean(axis=0), "depends on the batch size"),
        (lambda x: x[:-1], "depends on the batch size"),
        (lambda x: sum(x.unbind(0)), "other things for another batch size"),
        (lambda x: x * x.shape[0], "depends on the batch size"),
        (lambda x: weft.concat([x, x], axis=0), "depends on the batch size"),
    ],
)
def test_what_depends_on_the_batch_is_refused(session, function, said):
    session(function, normal(2, 3))
    with pytest.raises(weft.onnx.ExportError, match=said):
        session(function, normal(2, 3), dynamic_batch=True)


def test_inputs_without_a_batch(session):
    made = session(lambda scale, x: x * scale, weft.asarray(2.0), normal(2, 3), dynamic_batch=True)
    compare(made, lambda scale, x: x * scale, weft.asarray(3.0), normal(4, 3))
    for inputs in [(weft.asarray(2.0), weft.asarray(1.0)), (normal(2, 3), normal(4, 3))]:
        with pytest.raises(ValueError, match="first dimension"):
            session(lambda a, b: a.sum() + b.sum(), *inputs, dynamic_batch=True)


# ---- what cannot be exported


def test_operations_without_an_operator_are_named(session):
    for function, said in [
        (lambda x: x + weft.random.uniform(size=(3,)), "draws random numbers"),
        (lambda x: weft.nextafter(x, x + 1), "nextafter"),
        (lambda x: x.view(weft.int32), "bitcast"),
        (lambda x: (x * 1j).exp().real, "complex"),
    ]:
        with pytest.raises(weft.onnx.ExportError, match=said):
            session(function, normal(3))


def test_updates_are_refused(session):
    count = weft.zeros(())

    def function(x):
        count.assign(count + 1)
        return x

    with pytest.raises(weft.onnx.ExportError, match="evaluation mode"):
        session(function, normal(3))
    assert count.item() == 0


def test_wrong_arguments(session, tmp_path):
    x = normal(3)
    for error, said, function, options in [
        (TypeError, "returned a float", lambda x: 1.0, {}),
        (TypeError, "returned a NoneType", lambda x: None, {}),
        (TypeError, "module or a function", 3, {}),
        (ValueError, "input_names", weft.exp, {"input_names": ["a", "b"]}),
        (ValueError, "share the names", weft.exp, {"input_names": ["a"], "output_names": ["a"]}),
    ]:
        with pytest.raises(error, match=said):
            session(function, x, **options)
    with pytest.raises(TypeError, match="hold no tensor"):
        weft.onnx.export(weft.exp, (1.0,), tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_reading_a_value_is_refused(session):
    with pytest.raises(RuntimeError):
        session(lambda x: x * 2 if x.sum() > 0 else x, normal(3))


def test_weights_of_two_gigabytes_are_refused(session, monkeypatch):
    from weft.onnx import writer

    monkeypatch.setattr(writer, "LARGEST", 100)
    with pytest.raises(weft.onnx.ExportError, match="less than 2 GB"):
        session(nn.Linear(8, 8), normal(1, 8))


def test_without_the_package_the_error_says_what_to_install(session, monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "onnx" or name.startswith("weft.onnx.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"weft\[onnx\]"):
        weft.onnx.export(weft.exp, normal(3), "never.onnx")
