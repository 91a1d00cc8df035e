"""Random numbers: the same bits on every backend, from Philox 4x32-10.

A draw takes its place in the stream when it is called, so the order of calls decides, not that of evaluation. Each
function takes `generator`; without one, the generator of the module is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from weft import _core
from weft._core import Generator, Tensor

if TYPE_CHECKING:
    from weft._typing import ArrayLike, DeviceLike, DTypeLike, Shape, TensorLike

__all__ = [
    "Generator",
    "bernoulli",
    "choice",
    "default_generator",
    "exponential",
    "get_state",
    "manual_seed",
    "normal",
    "permutation",
    "rand",
    "randint",
    "randn",
    "seed",
    "set_state",
    "shuffle",
    "uniform",
]

_default: Generator | None = None


def default_generator() -> Generator:
    """The generator of the module; it begins with a seed of the operating system."""
    global _default
    if _default is None:
        _default = Generator(int.from_bytes(os.urandom(8), "little"))
    return _default


def manual_seed(seed: int) -> Generator:
    """Begin the stream of the module again.

    Parameters
    ----------
    seed : int
        Any integer; its lower 64 bits count.

    Examples
    --------
    >>> import weft
    >>> _ = weft.manual_seed(1)
    >>> a = weft.random.uniform(size=2)
    >>> _ = weft.manual_seed(1)
    >>> weft.array_equal(a, weft.random.uniform(size=2))
    True
    """
    return default_generator().manual_seed(seed % 2**64)


def seed(seed: int) -> None:
    """NumPy's name of manual_seed()."""
    manual_seed(seed)


def get_state() -> tuple[int, int]:
    """Where the stream of the module is: a key and a counter."""
    return default_generator().get_state()


def set_state(state: tuple[int, int]) -> None:
    """Go on from a state of get_state()."""
    default_generator().set_state(state)


def _shape(size: Shape | None, *values: TensorLike) -> Shape:
    if size is not None:
        return size
    shapes = [v.shape for v in values if hasattr(v, "shape")]
    from weft._functions import broadcast_shapes

    return broadcast_shapes(*shapes) if shapes else ()


def uniform(
    low: TensorLike = 0.0,
    high: TensorLike = 1.0,
    size: Shape | None = None,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
    generator: Generator | None = None,
) -> Tensor:
    """Floats in [low, high), all equally likely.

    Parameters
    ----------
    low, high : number or tensor
    size : int or sequence of int, optional
        The shape; that of the bounds by default.
    dtype : dtype, optional
        A floating one.
    device : device, optional
    generator : Generator, optional

    Examples
    --------
    >>> import weft
    >>> weft.random.uniform(size=(2, 3)).shape
    (2, 3)
    """
    x = (generator or default_generator()).uniform(_shape(size, low, high), dtype, device)
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return x if (low, high) == (0, 1) else x * (high - low) + low
    return (x * (_core.subtract(high, low)) + low).astype(x.dtype)


def normal(
    mean: TensorLike = 0.0,
    std: TensorLike = 1.0,
    size: Shape | None = None,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
    generator: Generator | None = None,
) -> Tensor:
    """Floats of a normal distribution; see `uniform` for the parameters."""
    x = (generator or default_generator()).normal(_shape(size, mean, std), dtype, device)
    if isinstance(mean, (int, float)) and isinstance(std, (int, float)):
        return x if (mean, std) == (0, 1) else x * std + mean
    return (x * std + mean).astype(x.dtype)


def exponential(
    scale: TensorLike = 1.0,
    size: Shape | None = None,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
    generator: Generator | None = None,
) -> Tensor:
    """Floats of an exponential distribution with this mean."""
    x = uniform(size=_shape(size, scale), dtype=dtype, device=device, generator=generator)
    return -_core.log1p(-x) * scale


def rand(
    *shape: Shape, dtype: DTypeLike | None = None, device: DeviceLike = None, generator: Generator | None = None
) -> Tensor:
    """Floats in [0, 1) of this shape."""
    return uniform(size=_sizes(shape), dtype=dtype, device=device, generator=generator)


