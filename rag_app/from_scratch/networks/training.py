"""How networks are trained: mini-batches, epochs, a loss curve, and early stopping that keeps the best weights.

Every family gives the loss of some rows, and `fit_network` does the rest:

>>> from rag_app.from_scratch.networks.layers import dense
>>> from rag_app.from_scratch.networks.losses import squared_loss
>>> rng = np.random.default_rng(0)
>>> x = rng.uniform(-1, 1, (64, 1))
>>> network = dense([1, 16, 1], rng)
>>> history = fit_network(network, lambda rows: squared_loss(network(Tensor(x[rows])), x[rows] ** 2), 64, Plan(), rng)
>>> history.losses[-1] < history.losses[0] / 10
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_choice, check_count, check_range
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import Layer
from rag_app.from_scratch.networks.optimisers import OPTIMISERS, clip_gradients

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network is trained.

    Parameters
    ----------
    n_epochs : int, default=100
        Times that every row is seen, at least 1.
    batch_size : int, default=32
        Rows of a step, at least 1; the last step of an epoch may have fewer.
    optimiser : {"adam", "rmsprop", "sgd"}, default="adam"
        How weights follow their gradients.
    learning_rate : float, default=0.01
        Size of a step, above 0.
    longest_gradient : float, optional
        What gradients are shortened to; by default they are not.
    patience : int, optional
        Epochs without a new smallest validation loss after which training stops and the best weights are restored;
        by default it does not stop, and the last weights are kept.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.
    """

    n_epochs: int = 100
    batch_size: int = 32
    optimiser: str = "adam"
    learning_rate: float = 0.01
    longest_gradient: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        check_count("n_epochs", self.n_epochs)
        check_count("batch_size", self.batch_size)
        check_choice("optimiser", self.optimiser, OPTIMISERS)
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        if self.longest_gradient is not None:
            check_range("longest_gradient", self.longest_gradient, 0, open_low=True)
        if self.patience is not None:
            check_count("patience", self.patience)


@dataclass(slots=True)
class History:
    """What happened in training.

    Attributes
    ----------
    losses : list of float
        Mean loss of each epoch over its rows, measured while the weights moved.
    validation_losses : list of float
        Validation loss after each epoch; empty without validation.
    best_epoch : int or None
        The epoch, counted from 1, with the smallest validation loss.
    """

    losses: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    best_epoch: int | None = None


class EarlyStopping:
    """Says when a validation loss has stopped falling.

    Parameters
    ----------
    patience : int or None
        Epochs without improvement that end training; None never ends it.
    min_delta : float, default=0.0
        A fall of the loss counts as improvement if it is larger than this.

    Attributes
    ----------
    best_epoch : int or None
        The last epoch that improved, counted from 1.

    Examples
    --------
    >>> stopping = EarlyStopping(2)
    >>> [stopping.update(loss) for loss in [0.5, 0.4, 0.45, 0.41]], stopping.best_epoch
    ([False, False, False, True], 2)
    """

    def __init__(self, patience: int | None, *, min_delta: float = 0.0) -> None:
        self._patience, self._min_delta = patience, min_delta
        self._best, self._epoch = np.inf, 0
        self.best_epoch: int | None = None

    def update(self, validation_loss: float) -> bool:
        """Take the loss of one more epoch, and return whether training ends after it."""
        self._epoch += 1
        if validation_loss < self._best - self._min_delta:
            self._best, self.best_epoch = validation_loss, self._epoch
        return self._patience is not None and self._epoch - (self.best_epoch or 0) >= self._patience


class Training:
    """A run of training: what moves, and how far it has come.

    Parameters
    ----------
    network : Layer
        What learns.
    loss : callable
        Gives the loss, a single number, of the rows with the given indices.
    n_rows : int
        Rows that there are.
    plan : Plan
        How.
    rng : numpy.random.Generator
        Shuffles the rows. Where the network draws too (dropout, noise), from the same, so that a checkpoint of this
        run holds everything that is random.
    """

    def __init__(
        self, network: Layer, loss: Callable[[Rows], Tensor], n_rows: int, plan: Plan, rng: np.random.Generator
    ) -> None:
        self.network, self.plan, self.rng = network, plan, rng
        self.optimiser = OPTIMISERS[plan.optimiser](network.weights(), plan.learning_rate)
        self.losses: list[float] = []
        self._loss, self._n_rows = loss, n_rows

    def fit_epoch(self) -> float:
        """Move the weights once for each mini-batch of all rows, and return the mean loss.

        Raises
        ------
        InvalidInputError
            If the loss leaves the range of numbers.
        """
        self.network.train()
        total = 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # seen by its result
            for rows in batches(self._n_rows, self.plan.batch_size, self.rng):
                total += len(rows) * self._step(self._loss(rows))
        self.network.train(training=False)
        if not np.isfinite(total):
            msg = f"learning_rate must be small enough for a finite loss; got {self.plan.learning_rate!r}."
            raise InvalidInputError(msg, hint="Divide it by 10, or standardise the columns.")
        self.losses.append(total / self._n_rows)
        return self.losses[-1]

    def _step(self, loss: Tensor) -> float:
        loss.backward()
        if self.plan.longest_gradient is not None:
            clip_gradients(self.network.weights(), self.plan.longest_gradient)
        self.optimiser.step()
        return loss.item()


def batches(n_rows: int, size: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Yield the indices of all rows once, shuffled and cut into mini-batches; the last may be smaller.

    Examples
    --------
    >>> [len(rows) for rows in batches(10, 4, np.random.default_rng(0))]
    [4, 4, 2]
    """
    order = rng.permutation(n_rows)
    for start in range(0, n_rows, size):
        yield order[start : start + size]


def fit_network(
    network: Layer,
    loss: Callable[[Rows], Tensor],
    n_rows: int,
    plan: Plan,
    rng: np.random.Generator,
    validation_loss: Callable[[], float] | None = None,
) -> History:
    """Train a network by a plan, and return what happened.

    Parameters
    ----------
    network : Layer
        What learns.
    loss : callable
        Gives the loss, a single number, of the rows with the given indices.
    n_rows : int
        Rows that there are.
    plan : Plan
        How.
    rng : numpy.random.Generator
        Shuffles the rows.
    validation_loss : callable, optional
        Gives the loss on rows that are not trained on; called after each epoch.
    """
    training, history = Training(network, loss, n_rows, plan, rng), History()
    stopping, best = EarlyStopping(plan.patience), network.state()
    for epoch in range(1, plan.n_epochs + 1):
        history.losses.append(training.fit_epoch())
        if validation_loss is None:
            continue
        history.validation_losses.append(validation_loss())
        over = stopping.update(history.validation_losses[-1])
        history.best_epoch = stopping.best_epoch
        if stopping.best_epoch == epoch:
            best = network.state()
        if over:
            break
    if plan.patience is not None and validation_loss is not None:
        network.load_state(best)
    return history
