"""loop(): a body run many times as one node of the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _core
from ._core import Tensor
from ._tree import flatten, unflatten

__all__ = ["loop"]

Body = Callable[[list[Tensor]], list[Tensor]]


def loop(
    body: Callable[..., tuple[Any, Any]],
    carry: Any,
    xs: Any = None,
    constants: Any = (),
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Run ``carry, y = body(carry, x, constants)`` for each step; the body is compiled once, whatever the length.

    Parameters
    ----------
    body : callable
        Takes the carried values, the slice of this step and the constants; returns the next carried values, of the same
        shapes and dtypes, and what this step puts out (None for nothing). It reads no other tensors.
    carry : tree of Tensor
        The carried values before the first step.
    xs : tree of Tensor, optional
        Sequences, shape (length, ...): each step gets a slice of each.
    constants : tree of Tensor
        What every step reads, such as weights. Gradients flow to them too.
    length : int, optional
        How many steps, where there are no sequences.
    reverse : bool
        Whether the last slice comes first.

    Returns
    -------
    tuple
        The carried values after the last step, and the outputs stacked along a new first dimension.

    Raises
    ------
    ValueError
        The sequences have other lengths, a carried value changes shape or dtype, or the body reads other tensors.

    Examples
    --------
    >>> import weft
    >>> total, sums = loop(lambda c, x, _: (c + x, c + x), weft.zeros(()), weft.arange(4, dtype=weft.float32))
    >>> total.item(), sums.tolist()
    (6.0, [0.0, 1.0, 3.0, 6.0])
    """
    carries, carry_shape = flatten(carry)
    sequences, xs_shape = flatten(xs) if xs is not None else ([], None)
    fixed, fixed_shape = flatten(constants)
    steps = sequences[0].shape[0] if sequences and sequences[0].ndim else length
    if steps is None:
        raise ValueError("loop: how many steps? give sequences, or length=")
    if length is not None and length != steps:
        raise ValueError(f"loop: length={length}, but the sequences have {steps} steps")
    y_shape: Any = None

    def flat(values: list[Tensor]) -> list[Tensor]:
        nonlocal y_shape
        c, x, k = _cut(values, len(carries), len(sequences))
        after, y = body(
            unflatten(carry_shape, c), unflatten(xs_shape, x) if xs is not None else None, unflatten(fixed_shape, k)
        )
        after_leaves, after_shape = flatten(after)
        if after_shape != carry_shape:
            raise ValueError("loop: the body returned carried values of another structure than it was given")
        outputs, y_shape = ([], ("none",)) if y is None else flatten(y)
        return [*after_leaves, *outputs]

    results = _differentiable(flat, carries, sequences, fixed, steps, reverse)
    final, outputs = results[: len(carries)], results[len(carries) :]
    return unflatten(carry_shape, final), None if y_shape == ("none",) else unflatten(y_shape, outputs)


def _cut(values: list[Tensor], carries: int, sequences: int) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    return values[:carries], values[carries : carries + sequences], values[carries + sequences :]


def _run(
    flat: Body, carries: list[Tensor], xs: list[Tensor], fixed: list[Tensor], steps: int, reverse: bool
) -> list[Tensor]:
    def body(values: list[Tensor]) -> list[Tensor]:
        # What is only handed on stays where it is; else an argument, or what appears twice, needs memory of its own.
        results = flat(values)
        handed_on = [i < len(carries) and r is values[i] for i, r in enumerate(results)]
        return [r if same else _core._copy(r) for r, same in zip(results, handed_on, strict=True)]

    return _core._loop(body, carries, xs, fixed, steps, reverse)


def _differentiable(
    flat: Body, carries: list[Tensor], xs: list[Tensor], fixed: list[Tensor], steps: int, reverse: bool
) -> list[Tensor]:
    inputs = [*carries, *xs, *fixed]
    if not (_core.is_grad_enabled() and any(t.requires_grad for t in inputs)):
        return _run(flat, carries, xs, fixed, steps, reverse)

    # The way back needs what each step was given to carry, and the products it made, which are dear to make again.
    n_results = 0

    def keeping(values: list[Tensor]) -> list[Tensor]:
        nonlocal n_results
        results = flat(values)
        n_results = len(results)
        return [*results, *(_core._copy(v) for v in values[: len(carries)]), *_core._products(results)]

    with_history = _run(
        keeping, [c.detach() for c in carries], [x.detach() for x in xs], [k.detach() for k in fixed], steps, reverse
    )
    results, history = with_history[:n_results], with_history[n_results:]
    back = _Backward(flat, carries, xs, fixed, steps, reverse, results, history)
    return _joined(results, inputs, back)


