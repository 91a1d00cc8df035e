"""What a step can do besides: accumulate, clip, compute in bfloat16, compute again; against the same written out."""

import numpy as np
import pytest

import weft
from weft import nn

rng = np.random.default_rng(0)
X = rng.normal(size=(48, 6)).astype("float32")
Y = (X @ rng.normal(size=(6, 2)) + 0.1).astype("float32")
LABELS = (X[:, 0] > 0).astype("int64")


def make(rate=0.1, loss="mse", layers=None, **options):
    weft.random.seed(0)
    model = nn.Sequential(*(layers or [nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2)]))
    return weft.Trainer(model, weft.optim.SGD(model.parameters(), lr=rate), loss, **options)


def weights(trainer):
    return np.concatenate([p.numpy().ravel() for p in trainer.model.parameters()])


# ---- accumulation


@pytest.mark.parametrize("compile", [True, False])
def test_accumulated_batches_are_one_batch(compile):
    one = make()
    one.fit((X, Y), epochs=2, batch_size=48, shuffle=False)
    several = make(accumulate=4, compile=compile)
    several.fit((X, Y), epochs=2, batch_size=13, shuffle=False)  # 13 + 13 + 13 + 9 rows
    assert several.step == 2
    np.testing.assert_allclose(weights(several), weights(one), rtol=1e-5, atol=1e-7)
    assert several.history["loss"] == pytest.approx(one.history["loss"], rel=1e-5)


def test_the_last_group_may_be_smaller():
    expected = make()
    expected.fit([(X[:32], Y[:32]), (X[32:], Y[32:])])
    trainer = make(accumulate=2)
    trainer.fit((X, Y), batch_size=16, shuffle=False)  # 16 + 16, then 16
    assert trainer.step == 2
    np.testing.assert_allclose(weights(trainer), weights(expected), rtol=1e-5, atol=1e-7)


# ---- clipping


def gradient(trainer):
    """Of all parameters at the first step."""
    parameters = list(trainer.model.parameters())
    trainer.loss(trainer.model(weft.asarray(X)), weft.asarray(Y)).backward()
    return np.concatenate([p.grad.numpy().ravel() for p in parameters]).astype("float64")


@pytest.mark.parametrize(
    ("options", "clipped"),
    [
        ({"clip_norm": 0.25}, lambda g: g * min(1, 0.25 / np.linalg.norm(g))),
        ({"clip_norm": 1e3}, lambda g: g),
        ({"clip_value": 0.05}, lambda g: g.clip(-0.05, 0.05)),
        (
            {"clip_value": 0.05, "clip_norm": 0.1},
            lambda g: (c := g.clip(-0.05, 0.05)) * min(1, 0.1 / np.linalg.norm(c)),
        ),
    ],
)
def test_clipping(options, clipped):
    trainer = make(**options)
    before, g = weights(trainer), gradient(make())
    trainer.fit((X, Y), batch_size=48)
    np.testing.assert_allclose(weights(trainer), before - 0.1 * clipped(g), rtol=1e-4, atol=1e-6)


# ---- bfloat16


def to_bfloat16(x):
    """Rounded to nearest, ties to even, as IEEE 754 rounds; kept as float32."""
    bits = x.astype("float32").view("uint32").astype("uint64")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype("uint32").view("float32")


def test_bfloat16_of_one_layer_written_out():
    trainer = make(layers=[nn.Linear(6, 2, bias=False)], precision="bfloat16")
    w = weights(trainer).reshape(2, 6)
    output = to_bfloat16(to_bfloat16(X) @ to_bfloat16(w).T)
    np.testing.assert_array_equal(trainer.predict(X).numpy(), output)
    trainer.fit((X, Y), batch_size=48)
    # The gradient of the mean squared error passes the output as bfloat16; the update is float32.
    upstream = to_bfloat16(2 * (output - Y) / output.size)
    expected = w - 0.1 * to_bfloat16(upstream.T @ to_bfloat16(X))
    np.testing.assert_allclose(trainer.model[0].weight.numpy(), expected, rtol=2e-6, atol=1e-5)
    assert trainer.model[0].weight.dtype == weft.float32
    assert (to_bfloat16(trainer.model[0].weight.numpy()) != trainer.model[0].weight.numpy()).any()


def test_bfloat16_trains_as_well():
    layers = [nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2)]
    results = []
    for precision in ("float32", "bfloat16"):
        trainer = make(loss="cross_entropy", layers=layers, metrics=["accuracy"], precision=precision)
        for layer in layers:
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        trainer.fit((X, LABELS), epochs=30, batch_size=16)
        results.append(trainer.evaluate((X, LABELS)))
    assert results[1]["accuracy"] >= 0.95
    assert results[1]["loss"] == pytest.approx(results[0]["loss"], abs=0.1)


