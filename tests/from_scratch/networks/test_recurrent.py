"""Recurrent cells, against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.recurrent import CELLS, Cell, recurrent_states, run_cell

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 5, 3))
TORCH = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def _pair(name):
    cell = CELLS[name](3, 4, np.random.default_rng(1))
    twin = TORCH[name](3, 4, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        twin.weight_ih_l0.copy_(torch.tensor(cell.input.W.data.T))
        twin.weight_hh_l0.copy_(torch.tensor(cell.recurrent.W.data.T))
        twin.bias_ih_l0.copy_(torch.tensor(cell.input.b.data))
        twin.bias_hh_l0.zero_()
    return cell, twin


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_torchs(name):
    """Outputs, last states and the gradients through time, with copied weights."""
    cell, twin = _pair(name)
    ours, state = run_cell(cell, Tensor(X))
    theirs, last = twin(torch.tensor(X))
    assert np.allclose(ours.data, theirs.detach().numpy())
    for part, other in zip(state, last if isinstance(last, tuple) else (last,), strict=True):
        assert np.allclose(part.data, other[0].detach().numpy())
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    assert np.allclose(cell.recurrent.W.grad.T, twin.weight_hh_l0.grad.numpy())
    assert np.allclose(cell.input.W.grad.T, twin.weight_ih_l0.grad.numpy())
    assert np.allclose(cell.input.b.grad, twin.bias_ih_l0.grad.numpy())


@pytest.mark.parametrize("name", CELLS)
def test_padding_is_skipped(name):
    """The state is carried across masked steps, so that the last is that of the sequence without them."""
    cell, _ = _pair(name)
    mask = np.array([[True, True, True, False, False], [True] * 5])
    _, padded = run_cell(cell, Tensor(X), mask=mask)
    _, short = run_cell(cell, Tensor(X[:1, :3]))
    assert np.allclose(padded[0].data[0], short[0].data[0])
    assert np.allclose(padded[0].data[1], run_cell(cell, Tensor(X))[1][0].data[1])


@pytest.mark.parametrize(("name", "n_weights"), [("rnn", 29_312), ("gru", 87_936), ("lstm", 117_248)])
def test_the_number_of_weights(name, n_weights):
    """That is g · H (H + I + 1), for 128 units and 100 inputs."""
    cell = CELLS[name](100, 128, np.random.default_rng(0))
    assert sum(w.data.size for w in cell.weights()) == n_weights


def test_an_lstm_by_hand():
    """One unit, old cell state 2; sums 2, -1, 1, 0: f = 0.8808, i = 0.2689, o = 0.5, g = 0.7616."""
    cell = CELLS["lstm"](1, 1, np.random.default_rng(0))
    cell.load_state([np.zeros((1, 4)), np.array([-1.0, 2.0, 1.0, 0.0]), np.zeros((1, 4))])
    h, c = cell(Tensor([[0.0]]), (Tensor([[0.0]]), Tensor([[2.0]])))
    assert c.item() == pytest.approx(1.9664, abs=1e-4)
    assert h.item() == pytest.approx(0.4808, abs=1e-4)


def test_an_lstm_that_forgets_nothing_keeps_its_cell():
    """With f = 1 and i = 0 the cell state is constant."""
    cell = CELLS["lstm"](1, 1, np.random.default_rng(0))
    cell.load_state([np.zeros((1, 4)), np.array([-800.0, 800.0, 1.0, 0.0]), np.zeros((1, 4))])
    _, (_, c) = run_cell(cell, Tensor(np.ones((1, 30, 1))), (Tensor([[0.3]]), Tensor([[2.0]])))
    assert c.item() == 2


def test_the_forget_gate_begins_open():
    """Its bias, the second of four, is 1."""
    cell = CELLS["lstm"](2, 3, np.random.default_rng(0))
    assert cell.input.b.data.tolist() == [0] * 3 + [1] * 3 + [0] * 6


def test_a_gru_by_hand():
    """With r = 0.5, z = 0.25 and old state 0.8 the candidate is tanh(0.9), the state 0.7372."""
    cell = CELLS["gru"](1, 1, np.random.default_rng(0))
    cell.load_state([np.zeros((1, 3)), np.array([0.0, np.log(1 / 3), 0.5]), np.array([[0.0, 0.0, 1.0]])])
    (h,) = cell(Tensor([[0.0]]), (Tensor([[0.8]]),))
    assert h.item() == pytest.approx(0.7372, abs=1e-4)


def test_a_bare_cell_has_no_step():
    """What is shared is not a cell."""
    with pytest.raises(NotImplementedError):
        Cell(1, 1, np.random.default_rng(0))(Tensor([[0.0]]), (Tensor([[0.0]]),))


@pytest.mark.parametrize("name", CELLS)
def test_states_of_given_weights(name):
    """What the tool returns is what the cell does, with one list of states for each kind."""
    cell, _ = _pair(name)
    result = recurrent_states(X[0], cell.input.W.data, cell.recurrent.W.data, cell.input.b.data, name)
    outputs, state = run_cell(cell, Tensor(X[:1]))
    assert np.allclose(result["hidden"], outputs.data[0])
    assert (result["cell"] is None) == (name != "lstm")
    if name == "lstm":
        assert np.allclose(result["cell"][-1], state[1].data[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], [[1]], [[1]], [0], "elman"), "cell must be one of rnn, lstm, gru; got 'elman'."),
        (([[1]], [[1]], [[1]], [0], "gru"), "recurrent_weights must have 3 columns for 1 rows; got 1."),
        (([[1]], [[1, 2]], [[1]], [0]), "input_weights must have rows of 1 numbers; got rows of 2."),
        (([[1]], [[1], [2]], [[1]], [0]), "input_weights must have 1 rows and bias 1 numbers; got 2 and 1."),
        (([[1]], [[1]], [[1]], [0, 0]), "input_weights must have 1 rows and bias 1 numbers; got 1 and 2."),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        recurrent_states(*arguments)
    assert str(caught.value) == message
