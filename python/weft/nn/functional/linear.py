"""Linear and bilinear maps."""

from __future__ import annotations

from weft import Tensor

__all__ = ["bilinear", "linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``, with weight of shape (out, in).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.linear(weft.ones((5, 3)), weft.ones((2, 3))).shape
    (5, 2)
    """
    if weight.ndim != 2 or input.ndim < 1 or input.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: input of shape {input.shape} with a weight of shape {weight.shape} (out, in); "
            f"the last dimension of the input must be {weight.shape[-1]}"
        )
    y = input @ weight.T
    return y if bias is None else y + bias


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2 + bias[k]`` for each output k.

    Parameters
    ----------
    input1, input2 : Tensor
        (..., in1) and (..., in2), alike but for the last dimension.
    weight : Tensor
        (out, in1, in2).
    bias : Tensor, optional
        (out,).

    Returns
    -------
    Tensor
        (..., out).

    Examples
    --------
    >>> import weft
    >>> weft.nn.functional.bilinear(weft.ones((5, 3)), weft.ones((5, 4)), weft.ones((2, 3, 4))).shape
    (5, 2)
    """
    lead = input1.shape[:-1]
    if (
        weight.ndim != 3
        or input2.shape[:-1] != lead
        or (input1.shape[-1:], input2.shape[-1:]) != (weight.shape[1:2], weight.shape[2:])
    ):
        raise ValueError(
            f"bilinear: inputs of shapes {input1.shape} and {input2.shape} with a weight of shape {weight.shape}; "
            "expected (..., in1), (..., in2) and (out, in1, in2)"
        )
    out, in1, in2 = weight.shape
    half = (input1 @ weight.permute((1, 0, 2)).reshape((in1, out * in2))).reshape((*lead, out, in2))
    y = (half * input2.unsqueeze(-2)).sum(axis=-1)
    return y if bias is None else y + bias
