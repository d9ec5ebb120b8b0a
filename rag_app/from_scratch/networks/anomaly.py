"""Anomalies are rows that a network which knows only normal rows cannot rebuild."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.metrics.likelihood import reconstruction_error
from rag_app.from_scratch.networks.autoencoder import Autoencoder
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register

_HELD_OUT = 0.2  # share of the normal rows whose errors set the threshold


@register("estimator", "M052")
class AnomalyDetector(Estimator):
    """Return whether rows are anomalies: an autoencoder that learnt normal rows rebuilds them badly.

    Parameters
    ----------
    quantile : float, default=0.99
        Share of held-out normal rows whose error is accepted, in [0, 1]; it sets delta where delta is not given.
    delta : float, optional
        The largest error that is accepted, at least 0, in variances of the columns.
    code_size : int, default=1
        Numbers in a code of the autoencoder; a small code rebuilds only what is normal.
    n_epochs : int, default=100
        Times that the autoencoder sees every row.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Fitted on four fifths of the rows.
    held_out_errors_ : ndarray
        Errors of the other fifth, ascending.
    delta_ : float
        The largest error that is accepted.

    Notes
    -----
    The score of a row is ``(1/d) Σ (zᵢ - z'ᵢ)²``, z being the row in standardised columns, so that no column's units
    dominate. Hawkins, He, Williams & Baxter, "Outlier detection using replicator neural networks", DaWaK 2002.

    Examples
    --------
    Normal rows lie on a line; the second of the new ones does not.

    >>> detector = AnomalyDetector(quantile=1.0).fit([[i / 10, 2 * i / 10] for i in range(40)])
    >>> detector.predict([[2.0, 4.0], [1.0, 6.0]]).tolist()
    [False, True]
    """

    def __init__(
        self,
        *,
        quantile: float = 0.99,
        delta: float | None = None,
        code_size: int = 1,
        n_epochs: int = 100,
        seed: int = 0,
    ) -> None:
        self.quantile = quantile
        self.delta = delta
        self.code_size = code_size
        self.n_epochs = n_epochs
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Normal rows, at least two.
        """
        rows = as_matrix("X", X, min_rows=2)
        check_range("quantile", self.quantile, 0, 1)
        if self.delta is not None:
            check_range("delta", self.delta, 0)
        order = as_generator(self.seed).permutation(len(rows))
        n_held = math.ceil(_HELD_OUT * len(rows))
        held, kept = rows[order[:n_held]], rows[order[n_held:]]
        autoencoder = Autoencoder(code_size=self.code_size, n_epochs=self.n_epochs, seed=self.seed).fit(kept)
        self.autoencoder_ = autoencoder
        self.held_out_errors_ = np.sort(self.reconstruction_errors(held))
        quantile = float(np.quantile(self.held_out_errors_, self.quantile))
        self.delta_ = quantile if self.delta is None else float(self.delta)
        return self

    def reconstruction_errors(self, X: Matrix) -> Array:
        """Return the reconstruction error of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rebuilt = self.autoencoder_.predict(X)
        scale = self.autoencoder_.scale_
        return np.array(reconstruction_error(as_matrix("X", X) / scale, rebuilt / scale))

    def predict(self, X: Matrix) -> NDArray[np.bool_]:
        """Return whether each row is an anomaly: whether its error is larger than delta.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        flags: NDArray[np.bool_] = self.reconstruction_errors(X) > self.delta_
        return flags
