"""Every layer against PyTorch's of the same name, weights and input: outputs and gradients."""

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F

torch = pytest.importorskip("torch")
TF = torch.nn.functional

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning:torch.*")]

rng = np.random.default_rng(7)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def to_torch(value):
    if isinstance(value, np.ndarray):
        return torch.tensor(value, requires_grad=value.dtype.kind == "f")
    return tuple(map(to_torch, value)) if isinstance(value, tuple) else value


def to_weft(value):
    if isinstance(value, np.ndarray):
        t = weft.asarray(value)
        return t.requires_grad_() if value.dtype.kind == "f" else t
    return tuple(map(to_weft, value)) if isinstance(value, tuple) else value


def flat(value):
    """The floating tensors of a tree."""
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in flat(part)]
    return [value] if hasattr(value, "shape") and "float" in str(value.dtype) else []


def numpy(t):
    return t.detach().numpy() if t is not None else None


def close(ours, theirs, what, tolerance):
    ours, theirs = numpy(ours), numpy(theirs)
    if ours is None or theirs is None:
        assert ours is None or not ours.any(), what
        assert theirs is None or not theirs.any(), what
        return
    scale = max(1.0, np.abs(theirs).max(initial=0))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def compare(f, g, arrays, parameters=(), tolerance=2e-5):
    """Outputs of `f` and `g` for the same arrays, and the gradients of a random sum of them."""
    ours_in, theirs_in = to_weft(tuple(arrays)), to_torch(tuple(arrays))
    ours, theirs = flat(f(*ours_in)), flat(g(*theirs_in))
    assert len(ours) == len(theirs) > 0
    total, expected = 0, 0
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a.shape == tuple(b.shape)
        close(a, b, f"output {i}", tolerance)
        seed = normal(*a.shape)
        total = total + (a * weft.asarray(seed)).sum()
        expected = expected + (b * torch.tensor(seed)).sum()
    total.backward()
    expected.backward()
    for i, (a, b) in enumerate(zip(flat(ours_in), flat(theirs_in), strict=True)):
        close(a.grad, b.grad, f"gradient of input {i}", 5 * tolerance)
    for name, a, b in parameters:
        close(a.grad, b.grad, f"gradient of {name}", 5 * tolerance)


def twins(name, *args, **kwargs):
    """A layer of weft with the state of PyTorch's, loaded by name."""
    theirs = getattr(torch.nn, name)(*args, **kwargs)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter += 0.1 * torch.tensor(normal(*parameter.shape))  # biases begin as 0, norms as 1
    ours = getattr(nn, name)(*args, **kwargs)
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    return ours, theirs


def parameters(ours, theirs):
    mine = dict(ours.named_parameters())
    return [(name, mine[name], parameter) for name, parameter in theirs.named_parameters()]


def check(name, args, arrays, eval=False, call=None, **kwargs):
    ours, theirs = twins(name, *args, **kwargs)
    if eval:
        ours.eval(), theirs.eval()
    call = call or (lambda layer, *x: layer(*x))
    compare(lambda *x: call(ours, *x), lambda *x: call(theirs, *x), arrays, parameters(ours, theirs))
    for key, value in theirs.state_dict().items():
        close(ours.state_dict()[key], value, f"state {key}", 1e-5)


