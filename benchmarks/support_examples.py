"""Statements with people's marks, and contradictions of those that are supported, as they are measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from contradictions import contradict
from support_sets import Labelled

from rag_app.reading.support import SupportScorer, split_statements
from rag_app.reading.support_pairs import MOST_WORDS, Pair
from rag_app.reading.worded import ReadWords

ANSWER, FROM_DATA, CLAIM, MADE = range(4)  # conventions by which people, or rules, call a statement unsupported
_NONE = -1
_PARTED = "AttributionBench"
_CONVENTIONS = {"RAGTruth, answers": ANSWER, "RAGTruth, summaries": ANSWER, "RAGTruth, data to text": FROM_DATA}


@dataclass(frozen=True)
class Example:
    """A statement beside its evidence.

    Parameters
    ----------
    name, source : str
        Of the set, and of what the statement is about.
    text : int
        Number of the labelled text in its set.
    convention : int
        `ANSWER`, `FROM_DATA`, `CLAIM` or `MADE`.
    pair : Pair
        What the network reads.
    of_statement : ndarray of shape (n_statement_features,)
        What is measured of the whole.
    marks : ndarray of shape (n_stated,)
        Of each word of the statement whether it is unsupported; -1 where nobody said.
    unsupported : bool
        Whether any part of the statement is.
    kind : str
        What is wrong, or how it was made.
    """

    name: str
    source: str
    text: int
    convention: int
    pair: Pair
    of_statement: np.ndarray
    marks: np.ndarray
    unsupported: bool
    kind: str

    @property
    def of_set(self) -> str:
        """The set; those of AttributionBench name their part."""
        return _PARTED if self.name.startswith(_PARTED) else self.name


@dataclass(frozen=True)
class _Statement:
    text: int
    said: str
    spans: list[tuple[int, int]] | None
    unsupported: bool
    kind: str


def read_examples(scorer: SupportScorer, sets: Mapping[str, Sequence[Labelled]]) -> Iterator[Example]:
    """Yield the statements of sets, those of the same passages together, and contradictions of supported ones."""
    random = np.random.default_rng(0)
    for texts in sets.values():
        numbered = sorted(enumerate(texts), key=lambda pair: (*_about(pair[1]), pair[0]))
        for _, group in groupby(numbered, key=lambda pair: _about(pair[1])):
            yield from _of_source(scorer, list(group), random)


def split(sources: Sequence[str], n_folds: int) -> np.ndarray:
    """Return a fold for each source, the same for the same source."""
    known = sorted(set(sources))
    order = np.random.default_rng(0).permutation(len(known))
    fold = {source: int(order[i]) % n_folds for i, source in enumerate(known)}
    return np.array([fold[source] for source in sources])


def _about(text: Labelled) -> tuple[str, list[str], str]:
    return text.source, text.passages, text.question


def _of_source(
    scorer: SupportScorer, group: Sequence[tuple[int, Labelled]], random: np.random.Generator
) -> Iterator[Example]:
    first = group[0][1]
    said = [s for number, text in group for s in _statements(number, text)]
    marked = first.spans is not None
    yield from _examples(scorer, first, said, _CONVENTIONS.get(first.name, CLAIM))
    if marked:
        yield from _examples(scorer, first, list(_contradicted(said, first, random)), MADE)


def _statements(number: int, text: Labelled) -> Iterator[_Statement]:
    if text.spans is None:
        yield _Statement(number, text.text, None, text.unsupported, "")
        return
    for start, end in split_statements(text.text):
        own = [(max(a, start) - start, min(b, end) - start) for a, b in text.spans if max(a, start) < min(b, end)]
        kinds = {k for (a, b), k in zip(text.spans, text.kinds, strict=True) if max(a, start) < min(b, end)}
        yield _Statement(number, text.text[start:end], own, bool(own), ", ".join(sorted(kinds)))


def _contradicted(said: Iterable[_Statement], first: Labelled, random: np.random.Generator) -> Iterator[_Statement]:
    for statement in said:
        made = [] if statement.unsupported else list(contradict(statement.said, first.passages, random))
        if made:
            chosen = made[int(random.integers(len(made)))]
            spans = [(chosen.start, chosen.end)]
            yield replace(statement, said=chosen.text, spans=spans, unsupported=True, kind=chosen.kind)


def _examples(scorer: SupportScorer, first: Labelled, said: Sequence[_Statement], convention: int) -> Iterator[Example]:
    if not said:
        return
    measured = scorer.measure([s.said for s in said], first.passages, first.question)
    for s, (read, compared, pair) in zip(said, measured, strict=True):
        if read.words:
            yield Example(
                first.name,
                first.source,
                s.text,
                convention,
                replace(pair, vectors=pair.vectors.astype(np.float16)),  # all of them are kept
                compared.of_statement,
                _marks(s, read),
                s.unsupported,
                s.kind,
            )


def _marks(s: _Statement, read: ReadWords) -> np.ndarray:
    words = read.words[:MOST_WORDS]
    if s.spans is None:
        return np.full(len(words), _NONE if s.unsupported else 0)
    return np.array([any(max(a, w.start) < min(b, w.end) for a, b in s.spans) for w in words], int)
