"""Whether passages support statements."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from rag_app.embeddings.minilm import MiniLM
from rag_app.reading.support import (
    SUPPORTED,
    SentenceSupport,
    SupportScorer,
    answer_support,
    is_structured,
    split_statements,
    without_markers,
)

_PASSAGES = [
    "The Louvre is a museum in Paris. It opened in 1793 and holds about 35,000 works of art.",
    "The Eiffel Tower was built for the World's Fair of 1889. It is 330 metres tall.",
]


@pytest.fixture(scope="module")
def scorer() -> SupportScorer:
    """Return a scorer with the packaged weights."""
    return SupportScorer(MiniLM())


def _score(scorer: SupportScorer, sentence: str) -> SentenceSupport:
    (found,) = scorer.score([sentence], _PASSAGES)
    return found


def test_a_copied_sentence_is_supported_by_the_sentence_it_was_copied_from(scorer: SupportScorer) -> None:
    """Passage and span are those of the sentence in it."""
    found = _score(scorer, "It is 330 metres tall.")
    assert found.support >= SUPPORTED
    assert found.attribution >= SUPPORTED
    assert _PASSAGES[found.passage][found.start : found.end] == "It is 330 metres tall."
    assert found.reason == ""
    assert found.unsupported == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "Its director studied chemistry in Vienna and collects antique violins.",
        "Volcanic soil gives the local wine its famous mineral flavour.",
    ],
)
def test_an_invented_sentence_is_not_supported(scorer: SupportScorer, sentence: str) -> None:
    """What no passage mentions is flagged, with its words."""
    found = _score(scorer, sentence)
    assert found.support < SUPPORTED
    assert found.reason == "no passage"
    assert len(found.unsupported) > 2


def test_the_words_that_no_passage_has_are_quoted(scorer: SupportScorer) -> None:
    """They are quoted as they stand in the statement; those that a passage has are not."""
    found = _score(scorer, "The Louvre is a museum in Paris whose director collects antique Violins.")
    assert sorted(found.unsupported) == ["Violins", "antique", "collects", "director"]


def test_less_support_for_another_number(scorer: SupportScorer) -> None:
    """A number that no passage has makes a statement less supported than the one it replaces."""
    right, wrong = scorer.score(["It opened in 1793.", "It opened in 1850."], _PASSAGES)
    assert wrong.support < right.support


def test_support_does_not_depend_on_the_statements_beside_it(scorer: SupportScorer) -> None:
    """A statement has the same support alone and among others."""
    sentences = ["It opened in 1793.", "It is 330 metres tall.", "Its director studied chemistry."]
    assert scorer.score(sentences, _PASSAGES) == [_score(scorer, s) for s in sentences]


def test_citation_markers_are_not_read(scorer: SupportScorer) -> None:
    """The number of a marker is no number of the statement."""
    marked, plain = scorer.score(["It is 330 metres tall [7].", "It is 330 metres tall    ."], _PASSAGES)
    assert marked.support == plain.support


def test_words_of_the_question_need_less_support(scorer: SupportScorer) -> None:
    """An answer may take up the question's words."""
    sentence = "Admission fees are nowhere in the passages."
    (alone,) = scorer.score([sentence], _PASSAGES)
    (asked,) = scorer.score([sentence], _PASSAGES, question="What are the admission fees?")
    assert asked.support != alone.support


def test_a_statement_without_content_words_says_nothing(scorer: SupportScorer) -> None:
    """It counts as supported, and no passage is named."""
    found = _score(scorer, "It is.")
    assert (found.support, found.n_words, found.passage) == (1.0, 0, -1)


@pytest.mark.parametrize("passages", [[], [""], ["It is."]])
def test_nothing_supports_a_statement_where_no_passage_says_anything(
    scorer: SupportScorer, passages: list[str]
) -> None:
    """Without passages, or with empty ones, a statement is unsupported."""
    (found,) = scorer.score(["The Louvre is a large museum in Paris with paintings."], passages)
    assert found.support < SUPPORTED
    assert (found.passage, found.reason) == (-1, "no passage")


def test_no_sentences_have_no_support(scorer: SupportScorer) -> None:
    """An empty answer has no statements."""
    assert scorer.score([], _PASSAGES) == []


def test_denied_attributes_of_structured_data_do_not_support(scorer: SupportScorer) -> None:
    """A value that is false supports its denial more than its assertion."""
    data = {"name": "Tinker's", "OutdoorSeating": False, "stars": 4.0, "city": "Summerland", "reservations": True}
    passages = [json.dumps(data)]
    said, denied = scorer.score(["It offers outdoor seating.", "It does not offer outdoor seating."], passages)
    assert is_structured(passages)
    assert denied.support > said.support


def _made(support: float, n_words: int = 3) -> SentenceSupport:
    return SentenceSupport("…", support, support, 0, 0, 1, "", (), n_words)


def test_an_answer_is_as_good_as_its_worst_statements() -> None:
    """One unsupported statement among many supported ones makes an answer unfaithful."""
    good = [_made(0.95)] * 9
    assert answer_support([*good, _made(0.02)]) < SUPPORTED < answer_support(good)


def test_better_statements_never_make_an_answer_worse() -> None:
    """The support of an answer grows with that of each statement."""
    values = [answer_support([_made(0.7), _made(p)]) for p in np.linspace(0.05, 0.95, 10)]
    assert all(a <= b for a, b in pairwise(values))


def test_an_answer_that_says_nothing_is_supported() -> None:
    """There is nothing in it that could be unsupported."""
    assert answer_support([]) == answer_support([_made(1.0, n_words=0)]) == 1.0


@pytest.mark.parametrize("support", [0.0, 1.0])
def test_certain_statements_have_finite_odds(support: float) -> None:
    """Supports of exactly 0 and 1 give an answer between them."""
    assert 0 < answer_support([_made(support)]) < 1


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("One. Two!", ["One.", "Two!"]),
        ("Steps:\n1. Mix.\n2) Bake.\n* Eat.", ["Steps:", "Mix.", "Bake.", "Eat."]),
        ("", []),
        ("\n \n", []),
    ],
)
def test_statements_are_sentences_and_items(text: str, statements: list[str]) -> None:
    """Bullets and numbers of items are left out."""
    assert [text[a:b] for a, b in split_statements(text)] == statements


def test_markers_leave_blanks_of_their_length() -> None:
    """Offsets stay true; brackets that hold no number are kept."""
    text = "One [1], two [2, 3] and [x]."
    assert without_markers(text) == "One    , two        and [x]."


@pytest.mark.parametrize(
    ("passages", "structured"),
    [([], False), (['Prose with a quote: "a": b.'], False), (['{"a": 1, "b": 2, "c": 3, "d": 4}', "Text."], True)],
)
def test_structured_data_are_told_by_their_keys(passages: list[str], structured: bool) -> None:  # noqa: FBT001
    """Most of the text must have several keys."""
    assert is_structured(passages) is structured
