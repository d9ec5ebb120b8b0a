"""The loop that trains every network: batches, early stopping, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import Linear, dense
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.training import EarlyStopping, Plan, Training, batches, fit_network

X = np.linspace(-1, 1, 20)[:, None]
Y = X**2


def _squares(network):
    return lambda rows: squared_loss(network(Tensor(X[rows])), Y[rows])


def test_batches_hold_every_row_once():
    """In a new order each time, the last batch with what is left."""
    rng = np.random.default_rng(0)
    first, second = (list(batches(10, 4, rng)) for _ in range(2))
    assert [len(rows) for rows in first] == [4, 4, 2]
    assert sorted(np.concatenate(first).tolist()) == list(range(10))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    assert [rows.tolist() for rows in batches(1, 5, rng)] == [[0]]


def test_a_partition_of_the_rows_has_the_full_gradient():
    """The mean of its gradients, weighted by the sizes of the batches."""
    layer = Linear(1, 1, np.random.default_rng(0))

    def gradient(rows):
        layer.W.grad = None
        _squares(layer)(rows).backward()
        return layer.W.grad

    parts = list(batches(20, 8, np.random.default_rng(1)))
    weighted = sum(len(rows) * gradient(rows) for rows in parts) / 20
    assert np.allclose(weighted, gradient(np.arange(20)))


def test_one_batch_of_all_rows_is_gradient_descent():
    """Two epochs of two steps of the formula, w - η ∂L/∂w."""
    layer = Linear(1, 1, np.random.default_rng(0))
    w, b = layer.W.data.item(), 0.0
    plan = Plan(n_epochs=2, batch_size=20, optimiser="sgd", learning_rate=0.1)
    history = fit_network(layer, _squares(layer), 20, plan, np.random.default_rng(0))
    losses = []
    for _ in range(2):
        error = w * X + b - Y
        losses.append((error**2).mean())
        w, b = w - 0.1 * 2 * (error * X).mean(), b - 0.1 * 2 * error.mean()
    assert [layer.W.data.item(), layer.b.data.item()] == pytest.approx([w, b])
    assert history.losses == pytest.approx(losses)
    assert (history.validation_losses, history.best_epoch) == ([], None)


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
def test_training_lowers_the_loss(optimiser):
    """With every optimiser, with gradients shortened or not, and the same again from the same seed."""

    def run(longest_gradient):
        rng = np.random.default_rng(0)
        network = dense([1, 16, 1], rng, activation="tanh")
        plan = Plan(60, 5, optimiser, 0.3 if optimiser == "sgd" else 0.02, longest_gradient)
        return fit_network(network, _squares(network), 20, plan, rng).losses

    assert run(None)[-1] < run(None)[0] / 3
    assert run(1.0)[-1] < run(1.0)[0] / 3
    assert run(None) == run(None)


@pytest.mark.parametrize(
    ("patience", "min_delta", "best", "stopped"),
    [(3, 0.0, 4, 7), (3, 0.08, 3, 6), (1, 0.0, 4, 5), (None, 0.0, 4, None)],
)
def test_early_stopping_on_the_course_example(patience, min_delta, best, stopped):
    """Losses 0.90, 0.70, 0.60, 0.55, 0.56, 0.57 and 0.58."""
    stopping = EarlyStopping(patience, min_delta=min_delta)
    over = [stopping.update(loss) for loss in [0.90, 0.70, 0.60, 0.55, 0.56, 0.57, 0.58]]
    assert stopping.best_epoch == best
    assert (over.index(True) + 1 if True in over else None) == stopped


def test_an_equal_loss_is_no_improvement():
    """The first of equal epochs stays the best."""
    stopping = EarlyStopping(2)
    assert [stopping.update(0.5) for _ in range(3)] == [False, False, True]
    assert stopping.best_epoch == 1


def _fit_with(losses, patience):
    """Train a line while validation gives made-up losses; return it, its weights after each epoch, and the history."""
    layer, seen = Linear(1, 1, np.random.default_rng(0)), []

    def validation_loss():
        seen.append(layer.state())
        return losses[len(seen) - 1]

    plan = Plan(n_epochs=len(losses), patience=patience)
    return layer, seen, fit_network(layer, _squares(layer), 20, plan, np.random.default_rng(0), validation_loss)


def test_the_best_weights_are_restored():
    """Those of epoch 2, when training stops after epoch 4."""
    layer, seen, history = _fit_with([0.5, 0.4, 0.45, 0.41, 0.1], patience=2)
    assert (history.best_epoch, len(history.losses)) == (2, 4)
    assert all(np.array_equal(a, b) for a, b in zip(layer.state(), seen[1], strict=True))


def test_without_patience_the_last_weights_stay():
    """Validation is only looked at."""
    layer, seen, history = _fit_with([0.5, 0.4, 0.45], patience=None)
    assert (history.best_epoch, history.validation_losses) == (2, [0.5, 0.4, 0.45])
    assert all(np.array_equal(a, b) for a, b in zip(layer.state(), seen[-1], strict=True))


def test_a_loss_that_leaves_the_numbers_is_refused():
    """The sentence names the learning rate."""
    layer = Linear(1, 1, np.random.default_rng(0))
    training = Training(
        layer, _squares(layer), 20, Plan(batch_size=5, optimiser="sgd", learning_rate=1e100), np.random.default_rng(0)
    )
    with pytest.raises(InvalidInputError) as caught:
        training.fit_epoch()
    assert str(caught.value).startswith("learning_rate must be small enough for a finite loss; got 1e+100.")
    assert caught.value.hint == "Divide it by 10, or standardise the columns."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_epochs": 0}, "n_epochs must be a whole number of at least 1; got 0."),
        ({"batch_size": 0.5}, "batch_size must be a whole number of at least 1; got 0.5."),
        ({"optimiser": "adams"}, "optimiser must be one of sgd, rmsprop, adam; got 'adams'."),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0."),
        ({"longest_gradient": -1.0}, "longest_gradient must be above 0; got -1.0."),
        ({"patience": 0}, "patience must be a whole number of at least 1; got 0."),
    ],
)
def test_a_plan_says_what_is_wrong(wrong, message):
    """Name, rule and value."""
    with pytest.raises(InvalidInputError) as caught:
        Plan(**wrong)
    assert str(caught.value).startswith(message)
