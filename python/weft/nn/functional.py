"""Layers and losses as functions, with PyTorch's names and meaning."""

from __future__ import annotations

import math
from collections.abc import Sequence

import weft
from weft import Tensor

from ._pool import avg_pool2d, max_pool2d
from ._windows import Pair, out_size, pair

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]

# ---- activations


def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``."""
    return x.relu()


def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return x.sigmoid()


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return x.tanh()


def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)``."""
    return x * x.sigmoid()


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """``x * Phi(x)``, Phi being the normal distribution's; "tanh" takes the usual approximation of it."""
    if approximate == "none":
        return 0.5 * x * (1 + (x * math.sqrt(0.5)).erf())
    if approximate == "tanh":
        return 0.5 * x * (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)).tanh())
    raise ValueError(f'gelu: approximate must be "none" or "tanh", not {approximate!r}')


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """``x`` where positive, ``negative_slope * x`` elsewhere."""
    return weft.where(x > 0, x, x * negative_slope)


def softplus(x: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``, and ``x`` itself where ``beta * x > threshold``."""
    scaled = x * beta
    return weft.where(scaled > threshold, x, weft.logaddexp(scaled, weft.zeros_like(scaled)) / beta)


def softmax(x: Tensor, dim: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `dim`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.softmax(weft.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    e = (x - x.max(axis=dim, keepdims=True).detach()).exp()
    return e / e.sum(axis=dim, keepdims=True)


def log_softmax(x: Tensor, dim: int = -1) -> Tensor:
    """The logarithm of `softmax`, without its overflow and underflow."""
    shifted = x - x.max(axis=dim, keepdims=True).detach()
    return shifted - shifted.exp().sum(axis=dim, keepdims=True).log()


# ---- layers


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``, with weight of shape (out, in)."""
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: input of shape {x.shape} with a weight of shape {weight.shape} (out, in); "
            f"the last dimension of the input must be {weight.shape[-1]}"
        )
    y = x @ weight.T
    return y if bias is None else y + bias


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Two-dimensional convolution (cross-correlation, as everywhere in neural networks).

    Parameters
    ----------
    x : Tensor
        (N, C, H, W).
    weight : Tensor
        (out, C / groups, kernel height, kernel width).
    bias : Tensor, optional
        (out,).
    stride, dilation : int or pair
        As in PyTorch.
    padding : int, pair, "same" or "valid"
        Zeros around the input; "same" keeps its size and needs a stride of 1.
    groups : int
        Into how many independent groups the channels are split.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.conv2d(weft.ones((1, 1, 4, 4)), weft.ones((2, 1, 3, 3)), padding="same").shape
    (1, 2, 4, 4)
    """
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(
            f"conv2d: input of shape {x.shape} and weight of shape {weight.shape}; "
            "expected (N, C, H, W) and (out, C / groups, kernel height, kernel width)"
        )
    n, c, h, w = x.shape
    out, per_group, kh, kw = weight.shape
    if groups < 1 or c != per_group * groups or out % groups:
        raise ValueError(
            f"conv2d: {c} input channels and {out} output channels in {groups} groups need a weight of shape "
            f"({out}, {c} / {groups}, ...), not {weight.shape}"
        )
    (sh, sw), (dh, dw) = pair("conv2d: stride", stride, 1), pair("conv2d: dilation", dilation, 1)
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f'conv2d: padding must be a number, a pair, "same" or "valid", not {padding!r}')
        if padding == "same" and (sh, sw) != (1, 1):
            raise ValueError(f'conv2d: padding="same" needs stride 1, not {(sh, sw)}; give the padding as numbers')
        total = (dh * (kh - 1), dw * (kw - 1)) if padding == "same" else (0, 0)
        lo = (total[0] // 2, total[1] // 2)
        hi = (total[0] - lo[0], total[1] - lo[1])
    else:
        lo = hi = pair("conv2d: padding", padding, 0)
    out_size("conv2d", h, kh, 1, dh, lo[0] + hi[0])
    out_size("conv2d", w, kw, 1, dw, lo[1] + hi[1])
    y = weft._core.conv(
        x.reshape((n, groups, per_group, h, w)),
        weight.reshape((groups, out // groups, per_group, kh, kw)),
        (sh, sw),
        (dh, dw),
        lo,
        hi,
    )
    y = y.reshape((n, out, *y.shape[3:]))
    return y if bias is None else y + bias.reshape((1, out, 1, 1))


def embedding(indices: Tensor, weight: Tensor) -> Tensor:
    """The rows of `weight` that `indices` name."""
    if indices.dtype.kind not in "iu":
        raise TypeError(f"embedding: indices must be integers, not {indices.dtype}; convert them: x.astype(weft.int64)")
    return weight[indices]


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training, zero each element with probability `p` and scale the others by ``1 / (1 - p)``."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p must be in [0, 1], not {p}")
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    keep = weft.random.uniform(size=x.shape, device=x.device) >= p
    return weft.where(keep, x * (1 / (1 - p)), 0)


def layer_norm(
    x: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Shift and scale to mean 0 and variance 1 over the last dimensions, then by `weight` and `bias`."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ValueError(f"layer_norm: input of shape {x.shape} does not end in normalized_shape {shape}")
    axes = tuple(range(-len(shape), 0))
    centred = x - x.mean(axis=axes, keepdims=True)
    y = centred * ((centred * centred).mean(axis=axes, keepdims=True) + eps).rsqrt()
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Shift and scale each channel (dimension 1) to mean 0 and variance 1.

    In training the batch's own statistics are used, and the running ones move towards them by `momentum`.
    """
    shape = (1, x.shape[1]) + (1,) * (x.ndim - 2)
    if training or running_mean is None or running_var is None:
        axes = (0, *range(2, x.ndim))
        count = x.size // x.shape[1] if x.shape[1] else 0
        if count < 2:
            raise ValueError(f"batch_norm: more than 1 value per channel is needed in training, got shape {x.shape}")
        mean = x.mean(axis=axes, keepdims=True)
        centred = x - mean
        var = (centred * centred).mean(axis=axes, keepdims=True)
        if training and running_mean is not None and running_var is not None:
            with weft.no_grad():
                batch_mean, batch_var = mean.reshape((-1,)), var.reshape((-1,)) * (count / (count - 1))
                running_mean.assign(running_mean + momentum * (batch_mean - running_mean))
                running_var.assign(running_var + momentum * (batch_var - running_var))
    else:
        centred = x - running_mean.reshape(shape)
        var = running_var.reshape(shape)
    scale = (var + eps).rsqrt()
    if weight is not None:
        scale = scale * weight.reshape(shape)
    y = centred * scale
    return y if bias is None else y + bias.reshape(shape)