LAYERS = [
    ("Linear", (3, 4), [(2, 5, 3)], {}),
    ("Linear", (3, 4), [(3,)], {"bias": False}),
    ("Bilinear", (3, 4, 5), [(2, 6, 3), (2, 6, 4)], {}),
    ("Bilinear", (3, 4, 5), [(3,), (4,)], {"bias": False}),
    ("Conv1d", (4, 6, 3), [(2, 4, 9)], {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}),
    ("Conv1d", (4, 6, 3), [(4, 9)], {"padding": 2, "padding_mode": "circular"}),
    ("Conv2d", (4, 6, 3), [(2, 4, 9, 7)], {}),
    ("Conv2d", (4, 6, (3, 2)), [(2, 4, 9, 7)], {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2), "groups": 2}),
    ("Conv2d", (4, 8, 3), [(2, 4, 6, 7)], {"groups": 4, "padding": "same", "dilation": 2}),
    ("Conv2d", (4, 6, 4), [(2, 4, 6, 7)], {"padding": "same", "bias": False}),
    ("Conv2d", (2, 3, 3), [(2, 2, 6, 7)], {"padding": (2, 1), "padding_mode": "reflect"}),
    ("Conv2d", (2, 3, 3), [(2, 2, 6, 7)], {"padding": (2, 1), "padding_mode": "replicate", "stride": 2}),
    ("Conv2d", (2, 3, (2, 4)), [(2, 2, 6, 7)], {"padding": "same", "padding_mode": "circular"}),
    ("Conv3d", (2, 4, 3), [(2, 2, 5, 6, 7)], {"stride": 2, "padding": 1, "groups": 2}),
    ("Conv3d", (2, 4, (1, 2, 3)), [(2, 5, 6, 7)], {}),
    ("ConvTranspose1d", (4, 6, 3), [(2, 4, 5)], {"stride": 3, "padding": 1, "output_padding": 2, "groups": 2}),
    ("ConvTranspose1d", (4, 6, 3), [(4, 5)], {"dilation": 2, "bias": False}),
    ("ConvTranspose2d", (4, 6, 3), [(2, 4, 5, 6)], {"stride": 2, "padding": 1, "output_padding": 1}),
    ("ConvTranspose2d", (4, 6, (2, 3)), [(2, 4, 5, 6)], {"stride": (1, 2), "dilation": (2, 1), "groups": 2}),
    ("MaxPool1d", (3,), [(2, 3, 10)], {"stride": 2, "padding": 1}),
    ("MaxPool2d", (2,), [(2, 3, 8, 6)], {}),
    ("MaxPool2d", ((3, 2),), [(3, 8, 7)], {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "ceil_mode": True}),
    ("AvgPool1d", (3,), [(2, 3, 10)], {"stride": 2, "padding": 1, "ceil_mode": True}),
    ("AvgPool1d", (3,), [(2, 3, 10)], {"padding": 1, "count_include_pad": False}),
    ("AvgPool2d", (2,), [(2, 3, 7, 6)], {}),
    ("AvgPool2d", (3,), [(2, 3, 8, 7)], {"stride": 2, "padding": 1, "ceil_mode": True}),
    ("AvgPool2d", ((3, 2),), [(3, 8, 7)], {"stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
    ("AvgPool2d", (2,), [(2, 3, 7, 6)], {"divisor_override": 3}),
    ("AdaptiveAvgPool1d", (3,), [(2, 3, 10)], {}),
    ("AdaptiveAvgPool2d", (1,), [(2, 3, 8, 7)], {}),
    ("AdaptiveAvgPool2d", ((3, 5),), [(2, 3, 8, 7)], {}),
    ("AdaptiveAvgPool2d", ((None, 9),), [(3, 8, 7)], {}),
    ("BatchNorm1d", (3,), [(5, 3)], {}),
    ("BatchNorm1d", (3,), [(5, 3, 4)], {"momentum": None}),
    ("BatchNorm1d", (3,), [(5, 3, 4)], {"affine": False, "track_running_stats": False}),
    ("BatchNorm2d", (3,), [(2, 3, 4, 5)], {"eps": 1e-3, "momentum": 0.3}),
    ("LayerNorm", ((4, 5),), [(2, 3, 4, 5)], {}),
    ("LayerNorm", (5,), [(2, 5)], {"bias": False}),
    ("GroupNorm", (3, 6), [(2, 6, 4, 5)], {}),
    ("GroupNorm", (2, 6), [(2, 6)], {"affine": False}),
    ("InstanceNorm2d", (3,), [(2, 3, 4, 5)], {}),
    ("InstanceNorm2d", (3,), [(2, 3, 4, 5)], {"affine": True, "track_running_stats": True}),
    ("InstanceNorm2d", (3,), [(3, 4, 5)], {"affine": True}),
    ("RMSNorm", (5,), [(2, 3, 5)], {}),
    ("RMSNorm", ((3, 5),), [(2, 3, 5)], {"eps": 1e-3}),
    ("Upsample", (), [(2, 3, 4, 5)], {"scale_factor": 2}),
    ("Upsample", (), [(2, 3, 4)], {"size": 7, "mode": "linear"}),
    ("Upsample", (), [(2, 3, 4, 5)], {"scale_factor": (1.5, 0.7), "mode": "bilinear"}),
    ("Upsample", (), [(2, 3, 4, 5)], {"size": (7, 3), "mode": "bilinear", "align_corners": True}),
    ("Upsample", (), [(2, 3, 4, 5)], {"size": (9, 3), "mode": "bicubic"}),
    ("Upsample", (), [(2, 3, 4, 5)], {"scale_factor": 2.5, "mode": "bicubic", "align_corners": True}),
    ("Upsample", (), [(2, 3, 4, 5, 3)], {"size": (5, 3, 6), "mode": "trilinear"}),
    ("Upsample", (), [(2, 3, 4, 5)], {"size": (7, 3), "mode": "nearest-exact"}),
    ("Upsample", (), [(2, 3, 4, 5)], {"scale_factor": 1.7, "recompute_scale_factor": True, "mode": "bilinear"}),
    ("PixelShuffle", (2,), [(2, 8, 3, 4)], {}),
    ("PixelUnshuffle", (2,), [(3, 6, 4)], {}),
    ("Flatten", (1, 2), [(2, 3, 4, 5)], {}),
    ("Unflatten", (-1, (2, 3)), [(2, 6)], {}),
    ("Unfold", ((2, 3),), [(2, 3, 5, 6)], {"dilation": (1, 2), "padding": 1, "stride": 2}),
    ("Fold", ((5, 6), (2, 3)), [(2, 12, 8)], {"padding": (0, 1), "stride": (1, 3)}),
    ("ReLU", (), [(3, 4)], {"inplace": False}),
    ("LeakyReLU", (0.2,), [(3, 4)], {}),
    ("PReLU", (), [(3, 4)], {}),
    ("PReLU", (4,), [(3, 4, 5)], {}),
    ("ELU", (0.7,), [(3, 4)], {}),
    ("GELU", (), [(3, 4)], {}),
    ("GELU", (), [(3, 4)], {"approximate": "tanh"}),
    ("SiLU", (), [(3, 4)], {}),
    ("Mish", (), [(3, 4)], {}),
    ("Tanh", (), [(3, 4)], {}),
    ("Sigmoid", (), [(3, 4)], {}),
    ("Softmax", (1,), [(3, 4)], {}),
    ("LogSoftmax", (0,), [(3, 4)], {}),
    ("Softplus", (2.0, 1.0), [(3, 4)], {}),
    ("Hardswish", (), [(30, 4)], {}),
    ("Identity", (), [(3, 4)], {}),
    ("Dropout", (0.0,), [(3, 4)], {}),
    ("Dropout2d", (0.0,), [(3, 4, 2, 2)], {}),
    ("RNNCell", (3, 4), [(5, 3)], {"nonlinearity": "relu"}),
    ("RNNCell", (3, 4), [(3,), (4,)], {"bias": False}),
    ("GRUCell", (3, 4), [(5, 3), (5, 4)], {}),
    ("RNN", (3, 4), [(6, 5, 3)], {}),
    ("RNN", (3, 4), [(6, 5, 3), (2, 5, 4)], {"nonlinearity": "relu", "num_layers": 2, "bias": False}),
    ("RNN", (3, 4), [(6, 3)], {"batch_first": True, "bidirectional": True}),
    ("GRU", (3, 4), [(6, 5, 3)], {"num_layers": 2, "bidirectional": True}),
    ("GRU", (3, 4), [(5, 6, 3), (1, 5, 4)], {"batch_first": True}),
    ("LSTM", (3, 4), [(6, 5, 3)], {}),
    ("LSTM", (3, 4), [(1, 5, 3)], {"bias": False}),
    ("LSTM", (3, 4), [(5, 6, 3)], {"num_layers": 3, "bidirectional": True, "batch_first": True}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "shapes", "kwargs"), LAYERS)
def test_layer(name, args, shapes, kwargs):
    check(name, args, [normal(*shape) for shape in shapes], **kwargs)


@pytest.mark.parametrize("name", ["BatchNorm1d", "BatchNorm2d", "InstanceNorm2d"])
def test_norms_in_evaluation(name):
    shape = (4, 3, 5, 6)[: 3 if name == "BatchNorm1d" else 4]

    def call(layer, x):
        layer.train()(x)
        return layer.eval()(x)

    check(name, (3,), [normal(*shape)], call=call, affine=True, track_running_stats=True)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_states_are_passed_on(name):
    states = (normal(4, 5, 4), normal(4, 5, 4)) if name == "LSTM" else normal(4, 5, 4)
    check(name, (3, 4), [normal(6, 5, 3), states], num_layers=2, bidirectional=True)


def test_lstm_cell():
    check("LSTMCell", (3, 4), [normal(5, 3), (normal(5, 4), normal(5, 4))])
    check("LSTMCell", (3, 4), [normal(3)])


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("lengths", [[6, 4, 4, 1], [2, 6, 1, 5]])
def test_packed(name, lengths):
    ours, theirs = twins(name, 3, 4, num_layers=2, bidirectional=True, batch_first=True)
    start = (normal(4, 4, 4), normal(4, 4, 4)) if name == "LSTM" else normal(4, 4, 4)

    def call(layer, rnn):
        def run(x, hx):
            packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            y, last = layer(packed, hx)
            return rnn.pad_packed_sequence(y, batch_first=True, total_length=7, padding_value=-1.0)[0], last

        return run

    compare(
        call(ours, nn.utils.rnn),
        call(theirs, torch.nn.utils.rnn),
        [normal(4, 6, 3), start],
        parameters(ours, theirs),
    )


def test_packing():
    x, lengths = normal(5, 4, 2), [3, 5, 1, 4]
    ours = nn.utils.rnn.pack_padded_sequence(weft.asarray(x), lengths, enforce_sorted=False)
    theirs = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(x), lengths, enforce_sorted=False)
    np.testing.assert_array_equal(ours.data.numpy(), theirs.data.numpy())
    assert list(ours.batch_sizes) == theirs.batch_sizes.tolist()
    assert ours.sorted_indices.tolist() == theirs.sorted_indices.tolist()
    assert ours.unsorted_indices.tolist() == theirs.unsorted_indices.tolist()


