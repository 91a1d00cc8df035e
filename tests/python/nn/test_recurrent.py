"""Recurrent layers against their steps written out in NumPy."""

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn.utils import rnn


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(kind, x, state, w):
    """The equations of the layers, for rows x and states (N, H)."""
    given, hidden = x @ w["weight_ih"].T + w.get("bias_ih", 0), state[0] @ w["weight_hh"].T + w.get("bias_hh", 0)
    if kind == "RNN":
        return [np.tanh(given + hidden)]
    if kind == "GRU":
        (r, z, n), (hr, hz, hn) = np.split(given, 3, -1), np.split(hidden, 3, -1)
        z = sigmoid(z + hz)
        return [(1 - z) * np.tanh(n + sigmoid(r + hr) * hn) + z * state[0]]
    i, f, g, o = np.split(given + hidden, 4, -1)
    c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


def reference(kind, layer, x, start, lengths=None):
    """Outputs and last states of all layers over (T, N, inputs); steps after a sequence's end give 0."""
    weights = {name: p.numpy() for name, p in layer.named_parameters()}
    lengths = np.full(x.shape[1], x.shape[0]) if lengths is None else np.asarray(lengths)
    finals = []
    for k in range(layer.num_layers):
        outputs = []
        for direction in ["", "_reverse"][: 1 + layer.bidirectional]:
            suffix = f"_l{k}{direction}"
            w = {name.removesuffix(suffix): v for name, v in weights.items() if name.endswith(suffix)}
            state = [s[len(finals)] for s in start]
            y = np.zeros((*x.shape[:2], layer.hidden_size))
            times = range(x.shape[0])
            for t in reversed(times) if direction else times:
                live = (t < lengths)[:, None]
                after = step(kind, x[t], state, w)
                state = [np.where(live, a, s) for a, s in zip(after, state, strict=True)]
                y[t] = np.where(live, state[0], 0)
            outputs.append(y)
            finals.append(state)
        x = np.concatenate(outputs, -1)
    return x, [np.stack(part) for part in zip(*finals, strict=True)]


def states(kind, rng, *shape):
    return [rng.standard_normal(shape) for _ in range(2 if kind == "LSTM" else 1)]


def given(kind, arrays):
    tensors = tuple(map(weft.asarray, arrays))
    return tensors if kind == "LSTM" else tensors[0]


def compare(got, expected):
    y, last = got
    np.testing.assert_allclose(y.numpy(), expected[0], rtol=1e-10, atol=1e-12)
    for a, b in zip(last if isinstance(last, tuple) else (last,), expected[1], strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-10, atol=1e-12)


KINDS = ["RNN", "GRU", "LSTM"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"num_layers": 2, "bidirectional": True}])
def test_values(kind, options, rng, device):
    layer = getattr(nn, kind)(3, 4, dtype=weft.float64, **options)
    x = rng.standard_normal((5, 2, 3))
    rows = layer.num_layers * (2 if layer.bidirectional else 1)
    start = states(kind, rng, rows, 2, 4)
    compare(layer(weft.asarray(x), given(kind, start)), reference(kind, layer, x, start))
    zeros = [np.zeros_like(s) for s in start]
    compare(layer(weft.asarray(x)), reference(kind, layer, x, zeros))


@pytest.mark.parametrize("kind", KINDS)
def test_layouts(kind, rng):
    x = rng.standard_normal((5, 2, 3))
    layer = getattr(nn, kind)(3, 4, dtype=weft.float64)
    start = states(kind, rng, 1, 2, 4)
    y, last = reference(kind, layer, x, start)
    layer.batch_first = True
    compare(layer(weft.asarray(x.swapaxes(0, 1)), given(kind, start)), (y.swapaxes(0, 1), last))
    alone = layer(weft.asarray(x[:, 1]), given(kind, [s[:, 1] for s in start]))
    compare(alone, (y[:, 1], [s[:, 1] for s in last]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[5, 3, 3, 1], [1, 5, 2, 4]])
def test_packed_by_lengths(kind, lengths, rng, device):
    layer = getattr(nn, kind)(3, 4, num_layers=2, bidirectional=True, dtype=weft.float64)
    x, start = rng.standard_normal((5, 4, 3)), states(kind, rng, 4, 4, 4)
    packed = rnn.pack_padded_sequence(weft.asarray(x), lengths, enforce_sorted=False)
    y, last = layer(packed, given(kind, start))
    padded, got_lengths = rnn.pad_packed_sequence(y)
    assert got_lengths.tolist() == lengths
    compare((padded, last), reference(kind, layer, x, start, lengths))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", [False, True])
