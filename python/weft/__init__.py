"""weft: a lazy tensor library and trainer whose arithmetic is done by plugins.

The top namespace is the Array API standard with NumPy's familiar names. A backend is chosen with ``WEFT_BACKEND``, with
``weft.device("opencl:0")``, or with ``set_default_device``; no line of code changes.

Examples
--------
>>> import weft
>>> x = weft.arange(6, dtype=weft.float32).reshape(2, 3)
>>> (x @ x.T).tolist()
[[5.0, 14.0], [14.0, 50.0]]
"""

from __future__ import annotations

# ruff: noqa: I001
# fmt: off

import importlib
import math
from typing import TYPE_CHECKING, Any

from weft import _core
from weft._core import (
    HostFallbackError, OutOfMemoryError, Tensor, abs, absolute, acos, acosh, add, all, amax, amin, any, arange,
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, argmax, argmin, argsort, array, array_split,
    asarray, asin, asinh, astype, atan, atan2, atanh, bfloat16, bitcast, bitwise_and, bitwise_invert,
    bitwise_left_shift, bitwise_not, bitwise_or, bitwise_right_shift, bitwise_xor, bmm, bool, broadcast_to, cat,
    ceil, chunk, clamp, clear_caches, clip, complex, complex64, complex128, concat, concatenate, conj, conjugate,
    copysign, cos, cosh, count_nonzero, cummax, cummin, cumprod, cumsum, cumulative_prod, cumulative_sum, device,
    div, divide, dot, dtype, empty, empty_cache, empty_like, eq, equal, erf, eval, exp, exp2, expand_dims, expm1,
    eye, fix, flatten, flip, float16, float32, float64, floor, floor_divide, fma, fmod, from_numpy, full, full_like,
    fuse_enabled, gather, ge, get_default_device, get_default_dtype, graph_text, greater, greater_equal, gt, hypot,
    imag, index_add, index_copy, index_select, int8, int16, int32, int64, invert, isfinite, isinf, isnan, le,
    left_shift, less, less_equal, linspace, log, log1p, log2, log10, logaddexp, logical_and, logical_not,
    logical_or, logical_xor, logsumexp, lt, matmul, matrix_transpose, max, maximum, mean, memory_stats, min,
    minimum, mm, mod, moveaxis, mul, multiply, nan_to_num, ne, neg, negative, nextafter, not_equal, ones, ones_like,
    permute, permute_dims, plan_text, positive, pow, power, prod, promote_types, ravel, real, reciprocal, relu,
    remainder, repeat, repeat_interleave, reset_peak_memory, reshape, right_shift, roll, round, rsqrt,
    runtime_stats, scatter, scatter_add, searchsorted, set_default_device, set_default_dtype, set_fuse,
    set_memory_limit, sigmoid, sign, signbit, sin, sinh, sort, split, sqrt, square, squeeze, stack, std, sub,
    subtract, sum, swapaxes, synchronize, take, take_along_axis, take_along_dim, tan, tanh, tensor, tile, topk,
    transpose, tril, triu, true_divide, trunc, uint8, uint16, uint32, uint64, unbind, unsqueeze, unstack, var,
    where, zeros, zeros_like,
)
from weft._dtypes import (
    can_cast, finfo, iinfo, isdtype, result_type,
)
from weft._functions import (
    allclose, array_equal, atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, broadcast_shapes, diag, diagonal,
    geomspace, hstack, identity, isclose, logspace, meshgrid, rot90, trace, vstack,
)
from weft._padding import pad
from weft._products import (
    cross, einsum, inner, kron, outer, tensordot, vdot, vecdot,
)
from weft._profile import (
    Profile, allow_host, kernel_builds, profile,
)
from weft._sets import (
    argwhere, bincount, flatnonzero, isin, nonzero, unique, unique_all, unique_counts, unique_inverse,
    unique_values,
)
from weft._statistics import (
    average, diff, median, nanmax, nanmean, nanmin, nansum, percentile, ptp, quantile,
)
from weft.autograd import (
    Function, backward, checkpoint, enable_grad, grad, is_grad_enabled, jvp, no_grad, set_grad_enabled,
    stop_gradient, value_and_grad, vjp,
)
from weft.backend import BackendError, native_backend

# fmt: on

if TYPE_CHECKING:
    from weft import autograd, data, fft, linalg, losses, metrics, nn, onnx, optim, random, testing, train
    from weft._array_api import __array_namespace_info__
    from weft._compile import compile
    from weft._devices import devices, list_backends
    from weft._loop import loop
    from weft.random import Generator, manual_seed
    from weft.serialization import load_state_dict
    from weft.train import Trainer

    __version__: str

__array_api_version__ = "2025.12"

_core._trace_sites(__path__[0])  # names the user's lines, with WEFT_DEBUG=trace

e = math.e
inf = math.inf
nan = math.nan
newaxis = None
pi = math.pi
default_device = get_default_device

