"""Attention, transformers and positions against NumPy."""

import math

import numpy as np
import pytest

import weft
from weft import nn
from weft.nn import functional as F


def attention(q, k, v, mask=0.0, scale=None):
    """The formula; `mask` is added to the scores."""
    scores = q @ np.swapaxes(k, -1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale) + mask
    e = np.exp(scores - scores.max(-1, keepdims=True))
    weights = e / e.sum(-1, keepdims=True)
    return weights @ v, weights


def causal(n, m):
    return np.where(np.tril(np.ones((n, m), bool)), 0.0, -np.inf)


def qkv(rng, heads=3):
    return [rng.standard_normal(shape) for shape in ((2, heads, 5, 4), (2, heads, 6, 4), (2, heads, 6, 7))]


def close(y, expected):
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-10, atol=1e-12)


def test_scaled_dot_product_attention(rng, device):
    arrays = qkv(rng)
    tensors = [weft.asarray(a) for a in arrays]
    close(F.scaled_dot_product_attention(*tensors), attention(*arrays)[0])
    close(F.scaled_dot_product_attention(*tensors, scale=0.3), attention(*arrays, scale=0.3)[0])
    close(F.scaled_dot_product_attention(*tensors, is_causal=True), attention(*arrays, causal(5, 6))[0])
    seen = np.tril(np.ones((5, 6), bool), 1)
    close(
        F.scaled_dot_product_attention(*tensors, weft.asarray(seen)), attention(*arrays, np.where(seen, 0, -np.inf))[0]
    )
    added = rng.standard_normal((2, 1, 5, 6))
    close(F.scaled_dot_product_attention(*tensors, weft.asarray(added)), attention(*arrays, added)[0])


def test_gradients(rng, check_gradients):
    arrays = [a[:1, :1, :4] for a in qkv(rng)]
    check_gradients(F.scaled_dot_product_attention, *arrays, rtol=1e-4)
    check_gradients(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), *arrays, rtol=1e-4)


def test_a_query_that_sees_nothing_gets_nothing(rng):
    q, k, v = (weft.asarray(a).requires_grad_() for a in qkv(rng))
    seen = np.ones((5, 6), bool)
    seen[2] = False
    y = F.scaled_dot_product_attention(q, k, v, weft.asarray(seen))
    assert (y.numpy()[:, :, 2] == 0).all()
    assert (y.numpy()[:, :, 1] != 0).all()
    y.sum().backward()
    assert all(np.isfinite(t.grad.numpy()).all() for t in (q, k, v))
    assert (q.grad.numpy()[:, :, 2] == 0).all()


def test_groups_of_query_heads_share_keys(rng):
    q, (_, k, v) = qkv(rng, 6)[0], qkv(rng, 2)
    got = F.scaled_dot_product_attention(*map(weft.asarray, (q, k, v)), enable_gqa=True)
    close(got, attention(q, k.repeat(3, 1), v.repeat(3, 1))[0])


def test_dropout_of_weights(rng):
    q, k, v = (weft.asarray(a) for a in qkv(rng))
    assert (F.scaled_dot_product_attention(q, k, v, dropout_p=1.0).numpy() == 0).all()
    layer = nn.MultiheadAttention(4, 2, dropout=0.5)
    x = weft.ones((3, 2, 4))
    assert (layer(x, x, x)[1].numpy() != layer.eval()(x, x, x)[1].numpy()).any()


