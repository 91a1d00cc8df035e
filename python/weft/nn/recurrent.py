"""RNN, LSTM and GRU over sequences, and their cells."""

from __future__ import annotations

import math
from typing import Any

import weft
from weft import Tensor

from . import functional as F
from . import init
from ._arguments import positive, shown
from ._recurrence import Cell, State, gru_cell, hidden_gates, lstm_cell, recur, relu_cell, tanh_cell
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence, reordered

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNCell"]

_RNN_CELLS = {"tanh": tanh_cell, "relu": relu_cell}


def _rnn_cell(layer: str, nonlinearity: str) -> Cell:
    if nonlinearity not in _RNN_CELLS:
        raise ValueError(f'{layer}: nonlinearity must be "tanh" or "relu", not {nonlinearity!r}')
    return _RNN_CELLS[nonlinearity]


def _register(
    module: Module, suffix: str, rows: int, inputs: int, hidden: int, bias: bool, device: Any, dtype: Any
) -> None:
    """Give `module` weight_ih, weight_hh, bias_ih and bias_hh, uniform within ``1 / sqrt(hidden)``."""
    bound = 1 / math.sqrt(hidden)
    shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, hidden)}
    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
    for name, shape in shapes.items():
        parameter = Parameter(weft.empty(shape, dtype=dtype, device=device))
        module.register_parameter(name + suffix, init.uniform_(parameter, -bound, bound))


def _weights(module: Module, suffix: str = "") -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    own = vars(module)
    weights = own["weight_ih" + suffix], own["weight_hh" + suffix]
    return *weights, own.get("bias_ih" + suffix), own.get("bias_hh" + suffix)


