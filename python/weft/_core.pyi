"""The core of weft: tensors, their operations, and the runtime. Made by core/bindings/make_stub.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, SupportsIndex, TypeAlias

import weft._typing
import weft.backend

class OutOfMemoryError(MemoryError): ...
class HostFallbackError(RuntimeError): ...

class dtype:
    """An element type: weft.float32, or weft.dtype("float32")."""

    def __init__(self, value: weft._typing.DTypeLike) -> None:
        ...

    @property
    def name(self) -> builtins.str:
        """NumPy's name: "float32"."""

    @property
    def itemsize(self) -> builtins.int:
        """Bytes of one element."""

    @property
    def kind(self) -> builtins.str:
        """One of "b", "i", "u", "f", "c", as in NumPy."""

    def __eq__(self, other: builtins.object, /) -> builtins.bool:
        ...

    def __ne__(self, other: builtins.object, /) -> builtins.bool:
        ...

    def __hash__(self) -> builtins.int:
        ...

    def __str__(self) -> builtins.str:
        ...

    def __repr__(self) -> builtins.str:
        ...

    def __reduce__(self) -> builtins.tuple[builtins.object, ...]:
        ...
bool: dtype = ...
int8: dtype = ...
int16: dtype = ...
int32: dtype = ...
int64: dtype = ...
uint8: dtype = ...
uint16: dtype = ...
uint32: dtype = ...
uint64: dtype = ...
float16: dtype = ...
bfloat16: dtype = ...
float32: dtype = ...
float64: dtype = ...
complex64: dtype = ...
complex128: dtype = ...

def promote_types(type1: weft._typing.DTypeLike, type2: weft._typing.DTypeLike) -> _dtype:
    """The dtype in which both meet."""

def _weak_result(dtype: weft._typing.DTypeLike | None, number: builtins.complex) -> _dtype:
    """The dtype of a tensor and a Python number together."""

class device:
    """
    A device, weft.device("opencl:0"). In a `with` block it is where new tensors go.
    """

    def __init__(self, name: builtins.str | _device) -> None:
        ...

    @property
    def name(self) -> builtins.str:
        """Its full name: "cpu:0"."""

    @property
    def type(self) -> builtins.str:
        """The name of its backend: "cpu"."""

    @property
    def index(self) -> builtins.int:
        """Its number among the devices of its backend."""

    @property
    def kind(self) -> builtins.str:
        """"cpu", "gpu" or "accelerator"."""

    @property
    def description(self) -> builtins.str:
        """What the driver calls it."""

    @property
    def memory(self) -> builtins.int:
        """Its memory in bytes; 0 if unknown."""

    def __eq__(self, other: builtins.object, /) -> builtins.bool:
        ...

    def __ne__(self, other: builtins.object, /) -> builtins.bool:
        ...

    def __hash__(self) -> builtins.int:
        ...

    def __str__(self) -> builtins.str:
        ...

    def __repr__(self) -> builtins.str:
        ...

    def __reduce__(self) -> builtins.tuple[builtins.object, ...]:
        ...

    def __enter__(self) -> _device:
        ...

    def __exit__(self, *args: builtins.object) -> None:
        ...