class _Backward:
    """The way back through a loop: a loop too, from the last step to the first.

    `history` holds, for each step, what it was given to carry and the products it made.
    """

    def __init__(
        self,
        flat: Body,
        carries: list[Tensor],
        xs: list[Tensor],
        fixed: list[Tensor],
        steps: int,
        reverse: bool,
        results: list[Tensor],
        history: list[Tensor],
    ) -> None:
        self.flat, self.carries, self.xs, self.fixed = flat, carries, xs, fixed
        self.steps, self.reverse, self.results, self.history = steps, reverse, results, history

    def __call__(self, *gradients: Tensor | None) -> list[Tensor]:
        if _core.is_grad_enabled():
            raise RuntimeError(
                "loop: gradients of its gradients are not supported; write the steps out, or leave out create_graph"
            )
        seeds = [_core.zeros_like(r) if g is None else g for g, r in zip(gradients, self.results, strict=True)]
        sums = [_core.zeros_like(k) for k in self.fixed]
        n = len(self.carries)
        self.products: list[int] = []  # constants whose gradient is one product over all steps
        found = _run(
            self._step,
            [*seeds[:n], *sums],
            [*self.history, *self.xs, *seeds[n:]],
            self.fixed,
            self.steps,
            not self.reverse,
        )
        to_carry, to_fixed, rest = found[:n], found[n : n + len(sums)], found[n + len(sums) :]
        to_x, factors = rest[: len(self.xs)], [f.reshape(-1, f.shape[-1]) for f in rest[len(self.xs) :]]
        for at, a, b in zip(self.products, factors[::2], factors[1::2], strict=True):
            to_fixed[at] = a.mT @ b
        return [*to_carry, *to_x, *to_fixed]

    def _step(self, values: list[Tensor]) -> list[Tensor]:
        parts = iter(values)

        def take(some: list[Tensor]) -> list[Tensor]:
            return [next(parts) for _ in some]

        g_carry, sums = take(self.carries), take(self.fixed)
        given, products = take(self.carries), take(self.history[len(self.carries) :])
        x, g_out, fixed = take(self.xs), take(self.results[len(self.carries) :]), take(self.fixed)
        before = _core.set_grad_enabled(True)
        try:
            variables = [_core._variable(t) for t in (*given, *x, *fixed)]
            after = self.flat(variables)
        finally:
            _core.set_grad_enabled(before)
        _core._assume_products(after, products)
        some = _core._gradients(after, [*g_carry, *g_out], variables, False)
        found = [_core.zeros_like(v) if g is None else g for g, v in zip(some, variables, strict=True)]
        to_carry, to_x, to_fixed = _cut(found, len(given), len(x))
        factors: list[Tensor] = []
        self.products = []
        for at, gradient in enumerate(to_fixed):
            pair = _core._factors(gradient)
            if pair is None:
                sums[at] = sums[at] + gradient
            else:
                self.products.append(at)
                factors += [pair[0].mT, pair[1]]
        return [*to_carry, *sums, *to_x, *factors]


def _joined(results: list[Tensor], inputs: list[Tensor], back: Callable[..., list[Tensor]]) -> list[Tensor]:
    """Results whose gradients are known together: `back` takes one for each result and gives one for each input."""

    # Each result is a node of its own, so each asks with zeros for the others; the gradients are linear in them.
    def alone(i: int) -> Callable[[Tensor], list[Tensor]]:
        return lambda g: back(*(g if j == i else None for j in range(len(results))))

    return [_core._custom_vjp(r, inputs, alone(i)) if r.dtype in _INEXACT else r for i, r in enumerate(results)]


_INEXACT = (_core.float16, _core.bfloat16, _core.float32, _core.float64, _core.complex64, _core.complex128)