def one_hot(x: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers as rows of 0 and 1, int64.

    Without `num_classes` it is the largest number + 1, which has to be waited for.
    """
    if x.dtype.kind not in "iu":
        raise TypeError(f"one_hot: class numbers must be integers, not {x.dtype}")
    classes = int(x.max().item()) + 1 if num_classes < 0 else num_classes
    return (x.reshape((*x.shape, 1)) == weft.arange(classes, device=x.device)).astype(weft.int64)


# ---- losses


def _reduce(loss: Tensor, reduction: str, name: str) -> Tensor:
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ValueError(f'{name}: reduction must be "mean", "sum" or "none", not {reduction!r}')


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The mean of ``(input - target) ** 2``."""
    if input.shape != target.shape:
        raise ValueError(
            f"mse_loss: input of shape {input.shape} and target of shape {target.shape}; reshape one of them"
        )
    difference = input - target
    return _reduce(difference * difference, reduction, "mse_loss")


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross entropy between logits and class numbers, or class probabilities.

    Parameters
    ----------
    input : Tensor
        Logits, (C,) or (N, C) or (N, C, ...).
    target : Tensor
        Class numbers of the shape of `input` without C, or probabilities of the shape of `input`.
    weight : Tensor, optional
        (C,): how much each class counts.
    ignore_index : int
        Class number that does not count.
    reduction : {"mean", "sum", "none"}
        "mean" is weighted by `weight`.
    label_smoothing : float
        Share of the target that is spread over all classes.

    Examples
    --------
    >>> import weft
    >>> loss = weft.nn.functional.cross_entropy(weft.zeros((2, 4)), weft.asarray([1, 3]))
    >>> round(loss.item(), 4)
    1.3863
    """
    if input.ndim < 1:
        raise ValueError("cross_entropy: the input needs a dimension of classes, but its shape is ()")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in [0, 1], not {label_smoothing}")
    axis = 0 if input.ndim == 1 else 1
    classes = input.shape[axis]
    along = tuple(classes if d == axis else 1 for d in range(input.ndim))
    logp = log_softmax(input, axis)
    weighted = logp if weight is None else logp * weight.reshape(along)

    if target.dtype.kind == "f":
        if target.shape != input.shape:
            raise ValueError(
                f"cross_entropy: probabilities of shape {target.shape} for an input of shape {input.shape}"
            )
        smooth = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
        loss = -(smooth * weighted).sum(axis=axis)
        return loss.sum() / max(1, loss.size) if reduction == "mean" else _reduce(loss, reduction, "cross_entropy")

    kept = input.shape[:axis] + input.shape[axis + 1 :]
    if target.dtype.kind not in "iu" or target.shape != kept:
        raise ValueError(
            f"cross_entropy: target of shape {target.shape} and dtype {target.dtype} for an input of {input.shape}; "
            f"expected class numbers of shape {kept} or probabilities of shape {input.shape}"
        )
    valid = target != ignore_index
    target = _in_range(target, valid, classes)
    hot = target.reshape((*kept[:axis], 1, *kept[axis:])) == weft.arange(classes, device=input.device).reshape(along)
    loss = -weft.where(hot, weighted, 0).sum(axis=axis)
    if label_smoothing:
        loss = loss * (1 - label_smoothing) - weighted.sum(axis=axis) * (label_smoothing / classes)
    loss = weft.where(valid, loss, 0)
    if reduction != "mean":
        return _reduce(loss, reduction, "cross_entropy")
    if weight is None:
        return loss.sum() / valid.sum().astype(loss.dtype)
    share = weft.where(hot, weight.reshape(along), 0).sum(axis=axis)
    return loss.sum() / weft.where(valid, share, 0).sum()


def _in_range(target: Tensor, valid: Tensor, classes: int) -> Tensor:
    """`target`, 0 where it does not count. A class that is out of range raises IndexError, at the latest when read."""
    inside = weft.where(valid, weft.where(target < 0, classes, target), 0)
    return weft.arange(classes, device=target.device)[inside]  # looking a number up checks it
