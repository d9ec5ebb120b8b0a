"""A second look where several sentences seem to answer: MiniLM reads each of them together with the question.

Its weights are corrected for this by ``benchmarks/train_reader.py``; what it finds is added to the sentence's score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag_app.embeddings.pairs import DOWN, UP, PairReader, PairTokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_suffix(".npz")
_MOST_READ = 4  # sentences
_CLOSE = 1.5  # log-odds: one that is further behind the best seldom answers better


class AnswerNetwork:
    """Says how well sentences answer a question.

    Parameters
    ----------
    weights : mapping of str to ndarray
        The corrections of `rag_app.embeddings.pairs.PairReader`, and two layers that weigh what was read.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float16]]) -> None:
        self._pairs = PairReader({n: w for n, w in weights.items() if n.endswith((UP, DOWN))})
        self._weights = {n: np.asarray(w, np.float32) for n, w in weights.items() if not n.endswith((UP, DOWN))}

    def score(self, question: str, sentences: Sequence[str]) -> NDArray[np.float64]:
        """Return log-odds of each sentence against the others, up to a constant.

        Parameters
        ----------
        question : str
            A standalone question.
        sentences : sequence of str
            What may answer it.
        """
        return np.array([self._odds(read) for read in self._pairs.read(question, sentences)], np.float64)

    def _odds(self, read: PairTokens) -> float:
        parts = np.concatenate([read.whole, read.second.mean(axis=0), read.second.max(axis=0)])
        hidden = np.maximum(self._linear(parts, "hidden"), 0)
        return float(self._linear(hidden, "output")[0])

    def _linear(self, x: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        return np.asarray(self._weights[f"{name}.weight"] @ x + self._weights[f"{name}.bias"], np.float32)


def look_again(
    network: AnswerNetwork, question: str, sentences: Sequence[str], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return scores in which those of sentences that are nearly as good as the best one hold what the network found.

    Where one sentence is clearly the best, nothing is read again.

    Parameters
    ----------
    network : AnswerNetwork
        Reads at most four of them.
    question : str
        A standalone question.
    sentences : sequence of str
        At least one.
    scores : ndarray of shape (n_sentences,)
        Log-odds of each. The mean of those that are read again stays as it is.
    """
    best = np.argsort(-scores, kind="stable")[:_MOST_READ]
    close = best[scores[best] > scores[best[0]] - _CLOSE]
    if len(close) == 1:
        return scores
    found = network.score(question, [sentences[i] for i in close])
    looked = scores.copy()
    looked[close] += found - found.mean()
    return looked


@lru_cache(maxsize=1)
def load_network() -> AnswerNetwork:
    """Return the network with the committed weights."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return AnswerNetwork({name: stored[name] for name in stored.files})
