"""Word embeddings: words that occur in the same contexts get similar vectors, by skip-gram or by GloVe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Vector,
    as_generator,
    as_texts,
    as_vector,
    check_choice,
    check_count,
    check_range,
)
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.language.words import words
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import softplus
from rag_app.from_scratch.networks.layers import Embedding, Layer
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_NEGATIVE_POWER = 0.75  # of word frequencies, from which negative examples are drawn
_CUT_OFF, _GLOVE_POWER = 100.0, 0.75
Indices = NDArray[np.intp]


class _WordVectors(Estimator):
    """What both have: texts become pairs of neighbours, and neighbours in the space are looked up."""

    def __init__(
        self, *, dimension: int = 16, window: int = 2, n_epochs: int = 30, learning_rate: float = 0.02, seed: int = 0
    ) -> None:
        self.dimension = dimension
        self.window = window
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.seed = seed

    vectors_: Array

    def most_similar(self, word: str, k: int = 5) -> list[tuple[str, float]]:
        """Return the k words with the largest cosine to a word, and the cosines; the word itself is left out.

        Parameters
        ----------
        word : str
            A word of the texts.
        k : int, default=5
            Most words.
        """
        self.check_fitted()
        check_choice("word", word, self.vocabulary_)
        check_count("k", k)
        units = self.vectors_ / np.linalg.norm(self.vectors_, axis=1, keepdims=True)
        own = self.vocabulary_.index(word)
        cosines = units @ units[own]
        cosines[own] = -np.inf
        best = np.argsort(-cosines, kind="stable")[: min(k, len(cosines) - 1)]
        return [(self.vocabulary_[int(i)], float(cosines[i])) for i in best]

    def _pairs(self, X: Sequence[str]) -> tuple[Indices, Indices]:
        """Learn the vocabulary, and return the numbers of centres and of their neighbours."""
        for name in ("dimension", "window"):
            check_count(name, getattr(self, name))
        texts = [words(text) for text in as_texts("X", X)]
        self.vocabulary_: list[str] = sorted({word for text in texts for word in text})
        numbers = {word: i for i, word in enumerate(self.vocabulary_)}
        pairs = [pair for text in texts for pair in neighbours([numbers[w] for w in text], self.window)]
        if not pairs:
            msg = f"X must hold a text of at least two words; got {str(X)[:60]}."
            raise InvalidInputError(msg)
        centres, contexts = np.array(pairs, dtype=np.intp).T
        return centres, contexts

    def _plan(self, batch_size: int) -> Plan:
        return Plan(n_epochs=self.n_epochs, batch_size=batch_size, learning_rate=self.learning_rate)


def neighbours(tokens: Sequence[int], window: int) -> Iterator[tuple[int, int]]:
    """Yield each token with each that stands at most a window away.

    Examples
    --------
    >>> list(neighbours([7, 8, 9], 1))
    [(7, 8), (8, 7), (8, 9), (9, 8)]
    """
    for i, centre in enumerate(tokens):
        for j in range(max(0, i - window), min(len(tokens), i + window + 1)):
            if j != i:
                yield centre, tokens[j]


class _Tables(Layer):
    """A vector, and for GloVe a bias, for each word as a centre and as a context."""

    def __init__(self, n_words: int, dimension: int, rng: np.random.Generator) -> None:
        self.centres, self.contexts = Embedding(n_words, dimension, rng), Embedding(n_words, dimension, rng)
        self.biases, self.context_biases = Embedding(n_words, 1, rng), Embedding(n_words, 1, rng)
        for bias in (self.biases, self.context_biases):
            bias.table.data *= 0

    def products(self, centres: Indices, contexts: Indices) -> Tensor:
        return (self.centres(centres) * self.contexts(contexts)).sum(-1)


@register("estimator", "M120")
class SkipGram(_WordVectors):
    """Return a vector for each word of texts, learnt by telling its neighbours from random words (Word2Vec).

    Parameters
    ----------
    dimension : int, default=16
        Numbers of a vector, at least 1.
    window : int, default=2
        Words to each side that are neighbours, at least 1.
    n_negative : int, default=5
        Random words for each neighbour, at least 1.
    n_epochs : int, default=30
        Times that every pair is seen, at least 1.
    learning_rate : float, default=0.02
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Notes
    -----
    The loss of a pair is `skip_gram_loss`; negative words are drawn by their frequency to the power 0.75. Mikolov,
    Sutskever, Chen, Corrado & Dean, "Distributed representations of words and phrases and their compositionality", NIPS
    (2013).

    Attributes
    ----------
    vocabulary_ : list of str
        The words, in alphabetical order.
    vectors_ : ndarray of shape (V, dimension)
        The vector of each as a centre.
    losses_ : list of float
        Mean loss of a pair in each epoch.

    Examples
    --------
    >>> texts = [f"the {animal} eats grass" for animal in ("cow", "sheep")] + ["a car needs fuel"]
    >>> SkipGram(seed=1).fit(texts * 10).most_similar("cow", 1)[0][0]
    'sheep'
    """

    def __init__(
        self,
        *,
        dimension: int = 16,
        window: int = 2,
        n_negative: int = 5,
        n_epochs: int = 30,
        learning_rate: float = 0.02,
        seed: int = 0,
    ) -> None:
        super().__init__(dimension=dimension, window=window, n_epochs=n_epochs, learning_rate=learning_rate, seed=seed)
        self.n_negative = n_negative

    def fit(self, X: Sequence[str]) -> Self:
        """Learn the vectors.

        Parameters
        ----------
        X : sequence of str
            Texts; words are neighbours within a text.
        """
        check_count("n_negative", self.n_negative)
        centres, contexts = self._pairs(X)
        rng = as_generator(self.seed)
        tables = _Tables(len(self.vocabulary_), self.dimension, rng)
        chances = np.bincount(contexts, minlength=len(self.vocabulary_)) ** _NEGATIVE_POWER
        chances /= chances.sum()

        def loss(rows: Indices) -> Tensor:
            negatives = rng.choice(len(chances), (self.n_negative, len(rows)), p=chances)
            true = tables.products(centres[rows], contexts[rows])  # (b,)
            false = tables.products(centres[rows], negatives)  # (n_negative, b)
            return softplus(-true).mean() + softplus(false).sum(0).mean()

        self.losses_ = fit_network(tables, loss, len(centres), self._plan(64), rng).losses
        self.vectors_ = tables.centres.table.data
        return self


@register("metric", "M120")
def skip_gram_loss(product: float, negative_products: Vector) -> float:
    """Return how badly a word's vector tells one true neighbour from random words.

    Parameters
    ----------
    product : float
        Dot product of the word's vector with that of its neighbour.
    negative_products : array-like of shape (k,)
        Dot products with the vectors of random words.

    Returns
    -------
    float
        At least 0; near 0 where the first is large and the others are far below 0.

    Raises
    ------
    InvalidInputError
        If a product is not finite.

    Notes
    -----
    ``-ln σ(u_o · v_c) - Σ ln σ(-u_i · v_c)``, computed with ``-ln σ(x) = ln(1 + e^-x)``. Mikolov et al., NIPS (2013).

    Examples
    --------
    0.1269 + 0.6931 + 0.3133.

    >>> round(skip_gram_loss(2, [0, -1]), 4)
    1.1333
    """
    true, false = as_vector("product", [product]), as_vector("negative_products", negative_products)
    return float(np.logaddexp(0, -true).sum() + np.logaddexp(0, false).sum())


@register("estimator", "M120")
class GloVe(_WordVectors):
    """Return a vector for each word of texts, fitted to the logarithms of how often words are neighbours.

    Parameters
    ----------
    dimension : int, default=16
        Numbers of a vector, at least 1.
    window : int, default=2
        Words to each side that are neighbours, at least 1.
    n_epochs : int, default=30
        Times that every pair of words is seen, at least 1.
    learning_rate : float, default=0.02
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Notes
    -----
    ``J = Σ f(X_ij) (w_i · w̃_j + b_i + b̃_j - ln X_ij)²`` over the pairs that occur, with the weight of `glove_weight`;
    a word's embedding is ``w + w̃``. Pennington, Socher & Manning, "GloVe: global vectors for word representation",
    EMNLP 2014.

    Attributes
    ----------
    vocabulary_ : list of str
        The words, in alphabetical order.
    vectors_ : ndarray of shape (V, dimension)
        The sum of the vectors of each as a centre and as a context.
    losses_ : list of float
        Mean loss of a pair of words in each epoch.

    Examples
    --------
    >>> texts = [f"the {animal} eats grass" for animal in ("cow", "sheep")] + ["a car needs fuel"]
    >>> estimator = GloVe(n_epochs=100).fit(texts * 10)
    >>> estimator.losses_[-1] < 0.1 * estimator.losses_[0], len(estimator.most_similar("cow", 3))
    (True, 3)
    """

    def fit(self, X: Sequence[str]) -> Self:
        """Learn the vectors.

        Parameters
        ----------
        X : sequence of str
            Texts; words are neighbours within a text.
        """
        counts = Counter(zip(*(numbers.tolist() for numbers in self._pairs(X)), strict=True))
        centres, contexts = np.array(list(counts), dtype=np.intp).T
        times = np.array(list(counts.values()), float)
        weights, targets = _weights(times), np.log(times)
        rng = as_generator(self.seed)
        tables = _Tables(len(self.vocabulary_), self.dimension, rng)

        def loss(rows: Indices) -> Tensor:
            biases = (tables.biases(centres[rows]) + tables.context_biases(contexts[rows])).reshape(-1)
            errors = tables.products(centres[rows], contexts[rows]) + biases - targets[rows]
            weighted: Tensor = (errors * errors * weights[rows]).mean()
            return weighted

        self.losses_ = fit_network(tables, loss, len(centres), self._plan(64), rng).losses
        self.vectors_ = tables.centres.table.data + tables.contexts.table.data
        return self


@register("tool", "M120")
def glove_weight(counts: Vector) -> list[float]:
    """Return how much each co-occurrence count weighs in the loss of GloVe.

    Parameters
    ----------
    counts : array-like of shape (n,)
        How often two words are neighbours, at least 0.

    Returns
    -------
    list of float
        0 for a count of 0, 1 from 100 on.

    Raises
    ------
    InvalidInputError
        If a count is negative.

    Notes
    -----
    ``f(x) = min(1, (x / 100)^0.75)``. Pennington, Socher & Manning, EMNLP 2014.

    Examples
    --------
    >>> [round(weight, 4) for weight in glove_weight([10, 25, 50, 500])]
    [0.1778, 0.3536, 0.5946, 1.0]
    """
    times = as_vector("counts", counts)
    check_range("counts", float(times.min()), 0)
    weights: list[float] = _weights(times).tolist()
    return weights


def _weights(times: Array) -> Array:
    weights: Array = np.minimum(1.0, (times / _CUT_OFF) ** _GLOVE_POWER)
    return weights