def test_embedding():
    index = rng.integers(0, 7, (3, 4))
    for kwargs in ({}, {"padding_idx": -2}):
        ours, theirs = twins("Embedding", 7, 3, **kwargs)
        compare(lambda x, m=ours: m(x), lambda x, m=theirs: m(x), [index], parameters(ours, theirs))


MASKS = [
    {},
    {"attn_mask": np.triu(np.ones((5, 6), bool), 2)},
    {"attn_mask": normal(6, 5, 6)},
    {"key_padding_mask": np.arange(6) >= np.array([[6], [4], [2]])},
    {"key_padding_mask": np.arange(6) >= np.array([[6], [4], [2]]), "attn_mask": np.triu(np.ones((5, 6), bool), 2)},
    {"average_attn_weights": False},
    {"need_weights": False},
]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize(
    "options", [{}, {"bias": False, "kdim": 3, "vdim": 4}, {"add_bias_kv": True, "add_zero_attn": True}]
)
def test_multihead_attention(options, masks, batch_first):
    ours, theirs = twins("MultiheadAttention", 8, 2, batch_first=batch_first, **options)

    def call(layer, asarray):
        given = {name: asarray(m) if isinstance(m, np.ndarray) else m for name, m in masks.items()}
        return lambda *x: layer(*x, **given)

    arrays = [normal(3, 5, 8), normal(3, 6, options.get("kdim", 8)), normal(3, 6, options.get("vdim", 8))]
    arrays = arrays if batch_first else [a.swapaxes(0, 1).copy() for a in arrays]
    compare(call(ours, weft.asarray), call(theirs, torch.tensor), arrays, parameters(ours, theirs))