# Imported at first use: `import weft` is quick.
_MODULES = frozenset(
    {
        "autograd",
        "data",
        "fft",
        "linalg",
        "losses",
        "metrics",
        "nn",
        "onnx",
        "optim",
        "random",
        "testing",
        "train",
    }
)
_ATTRIBUTES = {
    "Generator": "random",
    "Trainer": "train",
    "__array_namespace_info__": "_array_api",
    "compile": "_compile",
    "loop": "_loop",
    "devices": "_devices",
    "list_backends": "_devices",
    "load_state_dict": "serialization",
    "manual_seed": "random",
}


def get_include() -> str:
    """The folder to compile a plugin with: it holds ``weft/backend.h``.

    Examples
    --------
    >>> import os, weft
    >>> os.path.basename(weft.get_include())
    'include'
    """
    return f"{__path__[0]}/include"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"weft.{name}")
    if name in _ATTRIBUTES:
        value = getattr(importlib.import_module(f"weft.{_ATTRIBUTES[name]}"), name)
    elif name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            value = version("weft")
        except PackageNotFoundError:  # a source tree
            value = "0.0.0+source"
    else:
        raise AttributeError(f"module 'weft' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_ATTRIBUTES, "__version__"})


# fmt: off
__all__ = [
    "BackendError", "Function", "Generator", "HostFallbackError", "OutOfMemoryError", "Profile", "Tensor",
    "Trainer", "__array_api_version__", "__array_namespace_info__", "abs", "absolute", "acos", "acosh", "add",
    "all", "allclose", "allow_host", "amax", "amin", "any", "arange", "arccos", "arccosh", "arcsin", "arcsinh",
    "arctan", "arctan2", "arctanh", "argmax", "argmin", "argsort", "argwhere", "array", "array_equal",
    "array_split", "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d",
    "atleast_3d", "autograd", "average", "backward", "bfloat16", "bincount", "bitcast", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "bmm", "bool", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "can_cast", "cat", "ceil", "checkpoint",
    "chunk", "clamp", "clear_caches", "clip", "compile", "complex", "complex64", "complex128", "concat",
    "concatenate", "conj", "conjugate", "copysign", "cos", "cosh", "count_nonzero", "cross", "cummax", "cummin",
    "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "data", "default_device", "device", "devices", "diag",
    "diagonal", "diff", "div", "divide", "dot", "dtype", "e", "einsum", "empty", "empty_cache", "empty_like",
    "enable_grad", "eq", "equal", "erf", "eval", "exp", "exp2", "expand_dims", "expm1", "eye", "fft", "finfo",
    "fix", "flatnonzero", "flatten", "flip", "float16", "float32", "float64", "floor", "floor_divide", "fma",
    "fmod", "from_numpy", "full", "full_like", "fuse_enabled", "gather", "ge", "geomspace", "get_default_device",
    "get_default_dtype", "get_include", "grad", "graph_text", "greater", "greater_equal", "gt", "hstack", "hypot",
    "identity", "iinfo", "imag", "index_add", "index_copy", "index_select", "inf", "inner", "int8", "int16",
    "int32", "int64", "invert", "is_grad_enabled", "isclose", "isdtype", "isfinite", "isin", "isinf", "isnan",
    "jvp", "kernel_builds", "kron", "le", "left_shift", "less", "less_equal", "linalg", "linspace", "list_backends",
    "load_state_dict", "log", "log1p", "log2", "log10", "logaddexp", "logical_and", "logical_not", "logical_or",
    "logical_xor",
    "logspace", "logsumexp", "loop", "losses", "lt", "manual_seed", "matmul", "matrix_transpose", "max", "maximum",
    "mean", "median", "memory_stats", "meshgrid", "metrics", "min", "minimum", "mm", "mod", "moveaxis", "mul",
    "multiply", "nan", "nan_to_num", "nanmax", "nanmean", "nanmin", "nansum", "native_backend", "ne", "neg",
    "negative", "newaxis", "nextafter", "nn", "no_grad", "nonzero", "not_equal", "ones", "ones_like", "onnx",
    "optim", "outer", "pad", "percentile", "permute", "permute_dims", "pi", "plan_text", "positive", "pow", "power",
    "prod", "profile", "promote_types", "ptp", "quantile", "random", "ravel", "real", "reciprocal", "relu", "remainder",
    "repeat", "repeat_interleave", "reset_peak_memory", "reshape", "result_type", "right_shift", "roll", "rot90",
    "round", "rsqrt", "runtime_stats", "scatter", "scatter_add", "searchsorted", "set_default_device",
    "set_default_dtype", "set_fuse", "set_grad_enabled", "set_memory_limit", "sigmoid", "sign", "signbit", "sin",
    "sinh", "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "stop_gradient", "sub", "subtract", "sum",
    "swapaxes", "synchronize", "take", "take_along_axis", "take_along_dim", "tan", "tanh", "tensor", "tensordot",
    "testing", "tile", "topk", "trace", "train", "transpose", "tril", "triu", "true_divide", "trunc", "uint8",
    "uint16", "uint32", "uint64", "unbind", "unique", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "unsqueeze", "unstack", "value_and_grad", "var", "vdot", "vecdot", "vjp", "vstack", "where",
    "zeros", "zeros_like",
]
