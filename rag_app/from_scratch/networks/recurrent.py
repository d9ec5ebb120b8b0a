"""Cells that carry a memory along a sequence: the plain recurrent network, the LSTM and the GRU.

A cell turns the input of a step and its state into the next state; `run_cell` applies it to whole sequences:

>>> rng = np.random.default_rng(0)
>>> cell = LSTMCell(3, 4, rng)
>>> outputs, (h, c) = run_cell(cell, Tensor(rng.normal(size=(2, 5, 3))))
>>> outputs.shape, h.shape, c.shape
((2, 5, 4), (2, 4), (2, 4))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_choice
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import sigmoid, stack, tanh, where
from rag_app.from_scratch.networks.layers import Layer, Linear, weight
from rag_app.from_scratch.networks.masks import Mask
from rag_app.registry import register

State = tuple[Tensor, ...]


class Cell(Layer):
    """What recurrent cells share: weights of the input with a bias, weights of the state, and a state of zeros.

    Parameters
    ----------
    n_inputs, n_hidden : int
        Numbers of a step, and of the state.
    rng : numpy.random.Generator
        Draws the weights.

    Notes
    -----
    A cell has ``g · H (H + I + 1)`` weights, with g gates and candidates, H units and I inputs.
    """

    n_gates = 1
    n_states = 1

    def __init__(self, n_inputs: int, n_hidden: int, rng: np.random.Generator) -> None:
        self.input = Linear(n_inputs, self.n_gates * n_hidden, rng)
        self.recurrent = Linear(n_hidden, self.n_gates * n_hidden, rng, bias=False)
        self.n_hidden = n_hidden

    def __call__(self, x: Tensor, state: State) -> State:
        """Return the next state for inputs of shape (b, n_inputs); its first part is the hidden one, (b, n_hidden)."""
        raise NotImplementedError

    def initial(self, n_rows: int) -> State:
        """Return the state before the first step."""
        return tuple(Tensor(np.zeros((n_rows, self.n_hidden))) for _ in range(self.n_states))

    def part(self, sums: Tensor, i: int) -> Tensor:
        """Return the weighted sums of gate i."""
        return sums[..., i * self.n_hidden : (i + 1) * self.n_hidden]


class RNNCell(Cell):
    """The plain cell, ``h' = tanh(U x + W h + b)`` (Elman, "Finding structure in time", Cognitive Science 14, 1990)."""

    def __call__(self, x: Tensor, state: State) -> State:
        return (tanh(self.input(x) + self.recurrent(state[0])),)