class _Recurrent(Module):
    """What RNN, LSTM and GRU share: layers, directions, and how sequences come and go."""

    gates = 1
    states = 1  # a hidden state, and for LSTM a cell state
    cell: Cell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        positive(type(self).__name__, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if not 0 <= dropout <= 1:
            raise ValueError(f"{type(self).__name__}: dropout must be in [0, 1], not {dropout}")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, dropout, bidirectional
        for layer in range(num_layers):
            inputs = hidden_size * len(self._directions) if layer else input_size
            for direction in self._directions:
                suffix = f"_l{layer}{direction}"
                _register(self, suffix, self.gates * hidden_size, inputs, hidden_size, bias, device, dtype)

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch's name for a step that weft does not need."""

    def _run(self, x: Tensor, start: list[Tensor] | None, live: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """All layers over (T, N, inputs), from states (layers * directions, N, hidden) to such states."""
        name = type(self).__name__
        if x.ndim != 3 or x.shape[-1] != self.input_size or x.shape[0] < 1:
            raise ValueError(
                f"{name}: the input has shape {x.shape} as (T, N, input_size); input_size must be {self.input_size} "
                f"and T at least 1 (batch_first={self.batch_first})"
            )
        shape = (self.num_layers * len(self._directions), x.shape[1], self.hidden_size)
        if start is None:
            start = [weft.zeros(shape, dtype=x.dtype, device=x.device)] * self.states
        if len(start) != self.states or any(s.shape != shape for s in start):
            raise ValueError(
                f"{name}: states of shapes {[s.shape for s in start]} as (layers * directions, N, hidden_size); "
                f"this input needs {self.states} of {shape}"
            )
        final: list[list[Tensor]] = [[] for _ in range(self.states)]
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            outputs = []
            for direction in self._directions:
                w_ih, w_hh, b_ih, b_hh = _weights(self, f"_l{layer}{direction}")
                before = tuple(s[len(final[0])] for s in start)
                y, after = recur(self.cell, F.linear(x, w_ih, b_ih), w_hh, b_hh, before, live, bool(direction))
                outputs.append(y)
                for last, state in zip(final, after, strict=True):
                    last.append(state)
            x = outputs[0] if len(outputs) == 1 else weft.concat(outputs, axis=-1)
        return x, [weft.stack(last) for last in final]

    def _run_packed(self, packed: PackedSequence, start: list[Tensor] | None) -> tuple[PackedSequence, list[Tensor]]:
        layout, order, undo = packed.layout(), packed.sorted_indices, packed.unsorted_indices
        if start is not None:
            start = [reordered(s, order, undo) for s in start]
        y, final = self._run(layout.unpack(packed.data), start, layout.live.unsqueeze(-1))
        return packed._replace(data=layout.pack(y)), [reordered(s, undo, order) for s in final]

    def forward(self, input: Tensor | PackedSequence, hx: Any = None) -> tuple[Tensor | PackedSequence, Any]:
        """Run over whole sequences.

        Parameters
        ----------
        input : Tensor or PackedSequence
            (T, N, input_size), (N, T, input_size) with `batch_first`, or (T, input_size).
        hx : Tensor, or tuple of two for LSTM, optional
            The first states, (layers * directions, N, hidden_size) each; zeros by default.

        Returns
        -------
        output : Tensor or PackedSequence
            The hidden states of the last layer at each step, (T, N, directions * hidden_size), laid out as the input.
        hx : Tensor, or tuple of two for LSTM
            The last states of each layer and direction, of the shape of the first.

        Raises
        ------
        ValueError
            Input or states are not of these shapes, or there is no step.
        """
        start = None if hx is None else list(hx) if self.states > 1 else [hx]
        output: Tensor | PackedSequence
        if isinstance(input, PackedSequence):
            output, final = self._run_packed(input, start)
        elif input.ndim == 2:  # a single sequence
            y, final = self._run(input.unsqueeze(1), None if start is None else [s.unsqueeze(1) for s in start])
            output, final = y.squeeze(1), [s.squeeze(1) for s in final]
        elif self.batch_first and input.ndim == 3:
            y, final = self._run(input.swapaxes(0, 1), start)
            output = y.swapaxes(0, 1)
        else:
            output, final = self._run(input, start)
        return output, tuple(final) if self.states > 1 else final[0]

    def extra_repr(self) -> str:
        options = shown(self, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False)
        return f"{self.input_size}, {self.hidden_size}{options}"


class RNN(_Recurrent):
    """``h = tanh(W_ih x + b_ih + W_hh h + b_hh)`` over sequences (Elman, 1990).

    Parameters
    ----------
    input_size, hidden_size : int
        The last dimension of input and output.
    num_layers : int
        Each layer takes the outputs of the one before.
    nonlinearity : {"tanh", "relu"}
        The function around it.
    bias : bool
        Whether there are b_ih and b_hh.
    batch_first : bool
        Whether sequences come as (N, T, ...) rather than (T, N, ...). States come as (..., N, hidden_size) always.
    dropout : float
        With what probability an output is dropped before the next layer, in training.
    bidirectional : bool
        Whether each layer also runs from the end; outputs of both directions stand side by side.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import weft
    >>> output, h = weft.nn.RNN(3, 4, num_layers=2)(weft.ones((7, 5, 3)))
    >>> output.shape, h.shape
    ((7, 5, 4), (2, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.cell = _rnn_cell("RNN", nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype)


class LSTM(_Recurrent):
    """Long short-term memory over sequences (Hochreiter and Schmidhuber, 1997).

    The parameters are those of `RNN` without `nonlinearity`; the gates stand in the order input, forget, cell, output.
    States are pairs of hidden and cell states.

    Examples
    --------
    >>> import weft
    >>> output, (h, c) = weft.nn.LSTM(3, 4, batch_first=True, bidirectional=True)(weft.ones((5, 7, 3)))
    >>> output.shape, h.shape, c.shape
    ((5, 7, 8), (2, 5, 4), (2, 5, 4))
    """

    gates, states = 4, 2
    cell = staticmethod(lstm_cell)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype)


class GRU(_Recurrent):
    """Gated recurrent units over sequences (Cho et al., 2014).

    The parameters are those of `RNN` without `nonlinearity`; the gates stand in the order reset, update, new.

    Examples
    --------
    >>> import weft
    >>> output, h = weft.nn.GRU(3, 4)(weft.ones((7, 5, 3)))
    >>> output.shape, h.shape
    ((7, 5, 4), (1, 5, 4))
    """

    gates = 3
    cell = staticmethod(gru_cell)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype)


class _RecurrentCell(Module):
    """One step of a recurrent layer."""

    gates = 1
    states = 1
    cell: Cell

    def __init__(self, input_size: int, hidden_size: int, bias: bool, device: Any, dtype: Any) -> None:
        super().__init__()
        positive(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        _register(self, "", self.gates * hidden_size, input_size, hidden_size, bias, device, dtype)

    def _step(self, input: Tensor, state: State | None) -> State:
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: expected (N, {self.input_size}) or ({self.input_size},), "
                f"not an input of shape {input.shape}"
            )
        shape = (*input.shape[:-1], self.hidden_size)
        if state is None:
            state = (weft.zeros(shape, dtype=input.dtype, device=input.device),) * self.states
        if len(state) != self.states or any(s.shape != shape for s in state):
            raise ValueError(
                f"{type(self).__name__}: states of shapes {[s.shape for s in state]}; "
                f"an input of shape {input.shape} needs {self.states} of {shape}"
            )
        w_ih, w_hh, b_ih, b_hh = _weights(self)
        return self.cell(F.linear(input, w_ih, b_ih), hidden_gates(state[0], w_hh, b_hh), state)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}{shown(self, bias=True)}"


class RNNCell(_RecurrentCell):
    """One step of `RNN`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.RNNCell(3, 4)(weft.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.cell = _rnn_cell("RNNCell", nonlinearity)
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, None if hx is None else (hx,))[0]


class LSTMCell(_RecurrentCell):
    """One step of `LSTM`; gives the hidden and the cell state.

    Examples
    --------
    >>> import weft
    >>> h, c = weft.nn.LSTMCell(3, 4)(weft.ones((5, 3)))
    >>> h.shape, c.shape
    ((5, 4), (5, 4))
    """

    gates, states = 4, 2
    cell = staticmethod(lstm_cell)

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> State:
        return self._step(input, hx)


class GRUCell(_RecurrentCell):
    """One step of `GRU`.

    Examples
    --------
    >>> import weft
    >>> weft.nn.GRUCell(3, 4)(weft.ones((5, 3))).shape
    (5, 4)
    """

    gates = 3
    cell = staticmethod(gru_cell)

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(input, None if hx is None else (hx,))[0]
