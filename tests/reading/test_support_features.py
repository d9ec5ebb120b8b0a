"""What is measured of statements beside passages."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.embeddings.minilm import MiniLM
from rag_app.reading.support import SupportScorer
from rag_app.reading.support_features import STATEMENT_NAMES, WORD_NAMES

_PASSAGE = "The red fox of Norway jumped over seven dogs. Later the owl slept in a barn."


@pytest.fixture(scope="module")
def scorer() -> SupportScorer:
    """Return a scorer with the packaged weights."""
    return SupportScorer(MiniLM())


def _measured(scorer: SupportScorer, text: str, question: str = "") -> tuple[dict[str, np.ndarray], dict[str, float]]:
    ((_, found, _),) = scorer.measure([text], [_PASSAGE], question)
    words = {name: found.of_words[:, i] for i, name in enumerate(WORD_NAMES)}
    return words, dict(zip(STATEMENT_NAMES, found.of_statement.tolist(), strict=True))


def test_nothing_is_missing_of_a_copied_sentence(scorer: SupportScorer) -> None:
    """Each word is in the passage, near its neighbours, in one run."""
    words, statement = _measured(scorer, "The red fox of Norway jumped over seven dogs.")
    assert not words["missing"].any()
    assert words["copied"].tolist() == [1.0] * len(words["copied"])
    assert (statement["mass"], statement["new pairs"], statement["new runs of three"]) == (0.0, 0.0, 0.0)
    assert statement["share missing in the best sentence"] == pytest.approx(0)


def test_words_that_the_passage_lacks_are_missing(scorer: SupportScorer) -> None:
    """Of fox, bought and violins two are missing: ln(1 + 2) of them."""
    words, statement = _measured(scorer, "The fox bought violins.")
    assert words["missing"].tolist() == [0, 1, 1]
    assert statement["hard mass"] == pytest.approx(np.log(3))
    assert statement["share missing"] == pytest.approx(2 / 3)


def test_another_number_is_no_synonym(scorer: SupportScorer) -> None:
    """A number that the passage lacks has the largest gap, however similar in meaning."""
    words, statement = _measured(scorer, "It jumped over eight dogs.")
    assert words["missing number"].tolist() == [0, 1, 0]
    assert words["gap"][1] == 1.0
    assert statement["missing numbers"] == pytest.approx(np.log(2))


def test_a_name_that_the_passage_lacks_is_told(scorer: SupportScorer) -> None:
    """Sweden is a missing name, Norway would be none."""
    words, _ = _measured(scorer, "The fox of Sweden jumped.")
    assert words["missing name"].tolist() == [0, 1, 0]


def test_a_negation_that_the_passage_lacks_is_told(scorer: SupportScorer) -> None:
    """The words after "not" are negated here and not in the passage."""
    words, statement = _measured(scorer, "The owl has not slept.")
    assert words["negation differs"].tolist() == [0, 1]
    assert statement["negations differ"] == pytest.approx(np.log(2))


def test_words_that_stand_apart_in_the_passage_make_a_new_pair(scorer: SupportScorer) -> None:
    """Fox and owl are both there, in different sentences."""
    words, _ = _measured(scorer, "The fox slept.")
    assert words["new pair"].tolist() == [0.5, 0.5]


def test_words_of_the_question_are_marked(scorer: SupportScorer) -> None:
    """They weigh half."""
    words, statement = _measured(scorer, "Violins.", question="Are there violins?")
    assert words["asked"].tolist() == [1]
    assert statement["hard mass"] == pytest.approx(np.log(1.5))