def test_self_attention():
    for shape in ((5, 3, 8), (5, 8)):
        check("MultiheadAttention", (8, 4), [normal(*shape)], call=lambda layer, x: layer(x, x, x))


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.3}])
def test_scaled_dot_product_attention(options):
    arrays = [normal(2, 3, 5, 4), normal(2, 3, 6, 4), normal(2, 3, 6, 7)]
    compare(
        lambda *x: F.scaled_dot_product_attention(*x, **options),
        lambda *x: TF.scaled_dot_product_attention(*x, **options),
        arrays,
    )


def test_scaled_dot_product_attention_masks():
    arrays = [normal(2, 4, 5, 4), normal(2, 4, 6, 4), normal(2, 4, 6, 7)]
    seen = rng.random((5, 6)) < 0.5
    seen[2] = False  # a query that sees nothing
    for mask in (seen, normal(2, 1, 5, 6)):
        compare(
            lambda *x, m=mask: F.scaled_dot_product_attention(*x, weft.asarray(m)),
            lambda *x, m=mask: TF.scaled_dot_product_attention(*x, torch.tensor(m)),
            arrays,
        )
    grouped = [arrays[0], normal(2, 2, 6, 4), normal(2, 2, 6, 7)]
    compare(
        lambda *x: F.scaled_dot_product_attention(*x, enable_gqa=True),
        lambda *x: TF.scaled_dot_product_attention(*x, enable_gqa=True),
        grouped,
    )


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_transformer_layers(norm_first, batch_first):
    options = {"dropout": 0.0, "norm_first": norm_first, "batch_first": batch_first, "activation": "gelu"}
    check("TransformerEncoderLayer", (8, 2, 16), [normal(5, 3, 8)], **options)
    memory = normal(5, 6, 8) if batch_first else normal(6, 3, 8)
    check("TransformerDecoderLayer", (8, 2, 16), [normal(5, 3, 8), memory], **options)


