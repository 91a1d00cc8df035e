"""One layer of a recurrent network in one direction.

Every step adds two products: of its input, and of the state before it. The first is taken for all steps at once by
the caller; only the second is in the loop.
"""

from __future__ import annotations

from collections.abc import Callable

import weft
from weft import Tensor

__all__ = ["Cell", "State", "gru_cell", "hidden_gates", "lstm_cell", "recur", "relu_cell", "tanh_cell"]

# What a step hands to the next: the hidden state, and for LSTM the cell state.
State = tuple[Tensor, ...]

# The next state, from what the input and the hidden state give the gates (N, gates * hidden), and the state.
Cell = Callable[[Tensor, Tensor, State], State]


def tanh_cell(given: Tensor, hidden: Tensor, state: State) -> State:
    """Elman's network (1990)."""
    return ((given + hidden).tanh(),)


def relu_cell(given: Tensor, hidden: Tensor, state: State) -> State:
    """The same with a rectifier."""
    return ((given + hidden).relu(),)


def lstm_cell(given: Tensor, hidden: Tensor, state: State) -> State:
    """Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000)."""
    write, forget, value, read = (given + hidden).chunk(4, -1)
    cell = forget.sigmoid() * state[1] + write.sigmoid() * value.tanh()
    return read.sigmoid() * cell.tanh(), cell


def gru_cell(given: Tensor, hidden: Tensor, state: State) -> State:
    """Cho et al. (2014); the reset gate acts on the product, as in cuDNN."""
    (r, z, n), (hr, hz, hn) = given.chunk(3, -1), hidden.chunk(3, -1)
    keep = (z + hz).sigmoid()
    new = (n + (r + hr).sigmoid() * hn).tanh()
    return (new + keep * (state[0] - new),)


def hidden_gates(hidden: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What the hidden state gives the gates."""
    gates = hidden @ weight.T
    return gates if bias is None else gates + bias


def recur(
    cell: Cell,
    given: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    start: State,
    live: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Run a cell over time.

    Parameters
    ----------
    cell : callable
        One step.
    given : Tensor
        (T, N, gates * hidden): what the input gives the gates at every step.
    weight, bias : Tensor
        (gates * hidden, hidden) and (gates * hidden,): what the hidden state gives the gates.
    start : tuple of Tensor
        The state before the first step, each (N, hidden).
    live : Tensor, optional
        (T, N, 1), False where a sequence has no such step: there its state stays.
    reverse : bool
        Whether the last step comes first.

    Returns
    -------
    tuple
        The hidden state after every step (T, N, hidden), and the last state.
    """

    def step(state: State, x: list[Tensor], constants: list[Tensor]) -> tuple[State, Tensor]:
        after = cell(x[0], hidden_gates(state[0], constants[0], constants[1] if biases else None), state)
        if lives:
            after = tuple(weft.where(x[1], new, old) for new, old in zip(after, state, strict=True))
        return after, after[0]

    lives = [] if live is None else [live]
    biases = [] if bias is None else [bias]
    last, outputs = weft.loop(step, start, [given, *lives], [weight, *biases], reverse=reverse)
    # Read from the outputs, the last hidden state needs no way back of its own.
    return outputs, (outputs[0 if reverse else -1], *last[1:])
