"""One to three sentences of the passages that answer a question."""

from __future__ import annotations

from collections.abc import Sequence

from rag_app.reading.evidence import Evidence, SentenceEvidence
from rag_app.reading.overlap import stems

_MAX_SENTENCES = 3
_MAX_DROP = 0.15
_SAME = 0.6


def choose_sentences(evidence: Evidence) -> list[SentenceEvidence]:
    """Return the sentences to quote, in reading order.

    Parameters
    ----------
    evidence : Evidence
        Of the question's passages.

    Returns
    -------
    list of SentenceEvidence
        The best sentence, and up to two more whose score is within 0.15 of it and that say something else.
        Sentences of the best one's document come first, each document's in the order in which they stand there.
    """
    chosen: list[SentenceEvidence] = []
    for sentence in evidence.sentences:
        if len(chosen) == _MAX_SENTENCES or (chosen and sentence.score < chosen[0].score - _MAX_DROP):
            break
        if not _repeats(sentence, chosen):
            chosen.append(sentence)
    documents = list(dict.fromkeys(s.passage.source for s in chosen))
    return sorted(chosen, key=lambda s: (documents.index(s.passage.source), s.unit.start))


def _repeats(sentence: SentenceEvidence, chosen: Sequence[SentenceEvidence]) -> bool:
    own = stems(sentence.text)
    return any(len(own & stems(c.text)) > _SAME * max(len(own | stems(c.text)), 1) for c in chosen)
