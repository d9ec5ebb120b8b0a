"""Hidden Markov models: the best path of hidden states, their probabilities, and a tagger of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_probabilities, check_range, check_same_length
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

Array = NDArray[np.float64]
_Logs = tuple[Array, Array, Array]  # ln of start (s,), transition (s, s) and of the emission of each observation (t, s)


@register("tool", "M016")
def viterbi(start: Vector, transition: Matrix, emission: Matrix, observations: Sequence[int]) -> dict[str, Any]:
    """Return the most probable path of hidden states of a hidden Markov model, given the observations.

    Parameters
    ----------
    start : array-like of shape (s,)
        Probability of each state at the first step.
    transition : array-like of shape (s, s)
        Row i: probabilities of the next state after state i.
    emission : array-like of shape (s, o)
        Row i: probabilities of the observations in state i.
    observations : sequence of int
        Columns of `emission`, from 0, at least one.

    Returns
    -------
    dict
        "path" of states from 0, its "log_probability" together with the observations, and the "trellis": for each step
        and state, the log-probability of the best path that ends there. Of equally good states the first is taken.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, a row is no distribution, or the observations are impossible.

    Notes
    -----
    ``δ₁(j) = πⱼ Bⱼ(o₁)`` and ``δₜ(j) = maxᵢ[δₜ₋₁(i) Aᵢⱼ] Bⱼ(oₜ)``, in logarithms. Viterbi, "Error bounds for
    convolutional codes and an asymptotically optimum decoding algorithm" (1967).

    Examples
    --------
    "He fishes", as Noun (0) and Verb (1): 0.8 · 0.7 · 0.7 · 0.9 = 0.3528.

    >>> found = viterbi([0.8, 0.2], [[0.3, 0.7], [0.6, 0.4]], [[0.7, 0.3], [0.1, 0.9]], [0, 1])
    >>> found["path"], round(float(np.exp(found["log_probability"])), 4)
    ([0, 1], 0.3528)
    """
    path, trellis = _best_path(*_checked(start, transition, emission, observations))
    best = float(trellis[-1].max())
    _check_possible(best)
    return {"path": path, "log_probability": best, "trellis": trellis.tolist()}


@register("tool", "M016")
def forward_backward(
    start: Vector, transition: Matrix, emission: Matrix, observations: Sequence[int]
) -> dict[str, Any]:
    """Return the log-likelihood of observations under a hidden Markov model, and each state's probability at each step.

    Parameters
    ----------
    start : array-like of shape (s,)
        Probability of each state at the first step.
    transition : array-like of shape (s, s)
        Row i: probabilities of the next state after state i.
    emission : array-like of shape (s, o)
        Row i: probabilities of the observations in state i.
    observations : sequence of int
        Columns of `emission`, from 0, at least one.

    Returns
    -------
    dict
        "log_likelihood" summed over all paths, and "posteriors": for each step, the probability of each state given all
        observations. The states that are most probable one by one need not be the best path.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, a row is no distribution, or the observations are impossible.

    Notes
    -----
    ``αₜ(j) = Σᵢ αₜ₋₁(i) Aᵢⱼ Bⱼ(oₜ)``, ``βₜ(i) = Σⱼ Aᵢⱼ Bⱼ(oₜ₊₁) βₜ₊₁(j)`` and ``P(j at t) ∝ αₜ(j) βₜ(j)``, in
    logarithms. Rabiner, "A tutorial on hidden Markov models" (1989).

    Examples
    --------
    0.0504 + 0.3528 + 0.0036 + 0.0072 = 0.4140, and 0.36 of it ends in a verb.

    >>> found = forward_backward([0.8, 0.2], [[0.3, 0.7], [0.6, 0.4]], [[0.7, 0.3], [0.1, 0.9]], [0, 1])
    >>> round(float(np.exp(found["log_likelihood"])), 4), [round(p, 4) for p in found["posteriors"][1]]
    (0.414, [0.1304, 0.8696])
    """
    log_start, log_move, log_emit = _checked(start, transition, emission, observations)
    forward, backward = np.empty_like(log_emit), np.zeros_like(log_emit)
    forward[0] = log_start + log_emit[0]
    for t in range(1, len(log_emit)):
        forward[t] = np.logaddexp.reduce(forward[t - 1][:, None] + log_move, axis=0) + log_emit[t]
    for t in range(len(log_emit) - 2, -1, -1):
        backward[t] = np.logaddexp.reduce(log_move + log_emit[t + 1] + backward[t + 1], axis=1)
    total = float(np.logaddexp.reduce(forward[-1]))
    _check_possible(total)
    posteriors = np.exp(forward + backward - total)  # (t, s)
    return {"log_likelihood": total, "posteriors": (posteriors / posteriors.sum(axis=1, keepdims=True)).tolist()}


@register("estimator", "M016")
class HiddenMarkovTagger(Estimator):
    """Return the tags of words, such as noun and verb, by a hidden Markov model that counts tagged sentences.

    Parameters
    ----------
    smoothing : float, default=0.1
        Added to every count, above 0: a word or move that was never seen does not rule a sentence out.

    Notes
    -----
    The states are the tags, the observations the words in lower case; probabilities are shares of smoothed counts, and
    a word that is not in the vocabulary has a column of its own. Tags are those of the Viterbi path. Rabiner, "A
    tutorial on hidden Markov models and selected applications in speech recognition", Proceedings of the IEEE 77
    (1989).

    Attributes
    ----------
    tags_ : list of str
        In alphabetical order.
    words_ : list of str
        The vocabulary, in alphabetical order.
    start_, transition_, emission_ : ndarray
        Probabilities of shape (s,), (s, s) and (s, number of words + 1); the last column is that of unknown words.

    Examples
    --------
    >>> tagger = HiddenMarkovTagger().fit([["he", "fishes"], ["fish", "swim"]], [["N", "V"], ["N", "V"]])
    >>> tagger.predict([["He", "swims"]])
    [['N', 'V']]
    """

    def __init__(self, *, smoothing: float = 0.1) -> None:
        self.smoothing = smoothing

    def fit(self, X: Sequence[Sequence[str]], y: Sequence[Sequence[str]]) -> Self:
        """Count tags, moves between tags, and words under tags.

        Parameters
        ----------
        X : sequence of sequences of str
            The words of each sentence.
        y : sequence of sequences of str
            The tag of each word.
        """
        check_range("smoothing", self.smoothing, 0, open_low=True)
        sentences, tags = _sentences("X", X), _sentences("y", y)
        check_same_length(X=sentences, y=tags)
        for words, own in zip(sentences, tags, strict=True):
            check_same_length(X=words, y=own)
        self.tags_ = sorted({tag for own in tags for tag in own})
        self.words_ = sorted({word.lower() for words in sentences for word in words})
        n, m = len(self.tags_), len(self.words_)
        start, transition, emission = np.zeros(n), np.zeros((n, n)), np.zeros((n, m + 1))
        for words, own in zip(sentences, tags, strict=True):
            states = [self.tags_.index(tag) for tag in own]
            start[states[0]] += 1
            np.add.at(transition, (states[:-1], states[1:]), 1)
            np.add.at(emission, (states, self._columns(words)), 1)
        self.start_, self.transition_, self.emission_ = (
            (counts + self.smoothing) / (counts + self.smoothing).sum(axis=-1, keepdims=True)
            for counts in (start, transition, emission)
        )
        return self

    def predict(self, X: Sequence[Sequence[str]]) -> list[list[str]]:
        """Return the tags of the words of each sentence.

        Parameters
        ----------
        X : sequence of sequences of str
            The words of each sentence.
        """
        self.check_fitted()
        found = []
        for words in _sentences("X", X):
            emitted = self.emission_[:, self._columns(words)].T  # (t, s)
            path, _ = _best_path(np.log(self.start_), np.log(self.transition_), np.log(emitted))
            found.append([self.tags_[state] for state in path])
        return found

    def _columns(self, words: Sequence[str]) -> list[int]:
        column = {word: i for i, word in enumerate(self.words_)}
        return [column.get(word.lower(), len(column)) for word in words]


def _best_path(log_start: Array, log_move: Array, log_emit: Array) -> tuple[list[int], Array]:
    trellis = np.empty_like(log_emit)  # (t, s)
    trellis[0] = log_start + log_emit[0]
    back = np.zeros(log_emit.shape, int)
    for t in range(1, len(log_emit)):
        scores = trellis[t - 1][:, None] + log_move  # row: from, column: to
        back[t] = scores.argmax(axis=0)
        trellis[t] = scores.max(axis=0) + log_emit[t]
    path = [int(trellis[-1].argmax())]
    for pointers in back[:0:-1]:
        path.append(int(pointers[path[-1]]))
    return path[::-1], trellis


def _checked(start: Vector, transition: Matrix, emission: Matrix, observations: Sequence[int]) -> _Logs:
    first = as_probabilities("start", start)
    move, emit = _distributions("transition", transition), _distributions("emission", emission)
    if move.shape != (len(first), len(first)) or len(emit) != len(first):
        shapes = f"{len(first)}, {move.shape} and {emit.shape}"
        msg = f"start, transition and emission must have shapes (s,), (s, s) and (s, o); got {shapes}."
        raise InvalidInputError(msg)
    seen = np.asarray(observations)
    whole = seen.ndim == 1 and len(seen) > 0 and seen.dtype.kind in "iu"
    if not whole or seen.min() < 0 or seen.max() >= emit.shape[1]:
        rule = f"whole numbers from 0 to {emit.shape[1] - 1}, at least one"
        msg = f"observations must be {rule}; got {str(observations)[:60]}."
        raise InvalidInputError(msg)
    with np.errstate(divide="ignore"):
        return np.log(first), np.log(move), np.log(emit[:, seen].T)


def _distributions(name: str, values: Matrix) -> Array:
    return np.stack([as_probabilities(f"Each row of {name}", row) for row in as_matrix(name, values)])


def _check_possible(log_probability: float) -> None:
    if log_probability == -np.inf:
        msg = "observations must be possible under these probabilities; got a sequence of probability 0."
        raise InvalidInputError(msg)


def _sentences(name: str, values: Sequence[Sequence[str]]) -> list[list[str]]:
    sentences = [] if isinstance(values, str) else [[] if isinstance(s, str) else list(s) for s in values]
    if not sentences or not all(sentences):
        msg = f"{name} must be lists of words, none of them empty; got {str(values)[:60]!r}."
        raise InvalidInputError(msg)
    return sentences