def heads(x, count):
    n, t, e = x.shape
    return x.reshape(n, t, count, e // count).swapaxes(1, 2)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kdim", [8, 3])
def test_multihead_attention(batch_first, kdim, rng):
    layer = nn.MultiheadAttention(8, 2, kdim=kdim, batch_first=batch_first, dtype=weft.float64)
    p = {name: value.numpy() for name, value in layer.state_dict().items()}
    if kdim == 8:
        wq, wk, wv = np.split(p["in_proj_weight"], 3)
    else:
        wq, wk, wv = p["q_proj_weight"], p["k_proj_weight"], p["v_proj_weight"]
    q, k, v = rng.standard_normal((3, 5, 8)), rng.standard_normal((3, 6, kdim)), rng.standard_normal((3, 6, 8))
    padding = np.arange(6) >= np.array([[6], [4], [2]])
    hidden = np.triu(np.ones((5, 6), bool), 2)
    masked = np.where(padding[:, None, None] | hidden, -np.inf, 0.0)
    parts = [heads(x @ w.T, 2) for x, w in zip((q, k, v), (wq, wk, wv), strict=True)]
    y, weights = attention(*parts, masked)
    expected = y.swapaxes(1, 2).reshape(3, 5, 8) @ p["out_proj.weight"].T

    order = (0, 1, 2) if batch_first else (1, 0, 2)
    inputs = [weft.asarray(x.transpose(order).copy()) for x in (q, k, v)]
    got, shown = layer(*inputs, key_padding_mask=weft.asarray(padding), attn_mask=weft.asarray(hidden))
    close(got, expected.transpose(order))
    close(shown, weights.mean(1))
    each = layer(
        *inputs, key_padding_mask=weft.asarray(padding), attn_mask=weft.asarray(hidden), average_attn_weights=False
    )[1]
    close(each, weights)
    assert layer(*inputs, need_weights=False)[1] is None


def test_state():
    assert {name: p.shape for name, p in nn.MultiheadAttention(8, 2).named_parameters()} == {
        "in_proj_weight": (24, 8),
        "in_proj_bias": (24,),
        "out_proj.weight": (8, 8),
        "out_proj.bias": (8,),
    }
    assert set(nn.MultiheadAttention(8, 2, bias=False, add_bias_kv=True, kdim=3).state_dict()) == {
        "q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight", "bias_k", "bias_v",
    }  # fmt: skip
    layer = [
        name.removesuffix(".weight") for name in nn.TransformerDecoderLayer(8, 2, 16).state_dict() if "weight" in name
    ]
    assert layer == [
        "self_attn.in_proj_weight", "self_attn.out_proj", "multihead_attn.in_proj_weight", "multihead_attn.out_proj",
        "linear1", "linear2", "norm1", "norm2", "norm3",
    ]  # fmt: skip
    model = nn.Transformer(8, 2, 1, 2, 16)
    assert {name.split(".")[0] + "." + name.split(".")[1] for name in model.state_dict()} == {
        "encoder.layers", "encoder.norm", "decoder.layers", "decoder.norm",
    }  # fmt: skip


def norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layer(norm_first, rng):
    layer = nn.TransformerEncoderLayer(8, 2, 16, norm_first=norm_first, batch_first=True, dtype=weft.float64).eval()
    p = {name: value.numpy() for name, value in layer.state_dict().items()}

    def attend(x):
        parts = [heads(x @ w.T, 2) for w in np.split(p["self_attn.in_proj_weight"], 3)]
        y = attention(*parts, causal(5, 5))[0].swapaxes(1, 2).reshape(x.shape)
        return y @ p["self_attn.out_proj.weight"].T

    def feed(x):
        hidden = np.maximum(x @ p["linear1.weight"].T + p["linear1.bias"], 0)
        return hidden @ p["linear2.weight"].T + p["linear2.bias"]

    x = rng.standard_normal((3, 5, 8))
    if norm_first:
        expected = x + attend(norm(x))
        expected = expected + feed(norm(expected))
    else:
        expected = norm(x + attend(x))
        expected = norm(expected + feed(expected))
    close(layer(weft.asarray(x), is_causal=True), expected)


def test_a_stack_copies_its_layer(rng):
    layer = nn.TransformerEncoderLayer(8, 2, 16).eval()
    stack = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8)).eval()
    assert stack.layers[0] is not stack.layers[1]
    x = weft.asarray(rng.standard_normal((5, 3, 8)), dtype=weft.float32)
    np.testing.assert_allclose(stack(x).numpy(), stack.norm(layer(layer(x))).numpy(), rtol=1e-5, atol=1e-6)


def test_causal_decoders_do_not_see_what_comes(rng):
    model = nn.Transformer(8, 2, 1, 2, 16).eval()
    source, target = rng.standard_normal((6, 2, 8)), rng.standard_normal((5, 2, 8))
    changed = target.copy()
    changed[3] += 1
    before, after = (
        model(weft.asarray(source), weft.asarray(t), tgt_is_causal=True).numpy() for t in (target, changed)
    )
    np.testing.assert_array_equal(before[:3], after[:3])
    assert (before[3:] != after[3:]).any()
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    np.testing.assert_array_equal(model(weft.asarray(source), weft.asarray(target), tgt_mask=mask).numpy(), before)