def test_gradients(kind, packed, rng, check_gradients):
    layer = getattr(nn, kind)(2, 3, num_layers=2, bidirectional=True, dtype=weft.float64)
    names = [name for name, _ in layer.named_parameters() if "l1" not in name or name.endswith("_reverse")]
    arrays = [dict(layer.named_parameters())[name].numpy() for name in names]

    def f(x, h, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(layer, name, weight)
        hx = (h, h * 0.5) if kind == "LSTM" else h
        if packed:
            y, last = layer(rnn.pack_padded_sequence(x, [1, 4, 2], enforce_sorted=False), hx)
            y = y.data
        else:
            y, last = layer(x, hx)
        last = last if kind == "LSTM" else (last,)
        return weft.concat([y.reshape(-1), *(s.reshape(-1) for s in last)])

    check_gradients(f, rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 3)), *arrays, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_a_step_of_the_layer(kind, rng):
    layer, cell = getattr(nn, kind)(3, 4), getattr(nn, kind + "Cell")(3, 4)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.state_dict().items()})
    x = weft.asarray(rng.standard_normal((6, 2, 3)), dtype=weft.float32)
    y, _ = layer(x)
    state = None
    for t in range(6):
        state = cell(x[t], state)
        hidden = state[0] if kind == "LSTM" else state
        np.testing.assert_allclose(hidden.numpy(), y[t].numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_length_builds_no_kernel(kind, rng, device):
    layer = getattr(nn, kind)(3, 5, num_layers=2, bidirectional=True)

    def run(steps, lengths=None):
        x = weft.asarray(rng.standard_normal((steps, 4, 3)), dtype=weft.float32).requires_grad_()
        layer.zero_grad()
        if lengths is None:
            y, _ = layer(x)
        else:
            y = layer(rnn.pack_padded_sequence(x, lengths))[0].data
        y.square().sum().backward()
        assert all(np.isfinite(t.grad.numpy()).all() for t in (x, *layer.parameters()))

    run(7)
    run(7, [7, 6, 5, 2])
    before = weft._core.runtime_stats()["programs"], weft.kernel_builds()
    for steps in (12, 5, 33):
        run(steps)
        run(steps, [steps, 5, 3, 2])
    assert (weft._core.runtime_stats()["programs"], weft.kernel_builds()) == before


def test_dropout_is_between_layers(rng):
    x = weft.ones((4, 2, 3))
    one = nn.LSTM(3, 4, dropout=0.9)
    np.testing.assert_array_equal(one(x)[0].numpy(), one.eval()(x)[0].numpy())
    two = nn.LSTM(3, 4, num_layers=2, dropout=0.9)
    assert (two(x)[0].numpy() != two.eval()(x)[0].numpy()).any()


def test_state():
    layer = nn.LSTM(3, 4, num_layers=2, bidirectional=True)
    assert {name: p.shape for name, p in layer.named_parameters()} == {
        f"{kind}_l{k}{direction}": shape
        for k, inputs in ((0, 3), (1, 8))
        for direction in ("", "_reverse")
        for kind, shape in (
            ("weight_ih", (16, inputs)),
            ("weight_hh", (16, 4)),
            ("bias_ih", (16,)),
            ("bias_hh", (16,)),
        )
    }
    assert list(nn.GRU(3, 4, bias=False).state_dict()) == ["weight_ih_l0", "weight_hh_l0"]
    assert list(nn.RNNCell(3, 4).state_dict()) == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    assert np.abs(nn.GRU(3, 100).weight_ih_l0.numpy()).max() <= 0.1


def test_packing(rng):
    sequences = [weft.asarray(rng.standard_normal((n, 2))) for n in (2, 4, 1)]
    packed = rnn.pack_sequence(sequences, enforce_sorted=False)
    assert packed.batch_sizes == (3, 2, 1, 1)
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True, padding_value=-1.0, total_length=5)
    assert padded.shape == (3, 5, 2)
    assert lengths.tolist() == [2, 4, 1]
    for row, sequence in zip(padded.numpy(), sequences, strict=True):
        n = sequence.shape[0]
        np.testing.assert_array_equal(row[:n], sequence.numpy())
        assert (row[n:] == -1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_compiled_steps(kind, rng):
    """The same gradients from a compiled function, for two lengths."""
    layer = getattr(nn, kind)(3, 4, num_layers=2)

    def loss(x):
        y, last = layer(x)
        return y.square().sum() + (last[1] if kind == "LSTM" else last).sum()

    def step(x):
        layer.zero_grad()
        value = loss(x)
        value.backward()
        return value, [parameter.grad for parameter in layer.parameters()]

    compiled = weft.compile(step)
    for steps in (4, 7):
        x = weft.asarray(rng.standard_normal((steps, 2, 3)), dtype=weft.float32)
        got, expected = compiled(x), step(x)
        np.testing.assert_allclose(got[0].item(), expected[0].item(), rtol=1e-5)
        for a, b in zip(got[1], expected[1], strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)


def test_mistakes(mistake):
    layer = nn.LSTM(3, 4)
    x = weft.ones((5, 2, 3))
    mistake(lambda: layer(weft.ones((5, 2, 4))), "LSTM", "(5, 2, 4)", "input_size must be 3")
    mistake(lambda: layer(weft.ones((0, 2, 3))), "T at least 1")
    mistake(lambda: layer(x, (weft.ones((1, 2, 4)),)), "2 of (1, 2, 4)")
    mistake(lambda: layer(x, (weft.ones((1, 3, 4)), weft.ones((1, 3, 4)))), "(1, 3, 4)", "(1, 2, 4)")
    mistake(lambda: nn.RNN(3, 4, nonlinearity="gelu"), "gelu", "tanh")
    mistake(lambda: nn.GRU(3, 4, dropout=1.5), "dropout", "1.5")
    mistake(lambda: nn.GRU(3, 0), "hidden_size", "0")
    mistake(lambda: nn.GRUCell(3, 4)(weft.ones((2, 5))), "GRUCell", "(2, 5)")
    mistake(lambda: nn.GRUCell(3, 4)(weft.ones((2, 3)), weft.ones((2, 5))), "(2, 5)", "(2, 4)")
    mistake(lambda: rnn.pack_padded_sequence(x, [5, 6]), "1 to 5")
    mistake(lambda: rnn.pack_padded_sequence(x, [0, 5]), "1 to 5")
    mistake(lambda: rnn.pack_padded_sequence(x, [2, 5]), "sorted", "enforce_sorted=False")
    mistake(lambda: rnn.pack_padded_sequence(x, [5, 4, 3]), "(3,)", "2 sequences")
    mistake(lambda: rnn.pad_sequence([]), "no sequences")
    packed = rnn.pack_padded_sequence(x, [5, 4])
    mistake(lambda: rnn.pad_packed_sequence(packed, total_length=4), "total_length=4", "5")
