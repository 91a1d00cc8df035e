"""Linear and Bilinear."""

from __future__ import annotations

from typing import Any

from weft import Tensor

from . import functional as F
from ._arguments import affine, positive
from .module import Module

__all__ = ["Bilinear", "Linear"]


class Linear(Module):
    """``input @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
        The last dimension of the input and of the output.
    bias : bool
        Whether there is one.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Linear(3, 2)(weft.ones((5, 3))).shape
    (5, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        positive("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight, self.bias = affine((out_features, in_features), in_features, out_features, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """``input1 @ weight[k] @ input2 + bias[k]`` for each output k.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        The last dimensions of the inputs and of the output.
    bias : bool
        Whether there is one.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> weft.nn.Bilinear(3, 4, 2)(weft.ones((5, 3)), weft.ones((5, 4))).shape
    (5, 2)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        positive("Bilinear", in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        shape = (out_features, in1_features, in2_features)
        self.weight, self.bias = affine(shape, in1_features, out_features, bias, device, dtype)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