def test_sinusoidal_positions(rng):
    table = F.sinusoidal_positions(7, 6).numpy()
    for place in range(7):
        for i in range(3):
            angle = place / 10000 ** (2 * i / 6)
            np.testing.assert_allclose(table[place, 2 * i : 2 * i + 2], [math.sin(angle), math.cos(angle)], atol=1e-6)
    assert F.sinusoidal_positions(4, 5).shape == (4, 5)
    layer = nn.SinusoidalPositionalEncoding(6, max_len=10)
    x = rng.standard_normal((7, 2, 6)).astype(np.float32)
    np.testing.assert_allclose(layer(weft.asarray(x)).numpy(), x + table[:, None], rtol=1e-6)
    layer = nn.SinusoidalPositionalEncoding(6, max_len=10, batch_first=True)
    np.testing.assert_allclose(layer(weft.asarray(x.swapaxes(0, 1))).numpy(), x.swapaxes(0, 1) + table, rtol=1e-6)
    assert list(layer.state_dict()) == []


def test_rotary_products_depend_on_distances(rng, check_gradients):
    q, k = (np.broadcast_to(rng.standard_normal(8), (20, 8)) for _ in range(2))
    turned = [nn.RotaryPositionalEmbedding(8)(weft.asarray(x.copy())).numpy() for x in (q, k)]
    products = turned[0] @ turned[1].T
    for distance in range(-10, 11):
        diagonal = np.diagonal(products, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(turned[0], axis=1), np.linalg.norm(q, axis=1), rtol=1e-5)
    late = F.rotary_embedding(weft.asarray(q[:3].copy()), weft.asarray([5, 6, 7])).numpy()
    np.testing.assert_allclose(late, turned[0][5:8], rtol=1e-5)
    pairs = q[0].reshape(4, 2) @ np.array([1, 1j])
    expected = pairs * np.exp(1j * 3 * 10000.0 ** (-np.arange(4) / 4))
    np.testing.assert_allclose(turned[0][3].reshape(4, 2) @ np.array([1, 1j]), expected, rtol=1e-5)
    check_gradients(F.rotary_embedding, rng.standard_normal((2, 3, 4)))


def test_mistakes(mistake):
    x = weft.ones((2, 5, 8))
    attend = F.scaled_dot_product_attention
    mistake(lambda: attend(x, weft.ones((2, 5, 7)), x), "(2, 5, 7)")
    mistake(lambda: attend(x, x, x, weft.ones((5, 5)), is_causal=True), "is_causal")
    mistake(lambda: attend(weft.ones((3, 5, 8)), x, x, enable_gqa=True), "multiple")
    layer = nn.MultiheadAttention(8, 2)
    mistake(lambda: layer(x, x, weft.ones((2, 5, 7))), "(5, 2, 7)", "vdim=8")
    mistake(lambda: layer(x, x, x, attn_mask=weft.ones((5, 5))), "attn_mask", "(5, 5)", "(2, 2)")
    mistake(lambda: layer(x, x, x, key_padding_mask=weft.ones((2, 5))), "key_padding_mask", "(5, 2)")
    mistake(lambda: layer(x, x, x, is_causal=True), "is_causal", "mask")
    mistake(lambda: nn.MultiheadAttention(8, 3), "embed_dim=8", "num_heads=3")
    mistake(lambda: nn.TransformerEncoderLayer(8, 2, activation="tanh"), "tanh", "relu")
    mistake(lambda: nn.TransformerEncoder(nn.Identity(), 0), "num_layers")
    mistake(lambda: F.rotary_embedding(weft.ones((3, 5))), "even", "(3, 5)")
    mistake(lambda: nn.RotaryPositionalEmbedding(5), "even", "5")
    mistake(lambda: nn.SinusoidalPositionalEncoding(8, max_len=1)(x), "max_len=1", "(2, 5, 8)")