class Tensor:
    """
    An immutable value on a device, computed when it is needed.

    Operations give new tensors. `t[i] = v`, `t += v` and `assign` make this handle name a new value; views and other handles keep the old one.
    """

    def __init__(self, data: weft._typing.TensorLike | Sequence[Any], dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> None:
        ...

    @property
    def shape(self) -> builtins.tuple[builtins.int, ...]:
        """Its sizes, a tuple of ints."""

    @property
    def dtype(self) -> _dtype:
        """Its element type."""

    @property
    def device(self) -> _device:
        """Where it is."""

    @property
    def ndim(self) -> builtins.int:
        """The number of its dimensions."""

    @property
    def size(self) -> builtins.int:
        """The number of its elements."""

    @property
    def itemsize(self) -> builtins.int:
        """Bytes of one element."""

    @property
    def nbytes(self) -> builtins.int:
        """Bytes of all elements."""

    @property
    def is_leaf(self) -> builtins.bool:
        """True unless it is computed from tensors that require a gradient."""

    @property
    def requires_grad(self) -> builtins.bool:
        """Whether backward() computes a gradient for it."""

    @requires_grad.setter
    def requires_grad(self, arg: builtins.bool, /) -> None:
        ...

    @property
    def grad(self) -> Tensor | None:
        """The gradient backward() has added up, or None."""

    @grad.setter
    def grad(self, value: Tensor | None, /) -> None:
        ...

    def dim(self) -> builtins.int:
        """The number of dimensions."""

    def numel(self) -> builtins.int:
        """The number of elements."""

    def element_size(self) -> builtins.int:
        """Bytes of one element."""

    def numpy(self) -> weft._typing.Array:
        """
        Its value as a NumPy array: a read-only view where the device shares memory with the host, else a copy. bfloat16 becomes float32.
        """

    def item(self) -> Any:
        """
        The one element as a Python number. Waits for it. Raises ValueError if there are more.
        """

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""

    def to(self, *args: weft._typing.DeviceLike | weft._typing.DTypeLike | Tensor, device: weft._typing.DeviceLike=None, dtype: weft._typing.DTypeLike | None=None, copy: builtins.bool=False) -> Tensor:
        """
        To another device, dtype, or both: t.to("opencl:0"), t.to(weft.float16), t.to(other). Itself where nothing changes.
        """

    def to_device(self, device: weft._typing.DeviceLike, /, *, stream: None=None) -> Tensor:
        """The same value on another device (Array API)."""

    def cpu(self) -> Tensor:
        """The same value on the CPU."""

    def astype(self, dtype: weft._typing.DTypeLike, *, copy: builtins.bool=True) -> Tensor:
        """Converted to another dtype."""

    def type(self, dtype: weft._typing.DTypeLike) -> Tensor:
        """Converted to another dtype."""

    def float(self) -> Tensor:
        ...

    def double(self) -> Tensor:
        ...

    def half(self) -> Tensor:
        ...

    def bfloat16(self) -> Tensor:
        ...

    def bool(self) -> Tensor:
        ...

    def int(self) -> Tensor:
        ...

    def long(self) -> Tensor:
        ...

    def short(self) -> Tensor:
        ...

    def char(self) -> Tensor:
        ...

    def byte(self) -> Tensor:
        ...

    def assign(self, value: weft._typing.TensorLike) -> Tensor:
        """
        Give this handle a new value of its shape; cast to its dtype, moved to its device. No gradient flows. Returns itself.
        """

    @property
    def data(self) -> Tensor:
        """
        The value without its gradient; set, it may have another shape, dtype or device.
        """

    @data.setter
    def data(self, value: Tensor, /) -> None:
        ...

    def copy_(self, value: weft._typing.TensorLike) -> Tensor:
        """PyTorch's name of assign()."""

    def fill_(self, value: weft._typing.Number) -> Tensor:
        """Give every element this value."""

    def zero_(self) -> Tensor:
        """Give every element the value 0."""

    def clone(self) -> Tensor:
        """A new handle of the same value; gradients flow."""

    def copy(self) -> Tensor:
        """A new handle of the same value; gradients flow."""

    def contiguous(self) -> Tensor:
        """Itself: layout is the core's affair."""

    def __repr__(self) -> builtins.str:
        ...

    def __str__(self) -> builtins.str:
        ...

    def __bool__(self) -> builtins.bool:
        ...

    def __int__(self) -> builtins.int:
        ...

    def __float__(self) -> builtins.float:
        ...

    def __complex__(self) -> builtins.complex:
        ...

    def __index__(self) -> builtins.int:
        ...

    def __len__(self) -> builtins.int:
        ...

    def __iter__(self) -> Iterator[Tensor]:
        ...

    def __contains__(self, value: builtins.object, /) -> builtins.bool:
        ...

    def __hash__(self) -> builtins.int:
        ...

    def __array__(self, dtype: Any=None, copy: builtins.bool | None=None) -> weft._typing.Array:
        ...

    def __array_ufunc__(self, ufunc: Any, method: builtins.str, *inputs: Any, **kwargs: Any) -> Any:
        ...
    __array_priority__: builtins.float = 1000.0

    def __array_namespace__(self, *, api_version: builtins.str | None=None) -> Any:
        """The module whose functions take this tensor (Array API)."""

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> builtins.tuple[Any, ...]:
        ...

    def __copy__(self) -> Tensor:
        ...

    def __deepcopy__(self, memo: builtins.dict[builtins.int, Any], /) -> Tensor:
        ...

    def nonzero(self) -> builtins.tuple[Tensor, ...]:
        ...

    def diagonal(self, offset: builtins.int=0, axis1: builtins.int=0, axis2: builtins.int=1) -> Tensor:
        ...

    def trace(self, offset: builtins.int=0, axis1: builtins.int=0, axis2: builtins.int=1) -> Tensor:
        ...

    def diff(self, n: builtins.int=1, axis: builtins.int=-1) -> Tensor:
        ...

    def median(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False) -> Tensor:
        ...

    def quantile(self, q: weft._typing.ArrayLike, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False) -> Tensor:
        ...

    def isclose(self, other: weft._typing.TensorLike, rtol: builtins.float=1e-05, atol: builtins.float=1e-08, equal_nan: builtins.bool=False) -> Tensor:
        ...

    def allclose(self, other: weft._typing.TensorLike, rtol: builtins.float=1e-05, atol: builtins.float=1e-08, equal_nan: builtins.bool=False) -> builtins.bool:
        ...

    def softmax(self, dim: builtins.int=-1) -> Tensor:
        ...

    def log_softmax(self, dim: builtins.int=-1) -> Tensor:
        ...

    def norm(self, ord: builtins.float | builtins.str | None=None, axis: builtins.int | Sequence[builtins.int] | None=None, keepdims: builtins.bool=False) -> Tensor:
        ...

    def __add__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __radd__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __iadd__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __sub__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rsub__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __isub__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __mul__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rmul__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __imul__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __truediv__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rtruediv__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __itruediv__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __floordiv__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rfloordiv__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __ifloordiv__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __mod__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rmod__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __imod__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __matmul__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rmatmul__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __imatmul__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __and__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rand__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __iand__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __or__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __ror__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __ior__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __xor__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rxor__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __ixor__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __lshift__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rlshift__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __ilshift__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rshift__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __rrshift__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __irshift__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __lt__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __le__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __gt__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __ge__(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def __eq__(self, other: builtins.object, /) -> Tensor:  # type: ignore[override]
        ...

    def __ne__(self, other: builtins.object, /) -> Tensor:  # type: ignore[override]
        ...

    def __pow__(self, other: weft._typing.TensorLike, modulo: None=None, /) -> Tensor:
        ...

    def __rpow__(self, other: weft._typing.TensorLike, modulo: None=None, /) -> Tensor:
        ...

    def __ipow__(self, other: weft._typing.TensorLike, modulo: None=None, /) -> Tensor:
        ...

    def __divmod__(self, other: weft._typing.TensorLike, /) -> builtins.tuple[Tensor, Tensor]:
        ...

    def __neg__(self) -> Tensor:
        ...

    def __abs__(self) -> Tensor:
        ...

    def __invert__(self) -> Tensor:
        ...

    def __floor__(self) -> Tensor:
        ...

    def __ceil__(self) -> Tensor:
        ...

    def __trunc__(self) -> Tensor:
        ...

    def __pos__(self) -> Tensor:
        ...

    def add_(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def sub_(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def mul_(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def div_(self, other: weft._typing.TensorLike, /) -> Tensor:
        ...

    def abs(self) -> Tensor:
        """Absolute value; real for complex."""

    def absolute(self) -> Tensor:
        """Absolute value; real for complex."""

    def negative(self) -> Tensor:
        """-x."""

    def neg(self) -> Tensor:
        """-x."""

    def sign(self) -> Tensor:
        """-1, 0 or 1; NaN stays."""

    def square(self) -> Tensor:
        """x * x."""

    def sqrt(self) -> Tensor:
        """Square root."""

    def rsqrt(self) -> Tensor:
        """1 / sqrt(x)."""

    def reciprocal(self) -> Tensor:
        """1 / x."""

    def exp(self) -> Tensor:
        """e to the x."""

    def exp2(self) -> Tensor:
        """2 to the x."""

    def expm1(self) -> Tensor:
        """exp(x) - 1, exact near 0."""

    def log(self) -> Tensor:
        """Natural logarithm."""

    def log1p(self) -> Tensor:
        """log(1 + x), exact near 0."""

    def log2(self) -> Tensor:
        """Logarithm to base 2."""

    def log10(self) -> Tensor:
        """Logarithm to base 10."""

    def sin(self) -> Tensor:
        """Sine of radians."""

    def cos(self) -> Tensor:
        """Cosine of radians."""

    def tan(self) -> Tensor:
        """Tangent of radians."""

    def asin(self) -> Tensor:
        """Inverse sine."""

    def arcsin(self) -> Tensor:
        """Inverse sine."""

    def acos(self) -> Tensor:
        """Inverse cosine."""

    def arccos(self) -> Tensor:
        """Inverse cosine."""

    def atan(self) -> Tensor:
        """Inverse tangent."""

    def arctan(self) -> Tensor:
        """Inverse tangent."""

    def sinh(self) -> Tensor:
        """Hyperbolic sine."""

    def cosh(self) -> Tensor:
        """Hyperbolic cosine."""

    def tanh(self) -> Tensor:
        """Hyperbolic tangent."""

    def asinh(self) -> Tensor:
        """Inverse hyperbolic sine."""

    def arcsinh(self) -> Tensor:
        """Inverse hyperbolic sine."""

    def acosh(self) -> Tensor:
        """Inverse hyperbolic cosine."""

    def arccosh(self) -> Tensor:
        """Inverse hyperbolic cosine."""

    def atanh(self) -> Tensor:
        """Inverse hyperbolic tangent."""

    def arctanh(self) -> Tensor:
        """Inverse hyperbolic tangent."""

    def erf(self) -> Tensor:
        """The error function."""

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x))."""

    def relu(self) -> Tensor:
        """max(x, 0)."""

    def floor(self) -> Tensor:
        """The next integer below; integers unchanged."""

    def ceil(self) -> Tensor:
        """The next integer above; integers unchanged."""

    def trunc(self) -> Tensor:
        """The next integer towards 0; integers unchanged."""

    def fix(self) -> Tensor:
        """The next integer towards 0; integers unchanged."""

    @property
    def real(self) -> Tensor:
        """The real part."""

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""

    def conj(self) -> Tensor:
        """The complex conjugate."""

    def conjugate(self) -> Tensor:
        """The complex conjugate."""

    def isnan(self) -> Tensor:
        """True where x is not a number."""

    def isinf(self) -> Tensor:
        """True where x is infinite."""

    def isfinite(self) -> Tensor:
        """True where x is neither infinite nor NaN."""

    def signbit(self) -> Tensor:
        """True where the sign is negative, -0.0 too."""

    def logical_not(self) -> Tensor:
        """x == 0."""

    def bitwise_invert(self) -> Tensor:
        """Every bit turned round; for bool, not."""

    def bitwise_not(self) -> Tensor:
        """Every bit turned round; for bool, not."""

    def invert(self) -> Tensor:
        """Every bit turned round; for bool, not."""

    def add(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 + x2."""

    def subtract(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 - x2."""

    def sub(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 - x2."""

    def multiply(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 * x2."""

    def mul(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 * x2."""

    def divide(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 / x2; integers become the default float."""

    def div(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 / x2; integers become the default float."""

    def true_divide(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 / x2; integers become the default float."""

    def floor_divide(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 // x2, rounded down."""

    def remainder(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 % x2, with the sign of x2."""

    def mod(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 % x2, with the sign of x2."""

    def fmod(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The remainder with the sign of x1."""

    def minimum(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The smaller; NaN if either is."""

    def maximum(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The larger; NaN if either is."""

    def atan2(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The angle of the point (x2, x1)."""

    def arctan2(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The angle of the point (x2, x1)."""

    def hypot(self, other: weft._typing.TensorLike, /) -> Tensor:
        """sqrt(x1**2 + x2**2), without overflow."""

    def logaddexp(self, other: weft._typing.TensorLike, /) -> Tensor:
        """log(exp(x1) + exp(x2)), without overflow."""

    def copysign(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 with the sign of x2."""

    def nextafter(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The next number from x1 towards x2."""

    def bitwise_and(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 & x2."""

    def bitwise_or(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 | x2."""

    def bitwise_xor(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 ^ x2."""

    def bitwise_left_shift(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 << x2."""

    def left_shift(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 << x2."""

    def bitwise_right_shift(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 >> x2; the sign is kept."""

    def right_shift(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 >> x2; the sign is kept."""

    def logical_and(self, other: weft._typing.TensorLike, /) -> Tensor:
        """True where both are not 0."""

    def logical_or(self, other: weft._typing.TensorLike, /) -> Tensor:
        """True where either is not 0."""

    def logical_xor(self, other: weft._typing.TensorLike, /) -> Tensor:
        """True where exactly one is not 0."""

    def less(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 < x2."""

    def lt(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 < x2."""

    def less_equal(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 <= x2."""

    def le(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 <= x2."""

    def greater(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 > x2."""

    def gt(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 > x2."""

    def greater_equal(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 >= x2."""

    def ge(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 >= x2."""

    def equal(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 == x2."""

    def eq(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 == x2."""

    def not_equal(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 != x2."""

    def ne(self, other: weft._typing.TensorLike, /) -> Tensor:
        """x1 != x2."""

    def pow(self, exponent: weft._typing.TensorLike, /) -> Tensor:
        """x ** exponent."""

    def power(self, exponent: weft._typing.TensorLike, /) -> Tensor:
        """x ** exponent."""

    def where(self, condition: weft._typing.TensorLike, other: weft._typing.TensorLike, /) -> Tensor:
        """This tensor where the condition holds, else `other` (PyTorch)."""

    def masked_fill(self, mask: weft._typing.TensorLike, value: weft._typing.TensorLike) -> Tensor:
        """`value` where the mask holds."""

    def clip(self, min: weft._typing.TensorLike | None=None, max: weft._typing.TensorLike | None=None) -> Tensor:
        """This tensor, but not below min nor above max."""

    def clamp(self, min: weft._typing.TensorLike | None=None, max: weft._typing.TensorLike | None=None) -> Tensor:
        """This tensor, but not below min nor above max."""

    def clamp_(self, min: weft._typing.TensorLike | None=None, max: weft._typing.TensorLike | None=None) -> Tensor:
        """clamp(), giving this handle the result."""

    def round(self, decimals: builtins.int=0) -> Tensor:
        """Rounded, half to even."""

    def max(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """
        The largest element over the axes (all by default); NaN if there is one.
        """

    def amax(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """NumPy's other name of max()."""

    def min(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """
        The smallest element over the axes (all by default); NaN if there is one.
        """

    def amin(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """NumPy's other name of min()."""

    def any(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """Whether any element over the axes is not 0."""

    def all(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """Whether all elements over the axes are not 0."""

    def logsumexp(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """log(sum(exp(x))) over the axes, without overflow."""

    def count_nonzero(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """How many elements over the axes are not 0; int64."""

    def sum(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
        """
        The sum over the axes (all by default). Small integers and bool are summed as int64 or uint64.
        """

    def prod(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
        """
        The product over the axes (all by default). Small integers and bool are multiplied as int64 or uint64.
        """

    def mean(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
        """The mean over the axes (all by default)."""

    def var(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, correction: builtins.float=0, ddof: builtins.float | None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
        """
        The variance over the axes: squared distances from the mean, divided by n - correction (NumPy: ddof).
        """

    def std(self, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, correction: builtins.float=0, ddof: builtins.float | None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
        """The square root of var()."""

    def argmax(self, axis: builtins.int | None=None, *, keepdims: builtins.bool=False, dim: builtins.int | None=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """
        The position of the first largest element along the axis (of all elements by default); int64.
        """

    def argmin(self, axis: builtins.int | None=None, *, keepdims: builtins.bool=False, dim: builtins.int | None=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
        """
        The position of the first smallest element along the axis (of all elements by default); int64.
        """

    def cumsum(self, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
        """Running sums along the axis; of the flattened tensor by default."""

    def cumprod(self, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
        """Running products along the axis; of the flattened tensor by default."""

    def cummax(self, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
        """Running maxima along the axis; of the flattened tensor by default."""

    def cummin(self, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
        """Running minima along the axis; of the flattened tensor by default."""

    def reshape(self, *shape: weft._typing.Shape) -> Tensor:
        """The same elements with another shape; one size may be -1."""

    def view(self, *shape: weft._typing.Shape | _dtype) -> Tensor:
        """reshape(), or with a dtype of the same width the same bits."""

    def reshape_as(self, other: Tensor, /) -> Tensor:
        """The shape of another tensor."""

    def flatten(self, start_dim: builtins.int=0, end_dim: builtins.int=-1) -> Tensor:
        """
        One dimension in place of those from start_dim to end_dim (all by default).
        """

    def ravel(self, start_dim: builtins.int=0, end_dim: builtins.int=-1) -> Tensor:
        """
        One dimension in place of those from start_dim to end_dim (all by default).
        """

    def unflatten(self, dim: builtins.int, sizes: weft._typing.Shape) -> Tensor:
        """Several dimensions in place of one."""

    @property
    def T(self) -> Tensor:
        """With the dimensions in reverse order."""

    @property
    def mT(self) -> Tensor:
        """With the last two dimensions exchanged."""

    def transpose(self, *axes: weft._typing.Shape | None) -> Tensor:
        """
        With the dimensions in this order (reversed by default); t.transpose(a, b) exchanges two.
        """

    def permute(self, *axes: weft._typing.Shape) -> Tensor:
        """With the dimensions in this order."""

    def swapaxes(self, axis1: builtins.int, axis2: builtins.int) -> Tensor:
        """With two dimensions exchanged."""

    def moveaxis(self, source: weft._typing.Shape, destination: weft._typing.Shape) -> Tensor:
        """With some dimensions moved; the others keep their order."""

    def squeeze(self, axis: weft._typing.Axis=None, *, dim: weft._typing.Axis=None) -> Tensor:
        """Without these dimensions of size 1; all of them by default."""

    def expand_dims(self, axis: weft._typing.Shape=0, *, dim: weft._typing.Axis=None) -> Tensor:
        """With a new dimension of size 1 at `axis`."""

    def unsqueeze(self, axis: weft._typing.Shape=0, *, dim: weft._typing.Axis=None) -> Tensor:
        """With a new dimension of size 1 at `axis`."""

    def broadcast_to(self, shape: weft._typing.Shape) -> Tensor:
        """Repeated to this shape by NumPy's rules, without copying."""

    def expand(self, *shape: weft._typing.Shape) -> Tensor:
        """broadcast_to(); -1 keeps a size."""

    def expand_as(self, other: Tensor, /) -> Tensor:
        """broadcast_to() the shape of another tensor."""

    def tile(self, *repetitions: weft._typing.Shape) -> Tensor:
        """Copies side by side, so many along each dimension."""

    def repeat(self, repeats: builtins.int | weft._typing.ArrayLike, axis: builtins.int | None=None, *, dim: builtins.int | None=None) -> Tensor:
        """
        Each element so many times, along the axis or of the flattened tensor (NumPy; PyTorch's repeat is tile).
        """

    def repeat_interleave(self, repeats: builtins.int | weft._typing.ArrayLike, axis: builtins.int | None=None, *, dim: builtins.int | None=None) -> Tensor:
        """
        Each element so many times, along the axis or of the flattened tensor (NumPy; PyTorch's repeat is tile).
        """

    def flip(self, axis: weft._typing.Axis=None, *, dim: weft._typing.Axis=None) -> Tensor:
        """In reverse order along the axes (all by default)."""

    def roll(self, shift: weft._typing.Shape, axis: weft._typing.Axis=None, *, dim: weft._typing.Axis=None) -> Tensor:
        """Shifted along the axes; what falls off comes in on the other side."""

    def split(self, split_size: builtins.int | Sequence[builtins.int], axis: builtins.int=0, *, dim: builtins.int | None=None) -> builtins.list[Tensor]:
        """
        PyTorch's split: sections of this size, or of these sizes. (The function weft.split is NumPy's.)
        """

    def chunk(self, chunks: builtins.int, axis: builtins.int=0, *, dim: builtins.int | None=None) -> builtins.list[Tensor]:
        """
        At most so many sections of equal size, the last perhaps smaller (PyTorch).
        """

    def unstack(self, axis: builtins.int=0, dim: builtins.int | None=None) -> builtins.tuple[Tensor, ...]:
        """The slices along an axis, which goes."""

    def unbind(self, axis: builtins.int=0, dim: builtins.int | None=None) -> builtins.tuple[Tensor, ...]:
        """The slices along an axis, which goes."""

    def __getitem__(self, key: weft._typing.Index, /) -> Tensor:
        """
        By NumPy's rules. A mask waits for its count. An index known here that is out of bounds raises IndexError; one that is computed raises it later.
        """

    def __setitem__(self, key: weft._typing.Index, value: weft._typing.TensorLike | Sequence[Any], /) -> None:
        """
        Gives this handle a new value with the elements replaced; other handles and views keep theirs.
        """

    def take(self, indices: weft._typing.ArrayLike, axis: builtins.int | None=None) -> Tensor:
        """
        The elements (or slices along the axis) at these places. Raises IndexError where one is out of bounds.
        """

    def index_select(self, dim: builtins.int, index: weft._typing.ArrayLike) -> Tensor:
        """PyTorch's name of take()."""

    def take_along_axis(self, indices: weft._typing.ArrayLike, axis: builtins.int | None=-1) -> Tensor:
        """
        Along the axis, the elements at these places; the other dimensions broadcast.
        """

    def take_along_dim(self, indices: weft._typing.ArrayLike, axis: builtins.int | None=-1) -> Tensor:
        """
        Along the axis, the elements at these places; the other dimensions broadcast.
        """

    def gather(self, dim: builtins.int, index: weft._typing.ArrayLike) -> Tensor:
        """PyTorch's gather: out[i, j] = x[index[i, j], j] for dim 0."""

    def scatter(self, dim: builtins.int, index: weft._typing.ArrayLike, src: weft._typing.TensorLike, *, reduce: builtins.str='set') -> Tensor:
        """
        PyTorch's scatter: out[index[i, j], j] = src[i, j] for dim 0; reduce combines with what is there.
        """

    def scatter_add(self, dim: builtins.int, index: weft._typing.ArrayLike, src: weft._typing.TensorLike) -> Tensor:
        """scatter() that adds; equal places add in order."""

    def index_add(self, dim: builtins.int, index: weft._typing.ArrayLike, source: weft._typing.TensorLike) -> Tensor:
        """
        The slices of the source added to those at `index` along the dimension.
        """

    def index_copy(self, dim: builtins.int, index: weft._typing.ArrayLike, source: weft._typing.TensorLike) -> Tensor:
        """
        The slices of the source in place of those at `index` along the dimension.
        """

    def sort(self, axis: builtins.int=-1, *, descending: builtins.bool=False, stable: builtins.bool=True, dim: builtins.int | None=None) -> Tensor:
        """
        In ascending order along the axis; equal elements keep theirs, NaN comes last.
        """

    def argsort(self, axis: builtins.int=-1, *, descending: builtins.bool=False, stable: builtins.bool=True, dim: builtins.int | None=None) -> Tensor:
        """The places that put the axis in ascending order; int64."""

    def topk(self, k: builtins.int, axis: builtins.int=-1, *, largest: builtins.bool=True, sorted: builtins.bool=True, dim: builtins.int | None=None) -> builtins.tuple[Tensor, Tensor]:
        """
        The k largest (or smallest) elements along the axis, in order, and their places.
        """

    def matmul(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The matrix product by NumPy's rules; leading dimensions broadcast."""

    def mm(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The matrix product by NumPy's rules; leading dimensions broadcast."""

    def bmm(self, other: weft._typing.TensorLike, /) -> Tensor:
        """The matrix product by NumPy's rules; leading dimensions broadcast."""

    def dot(self, other: weft._typing.TensorLike, /) -> Tensor:
        """NumPy's dot."""

    def tril(self, k: builtins.int=0) -> Tensor:
        """x with 0 above the k-th diagonal."""

    def triu(self, k: builtins.int=0) -> Tensor:
        """x with 0 below the k-th diagonal."""

    def backward(self, gradient: Tensor | None=None, retain_graph: builtins.bool=False, create_graph: builtins.bool=False) -> None:
        """
        Add to .grad of every leaf the gradient of this tensor (of one element, or times `gradient`). Frees the graph unless it is retained.
        """

    def detach(self) -> Tensor:
        """The same value; no gradient flows."""

    def requires_grad_(self, requires_grad: builtins.bool=True) -> Tensor:
        """
        Make this tensor a leaf whose gradient backward() collects, or no longer. Returns itself.
        """

    def zero_grad(self) -> None:
        """Forget .grad."""

    def eval(self) -> Tensor:
        """Compute this tensor now, without waiting. Returns itself."""

class _Rows:

    def __iter__(self) -> builtins.object:
        ...

    def __next__(self) -> Tensor:
        ...

def _rebuild(value: weft._typing.Array, dtype: builtins.str, requires_grad: builtins.bool) -> Tensor:
    ...

def abs(x: weft._typing.TensorLike, /) -> Tensor:
    """Absolute value; real for complex."""

def absolute(x: weft._typing.TensorLike, /) -> Tensor:
    """Absolute value; real for complex."""

def negative(x: weft._typing.TensorLike, /) -> Tensor:
    """-x."""

def neg(x: weft._typing.TensorLike, /) -> Tensor:
    """-x."""

def sign(x: weft._typing.TensorLike, /) -> Tensor:
    """-1, 0 or 1; NaN stays."""

def square(x: weft._typing.TensorLike, /) -> Tensor:
    """x * x."""

def sqrt(x: weft._typing.TensorLike, /) -> Tensor:
    """Square root."""

def rsqrt(x: weft._typing.TensorLike, /) -> Tensor:
    """1 / sqrt(x)."""

def reciprocal(x: weft._typing.TensorLike, /) -> Tensor:
    """1 / x."""

def exp(x: weft._typing.TensorLike, /) -> Tensor:
    """e to the x."""

def exp2(x: weft._typing.TensorLike, /) -> Tensor:
    """2 to the x."""

def expm1(x: weft._typing.TensorLike, /) -> Tensor:
    """exp(x) - 1, exact near 0."""

def log(x: weft._typing.TensorLike, /) -> Tensor:
    """Natural logarithm."""

def log1p(x: weft._typing.TensorLike, /) -> Tensor:
    """log(1 + x), exact near 0."""

def log2(x: weft._typing.TensorLike, /) -> Tensor:
    """Logarithm to base 2."""

def log10(x: weft._typing.TensorLike, /) -> Tensor:
    """Logarithm to base 10."""

def sin(x: weft._typing.TensorLike, /) -> Tensor:
    """Sine of radians."""

def cos(x: weft._typing.TensorLike, /) -> Tensor:
    """Cosine of radians."""

def tan(x: weft._typing.TensorLike, /) -> Tensor:
    """Tangent of radians."""

def asin(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse sine."""

def arcsin(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse sine."""

def acos(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse cosine."""

def arccos(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse cosine."""

def atan(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse tangent."""

def arctan(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse tangent."""

def sinh(x: weft._typing.TensorLike, /) -> Tensor:
    """Hyperbolic sine."""

def cosh(x: weft._typing.TensorLike, /) -> Tensor:
    """Hyperbolic cosine."""

def tanh(x: weft._typing.TensorLike, /) -> Tensor:
    """Hyperbolic tangent."""

def asinh(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse hyperbolic sine."""

def arcsinh(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse hyperbolic sine."""

def acosh(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse hyperbolic cosine."""

def arccosh(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse hyperbolic cosine."""

def atanh(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse hyperbolic tangent."""

def arctanh(x: weft._typing.TensorLike, /) -> Tensor:
    """Inverse hyperbolic tangent."""

def erf(x: weft._typing.TensorLike, /) -> Tensor:
    """The error function."""

def sigmoid(x: weft._typing.TensorLike, /) -> Tensor:
    """1 / (1 + exp(-x))."""

def relu(x: weft._typing.TensorLike, /) -> Tensor:
    """max(x, 0)."""

def floor(x: weft._typing.TensorLike, /) -> Tensor:
    """The next integer below; integers unchanged."""

def ceil(x: weft._typing.TensorLike, /) -> Tensor:
    """The next integer above; integers unchanged."""

def trunc(x: weft._typing.TensorLike, /) -> Tensor:
    """The next integer towards 0; integers unchanged."""

def fix(x: weft._typing.TensorLike, /) -> Tensor:
    """The next integer towards 0; integers unchanged."""

def real(x: weft._typing.TensorLike, /) -> Tensor:
    """The real part."""

def imag(x: weft._typing.TensorLike, /) -> Tensor:
    """The imaginary part."""

def conj(x: weft._typing.TensorLike, /) -> Tensor:
    """The complex conjugate."""

def conjugate(x: weft._typing.TensorLike, /) -> Tensor:
    """The complex conjugate."""

def isnan(x: weft._typing.TensorLike, /) -> Tensor:
    """True where x is not a number."""

def isinf(x: weft._typing.TensorLike, /) -> Tensor:
    """True where x is infinite."""

def isfinite(x: weft._typing.TensorLike, /) -> Tensor:
    """True where x is neither infinite nor NaN."""

def signbit(x: weft._typing.TensorLike, /) -> Tensor:
    """True where the sign is negative, -0.0 too."""

def logical_not(x: weft._typing.TensorLike, /) -> Tensor:
    """x == 0."""

def bitwise_invert(x: weft._typing.TensorLike, /) -> Tensor:
    """Every bit turned round; for bool, not."""

def bitwise_not(x: weft._typing.TensorLike, /) -> Tensor:
    """Every bit turned round; for bool, not."""

def invert(x: weft._typing.TensorLike, /) -> Tensor:
    """Every bit turned round; for bool, not."""

def stop_gradient(x: weft._typing.TensorLike, /) -> Tensor:
    """The same value; no gradient flows through it."""

def add(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 + x2."""

def subtract(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 - x2."""

def sub(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 - x2."""

def multiply(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 * x2."""

def mul(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 * x2."""

def divide(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 / x2; integers become the default float."""

def div(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 / x2; integers become the default float."""

def true_divide(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 / x2; integers become the default float."""

def floor_divide(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 // x2, rounded down."""

def remainder(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 % x2, with the sign of x2."""

def mod(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 % x2, with the sign of x2."""

def fmod(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The remainder with the sign of x1."""

def minimum(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The smaller; NaN if either is."""

def maximum(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The larger; NaN if either is."""

def atan2(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The angle of the point (x2, x1)."""

def arctan2(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The angle of the point (x2, x1)."""

def hypot(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """sqrt(x1**2 + x2**2), without overflow."""

def logaddexp(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """log(exp(x1) + exp(x2)), without overflow."""

def copysign(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 with the sign of x2."""

def nextafter(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The next number from x1 towards x2."""

def bitwise_and(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 & x2."""

def bitwise_or(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 | x2."""

def bitwise_xor(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 ^ x2."""

def bitwise_left_shift(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 << x2."""

def left_shift(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 << x2."""

def bitwise_right_shift(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 >> x2; the sign is kept."""

def right_shift(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 >> x2; the sign is kept."""

def logical_and(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """True where both are not 0."""

def logical_or(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """True where either is not 0."""

def logical_xor(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """True where exactly one is not 0."""

def less(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 < x2."""

def lt(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 < x2."""

def less_equal(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 <= x2."""

def le(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 <= x2."""

def greater(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 > x2."""

def gt(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 > x2."""

def greater_equal(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 >= x2."""

def ge(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 >= x2."""

def equal(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 == x2."""

def eq(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 == x2."""

def not_equal(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 != x2."""

def ne(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 != x2."""

def pow(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 ** x2."""

def power(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 ** x2."""

def positive(x: weft._typing.TensorLike, /) -> Tensor:
    """+x."""

def fma(a: weft._typing.TensorLike, b: weft._typing.TensorLike, c: weft._typing.TensorLike, /) -> Tensor:
    """a * b + c, rounded once."""

def complex(real: weft._typing.TensorLike, imag: weft._typing.TensorLike, /) -> Tensor:
    """real + 1j * imag."""

def where(condition: weft._typing.TensorLike, x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """x1 where the condition holds, else x2. All three broadcast."""

def clip(x: weft._typing.TensorLike, /, min: weft._typing.TensorLike | None=None, max: weft._typing.TensorLike | None=None) -> Tensor:
    """x, but not below min nor above max."""

def clamp(x: weft._typing.TensorLike, /, min: weft._typing.TensorLike | None=None, max: weft._typing.TensorLike | None=None) -> Tensor:
    """x, but not below min nor above max."""

def round(x: weft._typing.TensorLike, /, decimals: builtins.int=0) -> Tensor:
    """Rounded, half to even."""

def nan_to_num(x: weft._typing.TensorLike, nan: builtins.float=0.0, posinf: builtins.float | None=None, neginf: builtins.float | None=None) -> Tensor:
    """NaN and infinities replaced by numbers."""

def bitcast(x: weft._typing.TensorLike, dtype: weft._typing.DTypeLike) -> Tensor:
    """The same bits as another dtype of the same width."""

def astype(x: weft._typing.TensorLike, dtype: weft._typing.DTypeLike, /, *, copy: builtins.bool=True, device: weft._typing.DeviceLike=None) -> Tensor:
    """Converted to another dtype."""

def max(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """
    The largest element over the axes (all by default); NaN if there is one.
    """

def amax(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """NumPy's other name of max()."""

def min(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """
    The smallest element over the axes (all by default); NaN if there is one.
    """

def amin(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """NumPy's other name of min()."""

def any(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """Whether any element over the axes is not 0."""

def all(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """Whether all elements over the axes are not 0."""

def logsumexp(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """log(sum(exp(x))) over the axes, without overflow."""

def count_nonzero(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """How many elements over the axes are not 0; int64."""

def sum(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
    """
    The sum over the axes (all by default). Small integers and bool are summed as int64 or uint64.
    """

def prod(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
    """
    The product over the axes (all by default). Small integers and bool are multiplied as int64 or uint64.
    """

def mean(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
    """The mean over the axes (all by default)."""

def var(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, correction: builtins.float=0, ddof: builtins.float | None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
    """
    The variance over the axes: squared distances from the mean, divided by n - correction (NumPy: ddof).
    """

def std(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, keepdims: builtins.bool=False, dim: weft._typing.Axis=None, keepdim: builtins.bool | None=None, out: None=None, correction: builtins.float=0, ddof: builtins.float | None=None, dtype: weft._typing.DTypeLike | None=None) -> Tensor:
    """The square root of var()."""

def argmax(x: weft._typing.TensorLike, /, axis: builtins.int | None=None, *, keepdims: builtins.bool=False, dim: builtins.int | None=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """
    The position of the first largest element along the axis (of all elements by default); int64.
    """

def argmin(x: weft._typing.TensorLike, /, axis: builtins.int | None=None, *, keepdims: builtins.bool=False, dim: builtins.int | None=None, keepdim: builtins.bool | None=None, out: None=None) -> Tensor:
    """
    The position of the first smallest element along the axis (of all elements by default); int64.
    """

def cumsum(x: weft._typing.TensorLike, /, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
    """Running sums along the axis; of the flattened tensor by default."""

def cumprod(x: weft._typing.TensorLike, /, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
    """Running products along the axis; of the flattened tensor by default."""

def cummax(x: weft._typing.TensorLike, /, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
    """Running maxima along the axis; of the flattened tensor by default."""

def cummin(x: weft._typing.TensorLike, /, axis: builtins.int | None=None, *, dtype: weft._typing.DTypeLike | None=None, dim: builtins.int | None=None) -> Tensor:
    """Running minima along the axis; of the flattened tensor by default."""

def cumulative_sum(x: weft._typing.TensorLike, /, *, axis: builtins.int | None=None, dtype: weft._typing.DTypeLike | None=None, include_initial: builtins.bool=False) -> Tensor:
    """Running sums along the axis (Array API)."""

def cumulative_prod(x: weft._typing.TensorLike, /, *, axis: builtins.int | None=None, dtype: weft._typing.DTypeLike | None=None, include_initial: builtins.bool=False) -> Tensor:
    """Running products along the axis (Array API)."""

def reshape(x: weft._typing.TensorLike, /, shape: weft._typing.Shape, *, copy: builtins.bool | None=None) -> Tensor:
    """
    The same elements in row-major order with another shape; one size may be -1.
    """

def flatten(x: weft._typing.TensorLike, /, start_dim: builtins.int=0, end_dim: builtins.int=-1) -> Tensor:
    """
    One dimension in place of those from start_dim to end_dim (all by default).
    """

def ravel(x: weft._typing.TensorLike, /, start_dim: builtins.int=0, end_dim: builtins.int=-1) -> Tensor:
    """
    One dimension in place of those from start_dim to end_dim (all by default).
    """

def matrix_transpose(x: weft._typing.TensorLike, /) -> Tensor:
    """With the last two dimensions exchanged."""

def transpose(x: weft._typing.TensorLike, /, axes: weft._typing.Shape | None=None) -> Tensor:
    """With the dimensions in this order; reversed by default."""

def permute_dims(x: weft._typing.TensorLike, /, axes: weft._typing.Shape) -> Tensor:
    """With the dimensions in this order."""

def permute(x: weft._typing.TensorLike, /, axes: weft._typing.Shape) -> Tensor:
    """With the dimensions in this order."""

def swapaxes(x: weft._typing.TensorLike, /, axis1: builtins.int, axis2: builtins.int) -> Tensor:
    """With two dimensions exchanged."""

def moveaxis(x: weft._typing.TensorLike, /, source: weft._typing.Shape, destination: weft._typing.Shape) -> Tensor:
    """With some dimensions moved; the others keep their order."""

def squeeze(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, dim: weft._typing.Axis=None) -> Tensor:
    """
    Without these dimensions of size 1; all of them by default. Raises ValueError where a size is not 1.
    """

def expand_dims(x: weft._typing.TensorLike, /, axis: weft._typing.Shape=0, *, dim: weft._typing.Axis=None) -> Tensor:
    """With a new dimension of size 1 at `axis`."""

def unsqueeze(x: weft._typing.TensorLike, /, axis: weft._typing.Shape=0, *, dim: weft._typing.Axis=None) -> Tensor:
    """With a new dimension of size 1 at `axis`."""

def broadcast_to(x: weft._typing.TensorLike, /, shape: weft._typing.Shape) -> Tensor:
    """Repeated to this shape by NumPy's rules, without copying."""

def tile(x: weft._typing.TensorLike, repetitions: weft._typing.Shape, /) -> Tensor:
    """Copies side by side, so many along each dimension."""

def repeat(x: weft._typing.TensorLike, /, repeats: builtins.int | weft._typing.ArrayLike, axis: builtins.int | None=None, *, dim: builtins.int | None=None) -> Tensor:
    """
    Each element so many times, along the axis or of the flattened tensor (NumPy; PyTorch's repeat is tile).
    """

def repeat_interleave(x: weft._typing.TensorLike, /, repeats: builtins.int | weft._typing.ArrayLike, axis: builtins.int | None=None, *, dim: builtins.int | None=None) -> Tensor:
    """
    Each element so many times, along the axis or of the flattened tensor (NumPy; PyTorch's repeat is tile).
    """

def flip(x: weft._typing.TensorLike, /, axis: weft._typing.Axis=None, *, dim: weft._typing.Axis=None) -> Tensor:
    """In reverse order along the axes (all by default)."""

def roll(x: weft._typing.TensorLike, /, shift: weft._typing.Shape, axis: weft._typing.Axis=None, *, dim: weft._typing.Axis=None) -> Tensor:
    """Shifted along the axes; what falls off comes in on the other side."""

def concat(tensors: Sequence[weft._typing.TensorLike] | Tensor, /, axis: builtins.int | None=0, *, dim: builtins.int | None=None) -> Tensor:
    """Joined along an axis that exists; None flattens first."""

def concatenate(tensors: Sequence[weft._typing.TensorLike] | Tensor, /, axis: builtins.int | None=0, *, dim: builtins.int | None=None) -> Tensor:
    """Joined along an axis that exists; None flattens first."""

def cat(tensors: Sequence[weft._typing.TensorLike] | Tensor, /, axis: builtins.int | None=0, *, dim: builtins.int | None=None) -> Tensor:
    """Joined along an axis that exists; None flattens first."""

def stack(tensors: Sequence[weft._typing.TensorLike] | Tensor, /, axis: builtins.int=0, *, dim: builtins.int | None=None) -> Tensor:
    """Joined along a new axis."""

def split(x: weft._typing.TensorLike, /, indices_or_sections: builtins.int | Sequence[builtins.int], axis: builtins.int=0, *, dim: builtins.int | None=None) -> builtins.list[Tensor]:
    """
    NumPy's split: so many equal sections, or cut at these places. (The method Tensor.split takes sizes, as PyTorch's.)
    """

def array_split(x: weft._typing.TensorLike, /, indices_or_sections: builtins.int | Sequence[builtins.int], axis: builtins.int=0) -> builtins.list[Tensor]:
    """split() into sections that may differ by one element."""

def chunk(x: weft._typing.TensorLike, /, chunks: builtins.int, axis: builtins.int=0, *, dim: builtins.int | None=None) -> builtins.list[Tensor]:
    """
    At most so many sections of equal size, the last perhaps smaller (PyTorch).
    """

def unstack(x: weft._typing.TensorLike, /, *, axis: builtins.int=0, dim: builtins.int | None=None) -> builtins.tuple[Tensor, ...]:
    """The slices along an axis, which goes."""

def unbind(x: weft._typing.TensorLike, /, *, axis: builtins.int=0, dim: builtins.int | None=None) -> builtins.tuple[Tensor, ...]:
    """The slices along an axis, which goes."""

def _pad(x: weft._typing.TensorLike, lo: Sequence[builtins.int], hi: Sequence[builtins.int], interior: Sequence[builtins.int] | None=None, fill: weft._typing.Number=0) -> Tensor:
    """Padding per dimension; `interior` places go between neighbours."""

def window(x: weft._typing.TensorLike, axis: builtins.int, out: builtins.int, kernel: builtins.int, stride: builtins.int=1, dilation: builtins.int=1, lo: builtins.int=0, fill: weft._typing.Number=0) -> Tensor:
    """
    Windows along an axis: dimension `axis` becomes (out, kernel), element x[o * stride + k * dilation - lo], `fill` outside.
    """

def fold(g: weft._typing.TensorLike, axis: builtins.int, n: builtins.int, stride: builtins.int=1, dilation: builtins.int=1, lo: builtins.int=0) -> Tensor:
    """The adjoint of window: overlaps add."""

def take(x: weft._typing.TensorLike, /, indices: weft._typing.ArrayLike, axis: builtins.int | None=None) -> Tensor:
    """
    The elements (or slices along the axis) at these places. Raises IndexError where one is out of bounds.
    """

def index_select(x: weft._typing.TensorLike, /, dim: builtins.int, index: weft._typing.ArrayLike) -> Tensor:
    """PyTorch's name of take()."""

def take_along_axis(x: weft._typing.TensorLike, /, indices: weft._typing.ArrayLike, axis: builtins.int | None=-1) -> Tensor:
    """
    Along the axis, the elements at these places; the other dimensions broadcast.
    """

def take_along_dim(x: weft._typing.TensorLike, /, indices: weft._typing.ArrayLike, axis: builtins.int | None=-1) -> Tensor:
    """
    Along the axis, the elements at these places; the other dimensions broadcast.
    """

def gather(x: weft._typing.TensorLike, /, dim: builtins.int, index: weft._typing.ArrayLike) -> Tensor:
    """PyTorch's gather: out[i, j] = x[index[i, j], j] for dim 0."""

def scatter(x: weft._typing.TensorLike, /, dim: builtins.int, index: weft._typing.ArrayLike, src: weft._typing.TensorLike, *, reduce: builtins.str='set') -> Tensor:
    """
    PyTorch's scatter: out[index[i, j], j] = src[i, j] for dim 0; reduce combines with what is there.
    """

def scatter_add(x: weft._typing.TensorLike, /, dim: builtins.int, index: weft._typing.ArrayLike, src: weft._typing.TensorLike) -> Tensor:
    """scatter() that adds; equal places add in order."""

def index_add(x: weft._typing.TensorLike, /, dim: builtins.int, index: weft._typing.ArrayLike, source: weft._typing.TensorLike) -> Tensor:
    """
    The slices of the source added to those at `index` along the dimension.
    """

def index_copy(x: weft._typing.TensorLike, /, dim: builtins.int, index: weft._typing.ArrayLike, source: weft._typing.TensorLike) -> Tensor:
    """
    The slices of the source in place of those at `index` along the dimension.
    """

def sort(x: weft._typing.TensorLike, /, axis: builtins.int=-1, *, descending: builtins.bool=False, stable: builtins.bool=True, dim: builtins.int | None=None) -> Tensor:
    """
    In ascending order along the axis; equal elements keep theirs, NaN comes last.
    """

def argsort(x: weft._typing.TensorLike, /, axis: builtins.int=-1, *, descending: builtins.bool=False, stable: builtins.bool=True, dim: builtins.int | None=None) -> Tensor:
    """The places that put the axis in ascending order; int64."""

def topk(x: weft._typing.TensorLike, /, k: builtins.int, axis: builtins.int=-1, *, largest: builtins.bool=True, sorted: builtins.bool=True, dim: builtins.int | None=None) -> builtins.tuple[Tensor, Tensor]:
    """
    The k largest (or smallest) elements along the axis, in order, and their places.
    """

def searchsorted(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /, side: builtins.str='left', sorter: weft._typing.TensorLike | None=None) -> Tensor:
    """Where each value of x2 would go in the sorted x1; int64."""

def matmul(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The matrix product by NumPy's rules; leading dimensions broadcast."""

def mm(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The matrix product by NumPy's rules; leading dimensions broadcast."""

def bmm(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """The matrix product by NumPy's rules; leading dimensions broadcast."""

def dot(x1: weft._typing.TensorLike, x2: weft._typing.TensorLike, /) -> Tensor:
    """NumPy's dot: matmul() where that is defined for the shapes."""

def conv(x: Tensor, w: Tensor, stride: Sequence[builtins.int], dilation: Sequence[builtins.int], lo: Sequence[builtins.int], hi: Sequence[builtins.int]) -> Tensor:
    """
    x (n, g, ci, spatial...), w (g, co, ci, kernel...) -> (n, g, co, out...), with 1 to 3 spatial dimensions and one number of each kind for each.
    """

def conv_input_grad(g: Tensor, w: Tensor, stride: Sequence[builtins.int], dilation: Sequence[builtins.int], lo: Sequence[builtins.int], hi: Sequence[builtins.int], spatial: Sequence[builtins.int]) -> Tensor:
    """The gradient of conv for x, which is also the transposed convolution."""

def conv_weight_grad(g: Tensor, x: Tensor, stride: Sequence[builtins.int], dilation: Sequence[builtins.int], lo: Sequence[builtins.int], hi: Sequence[builtins.int], kernel: Sequence[builtins.int]) -> Tensor:
    """The gradient of conv for w."""

def scan(x: Tensor, axis: builtins.int, op: builtins.int=0, reverse: builtins.bool=False) -> Tensor:
    """Inclusive scan: 0 sum, 1 prod, 2 max, 3 min."""

def asarray(obj: weft._typing.TensorLike | Sequence[Any], /, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, *, copy: builtins.bool | None=None) -> Tensor:
    """
    A tensor of this number, (nested) sequence, array or tensor. Data is copied at once.

    Python floats become the default float, ints int64; arrays keep their dtype.
    """

def array(obj: weft._typing.TensorLike | Sequence[Any], dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, *, requires_grad: builtins.bool=False) -> Tensor:
    """asarray(), and optionally a leaf that collects a gradient."""

def tensor(obj: weft._typing.TensorLike | Sequence[Any], dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, *, requires_grad: builtins.bool=False) -> Tensor:
    """asarray(), and optionally a leaf that collects a gradient."""

def from_numpy(array: weft._typing.Array, device: weft._typing.DeviceLike=None, *, copy: builtins.bool=True) -> Tensor:
    """
    A tensor with a copy of this array. With copy=False it reads the array's own memory where the device can, and the array must not change.
    """

def zeros(*shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, requires_grad: builtins.bool=False) -> Tensor:
    """A tensor of this shape full of 0."""

def zeros_like(x: weft._typing.TensorLike, /, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """The same for the shape, dtype and device of x."""

def ones(*shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, requires_grad: builtins.bool=False) -> Tensor:
    """A tensor of this shape full of 1."""

def ones_like(x: weft._typing.TensorLike, /, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """The same for the shape, dtype and device of x."""

def empty(*shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, requires_grad: builtins.bool=False) -> Tensor:
    """A tensor of this shape; the content is 0, as nodes are values."""

def empty_like(x: weft._typing.TensorLike, /, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """The same for the shape, dtype and device of x."""

def full(shape: weft._typing.Shape, fill_value: weft._typing.TensorLike, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """A tensor of this shape full of one value."""

def full_like(x: weft._typing.TensorLike, /, fill_value: weft._typing.Number, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """full() for the shape, dtype and device of x."""

def arange(start: builtins.float, /, stop: builtins.float | None=None, step: builtins.float=1, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """
    start, start + step, ... below stop; from 0 if only one number is given.
    """

def linspace(start: builtins.complex, stop: builtins.complex, /, num: builtins.int=50, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None, *, endpoint: builtins.bool=True) -> Tensor:
    """`num` evenly spaced values from start to stop."""

def eye(n_rows: builtins.int, n_cols: builtins.int | None=None, /, *, k: builtins.int=0, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
    """1 on the k-th diagonal, 0 elsewhere."""

def tril(x: weft._typing.TensorLike, /, k: builtins.int=0) -> Tensor:
    """x with 0 above the k-th diagonal."""

def triu(x: weft._typing.TensorLike, /, k: builtins.int=0) -> Tensor:
    """x with 0 below the k-th diagonal."""

def backward(tensors: Sequence[Tensor], gradients: Sequence[Tensor | None] | None=None, retain_graph: builtins.bool=False, create_graph: builtins.bool=False) -> None:
    """backward() of several tensors at once."""

def _gradients(outputs: Sequence[Tensor], seeds: Sequence[Tensor], wrt: Sequence[Tensor], create_graph: builtins.bool) -> builtins.list[Tensor | None]:
    """
    The gradients of sum(outputs * seeds) for tensors of the graph; None where nothing flows.
    """

def _leaves(outputs: Sequence[Tensor]) -> builtins.list[Tensor]:
    """The leaves below these tensors."""

def _depends(outputs: Sequence[Tensor], known: Sequence[Tensor]) -> builtins.bool:
    """Whether other leaves than these are below the outputs."""

def _variable(x: Tensor) -> Tensor:
    """The same value, as something to differentiate for."""

def _custom_vjp(value: Tensor, inputs: Sequence[Tensor], vjp: Callable[[Tensor], Sequence[Tensor | None]]) -> Tensor:
    """`value`, whose gradients for the inputs are vjp(g)."""

def is_grad_enabled() -> builtins.bool:
    """Whether operations record what a gradient needs, on this thread."""

def set_grad_enabled(on: builtins.bool) -> builtins.bool:
    """Switch recording on or off on this thread; returns the state before."""

class Generator:
    """
    Philox 4x32-10: a key, and a counter that moves on by the number of elements drawn.
    """

    def __init__(self, seed: builtins.int) -> None:
        ...

    def manual_seed(self, seed: builtins.int) -> Generator:
        """Begin again with this seed. Returns itself."""

    def get_state(self) -> builtins.tuple[builtins.int, builtins.int]:
        """(key, counter)"""

    def set_state(self, state: builtins.tuple[builtins.int, builtins.int]) -> None:
        """Go on from a state of get_state()."""

    @property
    def key(self) -> Tensor:
        """The key, a tensor."""

    @property
    def counter(self) -> Tensor:
        """The counter, a tensor."""

    def bits(self, shape: weft._typing.Shape, device: weft._typing.DeviceLike=None) -> Tensor:
        """uint32 numbers, all equally likely."""

    def bits64(self, shape: weft._typing.Shape, device: weft._typing.DeviceLike=None) -> Tensor:
        """uint64 numbers, all equally likely."""

    def uniform(self, shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
        """Floats in [0, 1)."""

    def normal(self, shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None=None, device: weft._typing.DeviceLike=None) -> Tensor:
        """Floats of the standard normal distribution."""

def _copy(x: Tensor) -> Tensor:
    """The same value as a node of its own; no gradient flows."""

def _loop(function: Callable[[builtins.list[Tensor]], builtins.list[Tensor]], carries: Sequence[Tensor], sequences: Sequence[Tensor], constants: Sequence[Tensor], steps: builtins.int, reverse: builtins.bool) -> builtins.list[Tensor]:
    """The repeat node: see weft.loop."""

def _products(values: Sequence[Tensor]) -> builtins.list[Tensor]:
    """The matrix products and convolutions below these pending values."""

def _assume_products(values: Sequence[Tensor], saved: Sequence[Tensor]) -> None:
    """
    Take the products below `values` from `saved` instead of computing them.
    """

def _factors(x: Tensor) -> builtins.tuple[Tensor, Tensor] | None:
    """The two factors of a pending product of matrices."""

class Traced:
    """A function of tensors, traced once and replayed."""

    def __init__(self, function: builtins.object, arguments: builtins.object) -> None:
        ...

    def __call__(self, arguments: Sequence[Tensor]) -> builtins.list[Tensor] | None:
        ...

    @property
    def captures(self) -> builtins.int:
        """How many tensors from outside the function reads."""

class GraphNode:
    """A node of a TracedGraph."""

    @property
    def primitive(self) -> builtins.str:
        """What computes it; see core/primitives."""

    @property
    def inputs(self) -> builtins.list[builtins.int]:
        """Positions of its inputs in the graph."""

    @property
    def attrs(self) -> builtins.tuple[builtins.int, ...]:
        """What the primitive says of itself."""

    @property
    def shape(self) -> builtins.tuple[builtins.int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> _dtype:
        """Its dtype."""

    @property
    def scalar(self) -> builtins.complex:
        """The number of a scalar, the fill value of padding."""

    @property
    def value(self) -> Tensor | None:
        """Of a value at hand: the tensor that the function read."""

    @property
    def body(self) -> builtins.tuple[TracedGraph, builtins.int, builtins.int] | None:
        """
        Of a loop: the graph of its body, and how many carried values and sequences it has.
        """

    @property
    def site(self) -> builtins.str:
        """The line that made it, with WEFT_DEBUG=trace; else empty."""

class TracedGraph:
    """
    What a function does to tensors: its arguments first, then nodes with inputs before their users.
    """

    @property
    def nodes(self) -> builtins.list[GraphNode]:
        """All nodes."""

    @property
    def arguments(self) -> builtins.int:
        """How many of the nodes, at the beginning, are arguments."""

    @property
    def updates(self) -> builtins.int:
        """To how many tensors from outside the function gave new values."""

    @property
    def results(self) -> builtins.list[builtins.int]:
        """Positions of what the function returned."""

def _trace_graph(function: Callable[[builtins.list[Tensor]], builtins.list[Tensor]], arguments: Sequence[Tensor], batch: builtins.int | None) -> TracedGraph:
    """
    The graph of a function of tensors like `arguments`, with `batch` for their first dimension unless it is None.
    """

def _trace_sites(package: builtins.str) -> None:
    """Called once at import with the folder of the package."""

def _flatten(tree: Any) -> builtins.tuple[builtins.list[Any], Any]:
    """The leaves in order, and the shape of the tree."""

def _kinds(leaves: builtins.list[Any]) -> builtins.tuple[Any, ...]:
    """
    What a trace is made for: dtypes, devices and shapes of tensors, anything else by value.
    """

def _tracing() -> builtins.bool:
    """Whether a function is being traced on this thread."""

def eval(*trees: Any) -> None:
    """
    Compute these tensors now, in one plan per device: tensors, and lists, tuples, dicts and modules of them. Does not wait.
    """

def synchronize(device: weft._typing.DeviceLike=None) -> None:
    """
    Wait until a device (all by default) has done its work. Raises errors that were found late.
    """

def memory_stats(device: weft._typing.DeviceLike=None) -> builtins.dict[builtins.str, builtins.int]:
    """
    Bytes in_use, cached, peak and limit of a device's pool, and how many allocations and buffers.
    """

def set_memory_limit(nbytes: builtins.int, device: weft._typing.DeviceLike=None) -> None:
    """
    Let a device's pool hold no more than this; 0 for no limit. Beyond it OutOfMemoryError is raised.
    """

def empty_cache(device: weft._typing.DeviceLike=None) -> None:
    """Give unused memory of a device's pool back."""

def reset_peak_memory(device: weft._typing.DeviceLike=None) -> None:
    """Begin to measure the peak again."""

def get_default_device() -> _device:
    """Where new tensors go."""

def set_default_device(device: weft._typing.DeviceLike) -> None:
    """Where new tensors go from now on; None: as WEFT_BACKEND says."""

def get_default_dtype() -> _dtype:
    """The dtype of new floating-point tensors."""

def set_default_dtype(dtype: weft._typing.DTypeLike) -> None:
    """
    The dtype of new floating-point tensors on this thread: float32 or float64.
    """

def _profile_start() -> None:
    ...

def _profile_stop() -> builtins.dict[builtins.str, builtins.list[Any]]:
    ...

def _record_fallback(op: builtins.str, device: weft._typing.DeviceLike) -> None:
    """
    Count a computation on the host; raises HostFallbackError under WEFT_STRICT=1.
    """

def _allow_host(delta: builtins.int) -> builtins.int:
    ...

def runtime_stats() -> builtins.dict[builtins.str, builtins.int]:
    """Sizes, limits and hits of the plan and program caches."""

def clear_caches() -> None:
    """Forget all plans and compiled kernels."""

def fuse_enabled() -> builtins.bool:
    """Whether operations are fused (WEFT_FUSE)."""

def set_fuse(on: builtins.bool) -> None:
    """Fuse operations or not; for tests."""

def graph_text(*trees: Any) -> builtins.str:
    """The pending graph of these tensors as text."""

def plan_text(*trees: Any) -> builtins.str:
    """The kernels that would compute these tensors as text."""

def _register_native(path: builtins.str) -> builtins.list[_device]:
    """Load a library that exports weft_backend_v1; its devices."""

def _register_python(backend: weft.backend.Backend) -> builtins.list[_device]:
    """Adopt an object of weft.backend.Backend; its devices."""

def _believe(device: _device) -> None:
    """A probe ran on this device: names find it."""

def _believed() -> builtins.list[_device]:
    """The devices that names find."""

def _capabilities(device: _device) -> builtins.dict[builtins.str, Any]:
    """What the backend of a device says it can do."""

def _kernel_builds(device: _device) -> builtins.int:
    """How many kernels a driver built from source."""

def _threads(device: _device, count: builtins.int=0) -> builtins.int:
    """How many threads plans run on; a positive number sets it."""

_dtype: TypeAlias = dtype
_device: TypeAlias = device
