"""Class numbers as vectors: looked up, or written out."""

from __future__ import annotations

import weft
from weft import Tensor

__all__ = ["embedding", "one_hot"]


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of `weight` that `input` names.

    Parameters
    ----------
    input : Tensor
        Row numbers, integers of any shape.
    weight : Tensor
        (rows, length).
    padding_idx : int, optional
        The row that gets no gradient.

    Returns
    -------
    Tensor
        The shape of `input`, and length.

    Raises
    ------
    TypeError
        The numbers are not integers.
    IndexError
        A number is out of range; at the latest when the result is read.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.embedding(weft.asarray([1, 0]), weft.eye(2)).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if input.dtype.kind not in "iu":
        raise TypeError(f"embedding: indices must be integers, not {input.dtype}; convert them: x.astype(weft.int64)")
    if weight.ndim != 2:
        raise ValueError(f"embedding: weight must be a table (rows, length), not of shape {weight.shape}")
    rows = weight.shape[0]
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"embedding: padding_idx={padding_idx} is not a row of a table of {rows}")
    # Unlike in NumPy's indexing, a number below 0 is a mistake.
    found = weight[weft.where(input < 0, rows, input) if input.dtype.kind == "i" else input]
    if padding_idx is None:
        return found
    return weft.where((input == padding_idx % rows).unsqueeze(-1), found.detach(), found)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers as rows of 0 and 1, int64.

    Without `num_classes` it is the largest number + 1, which has to be waited for.

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.one_hot(weft.asarray([2, 0])).tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    if tensor.dtype.kind not in "iu":
        raise TypeError(f"one_hot: class numbers must be integers, not {tensor.dtype}")
    classes = int(tensor.max().item()) + 1 if num_classes < 0 else num_classes
    return (tensor.unsqueeze(-1) == weft.arange(classes, device=tensor.device)).astype(weft.int64)
