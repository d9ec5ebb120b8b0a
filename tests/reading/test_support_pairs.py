"""The words of a statement beside those of its evidence."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.embeddings.minilm import MiniLM
from rag_app.reading.support_features import Comparison, compare
from rag_app.reading.support_pairs import FEATURE_NAMES, MOST_WORDS, Pair, pair
from rag_app.reading.worded import ReadPassages, ReadWords, read_words

_PASSAGES = ["The Louvre is a museum in Paris. It opened in 1793.", "The Eiffel Tower is 330 metres tall."]


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    """Return the embedder."""
    return MiniLM()


def _read(minilm: MiniLM, statement: str, passages: list[str]) -> tuple[ReadWords, Comparison, ReadPassages]:
    texts = [statement, *passages]
    read = [read_words(t, tokens) for t, tokens in zip(texts, minilm.read_passages(texts), strict=True)]
    page = ReadPassages(passages, read[1:])
    return read[0], compare(read[0], page), page


def _column(found: Pair, name: str) -> list[float]:
    return found.features[:, FEATURE_NAMES.index(name)].tolist()


def test_the_words_of_the_best_sentence_follow_those_of_the_statement(minilm: MiniLM) -> None:
    """Louvre, opened and 1795 are stated; the evidence begins with the sentence that has most of them."""
    found = pair(*_read(minilm, "It opened in 1795.", _PASSAGES))
    assert found.n_stated == 2
    assert _column(found, "evidence")[:4] == [0, 0, 1, 1]
    assert _column(found, "first")[:4] == [0, 0, 1, 1]
    assert _column(found, "a number")[:4] == [0, 1, 0, 1]
    assert _column(found, "shared")[:4] == [1, 0, 1, 0]


def test_equal_words_are_the_same(minilm: MiniLM) -> None:
    """Opened is opened, 1795 is not 1793, and every word is itself."""
    found = pair(*_read(minilm, "It opened in 1795.", _PASSAGES))
    assert found.same[0, 2]
    assert not found.same[1, 3]
    assert found.same.diagonal().all()
    assert (found.same == found.same.T).all()


def test_words_of_the_evidence_have_no_measures_of_the_statement(minilm: MiniLM) -> None:
    """How far a word is missing is measured of the statement alone."""
    found = pair(*_read(minilm, "Volcanic soil flavours the wine of Paris.", _PASSAGES))
    assert not found.features[found.n_stated :, :20].any()
    assert found.features[: found.n_stated, :20].any()


def test_a_statement_without_evidence_stands_alone(minilm: MiniLM) -> None:
    """No passages, no words of them."""
    found = pair(*_read(minilm, "The Louvre opened.", []))
    assert found.n_stated == len(found.places) == len(found.vectors) == 2


def test_long_statements_are_cut(minilm: MiniLM) -> None:
    """The network reads at most so many words of either side."""
    words = " ".join(f"Name{i}" for i in range(200))
    found = pair(*_read(minilm, words, [words]))
    assert found.n_stated == MOST_WORDS
    assert np.shape(found.same) == (len(found.places), len(found.places))
    assert len(found.places) <= 2 * MOST_WORDS
