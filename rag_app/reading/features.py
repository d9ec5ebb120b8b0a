"""What is measured of each sentence of the passages before one is chosen to answer a question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag_app.reading.answer_types import answer_type, offers
from rag_app.reading.cues import cue_share, cues_of
from rag_app.reading.definitions import definition_score
from rag_app.reading.overlap import stem, stems
from rag_app.reading.questions import defined_term
from rag_app.types import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.alignment import AlignedPassage, AskedTokens

NAMES = (
    "alignment",
    "alignment with the sentence before",
    "alignment with its neighbours",
    "alignment of the passage",
    "alignment without weights",
    "alignment of the asking word",
    "weakest alignment",
    "share of the question that is met",
    "alignment below the best of the passage",
    "cosine",
    "cosine below the best of the passage",
    "words shared",
    "words shared, with the sentence before",
    "pairs of words shared",
    "new words",
    "length",
    "type of answer",
    "way of explaining",
    "definition",
    "definition that opens the passage",
    "heading",
    "rank of the passage",
    "opens a list",
    "row of a table",
    "code",
)
WHOLE_NAMES = (
    "alignment",
    "alignment of the passage",
    "alignment without weights",
    "weakest alignment",
    "share of the question that is met",
    "cosine",
    "words shared, with the sentence before",
    "pairs of words shared",
    "cosine of the passage",
)
_NEARBY = 0.9  # of an alignment with a neighbour
_MET = 0.6
_WORD = re.compile(r"[^\W_]+")
_ENDS = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001  (full-width marks are meant)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked for in each sentence."""

    question: str
    stems: frozenset[str]
    rarity: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]

    def share(self, found: frozenset[str]) -> float:
        """Return the share of the question's words, by rarity, that are found."""
        return sum(self.rarity[s] for s in self.stems & found) / (sum(self.rarity.values()) or 1.0)


def measure(asked: AskedTokens, pages: Sequence[AlignedPassage]) -> NDArray[np.float64]:
    """Return the features of each unit of the passages, in their order.

    Parameters
    ----------
    asked : AskedTokens
        The question.
    pages : sequence of AlignedPassage
        Best first.

    Returns
    -------
    ndarray of shape (n_units, n_features)
        Columns as in `NAMES`.
    """
    texts = [[_text(page, unit) for unit in page.units] for page in pages]
    looked_for = _look_for(asked)
    rows = [
        np.hstack((_similar(asked, page), _worded(looked_for, page, of_page), _placed(page, rank, of_page)))
        for rank, (page, of_page) in enumerate(zip(pages, texts, strict=True), start=1)
        if page.units
    ]
    return np.vstack(rows) if rows else np.zeros((0, len(NAMES)))


def measure_whole(features: NDArray[np.float64], pages: Sequence[AlignedPassage]) -> NDArray[np.float64]:
    """Return how much the passages offer altogether, shape (n_features,): the most that any sentence has of each.

    Parameters
    ----------
    features : ndarray of shape (n_units, n_features)
        What `measure` returned for the passages.
    pages : sequence of AlignedPassage
        At least one.

    Returns
    -------
    ndarray
        In the order of `WHOLE_NAMES`.
    """
    columns = [NAMES.index(name) for name in WHOLE_NAMES[:-1]]
    most = features[:, columns].max(axis=0, initial=0)
    return np.append(most, max(page.whole_cosine for page in pages))


def _look_for(asked: AskedTokens) -> _Asked:
    wanted = stems(asked.text)
    rarity = {s: max((v for w, v in asked.idf.items() if stem(w) == s), default=0.0) for s in wanted}
    return _Asked(asked.text, wanted, rarity, _pairs(asked.text))


def _similar(asked: AskedTokens, page: AlignedPassage) -> NDArray[np.float64]:
    """Return the eleven features of token vectors."""
    best, weights = page.best, asked.weights  # (n_units, n_question_tokens)
    before, two_before, after = (_shifted(best, by) for by in (1, 2, -1))
    window = np.maximum.reduce([best, before, two_before, after])
    asking = best[:, asked.asking].mean(axis=1) if asked.asking.any() else np.zeros(len(best))
    columns = (
        page.alignments,
        np.maximum(best, _NEARBY * before) @ weights,
        window @ weights,
        np.full(len(best), page.whole_alignment),
        best.sum(axis=1) / max(best.shape[1], 1),
        asking,
        np.where(weights > 0, best, 1).min(axis=1, initial=1),
        (best > _MET) @ weights,
        page.alignments - page.alignments.max(),
        page.cosines,
        page.cosines - page.cosines.max(),
    )
    return np.stack(columns, axis=1).astype(np.float64)


def _shifted(rows: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return for each row the one so many before it; zeros where there is none."""
    shifted = np.roll(rows, by, axis=0)
    if by > 0:
        shifted[:by] = 0
    else:
        shifted[by:] = 0
    return shifted


def _worded(asked: _Asked, page: AlignedPassage, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the ten features of words."""
    kind, cues, term = answer_type(asked.question), cues_of(asked.question), defined_term(asked.question)
    path = page.passage.locator.heading
    titled = _likeness(asked.stems, stems(path[-1])) if path else 0.0
    rows = []
    before = headed = stems(" ".join(path))
    for i, text in enumerate(texts):
        own = stems(text)
        defines = definition_score(term, text)
        rows.append(
            (
                asked.share(own),
                asked.share(own | before | headed),
                len(asked.pairs & _pairs(text)) / max(len(asked.pairs), 1),
                np.log1p(len(own - asked.stems)),
                np.log1p(len(text.split())),
                offers(kind, asked.question, text),
                cue_share(cues, text),
                defines,
                0.0 if i else defines,
                titled,
            )
        )
        before = own
    return np.array(rows, np.float64)


def _likeness(words: frozenset[str], others: frozenset[str]) -> float:
    return len(words & others) / max(len(words | others), 1)


def _placed(page: AlignedPassage, rank: int, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the features of the place of the passage, and of the form of each unit."""
    return np.array(
        [
            (1 / rank, _is_open_ended(unit, text), unit.kind == "table", unit.kind == "code")
            for unit, text in zip(page.units, texts, strict=True)
        ],
        np.float64,
    )


def _text(page: AlignedPassage, unit: Unit) -> str:
    start = page.passage.start
    return page.passage.text[unit.start - start : unit.end - start]


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    found = [stem(word) for word in _WORD.findall(text.lower())]
    return frozenset(pairwise(found))


def _is_open_ended(unit: Unit, text: str) -> bool:
    """Return whether a sentence announces what comes after it: a list, a table or a displayed formula."""
    return unit.kind == "paragraph" and not text.rstrip("\"'”’)]*$").endswith(_ENDS)
