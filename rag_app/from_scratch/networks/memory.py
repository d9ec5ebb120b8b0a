"""How far back a recurrent network can learn to look: the gradient that is left after so many steps."""

from __future__ import annotations

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.recurrent import CELLS, Cell, GRUCell, LSTMCell, State
from rag_app.registry import register

_LONGEST, _LARGEST = 500, 2.0  # the square of 2^500 is still a number


class _LinearCell(Cell):
    """A recurrence without tanh, ``h' = U x + W h``: its gradient is a power of W."""

    def __call__(self, x: Tensor, state: State) -> State:
        return (self.input(x) + self.recurrent(state[0]),)


@register("tool", "M078")
def memory_gradients(
    n_steps: int = 50, width: int = 16, weight: float = 0.9, gate_bias: float = 3.0, seed: int = 0
) -> dict[str, list[float]]:
    """Return how much of the gradient is left 0, 1, 2, … steps back in recurrent cells: it vanishes, or gates keep it.

    Parameters
    ----------
    n_steps : int, default=50
        Steps of the sequence, from 1 to 500.
    width : int, default=16
        Units, at least 1.
    weight : float, default=0.9
        Recurrent weights are this times an orthogonal matrix, so that every singular value is its size;
        from -2 to 2.
    gate_bias : float, default=3.0
        Bias of the gates that keep the memory, the forget and the update gate, and minus that of the input gate.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        For ``linear``, ``rnn``, ``lstm`` (along the cell state) and ``gru``: the length of the gradient at each lag, as
        a share of that at lag 0. Below 1 it vanishes, above 1 it explodes.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``∂h_T/∂h_0 = Π diag(1 - h_t²) W``; without tanh its length is exactly ``|w|^T``. Along the cell of an LSTM the
    direct factor is the forget gate. Bengio, Simard & Frasconi, "Learning long-term dependencies with
    gradient descent is difficult", IEEE Transactions on Neural Networks 5 (1994).

    Examples
    --------
    0.9^50 = 0.00515 in the linear cell; less with tanh; an open gate keeps nearly all.

    >>> left = memory_gradients(gate_bias=40)
    >>> round(left["linear"][50], 5), left["rnn"][50] < 0.005, round(left["lstm"][50], 6), round(left["gru"][50], 6)
    (0.00515, True, 1.0, 1.0)
    """
    check_count("n_steps", n_steps, high=_LONGEST)
    check_count("width", width)
    check_range("weight", weight, -_LARGEST, _LARGEST)
    check_range("gate_bias", gate_bias, -np.finfo(float).max, np.finfo(float).max)
    result = {}
    kinds: dict[str, type[Cell]] = {"linear": _LinearCell, **CELLS}
    for name, kind in kinds.items():
        rng = as_generator(seed)
        cell = kind(1, width, rng)
        orthogonal = [np.linalg.qr(rng.normal(size=(width, width)))[0] for _ in range(cell.n_gates)]
        cell.load_state([*_input(cell, gate_bias), weight * np.concatenate(orthogonal, axis=1)])
        result[name] = _shares(cell, rng.normal(size=(n_steps, 1, 1)))
    return result


def _input(cell: Cell, gate_bias: float) -> tuple[Array, Array]:
    """Return weights and biases of the input: small weights, and gates that keep the memory."""
    biases = np.zeros((cell.n_gates, cell.n_hidden))
    if isinstance(cell, LSTMCell):
        biases[0], biases[1] = -gate_bias, gate_bias
    elif isinstance(cell, GRUCell):
        biases[1] = gate_bias
    return cell.input.W.data, biases.ravel()


def _shares(cell: Cell, inputs: Array) -> list[float]:
    state = cell.initial(1)
    states = [state]
    for x in inputs:
        state[-1].requires_grad = True
        state = cell(Tensor(x), state)
        states.append(state)
    state[-1].requires_grad = True
    state[-1].sum().backward()
    lengths = [float(np.linalg.norm(s[-1].grad)) for s in reversed(states) if s[-1].grad is not None]
    return [length / lengths[0] for length in lengths]
