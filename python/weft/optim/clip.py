"""Gradients kept from growing too large."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce

import weft
from weft import Tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients together, so that their common norm is at most `max_norm`.

    Nothing waits: the norm stays on the device, and it works in a compiled function.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose ``grad`` is clipped, where there is one.
    max_norm : float
        The largest norm.
    norm_type : float
        The p of the p-norm; ``inf`` is the largest absolute value.
    error_if_nonfinite : bool
        Raise where the norm is infinite or not a number. This reads the norm: it waits for it, and cannot be compiled.

    Returns
    -------
    Tensor
        The norm before, of shape (): 0 where there are no gradients.

    Raises
    ------
    RuntimeError
        If the norm is no finite number and `error_if_nonfinite`. The gradients are as they were.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([3.0, 4.0]))
    >>> (p * p).sum().backward()
    >>> weft.optim.clip_grad_norm_([p], max_norm=5.0).item()
    10.0
    >>> [round(x, 4) for x in p.grad.tolist()]
    [3.0, 4.0]
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be >= 0, not {max_norm}")
    if not norm_type > 0:
        raise ValueError(f"clip_grad_norm_: norm_type must be > 0, not {norm_type}")
    owners = _with_gradient(parameters, "clip_grad_norm_")
    if not owners:
        return weft.zeros(())
    with weft.no_grad():
        norm = _norm([grad for _, grad in owners], float(norm_type))
        if error_if_nonfinite and not math.isfinite(norm.item()):
            raise RuntimeError(
                f"clip_grad_norm_: the norm of the gradients is {norm.item()}, so they cannot be clipped; "
                "look for bad values in the data or a loss that diverged, or use error_if_nonfinite=False"
            )
        scale = weft.minimum(max_norm / (norm + 1e-6), 1.0)
        for p, grad in owners:
            p.grad = (grad * scale).astype(grad.dtype)
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip every element of the gradients to [-`clip_value`, `clip_value`].

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Whose ``grad`` is clipped, where there is one.
    clip_value : float
        The largest absolute value.

    Examples
    --------
    >>> import weft
    >>> p = weft.nn.Parameter(weft.asarray([3.0, -4.0, 0.1]))
    >>> (p * p).sum().backward()
    >>> weft.optim.clip_grad_value_([p], 1.0)
    >>> [round(x, 4) for x in p.grad.tolist()]
    [1.0, -1.0, 0.2]
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value must be >= 0, not {clip_value}")
    with weft.no_grad():
        for p, grad in _with_gradient(parameters, "clip_grad_value_"):
            p.grad = weft.clip(grad, -clip_value, clip_value)


def _with_gradient(parameters: Tensor | Iterable[Tensor], what: str) -> list[tuple[Tensor, Tensor]]:
    owners = []
    for p in [parameters] if isinstance(parameters, Tensor) else parameters:
        if not isinstance(p, Tensor):
            raise TypeError(f"{what}: parameters must be tensors, not {type(p).__name__}")
        if p.grad is not None:
            owners.append((p, p.grad))
    return owners


def _norm(grads: list[Tensor], p: float) -> Tensor:
    # Sums of float16 would overflow.
    wide = [g.astype(weft.promote_types(g.dtype, weft.float32)) for g in grads if g.size]
    if not wide:
        return weft.zeros(())
    if p == math.inf:
        return reduce(weft.maximum, [weft.abs(g).max() for g in wide])
    if p == 2:
        return reduce(weft.add, [(g * g).sum() for g in wide]).sqrt()
    return reduce(weft.add, [(weft.abs(g) ** p).sum() for g in wide]) ** (1 / p)