def randn(
    *shape: Shape, dtype: DTypeLike | None = None, device: DeviceLike = None, generator: Generator | None = None
) -> Tensor:
    """Floats of the standard normal distribution of this shape."""
    return normal(size=_sizes(shape), dtype=dtype, device=device, generator=generator)


def _sizes(shape: tuple[Shape, ...]) -> Shape:
    return shape[0] if len(shape) == 1 else tuple(int(s) for s in shape)  # type: ignore[arg-type]


def randint(
    low: int,
    high: int | None = None,
    size: Shape = (),
    *,
    dtype: DTypeLike = "int64",
    device: DeviceLike = None,
    generator: Generator | None = None,
) -> Tensor:
    """Integers in [low, high), or in [0, low) without `high`.

    Raises
    ------
    ValueError
        There is no such integer.

    Examples
    --------
    >>> import weft
    >>> weft.random.randint(5, size=3).dtype
    weft.int64
    """
    first, last = (0, low) if high is None else (low, high)
    span = last - first
    if not 0 < span <= 2**63:
        raise ValueError(f"randint: no integers from {first} to below {last}")
    source = generator or default_generator()
    if span <= 2**16:  # the upper half of a product: one word is enough
        places = (source.bits(size, device).astype(_core.uint64) * span) >> 32
    else:
        places = source.bits64(size, device) % span
    return (places.astype(_core.int64) + first).astype(dtype)


def bernoulli(
    p: TensorLike = 0.5,
    size: Shape | None = None,
    *,
    dtype: DTypeLike = "bool",
    device: DeviceLike = None,
    generator: Generator | None = None,
) -> Tensor:
    """True (or 1) with probability `p`."""
    if device is None and isinstance(p, Tensor):
        device = p.device
    return _core.less(uniform(size=_shape(size, p), device=device, generator=generator), p).astype(dtype)


def permutation(x: int | TensorLike, *, device: DeviceLike = None, generator: Generator | None = None) -> Tensor:
    """The integers below `x` in random order, or the slices of a tensor along its first axis.

    Examples
    --------
    >>> import weft
    >>> sorted(weft.random.permutation(4).tolist())
    [0, 1, 2, 3]
    """
    source = generator or default_generator()
    if isinstance(x, int):
        return source.bits64(x, device).argsort()
    t = _core.asarray(x)
    return t.take(source.bits64(t.shape[0], t.device).argsort(), 0)


def shuffle(x: Tensor, *, generator: Generator | None = None) -> None:
    """Give this handle its slices along the first axis in random order."""
    x.assign(permutation(x, generator=generator))


def choice(
    a: int | ArrayLike,
    size: Shape = (),
    replace: bool = True,
    p: ArrayLike | None = None,
    *,
    device: DeviceLike = None,
    generator: Generator | None = None,
) -> Tensor:
    """Elements of `a` (or integers below it), with or without replacement, with probabilities `p` if given.

    Raises
    ------
    ValueError
        More elements than there are, without replacement.
    """
    population = None if isinstance(a, int) else _core.asarray(a)
    n = a if isinstance(a, int) else _core.asarray(a).shape[0]
    place = device if population is None else population.device
    shape = (size,) if isinstance(size, int) else tuple(size)
    count = 1
    for s in shape:
        count *= s
    if not replace and count > n:
        raise ValueError(f"choice: {count} of {n} elements without replacement")
    if p is None:
        chosen = (
            randint(n, size=shape, device=place, generator=generator)
            if replace
            else permutation(n, device=place, generator=generator)[:count]
        )
    else:
        weights = _core.asarray(p, dtype=_core.float32, device=place)
        if replace:
            ends = weights.cumsum(0)
            chosen = _core.searchsorted(
                ends / ends[-1], uniform(size=shape, device=place, generator=generator), side="right"
            ).clip(0, n - 1)
        else:  # the first arrivals of waiting times with these rates
            waits = exponential(size=n, device=place, generator=generator) / weights
            chosen = waits.argsort()[:count]
    chosen = chosen.reshape(shape)
    return chosen if population is None else population.take(chosen, 0)
