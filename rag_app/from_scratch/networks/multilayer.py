"""Multilayer perceptrons as estimators: dense layers with a curved function between them, trained on rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    Vector,
    as_generator,
    as_labels,
    as_matrix,
    as_vector,
    check_choice,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import softmax
from rag_app.from_scratch.networks.layers import ACTIVATIONS, Sequential, dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss, penalty, squared_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_HELD_OUT = 0.1  # share of the rows that early stopping watches


class _Multilayer(Estimator):
    """What both have: layers, their training, and columns brought to mean 0 and variance 1 first."""

    def __init__(  # noqa: PLR0913  (an estimator's parameters)
        self,
        *,
        hidden: Sequence[int] = (32,),
        activation: str = "relu",
        n_epochs: int = 200,
        batch_size: int = 32,
        optimiser: str = "adam",
        learning_rate: float = 0.01,
        dropout: float = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        patience: int | None = None,
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.l1 = l1
        self.l2 = l2
        self.patience = patience
        self.seed = seed

    def _fit(self, rows: Array, n_out: int, loss: Callable[[Tensor, NDArray[np.intp]], Tensor]) -> None:
        """Train on rows; `loss` compares what the network says with what the given rows should be."""
        plan = self._plan()
        rng = as_generator(self.seed)
        self.centre_, self.scale_ = rows.mean(axis=0), rows.std(axis=0)
        self.scale_[self.scale_ == 0] = 1.0  # a constant column becomes 0
        inputs = (rows - self.centre_) / self.scale_
        order = rng.permutation(len(rows))
        n_held = 0 if self.patience is None else math.ceil(_HELD_OUT * len(rows))
        if n_held == len(rows):
            msg = f"X must hold at least 2 rows where patience is given; got {len(rows)}."
            raise InvalidInputError(msg)
        held, kept = order[:n_held], order[n_held:]
        self.sizes_ = [rows.shape[1], *map(int, self.hidden), n_out]
        network = self._network(rng)

        def training_loss(batch: NDArray[np.intp]) -> Tensor:
            data = loss(network(Tensor(inputs[kept[batch]])), kept[batch])
            return data + penalty(network.weights(), l1=self.l1, l2=self.l2) if self.l1 or self.l2 else data

        def held_loss() -> float:
            return loss(network(Tensor(inputs[held])), held).item()

        history = fit_network(network, training_loss, len(kept), plan, rng, held_loss if n_held else None)
        self.weights_ = network.state()
        self.losses_, self.validation_losses_ = history.losses, history.validation_losses
        self.best_epoch_ = history.best_epoch

    def _plan(self) -> Plan:
        for i, size in enumerate(self.hidden):
            check_count(f"hidden[{i}]", size)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_range("dropout", self.dropout, 0, 1, open_high=True)
        check_range("l1", self.l1, 0)
        check_range("l2", self.l2, 0)
        return Plan(self.n_epochs, self.batch_size, self.optimiser, self.learning_rate, patience=self.patience)

    def _network(self, rng: np.random.Generator) -> Sequential:
        return dense(self.sizes_, rng, activation=self.activation, dropout=self.dropout)

    def _outputs(self, X: Matrix) -> Tensor:
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=self.sizes_[0])
        network = self._network(np.random.default_rng(0))
        network.load_state(self.weights_)
        return network(Tensor((rows - self.centre_) / self.scale_))


@register("estimator", "M030")
class MLPClassifier(_Multilayer):
    """Return classes from a multilayer perceptron with softmax outputs, trained on cross-entropy.

    Parameters
    ----------
    hidden : sequence of int, default=(32,)
        Units of each hidden layer; none makes it linear.
    activation : {"relu", "tanh", "sigmoid", "gelu", "identity"}, default="relu"
        Function of a hidden unit: relu, tanh, sigmoid, gelu or identity.
    n_epochs : int, default=200
        Times that every row is seen.
    batch_size : int, default=32
        Rows of a step.
    optimiser : {"adam", "rmsprop", "sgd"}, default="adam"
        How weights follow their gradients: adam, rmsprop or sgd.
    learning_rate : float, default=0.01
        Size of a step, above 0.
    dropout : float, default=0.0
        Share of hidden units that are dropped at a step, in [0, 1).
    l1 : float, default=0.0
        Strength of the penalty on absolute weights, at least 0.
    l2 : float, default=0.0
        Strength of the penalty on squared weights, at least 0.
    patience : int, optional
        Epochs without a new smallest loss on a held-out tenth of the rows, after which training stops and the best
        weights are restored; by default it trains on all rows to the last epoch.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        The labels, in the order of the probabilities.
    weights_ : list of ndarray
        Weights and biases of each layer.
    losses_ : list of float
        Training loss of each epoch, penalties included.
    validation_losses_ : list of float
        Loss on the held-out rows after each epoch.
    best_epoch_ : int or None
        Epoch with the smallest of them, counted from 1.
    centre_ : ndarray of shape (d,)
        Mean of each column.
    scale_ : ndarray of shape (d,)
        Standard deviation of each column, 1 where it is constant.
    sizes_ : list of int
        Width of each layer, from the columns to the outputs.

    Notes
    -----
    ``h = g(xW + b)`` for each hidden layer and ``p = softmax(hV + c)``. Columns are standardised first, since gradient
    descent is slow where they differ in scale. Rumelhart, Hinton & Williams, Nature 323 (1986).

    Examples
    --------
    XOR, which no straight line separates.

    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> MLPClassifier(hidden=[8]).fit(X, ["same", "other", "other", "same"]).predict(X).tolist()
    ['same', 'other', 'other', 'same']
    """

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn the weights.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row.
        """
        rows, labels = as_matrix("X", X), as_labels("y", y)
        check_same_length(X=rows, y=labels)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        self._fit(rows, len(self.classes_), lambda logits, batch: cross_entropy_loss(logits, numbers[batch]))
        return self

    def predict_proba(self, X: Matrix) -> Array:
        """Return the probability of each class for each row, shape (m, k).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return softmax(self._outputs(X)).data

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the most probable class for each row.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        best = self._outputs(X).data.argmax(axis=1)
        return np.asarray(self.classes_[best])


@register("estimator", "M030")
class MLPRegressor(_Multilayer):
    """Return numbers from a multilayer perceptron with one linear output, trained on squared error.

    Parameters
    ----------
    hidden : sequence of int, default=(32,)
        Units of each hidden layer; none makes it linear.
    activation : {"relu", "tanh", "sigmoid", "gelu", "identity"}, default="relu"
        Function of a hidden unit: relu, tanh, sigmoid, gelu or identity.
    n_epochs : int, default=200
        Times that every row is seen.
    batch_size : int, default=32
        Rows of a step.
    optimiser : {"adam", "rmsprop", "sgd"}, default="adam"
        How weights follow their gradients: adam, rmsprop or sgd.
    learning_rate : float, default=0.01
        Size of a step, above 0.
    dropout : float, default=0.0
        Share of hidden units that are dropped at a step, in [0, 1).
    l1 : float, default=0.0
        Strength of the penalty on absolute weights, at least 0.
    l2 : float, default=0.0
        Strength of the penalty on squared weights, at least 0.
    patience : int, optional
        Epochs without a new smallest loss on a held-out tenth of the rows, after which training stops and the best
        weights are restored; by default it trains on all rows to the last epoch.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    level_ : float
        Mean of the targets.
    spread_ : float
        Standard deviation of the targets, 1 where they are constant.
    weights_ : list of ndarray
        Weights and biases of each layer.
    losses_ : list of float
        Training loss of each epoch, penalties included.
    validation_losses_ : list of float
        Loss on the held-out rows after each epoch.
    best_epoch_ : int or None
        Epoch with the smallest of them, counted from 1.
    centre_ : ndarray of shape (d,)
        Mean of each column.
    scale_ : ndarray of shape (d,)
        Standard deviation of each column, 1 where it is constant.
    sizes_ : list of int
        Width of each layer, from the columns to the outputs.

    Notes
    -----
    ``h = g(xW + b)`` for each hidden layer and ``ŷ = hv + c``, in units of the targets' spread around their level.
    Hornik, Stinchcombe & White, "Multilayer feedforward networks are universal approximators", *Neural
    Networks* 2 (1989).

    Examples
    --------
    A parabola, learnt at 21 places and asked for between two of them: 0.25² = 0.0625.

    >>> X = [[i / 10] for i in range(-10, 11)]
    >>> curve = MLPRegressor(activation="tanh", n_epochs=500).fit(X, [x * x for x, in X])
    >>> curve.predict([[0.25]]).round(2).tolist()
    [0.06]
    """

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Learn the weights.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        self.level_, self.spread_ = float(targets.mean()), float(targets.std()) or 1.0
        scaled = ((targets - self.level_) / self.spread_)[:, None]  # (n,) -> (n, 1)
        self._fit(rows, 1, lambda outputs, batch: squared_loss(outputs, scaled[batch]))
        return self

    def predict(self, X: Matrix) -> Array:
        """Return the prediction for each row.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        outputs: Array = self._outputs(X).data[:, 0]
        return outputs * self.spread_ + self.level_
