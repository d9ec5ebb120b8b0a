"""The order of sentences where a network marks answers in passages, in place of the learnt one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.alignment import AlignedPassage

SpanScorer = Callable[[str, Sequence[str], Sequence[Sequence[tuple[int, int]]]], "list[NDArray[np.float64]]"]
_APART = 30.0  # log-odds: no sentence without an answer is quoted beside one that has one


def score_found(
    score: SpanScorer, question: str, pages: Sequence[AlignedPassage], learnt: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return scores of the units of passages by which those that hold an answer come first, in the network's order.

    Parameters
    ----------
    score : callable
        ``score(question, texts, spans)`` returns the log-odds of an answer in each span of each text, such as
        `rag_app.embeddings.answer_spans.SpanNetwork.score`.
    question : str
        A standalone question.
    pages : sequence of AlignedPassage
        Each is read with its title and headings; in these no answer is looked for.
    learnt : ndarray of shape (n_units,)
        Scores by which the units without an answer follow, and all of them where there is no answer at all.
    """
    texts = [page.passage.embedded_text for page in pages]
    found = np.concatenate([*score(question, texts, [_spans(page) for page in pages]), np.zeros(0)])
    holds = found > 0
    if not holds.any():
        return learnt
    return np.where(holds, found, learnt - learnt.max() - _APART)


def _spans(page: AlignedPassage) -> list[tuple[int, int]]:
    """Return where the units of a passage stand in what is read."""
    passage = page.passage
    shift = len(passage.embedded_text) - len(passage.text) - passage.start
    return [(unit.start + shift, unit.end + shift) for unit in page.units]
