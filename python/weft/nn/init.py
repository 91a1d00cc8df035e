"""First values of parameters, with PyTorch's names. Each function gives the tensor its new value and returns it."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

import weft
from weft import Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

T = TypeVar("T", bound=Tensor)


def _drawn(tensor: T, values: Tensor) -> T:
    tensor.assign(values)
    return tensor


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0) -> T:
    """Uniform on [a, b)."""
    return _drawn(tensor, weft.random.uniform(a, b, size=tensor.shape, device=tensor.device))


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0) -> T:
    """Normal with this mean and standard deviation."""
    return _drawn(tensor, weft.random.normal(mean, std, size=tensor.shape, device=tensor.device))


def constant_(tensor: T, val: float) -> T:
    """`val` everywhere."""
    return _drawn(tensor, weft.full_like(tensor, val))


def zeros_(tensor: T) -> T:
    """0 everywhere."""
    return constant_(tensor, 0)


def ones_(tensor: T) -> T:
    """1 everywhere."""
    return constant_(tensor, 1)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which `nonlinearity` shrinks a standard deviation.

    Examples
    --------
    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    gains = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in gains:
        raise ValueError(
            f"calculate_gain: unknown nonlinearity {nonlinearity!r}; known: leaky_relu, {', '.join(gains)}"
        )
    return gains[nonlinearity]


def _fans(tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError(
            f"fan in and fan out need at least 2 dimensions, not shape {tensor.shape}; use uniform_ or normal_"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode must be "fan_in" or "fan_out", not {mode!r}')
    return calculate_gain(nonlinearity, a) / math.sqrt(_fans(tensor)[mode == "fan_out"])


def kaiming_uniform_(tensor: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> T:
    """Uniform, with a variance that rectifiers keep (He et al., 2015)."""
    bound = math.sqrt(3) * _kaiming(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(tensor: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> T:
    """Normal, with a variance that rectifiers keep (He et al., 2015)."""
    return normal_(tensor, 0.0, _kaiming(tensor, a, mode, nonlinearity))


def xavier_uniform_(tensor: T, gain: float = 1.0) -> T:
    """Uniform, with a variance between fan in and fan out (Glorot and Bengio, 2010)."""
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: T, gain: float = 1.0) -> T:
    """Normal, with a variance between fan in and fan out (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))))


def orthogonal_(tensor: T, gain: float = 1.0) -> T:
    """Rows, or where there are more of them columns, that are orthonormal but for `gain` (Saxe et al., 2013).

    Dimensions after the first count as one. The decomposition is done on the host.

    Examples
    --------
    >>> import weft
    >>> q = weft.nn.init.orthogonal_(weft.empty((2, 3)))
    >>> weft.allclose(q @ q.T, weft.eye(2), atol=1e-6)
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: at least 2 dimensions are needed, not shape {tensor.shape}")
    rows = tensor.shape[0]
    if not tensor.size:
        return tensor
    drawn = weft.random.normal(size=(rows, tensor.size // rows), device=tensor.device).numpy()
    q, r = np.linalg.qr(drawn.T if drawn.shape[0] < drawn.shape[1] else drawn)
    q = q * np.sign(np.diag(r))  # makes every orthogonal matrix equally likely (Mezzadri, 2006)
    values = q.T if drawn.shape[0] < drawn.shape[1] else q
    return _drawn(tensor, gain * weft.asarray(values.reshape(tensor.shape), device=tensor.device))


def trunc_normal_(tensor: T, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> T:
    """Normal, of which only what falls in [a, b] is taken.

    Examples
    --------
    >>> import weft
    >>> float(abs(weft.nn.init.trunc_normal_(weft.empty((100,)))).max()) <= 2
    True
    """
    if not a < b:
        raise ValueError(f"trunc_normal_: a={a} must be below b={b}")
    if not std > 0:
        raise ValueError(f"trunc_normal_: std={std} must be positive")
    low, high = (math.erf((edge - mean) / (std * math.sqrt(2))) for edge in (a, b))
    if not low < high:
        raise ValueError(f"trunc_normal_: [{a}, {b}] is too far from the mean {mean} for a standard deviation of {std}")
    u = weft.random.uniform(low, high, size=tensor.shape, dtype=weft.float32, device=tensor.device)
    return _drawn(tensor, (_erfinv(u) * (std * math.sqrt(2)) + mean).clip(a, b))


# Giles, "Approximating the erfinv function" (GPU Computing Gems, 2011): polynomials in w - 2.5 and sqrt(w) - 3.
_CENTRE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
_TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
    -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip


def _erfinv(x: Tensor) -> Tensor:
    """The inverse of erf, to float32."""

    def polynomial(coefficients: tuple[float, ...], t: Tensor) -> Tensor:
        value = weft.full_like(t, coefficients[0])
        for c in coefficients[1:]:
            value = value * t + c
        return value

    w = -((1 - x) * (1 + x)).log()
    return x * weft.where(w < 5, polynomial(_CENTRE, w - 2.5), polynomial(_TAIL, w.sqrt() - 3))
