"""Convolutions and transposed convolutions over one to three dimensions."""

from __future__ import annotations

import weft
from weft import Tensor

from ._windows import Size, batched, out_size, per_axis

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "same_padding"]


def same_padding(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> list[tuple[int, int]]:
    """How many places before and after each axis keep its size; an odd one goes to the end."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _checked(
    name: str, input: Tensor, weight: Tensor, groups: int, count: int, transposed: bool
) -> tuple[Tensor, bool]:
    """The input with a batch dimension, its channels compared with those of the weight."""
    x, single = batched(name, input, count)
    layout = "(in, out / groups, kernel...)" if transposed else "(out, in / groups, kernel...)"
    if weight.ndim != count + 2:
        raise ValueError(f"{name}: input of shape {input.shape} and weight of shape {weight.shape}, expected {layout}")
    expected = weight.shape[0] if transposed else weight.shape[1] * groups
    if groups < 1 or x.shape[1] != expected or weight.shape[0] % groups:
        raise ValueError(
            f"{name}: {x.shape[1]} input channels in {groups} groups do not fit a weight of shape {weight.shape} "
            f"{layout}; that one is for {expected} input channels"
        )
    return x, single


def _finished(y: Tensor, bias: Tensor | None, single: bool) -> Tensor:
    """(N, groups, channels, ...) as (N, C, ...), with the bias."""
    y = y.reshape((y.shape[0], y.shape[1] * y.shape[2], *y.shape[3:]))
    if bias is not None:
        y = y + bias.reshape((-1, *(1,) * (y.ndim - 2)))
    return y.squeeze(0) if single else y


def _conv(
    name: str,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
    count: int,
) -> Tensor:
    x, single = _checked(name, input, weight, groups, count, transposed=False)
    s, d = per_axis(f"{name}: stride", stride, count, 1), per_axis(f"{name}: dilation", dilation, count, 1)
    kernel = weight.shape[2:]
    if padding == "same":
        if any(step != 1 for step in s):
            raise ValueError(f'{name}: padding="same" needs stride 1, not {s}; give the padding as numbers')
        edges = same_padding(kernel, d)
    elif padding == "valid":
        edges = [(0, 0)] * count
    elif isinstance(padding, str):
        raise ValueError(f'{name}: padding must be numbers, "same" or "valid", not {padding!r}')
    else:
        edges = [(p, p) for p in per_axis(f"{name}: padding", padding, count, 0)]
    for n, k, step, (lo, hi) in zip(x.shape[2:], kernel, d, edges, strict=True):
        out_size(name, n, k, 1, step, lo + hi)
    out = weight.shape[0]
    y = weft._core.conv(
        x.reshape((x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])),
        weight.reshape((groups, out // groups, *weight.shape[1:])),
        s,
        d,
        [lo for lo, _ in edges],
        [hi for _, hi in edges],
    )
    return _finished(y, bias, single)


def _conv_transpose(
    name: str,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size,
    output_padding: Size,
    groups: int,
    dilation: Size,
    count: int,
) -> Tensor:
    x, single = _checked(name, input, weight, groups, count, transposed=True)
    s, d = per_axis(f"{name}: stride", stride, count, 1), per_axis(f"{name}: dilation", dilation, count, 1)
    p = per_axis(f"{name}: padding", padding, count, 0)
    extra = per_axis(f"{name}: output_padding", output_padding, count, 0)
    if any(e >= max(step, gap) for e, step, gap in zip(extra, s, d, strict=True)):
        raise ValueError(f"{name}: output_padding {extra} must be smaller than stride {s} or dilation {d}")
    spatial = [
        (n - 1) * s[i] - 2 * p[i] + d[i] * (k - 1) + extra[i] + 1
        for i, (n, k) in enumerate(zip(x.shape[2:], weight.shape[2:], strict=True))
    ]
    if min(spatial) < 1:
        raise ValueError(f"{name}: the output would have the sizes {spatial}; use less padding than {p}")
    # A transposed convolution is what a convolution does to the gradient of its output.
    y = weft._core.conv_input_grad(
        x.reshape((x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])),
        weight.reshape((groups, weight.shape[0] // groups, *weight.shape[1:])),
        s,
        d,
        p,
        p,
        spatial,
    )
    return _finished(y, bias, single)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of (N, C, L) with (out, C / groups, kernel); see `conv2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.conv1d(weft.ones((1, 1, 4)), weft.ones((1, 1, 2))).tolist()
    [[[2.0, 2.0, 2.0]]]
    """
    return _conv("conv1d", input, weight, bias, stride, padding, dilation, groups, 1)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Two-dimensional convolution (cross-correlation, as everywhere in neural networks).

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    weight : Tensor
        (out, C / groups, kernel height, kernel width).
    bias : Tensor, optional
        (out,).
    stride, dilation : int or pair
        The distance between windows, and between the places a window reads.
    padding : int, pair, "same" or "valid"
        Zeros around the input; "same" keeps its size and needs a stride of 1.
    groups : int
        Into how many independent groups the channels are split.

    Returns
    -------
    Tensor
        (N, out, H', W').

    Raises
    ------
    ValueError
        The shapes do not fit, or the kernel is larger than the padded input.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.conv2d(weft.ones((1, 1, 4, 4)), weft.ones((2, 1, 3, 3)), padding="same").shape
    (1, 2, 4, 4)
    """
    return _conv("conv2d", input, weight, bias, stride, padding, dilation, groups, 2)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of (N, C, D, H, W) with (out, C / groups, kernel depth, height, width); see `conv2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.conv3d(weft.ones((1, 1, 4, 4, 4)), weft.ones((2, 1, 3, 3, 3))).shape
    (1, 2, 2, 2, 2)
    """
    return _conv("conv3d", input, weight, bias, stride, padding, dilation, groups, 3)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Transposed convolution of (N, C, L) with (C, out / groups, kernel); see `conv_transpose2d`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.conv_transpose1d(weft.ones((1, 1, 2)), weft.ones((1, 1, 2))).tolist()
    [[[1.0, 2.0, 1.0]]]
    """
    return _conv_transpose(
        "conv_transpose1d", input, weight, bias, stride, padding, output_padding, groups, dilation, 1
    )


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Transposed convolution: the gradient of `conv2d` with respect to its input, as an operation of its own.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    weight : Tensor
        (C, out / groups, kernel height, kernel width).
    bias : Tensor, optional
        (out,).
    stride, padding, dilation, groups
        Those of the convolution whose gradient this is.
    output_padding : int or pair
        Added to one side of the output: convolutions with a stride give inputs of several sizes the same output size.

    Returns
    -------
    Tensor
        (N, out, H', W') with ``H' = (H - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ValueError
        The shapes do not fit, or nothing is left of the output.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.conv_transpose2d(weft.ones((1, 3, 4, 4)), weft.ones((3, 2, 2, 2)), stride=2).shape
    (1, 2, 8, 8)
    """
    return _conv_transpose(
        "conv_transpose2d", input, weight, bias, stride, padding, output_padding, groups, dilation, 2
    )
