"""Labels that apply whichever others do: texts are read sentence by sentence, and the best sentence counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.statistics.logistic import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Chosen on texts of the training parts of banking77 and TREC, of SQuAD by title and of the course by chapter: alone,
# two with different labels joined, and texts of the other sets, which have no label.
_NEXT_TO_BEST = 0.9  # of the best similarity that another label needs to apply too
_LEAST_LEAD = 0.01  # beyond that share
_SOFTNESS = 0.04  # of this step, in units of similarity
_NEXT_TO_BEST_SENTENCE = 0.5  # of its best similarity that another sentence needs to count
_FEWEST_WORDS = 2  # of a sentence


def split_parts(texts: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the sentences of texts, and where those of each text begin, shape (n,); a text without any is its own.

    Examples
    --------
    >>> split_parts(["Where is my card? I ordered it in May.", "no card yet"])
    (['Where is my card?', 'I ordered it in May.', 'no card yet'], array([0, 2]))
    """
    parts: list[str] = []
    starts = []
    for text in texts:
        starts.append(len(parts))
        sentences = (text[start:end] for start, end in split_sentences(text))
        parts += [s for s in sentences if len(s.split()) >= _FEWEST_WORDS] or [text]
    return parts, np.array(starts)


def independent_scores(
    distances: NDArray[np.float32], best: NDArray[np.float32], starts: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return how well each label fits each text, in [0, 1], shape (n, K).

    Parameters
    ----------
    distances : ndarray of shape (n_parts, K)
        How far each label is behind the best one of the part, in units of similarity.
    best : ndarray of shape (n_parts,)
        Similarity of each part to the label that is nearest to it.
    starts : ndarray of shape (n,)
        Where the parts of each text begin.

    Notes
    -----
    In a sentence a label fits where it comes near to the best one, and the best one is more than nothing; how similar a
    text is to a label that applies depends on the label set, the share of the best similarity hardly does.
    """
    lead = (1 - _NEXT_TO_BEST) * best[:, None] - _LEAST_LEAD - distances
    scores = sigmoid(lead / np.float32(_SOFTNESS))
    sizes = np.diff(np.append(starts, len(best)))
    nearest = np.repeat(np.maximum.reduceat(best, starts), sizes)  # that of the whole text, for each of its parts
    counting = np.where(best >= _NEXT_TO_BEST_SENTENCE * nearest, 1, 0)[:, None]
    return np.asarray(np.maximum.reduceat(scores * counting, starts), np.float32)
