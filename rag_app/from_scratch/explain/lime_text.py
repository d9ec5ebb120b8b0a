"""LIME for text: a prediction explained by what happens when words are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, as_generator, as_labels, check_same_length
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.from_scratch.explain.black_box import build_output
from rag_app.from_scratch.explain.lime import N_SAMPLES, PENALTY, Surrogate, build_surrogate
from rag_app.from_scratch.language.words import words
from rag_app.registry import register


@register("tool", "M129")
def lime_text(
    estimator: Specification, texts: Sequence[str], y: Labels, text: str, kernel_width: float = 0.75, seed: int = 0
) -> dict[str, Any]:
    """Return how much each word of a text adds to an estimator's prediction for it (LIME for text).

    Parameters
    ----------
    estimator : str or dict
        A name in the register, such as "LinearRegression"; or ``{"name": …}`` with parameters beside the name.
    texts : sequence of str
        Texts that it is fitted on, shape (n,), as columns of 1 and 0: whether a word is in the text.
    y : sequence of label or float
        What to predict for each text, shape (n,).
    text : str
        The text to explain, with at least one word of the others.
    kernel_width : float, default=0.75
        How near counts as near, above 0, as the root of the share of words that are left out.
    seed : int, default=0
        Start of the drawing of 2,000 shortened texts; a text of 10 words or fewer has all of its shortened texts tried.

    Returns
    -------
    dict
        ``weights`` by word, those of largest effect first; ``prediction`` for the text; ``output``, what is predicted:
        for a classifier the probability of the class that it gives the text. Words that no other text has weigh 0.

    Raises
    ------
    InvalidInputError
        If the lengths differ, the text shares no word with the others, or a value is out of range.
    UnknownNameError
        If there is no such estimator.

    Notes
    -----
    Ribeiro, Singh & Guestrin, "'Why should I trust you?': explaining the predictions of any classifier", KDD 2016.

    Examples
    --------
    Four texts that a sum of words fits exactly: 0.30 + 0.60 free - 0.10 tomorrow.

    >>> result = lime_text("LinearRegression", ["free tomorrow", "free", "tomorrow", ""], [0.8, 0.9, 0.2, 0.3],
    ...     "Free tomorrow!")
    >>> {word: round(weight, 3) for word, weight in result["weights"].items()}
    {'free': 0.6, 'tomorrow': -0.1}
    """
    bags, own = [set(words(t)) for t in texts], list(dict.fromkeys(words(text)))
    vocabulary = sorted(set().union(*bags))
    if not set(own) & set(vocabulary):
        msg = f"text must share a word with the texts; got {text[:40]!r}."
        raise InvalidInputError(msg)
    targets = as_labels("y", y)
    check_same_length(texts=bags, y=targets)
    rows = np.array([[float(w in bag) for w in vocabulary] for bag in bags])  # (n, v)
    place = np.array([[float(w == v) for v in vocabulary] for w in own])  # (d, v): a word's column
    row = place.sum(axis=0)
    output = build_output(build_predictor(estimator).fit(rows, targets), row)
    found = build_word_surrogate(lambda masks: output.of_rows(masks @ place), len(own), kernel_width, seed)
    order = np.argsort(-np.abs(found.weights), kind="stable")
    return {
        "weights": {own[i]: float(found.weights[i]) for i in order},
        "prediction": float(output.of_rows(row[np.newaxis])[0]),
        "output": output.meaning,
    }


def build_word_surrogate(
    predict: Callable[[NDArray[np.float64]], NDArray[np.float64]], n_words: int, kernel_width: float, seed: int = 0
) -> Surrogate:
    """Return the linear function of the presence of words that follows another one near the whole text.

    Parameters
    ----------
    predict : callable
        From rows of 1 (the word stays) and 0 (it is left out), shape (m, d), to a number for each, shape (m,).
    n_words : int
        Words d of the text.
    kernel_width : float
        How near counts as near, above 0, as the root of the share of words that are left out.
    seed : int, default=0
        Start of the drawing.

    Examples
    --------
    >>> build_word_surrogate(lambda stays: 2 * stays[:, 0] - stays[:, 1], n_words=2, kernel_width=1.0).weights.round(3)
    array([ 2., -1.])
    """
    masks = _masks(n_words, seed)
    scaled = masks / np.sqrt(n_words)  # so that the squared distance is a share
    whole = np.full(n_words, 1 / np.sqrt(n_words))
    found = build_surrogate(scaled, predict(masks), whole, kernel_width, PENALTY / n_words)
    return found._replace(weights=found.weights / np.sqrt(n_words))


def _masks(n_words: int, seed: int) -> NDArray[np.float64]:
    if 1 << n_words <= N_SAMPLES:
        return (np.arange(1 << n_words)[:, np.newaxis] >> np.arange(n_words) & 1).astype(float)
    rng = as_generator(seed)
    shares = rng.random((N_SAMPLES, 1))  # of words that stay: long texts and short ones
    return (rng.random((N_SAMPLES, n_words)) < shares).astype(float)