def test_bfloat16_keeps_norms_and_the_model_as_they_are():
    seen = []

    class Look(nn.Module):
        def forward(self, x):
            seen.append(x.dtype)
            return x

    norm = nn.BatchNorm1d(8)
    trainer = make(layers=[nn.Linear(6, 8), Look(), norm, Look(), nn.Linear(8, 2)], precision="bfloat16")
    trainer.fit((X, Y), epochs=2)
    assert set(seen) == {weft.bfloat16}
    assert {p.dtype for p in [*trainer.model.parameters(), norm.running_mean]} == {weft.float32}
    assert all("forward" not in vars(module) for module in trainer.model.modules())
    assert all(isinstance(p, nn.Parameter) for p in (norm.weight, trainer.model[0].weight))
    assert len(list(trainer.model.parameters())) == 6


# ---- gradient checkpointing


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear, self.norm, self.dropout = nn.Linear(n, n), nn.BatchNorm1d(n), nn.Dropout(0.3)

    def forward(self, x):
        return x + self.dropout(self.norm(self.linear(x)).tanh())


@pytest.mark.parametrize("compile", [True, False])
def test_recompute_changes_nothing(compile):
    def trained(**options):
        weft.random.seed(1)
        layers = [nn.Linear(6, 8), Block(8), Block(8), nn.Linear(8, 2)]
        trainer = make(layers=layers, **options)
        trainer.fit((X, Y), epochs=2, batch_size=16)
        state = {name: t.numpy() for name, t in trainer.model.state_dict().items()}
        return state, trainer.history["loss"], weft.random.get_state()

    plain, again = trained(), trained(recompute=Block, compile=compile)
    for name, value in plain[0].items():
        np.testing.assert_allclose(again[0][name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    assert again[1] == pytest.approx(plain[1], rel=1e-5)
    assert again[2] == plain[2]


def test_recompute_calls_the_modules_again():
    calls = []

    class Watched(Block):
        def forward(self, x):
            calls.append(1)
            return super().forward(x)

    make(layers=[Watched(6), nn.Linear(6, 2)], compile=False).fit((X, Y), batch_size=48)
    once = len(calls)
    calls.clear()
    make(layers=[Watched(6), nn.Linear(6, 2)], compile=False, recompute=Watched).fit((X, Y), batch_size=48)
    assert len(calls) > once == 1


# ---- models and data of other shapes


def test_several_inputs_and_outputs():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, a, b):
            return {"sum": self.layer(a + b), "other": a}

    weft.random.seed(0)
    model = Two()
    a, b = X[:, :3], X[:, 3:]
    optimizer = weft.optim.SGD(model.parameters(), lr=0.1)
    trainer = weft.Trainer(model, optimizer, lambda output, target: nn.functional.mse_loss(output["sum"], target))
    history = trainer.fit((a, b, Y), epochs=20)
    assert history["loss"][-1] < history["loss"][0]
    output = trainer.predict((a, b), batch_size=20)
    np.testing.assert_array_equal(output["other"].numpy(), a)
    expected = (a + b) @ model.layer.weight.numpy().T + model.layer.bias.numpy()
    np.testing.assert_allclose(output["sum"].numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_metric_on_the_host():
    class Rows(weft.metrics.Metric):
        name, traceable = "rows", False

        def __init__(self):
            super().__init__()
            self.register_buffer("count", weft.zeros(()))

        def update(self, output, target):
            self.count.assign(self.count + float((output.numpy() == output.numpy()).all(1).sum()))

        def compute(self):
            return self.count

    trainer = make(metrics=[Rows()])
    assert trainer.fit((X, Y), (X[:20], Y[:20]), batch_size=10)["rows"] == [48.0]
    assert trainer.history["val_rows"] == [20.0]


def test_summary_computes_nothing_and_changes_nothing():
    trainer = make(layers=[nn.Linear(6, 8), Block(8), nn.Linear(8, 2)])
    text = trainer.summary((4, 6))
    assert "(4, 8)" in text
    assert text.splitlines()[-1].split() == ["total", "Sequential", "(4,", "2)", str(56 + 72 + 16 + 18)]
    assert [line.split()[0] for line in text.splitlines()] == [
        "name", "0", "1.linear", "1.norm", "1.dropout", "2", "total",
    ]  # fmt: skip
    assert all("forward" not in vars(module) for module in trainer.model.modules())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accumulate": 0}, ["accumulate", "0"]),
        ({"clip_norm": -1.0}, ["clip_norm", "-1.0"]),
        ({"precision": "float8"}, ["precision", "float8", "bfloat16"]),
        ({"recompute": nn.Conv2d}, ["recompute", "no module"]),
        ({"recompute": [nn.Linear(1, 1)]}, ["Linear", "no module of the model"]),
        ({"callbacks": [print]}, ["callback", "print"]),
    ],
)
def test_mistakes(options, words):
    with pytest.raises((ValueError, TypeError)) as error:
        make(**options)
    for word in words:
        assert word in str(error.value)
