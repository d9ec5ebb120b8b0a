"""Naive Bayes: what members of each class look like, column by column, and Bayes' rule."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, as_generator, as_matrix, check_count, check_range
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_VARIANCE = 1e-9  # beside the largest of a column: a column may be constant within a class


class _NaiveBayes(Classifier):
    """Bayes' rule over a distribution of rows for each class, in which columns are independent."""

    log_priors_: NDArray[np.float64]

    @abstractmethod
    def _log_likelihoods(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``log p(x | y)`` for each row and class, shape (m, K)."""

    @abstractmethod
    def _draw(self, k: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return rows drawn from the k-th class."""

    @property
    @abstractmethod
    def _n_columns(self) -> int: ...

    def log_likelihoods(self, X: Matrix) -> NDArray[np.float64]:
        """Return the log-likelihood of each row under each class, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        return self._log_likelihoods(self._checked(as_matrix("X", X, n_columns=self._n_columns)))

    def predict_log_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the logarithm of the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        joint = self.log_likelihoods(X) + self.log_priors_  # log p(x, y)
        posterior: NDArray[np.float64] = joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)
        return posterior

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        probabilities: NDArray[np.float64] = np.exp(self.predict_log_proba(X))
        return probabilities

    def sample(self, label: float | str, n: int = 1, *, seed: int = 0) -> NDArray[np.float64]:
        """Return rows drawn from the distribution of a class, shape (n, d).

        Parameters
        ----------
        label : bool, int, float or str
            One of the classes.
        n : int, default=1
            Number of rows.
        seed : int, default=0
            Seed of the generator.
        """
        self.check_fitted()
        check_count("n", n)
        labels = self.classes_.tolist()
        if label not in labels:
            msg = f"label must be one of {', '.join(map(str, labels))}; got {label!r}."
            raise InvalidInputError(msg)
        return self._draw(labels.index(label), n, as_generator(seed))

    def _checked(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows

    def _learn_priors(self, X: Matrix, y: Labels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the rows, and which class each is of as zeros and a one, shape (n, K)."""
        rows, self.classes_, codes = as_examples(X, y)
        members = (codes[:, None] == np.arange(len(self.classes_))).astype(float)
        self.log_priors_ = np.log(members.mean(axis=0))
        return self._checked(rows), members


@register("estimator", "M004")
class GaussianNaiveBayes(_NaiveBayes):
    """Return the probability of each class, where every column follows a normal distribution within a class.

    Notes
    -----
    ``p(y | x) ∝ p(y) Π_j N(x_j | μ_yj, σ²_yj)`` with the mean and variance of each column in each class, and shares as
    priors. A 1e-9 of the largest variance of a column is added to all, so that a constant column divides by no zero.
    Duda & Hart, *Pattern Classification and Scene Analysis* (1973).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    log_priors_ : ndarray of shape (K,)
        Logarithm of the share of each class.
    means_ : ndarray of shape (K, d)
        Mean of each column in each class.
    variances_ : ndarray of shape (K, d)
        Variance of each column in each class.

    Examples
    --------
    Means 2 and 6, both variances 2/3: the log odds at 3.5 are ((3.5 - 6)² - (3.5 - 2)²) / (2 · 2/3) = 3, and σ(3) =
    0.953.

    >>> bayes = GaussianNaiveBayes().fit([[1], [2], [3], [5], [6], [7]], ["A", "A", "A", "B", "B", "B"])
    >>> bayes.predict_proba([[3.5]]).round(3).tolist()
    [[0.953, 0.047]]
    """

    means_: NDArray[np.float64]
    variances_: NDArray[np.float64]

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn the share of each class and the mean and variance of its columns.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row.
        """
        rows, members = self._learn_priors(X, y)
        groups = [rows[m > 0] for m in members.T]
        least = _LEAST_VARIANCE * (float(rows.var(axis=0).max()) or 1.0)
        self.means_ = np.array([group.mean(axis=0) for group in groups])
        self.variances_ = np.array([group.var(axis=0) for group in groups]) + least
        return self

    @property
    def _n_columns(self) -> int:
        return int(self.means_.shape[1])

    def _log_likelihoods(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = [
            -0.5 * (np.log(2 * np.pi * variances) + (rows - means) ** 2 / variances).sum(axis=1)
            for means, variances in zip(self.means_, self.variances_, strict=True)
        ]
        return np.stack(columns, axis=1)

    def _draw(self, k: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return rng.normal(self.means_[k], np.sqrt(self.variances_[k]), (n, self._n_columns))


class _CountingBayes(_NaiveBayes):
    """What the forms over counts share: their smoothing, and one log-probability for each class and column."""

    log_probabilities_: NDArray[np.float64]

    def __init__(self, *, alpha: float = 1.0) -> None:
        self.alpha = alpha

    @property
    def _n_columns(self) -> int:
        return int(self.log_probabilities_.shape[1])


@register("estimator", "M004")
class BernoulliNaiveBayes(_CountingBayes):
    """Return the probability of each class, where every column is 0 or 1; a 0 is evidence too.

    Parameters
    ----------
    alpha : float, default=1.0
        What is added to every count, above 0, so that nothing is impossible.

    Notes
    -----
    ``p(y | x) ∝ p(y) Π_j q_yj^x_j (1 - q_yj)^(1 - x_j)`` with ``q_yj = (n_yj + α) / (n_y + 2α)``, where ``n_yj`` of the
    ``n_y`` rows of class ``y`` have a 1 in column ``j``. McCallum & Nigam, "A comparison of event models for naive
    Bayes text classification", AAAI workshop on learning for text categorization (1998).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    log_priors_ : ndarray of shape (K,)
        Logarithm of the share of each class.
    log_probabilities_ : ndarray of shape (K, d)
        Logarithm of the probability of a 1.

    Examples
    --------
    Columns are the words cash and meeting. (2 + 1) / (2 + 2) = 3/4 and (0 + 1) / (2 + 2) = 1/4, so an e-mail with cash
    alone is 9/16 likely as spam and 1/16 as ham: 9/10.

    >>> mails, y = [[1, 0], [1, 0], [0, 1], [0, 1]], ["spam", "spam", "ham", "ham"]
    >>> BernoulliNaiveBayes().fit(mails, y).predict_proba([[1, 0]]).round(6).tolist()
    [[0.1, 0.9]]
    """

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn the share of each class and how often each of its columns is 1.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row of zeros and ones for each example.
        y : array-like of shape (n,)
            The class of each row.
        """
        check_range("alpha", self.alpha, 0, open_low=True)
        rows, members = self._learn_priors(X, y)
        counts, sizes = members.T @ rows, members.sum(axis=0)
        self.log_probabilities_ = np.log((counts + self.alpha) / (sizes[:, None] + 2 * self.alpha))
        return self

    def _checked(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        other = rows[(rows != 0) & (rows != 1)]
        if other.size:
            msg = f"X must hold zeros and ones alone; got {float(other[0])!r}."
            raise InvalidInputError(msg)
        return rows

    def _log_likelihoods(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        ones, zeros = self.log_probabilities_, np.log1p(-np.exp(self.log_probabilities_))
        likelihoods: NDArray[np.float64] = rows @ ones.T + (1 - rows) @ zeros.T
        return likelihoods

    def _draw(self, k: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        draws: NDArray[np.bool_] = rng.random((n, self._n_columns)) < np.exp(self.log_probabilities_[k])
        return draws.astype(float)


@register("estimator", "M004")
class MultinomialNaiveBayes(_CountingBayes):
    """Return the probability of each class, where a row counts how often each word occurs.

    Parameters
    ----------
    alpha : float, default=1.0
        What is added to every count, above 0, so that no word is impossible.

    Notes
    -----
    ``p(y | x) ∝ p(y) Π_j q_yj^x_j`` with ``q_yj = (n_yj + α) / (Σ_j n_yj + αd)``, where word ``j`` occurs ``n_yj``
    times in class ``y``. `sample` draws single words: rows with one 1. McCallum & Nigam, "A comparison of event models
    for naive Bayes text classification", AAAI workshop on learning for text categorization (1998).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    log_priors_ : ndarray of shape (K,)
        Logarithm of the share of each class.
    log_probabilities_ : ndarray of shape (K, d)
        Logarithm of the probability of each word.

    Examples
    --------
    One e-mail of each class over two words: spam has the counts (2, 0), so q = (3/4, 1/4); ham has (0, 2), so (1/4,
    3/4).

    >>> bayes = MultinomialNaiveBayes().fit([[2, 0], [0, 2]], ["spam", "ham"])
    >>> bayes.predict_proba([[1, 0]]).round(6).tolist()
    [[0.25, 0.75]]
    """

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn the share of each class and how often it uses each word.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row of counts for each example, at least 0.
        y : array-like of shape (n,)
            The class of each row.
        """
        check_range("alpha", self.alpha, 0, open_low=True)
        rows, members = self._learn_priors(X, y)
        counts = members.T @ rows + self.alpha  # (K, d)
        self.log_probabilities_ = np.log(counts / counts.sum(axis=1, keepdims=True))
        return self

    def _checked(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        if (rows < 0).any():
            msg = f"X must hold counts of at least 0; got {float(rows.min())!r}."
            raise InvalidInputError(msg)
        return rows

    def _log_likelihoods(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        likelihoods: NDArray[np.float64] = rows @ self.log_probabilities_.T
        return likelihoods

    def _draw(self, k: int, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        q = np.exp(self.log_probabilities_[k])
        draws: NDArray[np.float64] = rng.multinomial(1, q / q.sum(), size=n).astype(float)
        return draws
