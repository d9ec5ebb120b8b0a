"""The passages that define what a question asks about, however seldom they say its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag_app.from_scratch.language.words import words
from rag_app.reading.definitions import LONGEST_SUBJECT, definition_score, names_of
from rag_app.reading.questions import defined_term

if TYPE_CHECKING:
    from rag_app.index.library import Library

_SAYING = tuple("is a|is an|is the|is any|is one|are|was a|was an|was the|means|denotes|refers".split("|"))
_APART = 4  # words between the term and the verb: a bracket, an abbreviation
_MOST_READ = 40  # passages
_END = re.compile(r"(?<=[.!?])\s+|\n+")
_BEGINNING = 4  # letters that a word keeps in all its forms
_LEAST = 0.6  # of a definition's score: a sentence about something else shares less with the term


def defining_chunks(library: Library, question: str) -> dict[str, float]:
    """Return how well chunks define the term that a question asks about, in (0, 1], by chunk id.

    Parameters
    ----------
    library : Library
        The index. Chunks are found in which the term stands beside a verb that may define it.
    question : str
        Where it asks for no definition, nothing is found.
    """
    term = defined_term(question)
    names = [" ".join(words(name)) for name in names_of(term)]
    near = " OR ".join(f'NEAR("{name}" "{verb}", {_APART})' for name in names if name for verb in _SAYING)
    if not near:
        return {}
    sql = (
        "SELECT c.chunk_id, l.body FROM chunks c JOIN "
        "(SELECT rowid, body FROM lexical WHERE lexical MATCH ? ORDER BY rank LIMIT ?) l ON c.id = l.rowid"
    )
    begins = tuple({name[:_BEGINNING] for name in names if name})
    scores = {c: _best(term, begins, body) for c, body in library.query(sql, [near, _MOST_READ])}
    return {c: score for c, score in scores.items() if score >= _LEAST}


def _best(term: str, begins: Sequence[str], text: str) -> float:
    """Return how well the best sentence of a text defines a term, one of whose names begins in one of some ways."""
    heads = ((s, s[:LONGEST_SUBJECT].lower()) for s in _END.split(text))
    return max((definition_score(term, s) for s, head in heads if any(b in head for b in begins)), default=0.0)
