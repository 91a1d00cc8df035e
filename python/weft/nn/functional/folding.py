"""Patches of images as columns, and back."""

from __future__ import annotations

import math

import weft
from weft import Tensor

from ._windows import Size, batched, out_size, per_axis

__all__ = ["fold", "unfold"]


def unfold(input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """The patches of images, each as a column.

    Parameters
    ----------
    input : Tensor
        (N, C, H, W) or (C, H, W).
    kernel_size, dilation, padding, stride : int or pair
        As in `conv2d`.

    Returns
    -------
    Tensor
        (N, C * kernel height * kernel width, patches), the patches in row-major order.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.unfold(weft.arange(4.0).reshape((1, 1, 2, 2)), 2).tolist()
    [[[0.0], [1.0], [2.0], [3.0]]]
    """
    x, single = batched("unfold", input, 2)
    k, d = per_axis("unfold: kernel_size", kernel_size, 2, 1), per_axis("unfold: dilation", dilation, 2, 1)
    p, s = per_axis("unfold: padding", padding, 2, 0), per_axis("unfold: stride", stride, 2, 1)
    n, c, *spatial = x.shape
    sizes = [out_size("unfold", spatial[i], k[i], s[i], d[i], 2 * p[i]) for i in (0, 1)]
    for i in (0, 1):
        x = weft._core.window(x, 2 + 2 * i, sizes[i], k[i], s[i], d[i], p[i], 0.0)
    columns = x.permute((0, 1, 3, 5, 2, 4)).reshape((n, c * math.prod(k), math.prod(sizes)))
    return columns.squeeze(0) if single else columns


def fold(
    input: Tensor, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """Images from their patches; where patches overlap they are added.

    Parameters
    ----------
    input : Tensor
        (N, C * kernel height * kernel width, patches), as `unfold` gives it; or without N.
    output_size : int or pair
        H and W of the images.
    kernel_size, dilation, padding, stride : int or pair
        As given to `unfold`.

    Returns
    -------
    Tensor
        (N, C, H, W).

    Raises
    ------
    ValueError
        The number of rows or of patches does not follow from the sizes.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.fold(weft.ones((1, 4, 4)), 3, 2).tolist()
    [[[[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]]]
    """
    x, single = batched("fold", input, 1)
    spatial, k = per_axis("fold: output_size", output_size, 2, 1), per_axis("fold: kernel_size", kernel_size, 2, 1)
    d, p = per_axis("fold: dilation", dilation, 2, 1), per_axis("fold: padding", padding, 2, 0)
    s = per_axis("fold: stride", stride, 2, 1)
    sizes = [out_size("fold", spatial[i], k[i], s[i], d[i], 2 * p[i]) for i in (0, 1)]
    n, rows, patches = x.shape
    if rows % math.prod(k) or patches != math.prod(sizes):
        raise ValueError(
            f"fold: an input of shape {input.shape}; images of {spatial} have {sizes[0]} x {sizes[1]} patches of {k}, "
            f"so it must be (N, multiple of {math.prod(k)}, {math.prod(sizes)})"
        )
    x = x.reshape((n, rows // math.prod(k), *k, *sizes)).permute((0, 1, 4, 2, 5, 3))
    for i in (1, 0):
        x = weft._core.fold(x, 2 + 2 * i, spatial[i], s[i], d[i], p[i])
    return x.squeeze(0) if single else x
