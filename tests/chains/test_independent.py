"""Labels that apply whichever others do: figures followed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.chains.independent import independent_scores, split_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Where is my card? I ordered it in May.", ["Where is my card?", "I ordered it in May."]),
        ("Hi! Where is my card? Thanks.", ["Where is my card?"]),
        ("Thanks.", ["Thanks."]),
        ("Hi! Thanks.", ["Hi! Thanks."]),
        ("no card yet", ["no card yet"]),
    ],
)
def test_a_text_is_read_sentence_by_sentence(text, parts):
    """Single words do not count, unless there is nothing else."""
    assert split_parts([text])[0] == parts


def test_each_text_knows_where_its_sentences_begin():
    """In the order of the texts."""
    parts, starts = split_parts(["One is here. Two is there.", "three", "Four is late. Five is lost."])
    assert (len(parts), starts.tolist()) == (5, [0, 2, 3])


def scores(similarities, starts):
    """Scores from similarities of parts."""
    similarity = np.array(similarities, np.float32)
    best = similarity.max(axis=1)
    return independent_scores(best[:, None] - similarity, best, np.array(starts))


def test_a_label_near_the_best_applies_too():
    """The step is at 0.9 of 0.5 plus 0.01: 0.46."""
    ((best, above, at, below),) = scores([[0.5, 0.47, 0.46, 0.2]], [0])
    assert best > above > 0.5 > below
    assert at == pytest.approx(0.5, abs=1e-4)


def test_nothing_applies_where_nothing_is_similar():
    """The best label needs a similarity of 0.1, where 0.1 · 0.1 - 0.01 = 0."""
    assert scores([[0.1, 0]], [0])[0, 0] == pytest.approx(0.5, abs=1e-4)
    assert scores([[0.05, 0]], [0])[0, 0] < 0.5
    assert scores([[-0.5, -0.6]], [0]).max() < 0.5


def test_the_best_sentence_counts_for_each_label():
    """A text of two sentences has the labels of both, and does not lend them to its neighbours."""
    found = scores([[0.6, 0.1, 0], [0, 0.5, 0], [0, 0, 0.4]], [0, 2]) >= 0.5
    assert found.tolist() == [[True, True, False], [False, False, True]]


def test_a_sentence_that_says_little_does_not_count():
    """One with less than half of the best similarity of its text adds no label."""
    assert (scores([[0.6, 0], [0, 0.29]], [0])[0] >= 0.5).tolist() == [True, False]
    assert (scores([[0.6, 0], [0, 0.31]], [0])[0] >= 0.5).tolist() == [True, True]