def test_transformer():
    masks = {
        "src_key_padding_mask": np.arange(6) >= np.array([[6], [4], [2]]),
        "memory_key_padding_mask": np.arange(6) >= np.array([[6], [4], [2]]),
    }

    def call(layer, x, y):
        weft_layer = isinstance(layer, nn.Module)
        asarray = weft.asarray if weft_layer else torch.tensor
        kind = nn.Transformer if weft_layer else torch.nn.Transformer
        given = {name: asarray(mask) for name, mask in masks.items()}
        return layer(x, y, tgt_mask=kind.generate_square_subsequent_mask(5), **given)

    check(
        "Transformer", (8, 2, 2, 2, 16), [normal(3, 6, 8), normal(3, 5, 8)], call=call, dropout=0.0, batch_first=True,
    )  # fmt: skip


@pytest.mark.parametrize("n", [1, 3, 7, 10])
@pytest.mark.parametrize("out", [1, 2, 3, 5, 10, 13])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear", "area"])
def test_interpolate_sizes(n, out, mode):
    compare(lambda x: F.interpolate(x, out, mode=mode), lambda x: TF.interpolate(x, out, mode=mode), [normal(1, 2, n)])


@pytest.mark.parametrize("factor", [0.3, 0.5, 0.75, 1.0, 1.2, 2.0, 2.6])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
def test_interpolate_factors(factor, mode):
    compare(
        lambda x: F.interpolate(x, scale_factor=factor, mode=mode),
        lambda x: TF.interpolate(x, scale_factor=factor, mode=mode),
        [normal(1, 2, 7, 10)],
    )


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample(mode, padding_mode, align_corners):
    grid = rng.uniform(-1.7, 1.7, (2, 4, 3, 2)).astype(np.float32)
    compare(
        lambda x, g: F.grid_sample(x, g, mode, padding_mode, align_corners),
        lambda x, g: TF.grid_sample(x, g, mode, padding_mode, align_corners),
        [normal(2, 3, 5, 6), grid],
        tolerance=1e-4,
    )


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad(mode):
    compare(lambda x: F.pad(x, (2, 1, 0, 3), mode), lambda x: TF.pad(x, (2, 1, 0, 3), mode), [normal(2, 3, 5, 6)])
    if mode == "constant":
        compare(
            lambda x: F.pad(x, (-1, 2, 1, -2), value=3.0), lambda x: TF.pad(x, (-1, 2, 1, -2), value=3.0),
            [normal(2, 3, 5, 6)],
        )  # fmt: skip


def test_the_first_of_equal_elements_gets_the_gradient():
    x = rng.integers(0, 3, (2, 3, 9, 8)).astype(np.float32)
    for args in ((2,), (3, 2, 1), ((2, 3), 1), (3, 3, 1, 2)):
        compare(lambda x, a=args: F.max_pool2d(x, *a), lambda x, a=args: TF.max_pool2d(x, *a), [x])


def test_output_size_of_a_transposed_convolution():
    check(
        "ConvTranspose2d",
        (2, 3, 3),
        [normal(1, 2, 4, 4)],
        stride=2,
        call=lambda layer, x: layer(x, output_size=(10, 9)),
    )
