"""Why a passage ranks where it does: its scores, the words that it shares with the question, its best sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rag_app.embeddings.alignment import heading_score
from rag_app.from_scratch.language.words import content_words, words
from rag_app.index.lexical import Lexical
from rag_app.retrieval.defining import defining_chunks
from rag_app.retrieval.query import split_query
from rag_app.retrieval.respelling import Respelling
from rag_app.types import Passage

if TYPE_CHECKING:
    from rag_app.index.library import Library

_MATCHES = (
    "SELECT c.chunk_id, -bm25(lexical) FROM lexical JOIN chunks c ON c.id = lexical.rowid "
    "WHERE lexical MATCH ? AND c.chunk_id IN (SELECT value FROM json_each(?))"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What made the score of a passage.

    Parameters
    ----------
    passage : Passage
        With its scores.
    words : mapping of str to float
        The question's words that are in the passage or in its context, in any inflection, and how much each adds to the
        lexical score, most first.
    missing : tuple of str
        The question's words that are not.
    heading : float, default=0.0
        How much of its heading is asked about, in [0, 1].
    definition : float, default=0.0
        How well it defines what is asked about, in [0, 1]; 0 where the question asks for no definition.
    """

    passage: Passage
    words: Mapping[str, float]
    missing: tuple[str, ...]
    heading: float = 0.0
    definition: float = 0.0

    @property
    def scores(self) -> dict[str, float | None]:
        """Each score of the passage, by name; None for a reranker's where there is none."""
        passage, is_reranked = self.passage, self.passage.fused_score is not None
        return {
            "reranked": passage.score if is_reranked else None,
            "fused": passage.score if passage.fused_score is None else passage.fused_score,
            "dense": passage.dense_score,
            "lexical": passage.lexical_score,
            "alignment": passage.alignment_score,
            "heading": self.heading,
            "definition": self.definition,
        }

    @property
    def evidence(self) -> tuple[int, int] | None:
        """Where in the passage's text its best sentence stands, if that is known."""
        unit, start = self.passage.evidence, self.passage.start
        return None if unit is None else (unit.start - start, unit.end - start)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag search --explain --json`` prints."""
        unit = self.passage.evidence
        sentence = self.passage.text[slice(*self.evidence)] if self.evidence else ""
        return {
            **{name: None if score is None else round(score, 6) for name, score in self.scores.items()},
            "words": {word: round(share, 6) for word, share in self.words.items()},
            "missing": list(self.missing),
            "evidence": None if unit is None else {"start": unit.start, "end": unit.end, "text": sentence},
        }


def explain_ranking(library: Library, question: str, passages: Sequence[Passage]) -> list[Explanation]:
    """Return why passages rank where they do.

    Parameters
    ----------
    library : Library
        The index that they were found in.
    question : str
        As it was searched for; it is spelled as the index does, and words that say where to look do not count.
    passages : sequence of Passage
        As they were found.
    """
    asked = Respelling(library, Lexical(library)).respell(split_query(question).text)
    terms = list(dict.fromkeys(content_words(asked) or words(asked)))
    ids = json.dumps([p.chunk_id for p in passages])
    matches = {term: dict(library.query(_MATCHES, [f'"{term}"', ids])) for term in terms}
    defining = defining_chunks(library, asked)
    explained = [
        _explained(p, {t: found[p.chunk_id] for t, found in matches.items() if p.chunk_id in found}, terms)
        for p in passages
    ]
    said = frozenset(words(asked))
    return [
        replace(e, heading=heading_score(said, e.passage), definition=defining.get(e.passage.chunk_id, 0.0))
        for e in explained
    ]


def _explained(passage: Passage, matched: Mapping[str, float], terms: Sequence[str]) -> Explanation:
    whole = sum(matched.values()) or 1.0
    shares = {t: passage.lexical_score * matched[t] / whole for t in sorted(matched, key=lambda t: -matched[t])}
    missing = tuple(t for t in terms if t not in matched)
    return Explanation(passage, shares, missing)
