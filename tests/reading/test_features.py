"""Each feature on a page that is small enough to be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.answers import passage_of

from rag_app.embeddings.alignment import AlignedPassage, AskedTokens
from rag_app.locator import Locator
from rag_app.reading.features import NAMES, WHOLE_NAMES, measure, measure_whole
from rag_app.types import Unit

BEST = [[0.2, 0.9, 0.4], [0.5, 0.1, 0.8], [0.3, 0.7, 0.0]]
WEIGHTS = [0.0, 0.25, 0.75]
COSINES = [0.1, 0.6, 0.4]


def asked_of(text, idf, *, weights=WEIGHTS, asking=(True, False, False)):
    """Return a question of three tokens."""
    nothing = np.zeros((len(weights), 64), np.float32)
    mean = nothing[:1].sum(axis=0)
    return AskedTokens(text, idf, nothing, mean, mean, np.array(weights, np.float32), np.array(asking))


def page_of(passage, best=BEST, *, weights=WEIGHTS, cosines=COSINES, whole=(0.85, 0.65)):
    """Return a passage with the cosines of its units to the tokens of the question."""
    rows = np.array(best, np.float32).reshape(len(passage.units), len(weights))
    found = np.array(cosines, np.float32)
    return AlignedPassage(passage, passage.units, rows, rows @ np.array(weights, np.float32), found, *whole)


ASKED = asked_of("Who wrote the Emperor Waltz?", {"who": 1.0, "wrote": 1.0, "the": 0.1, "emperor": 3.0, "waltz": 4.0})
PASSAGE = passage_of(
    "The waltz is a dance. Strauss wrote the Emperor Waltz. He was rich:", start=9, score=0.7, chunk_id="a"
)
OTHER = replace(PASSAGE, score=0.4, chunk_id="b", locator=Locator(heading=("The emperor",)))


def column(name, asked=ASKED, pages=None):
    """Return one feature of all units."""
    return measure(asked, [page_of(PASSAGE)] if pages is None else pages)[:, NAMES.index(name)].tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alignment", [0.525, 0.625, 0.175]),
        ("alignment with the sentence before", [0.525, 0.2025 + 0.6, 0.175 + 0.75 * 0.72]),
        ("alignment with its neighbours", [0.825, 0.825, 0.825]),
        ("alignment of the passage", [0.85, 0.85, 0.85]),
        ("alignment without weights", [0.5, 1.4 / 3, 1 / 3]),
        ("alignment of the asking word", [0.2, 0.5, 0.3]),
        ("weakest alignment", [0.4, 0.1, 0.0]),
        ("share of the question that is met", [0.25, 0.75, 0.25]),
        ("alignment below the best of the passage", [-0.1, 0.0, -0.45]),
        ("cosine", [0.1, 0.6, 0.4]),
        ("cosine below the best of the passage", [-0.5, 0.0, -0.2]),
        ("words shared", [0.5, 1.0, 0.0]),
        ("words shared, with the sentence before", [0.5, 1.0, 1.0]),
        ("pairs of words shared", [0.0, 0.75, 0.0]),
        ("new words", [np.log(2), np.log(2), np.log(2)]),
        ("length", [np.log(6), np.log(6), np.log(4)]),
        ("type of answer", [0, 1, 0]),
        ("way of explaining", [0, 0, 0]),
        ("definition", [0, 0, 0]),
        ("definition that opens the passage", [0, 0, 0]),
        ("heading", [0, 0, 0]),
        ("rank of the passage", [1, 1, 1]),
        ("opens a list", [0, 0, 1]),
        ("row of a table", [0, 0, 0]),
        ("code", [0, 0, 0]),
    ],
)
def test_each_feature(name, expected):
    """As worked out by hand, for three sentences and three tokens of which the first weighs nothing."""
    assert column(name) == pytest.approx(expected, abs=1e-6)


def test_every_feature_is_tested_and_named_once():
    """The names are those of the columns; what is measured of passages altogether is the most of some, and one more."""
    tested = [mark.args[1] for mark in test_each_feature.pytestmark]
    assert [name for name, _ in tested[0]] == list(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert set(WHOLE_NAMES) - set(NAMES) == {"cosine of the passage"}


def test_neighbours_are_two_before_and_one_after():
    """A window does not reach further, nor around the ends of the passage."""
    passage = passage_of("One. Two. Three. Four. Five.")
    rows = np.eye(5)[:, :3] * 0.8  # token i is met in sentence i alone
    page = page_of(passage, rows, weights=[1.0, 0.0, 0.0], cosines=[0] * 5)
    asked = asked_of("Who?", {"who": 1.0}, weights=[1.0, 0.0, 0.0])
    assert column("alignment with its neighbours", asked, [page]) == pytest.approx([0.8, 0.8, 0.8, 0, 0])
    assert column("alignment with the sentence before", asked, [page]) == pytest.approx([0.8, 0.72, 0, 0, 0])
    last = page_of(passage, rows[::-1], weights=[1.0, 0.0, 0.0], cosines=[0] * 5)
    assert column("alignment with its neighbours", asked, [last]) == pytest.approx([0, 0, 0, 0.8, 0.8])


def test_passages_are_told_apart_by_rank():
    """Units come in the order of the passages; neighbours and headings are those of the passage itself."""
    pages = [page_of(PASSAGE), page_of(OTHER, whole=(0.5, 0.2))]
    assert measure(ASKED, pages).shape == (6, len(NAMES))
    assert column("rank of the passage", pages=pages) == [1, 1, 1, 0.5, 0.5, 0.5]
    assert column("alignment of the passage", pages=pages) == pytest.approx([0.85] * 3 + [0.5] * 3)
    shared = column("words shared, with the sentence before", pages=pages)
    assert shared == pytest.approx([0.5, 1, 1, 0.875, 1, 1])
    np.testing.assert_array_equal(measure(ASKED, pages)[:3], measure(ASKED, pages[:1]))


def test_the_kind_of_a_unit_is_measured():
    """Rows and code are marked; a list item without a full stop announces nothing."""
    text = "a | b\nx = 1\n- an item\nAs in"
    units = (Unit(0, 5, "table"), Unit(6, 11, "code"), Unit(12, 21, "list"), Unit(22, 27, "paragraph"))
    page = page_of(passage_of(text, units=units), np.zeros((4, 3)), cosines=[0] * 4)
    assert column("row of a table", pages=[page]) == [1, 0, 0, 0]
    assert column("code", pages=[page]) == [0, 1, 0, 0]
    assert column("opens a list", pages=[page]) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("text", "opens"), [("It is.", 0), ('He said "No."', 0), ("As (in [1].)", 0), ("These:", 1), ("是的。", 0)]
)
def test_an_end_behind_quotes_and_brackets_counts(text, opens):
    """A sentence that ends announces nothing."""
    passage = passage_of(text, units=(Unit(0, len(text), "paragraph"),))
    assert column("opens a list", pages=[page_of(passage, [[0, 0, 0]], cosines=[0])]) == [opens]


def test_a_definition_is_told_from_a_mention():
    """Where the question asks for one; the one that opens the passage is marked once more."""
    asked = asked_of("What is the waltz?", {"what": 1.0, "is": 1.0, "the": 0.1, "waltz": 4.0})
    assert column("definition", asked) == [1, 0, 0]
    assert column("definition that opens the passage", asked) == [1, 0, 0]
    later = page_of(passage_of("He was rich. The waltz is a dance. It turns."))
    assert column("definition", asked, [later]) == [0, 1, 0]
    assert column("definition that opens the passage", asked, [later]) == [0, 0, 0]


def test_a_heading_that_is_asked_about_counts_for_all_below_it():
    """The words that it shares with the question, as a share of the words of both: emperor of wrote, emperor, waltz."""
    assert column("heading", pages=[page_of(OTHER)]) == pytest.approx([1 / 3] * 3)
    below = replace(OTHER, locator=Locator(heading=("The emperor", "Death")))
    assert column("heading", pages=[page_of(below)]) == [0, 0, 0]


def test_a_way_of_explaining_is_told_by_its_words():
    """A question for a cause is met by a sentence with one."""
    page = page_of(passage_of("It was loved. It was loved because it turns. It ended."))
    assert column("way of explaining", asked_of("Why?", {"why": 1.0}), [page]) == [0, 1, 0]


def test_what_is_measured_altogether_is_the_most_of_any_sentence():
    """And the best cosine of a whole passage."""
    pages = [page_of(OTHER, whole=(0.5, 0.9)), page_of(PASSAGE)]
    features = measure(ASKED, pages)
    whole = dict(zip(WHOLE_NAMES, measure_whole(features, pages).tolist(), strict=True))
    assert whole["cosine of the passage"] == pytest.approx(0.9)
    for name in WHOLE_NAMES[:-1]:
        assert whole[name] == pytest.approx(max(column(name, pages=pages)))


def test_passages_without_sentences():
    """They have no rows, and numbers altogether that are 0 apart from their own cosine."""
    bare = page_of(passage_of("The waltz", units=()), [], cosines=[])
    assert measure(ASKED, [bare]).shape == measure(ASKED, []).shape == (0, len(NAMES))
    assert measure(ASKED, [bare, page_of(PASSAGE)]).shape == (3, len(NAMES))
    assert column("rank of the passage", pages=[bare, page_of(PASSAGE)]) == [0.5] * 3
    assert measure_whole(measure(ASKED, [bare]), [bare]).tolist() == pytest.approx(
        [0] * (len(WHOLE_NAMES) - 1) + [0.65]
    )


def test_a_question_without_tokens_or_asking_words():
    """What cannot be measured is finite."""
    asked = asked_of("", {}, weights=[], asking=())
    page = page_of(PASSAGE, np.zeros((3, 0)), weights=[])
    assert np.isfinite(measure(replace(asked, asking=np.zeros(0, bool)), [page])).all()
    assert column("alignment of the asking word", replace(ASKED, asking=np.zeros(3, bool))) == [0, 0, 0]