class LSTMCell(Cell):
    """Long short-term memory: a cell state that gates write to, forget and show.

    Notes
    -----
    ``c' = f ⊙ c + i ⊙ g`` and ``h' = o ⊙ tanh(c')``; input, forget and output gates i, f, o are sigmoids, the candidate
    g a tanh, each of its own ``U x + W h + b``. The bias of the forget gate begins at 1. Hochreiter & Schmidhuber,
    "Long short-term memory", Neural Computation 9 (1997); Gers, Schmidhuber & Cummins, "Learning to forget", Neural
    Computation 12 (2000).
    """

    n_gates = 4
    n_states = 2

    def __init__(self, n_inputs: int, n_hidden: int, rng: np.random.Generator) -> None:
        super().__init__(n_inputs, n_hidden, rng)
        self.input.b = weight(np.repeat([0.0, 1.0, 0.0, 0.0], n_hidden))

    def __call__(self, x: Tensor, state: State) -> State:
        h, c = state
        sums = self.input(x) + self.recurrent(h)  # (b, 4 H): input, forget, candidate, output
        i, f, g, o = (self.part(sums, k) for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c


class GRUCell(Cell):
    """The gated recurrent unit: a state that is a weighted mean of itself and a candidate.

    Notes
    -----
    ``n = tanh(U x + r ⊙ (W h) + b)`` and ``h' = (1 - z) ⊙ n + z ⊙ h``, with reset gate r and update gate z. Cho et al.,
    "Learning phrase representations using RNN encoder–decoder", EMNLP 2014; the reset follows the product with W.
    """

    n_gates = 3

    def __call__(self, x: Tensor, state: State) -> State:
        (h,) = state
        given, remembered = self.input(x), self.recurrent(h)  # (b, 3 H) each: reset, update, candidate
        r, z = (sigmoid(self.part(given, k) + self.part(remembered, k)) for k in range(2))
        n = tanh(self.part(given, 2) + r * self.part(remembered, 2))
        return ((1 - z) * n + z * h,)


CELLS: dict[str, type[Cell]] = {"rnn": RNNCell, "lstm": LSTMCell, "gru": GRUCell}


def run_cell(cell: Cell, x: Tensor, state: State | None = None, mask: Mask | None = None) -> tuple[Tensor, State]:
    """Return the hidden states at each step of sequences, and the last state.

    Parameters
    ----------
    cell : Cell
        What is applied.
    x : Tensor of shape (b, n, d)
        Sequences, at least one step each.
    state : tuple of Tensor, optional
        Where it begins; by default zeros.
    mask : ndarray of bool of shape (b, n), optional
        False at filler, across which the state is carried unchanged.

    Returns
    -------
    tuple of Tensor of shape (b, n, h), and state
        Outputs and the last state.
    """
    state = cell.initial(len(x)) if state is None else state
    outputs = []
    for t in range(x.shape[1]):
        following = cell(x[:, t], state)
        if mask is not None:
            kept = mask[:, t, None]
            following = tuple(where(kept, new, old) for new, old in zip(following, state, strict=True))
        state = following
        outputs.append(state[0])
    return stack(outputs, axis=1), state


@register("tool", "M077", "M079", "M080")
def recurrent_states(
    inputs: Matrix,
    input_weights: Matrix,
    recurrent_weights: Matrix,
    bias: Vector,
    cell: str = "rnn",
) -> dict[str, Any]:
    """Return the states of a recurrent cell with given weights at each step of a sequence, from a state of zeros.

    Parameters
    ----------
    inputs : array-like of shape (n, d)
        A row for each step.
    input_weights : array-like of shape (d, g·h)
        Weights of the input, the columns of each gate side by side.
    recurrent_weights : array-like of shape (h, g·h)
        Weights of the hidden state.
    bias : array-like of shape (g·h,)
        One number for each column.
    cell : {"rnn", "lstm", "gru"}, default="rnn"
        Which: rnn (g = 1), lstm (g = 4: input, forget, candidate, output) or gru (g = 3: reset, update, candidate).

    Returns
    -------
    dict
        ``hidden`` of shape (n, h), and for an LSTM ``cell`` of the same shape, the cell state; otherwise None.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or the cell is unknown.

    Notes
    -----
    See `RNNCell`, `LSTMCell` and `GRUCell` for the formulas. Elman, "Finding structure in time", Cognitive Science 14
    (1990).

    Examples
    --------
    One unit with W = 0.5 and U = 1: tanh(1), tanh(0.5 · 0.7616), and so on; the trace of the first input halves.

    >>> result = recurrent_states([[1], [0], [0], [0]], [[1]], [[0.5]], [0])
    >>> [round(h[0], 4) for h in result["hidden"]]
    [0.7616, 0.3634, 0.1797, 0.0896]
    """
    check_choice("cell", cell, CELLS)
    x, W = as_matrix("inputs", inputs), as_matrix("recurrent_weights", recurrent_weights)
    made = CELLS[cell](x.shape[1], len(W), np.random.default_rng(0))
    n_columns = made.n_gates * len(W)
    if W.shape[1] != n_columns:
        msg = f"recurrent_weights must have {n_columns} columns for {len(W)} rows; got {W.shape[1]}."
        raise InvalidInputError(msg)
    U, b = as_matrix("input_weights", input_weights, n_columns=n_columns), as_vector("bias", bias)
    if len(U) != x.shape[1] or len(b) != n_columns:
        msg = f"input_weights must have {x.shape[1]} rows and bias {n_columns} numbers; got {len(U)} and {len(b)}."
        raise InvalidInputError(msg)
    made.load_state([U, b, W])
    state, states = made.initial(1), []
    for row in x:
        state = made(Tensor(row[None]), state)
        states.append([part.data[0].tolist() for part in state])
    cells = [s[1] for s in states] if made.n_states > 1 else None
    return {"hidden": [s[0] for s in states], "cell": cells}
