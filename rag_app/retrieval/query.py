"""Words of a question that say where to look: ``file:09-gans.md``, ``heading:"mode collapse"``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag_app.errors import InvalidInputError
from rag_app.retrieval.filters import Where

_FILTER = re.compile(
    r"(?P<joint>(?<!\S)(?:(?:and|or)\s+)?(?:(?:in|from|within|under)\s+)?)"
    r"(?<!\S)(?P<key>file|heading):"
    r"""(?:(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|“(?P<curly>[^”]+)”)(?![^\s?!.,;])|(?P<plain>[^\s"'“]\S*))""",
    re.IGNORECASE,
)
_MARKS = "?!.,;"  # they end a sentence, not the name of a file
_LOOSE_MARKS = re.compile(r"^(?:[?!.,;]+(?:\s+|$))+|\s+(?=[?!.,;](?:\s|$))")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Query:
    """A question, and where its answer is to be looked for.

    Parameters
    ----------
    text : str
        The question without the words that say where to look.
    where : mapping of str to list of str
        What they say, as `rag_app.retrieval.filters.matching_chunks` takes it; empty where there are none.
    filters : str
        Those words as they were written.
    """

    text: str
    where: Where
    filters: str

    def with_filters(self, text: str) -> str:
        """Return another question that is to be looked for in the same place."""
        return f"{text} {self.filters}" if self.filters else text


def split_query(question: str) -> Query:
    """Return a question without its words that say where to look, and what they say.

    Parameters
    ----------
    question : str
        What was typed. ``file:`` and ``heading:`` are filters where a value follows at once; a value of several words
        stands in quotation marks. A key that is given twice means one of the values. To ask about such a word itself,
        put it into quotation marks: ``"file:"``.

    Raises
    ------
    InvalidInputError
        If nothing else is in the question.

    Examples
    --------
    >>> query = split_query('What causes it in file:09-gans.md, under heading:"mode collapse"?')
    >>> query.text, query.where
    ('What causes it?', {'file': ['09-gans.md'], 'heading': ['mode collapse']})
    >>> split_query("What is file: in TOML?").where
    {}
    """
    where: dict[str, list[str]] = {}
    written: list[str] = []

    def take(match: re.Match[str]) -> str:
        quoted = match["double"] or match["single"] or match["curly"]
        value = quoted or match["plain"].rstrip(_MARKS) or match["plain"]
        where.setdefault(match["key"].lower(), []).append(value)
        after = "" if quoted else match["plain"][len(value) :]
        written.append(match.group()[len(match["joint"]) :].removesuffix(after))
        return after.strip(",;")

    rest = _FILTER.sub(take, question)
    if not where:
        return Query(question, {}, "")
    text = _LOOSE_MARKS.sub("", " ".join(rest.split()))
    if not _WORD.search(text):
        msg = f"The question must ask something besides where to look; got {question!r}."
        raise InvalidInputError(msg, hint="Ask, for example: What is mode collapse? file:09-gans.md")
    return Query(text, where, " ".join(written))
