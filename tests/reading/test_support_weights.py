"""The arithmetic on the committed weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rag_app.reading.support_features import STATEMENT_NAMES, WORD_NAMES
from rag_app.reading.support_weights import (
    READ_NAMES,
    SUSPECT_NAMES,
    Claims,
    Linear,
    Trees,
    Weights,
    load_weights,
    rank,
    summarise,
)


def _stump(threshold: float = 0.5) -> Trees:
    """Return one tree: 1 where the first feature is at most the threshold, otherwise 3, and 10 in any case."""
    return Trees(
        feature=np.array([[0, 0, 0]]),
        left=np.array([[1, 1, 2]]),
        right=np.array([[2, 1, 2]]),
        threshold=np.array([[threshold, 0.0, 0.0]]),
        value=np.array([[0.0, 1.0, 3.0]]),
        depth=1,
        base=10.0,
    )


def test_a_tree_sends_rows_up_to_its_threshold_to_the_left() -> None:
    """10 + 1 on the left, 10 + 3 on the right."""
    assert _stump().odds(np.array([[0.4], [0.5], [0.6]])).tolist() == [11.0, 11.0, 13.0]


def test_claims_are_judged_by_the_mean_of_both() -> None:
    """(2 · 1 + 5 + 13) / 2 = 10."""
    claims = Claims(Linear(np.array([2.0]), 5.0), _stump())
    assert claims.odds(np.array([[1.0]])).tolist() == [10.0]


def test_the_worst_words_and_statements_come_first() -> None:
    """Order of words and statements does not matter."""
    odds = np.array([-2.0, 1.0, 0.5])
    assert summarise(odds).tolist() == pytest.approx(summarise(odds[::-1]).tolist())
    assert rank([-2.0, 1.0, 0.5]).tolist() == [1.0, 0.75, pytest.approx(-1 / 6)]


def test_one_even_word_is_summarised_by_hand() -> None:
    """At odds 0 a word is unsupported with 1/2: ln 1.5, 1/2, 1/6, 1/2 and ln(1 + ln 2)."""
    expected = [np.log(1.5), 0.5, 1 / 6, 0.5, np.log1p(np.log(2))]
    assert summarise(np.array([0.0])).tolist() == pytest.approx(expected)


def test_no_words_are_summarised_by_zeros() -> None:
    """A statement without words has nothing suspect."""
    assert summarise(np.zeros(0)).tolist() == [0.0] * len(SUSPECT_NAMES)


@pytest.mark.parametrize(("bounded", "n_words", "about", "odds"), [
    (True, 4, 0.0, np.log(3)), (True, 3, 0.0, -7.0), (True, 4, 0.25, -7.0), (False, 4, 0.0, -7.0),
])  # fmt: skip
def test_wholly_new_statements_are_bounded(*, bounded: bool, n_words: int, about: float, odds: float) -> None:
    """Three quarters missing make odds of at least ln(.75 / .25), unless the words are few or about the answer."""
    statement = Linear(np.zeros(len(STATEMENT_NAMES) + len(SUSPECT_NAMES) + len(READ_NAMES)), -7.0)
    weights = Weights(_stump(), statement, Linear(np.zeros(3), 0.0), bounded)
    of_statement = np.zeros(len(STATEMENT_NAMES))
    of_statement[STATEMENT_NAMES.index("share missing")] = 0.75
    of_statement[STATEMENT_NAMES.index("about the answer")] = about
    of_words, read = np.zeros((n_words, len(WORD_NAMES))), np.zeros(len(READ_NAMES))
    assert weights.odds(of_words, of_statement, read) == pytest.approx(odds)
    assert replace(weights, bounded=False).odds(of_words, of_statement, read) == -7.0


def test_the_committed_weights_count_no_invention_for_an_answer() -> None:
    """More of what is missing never makes a statement, nor a worse statement an answer, look better supported."""
    learnt = load_weights()
    for weights in (learnt.prose, learnt.structured):
        named = dict(
            zip((*STATEMENT_NAMES, *SUSPECT_NAMES, *READ_NAMES), weights.statement.weights.tolist(), strict=True)
        )
        assert all(value >= 0 for name, value in named.items() if name != "about the answer")
        assert (weights.answer.weights >= 0).all()


@pytest.mark.parametrize("name", ["missing", "gap", "missing number", "missing name"])
def test_the_committed_trees_count_no_missing_word_for_it(name: str) -> None:
    """A word is never less suspect for being missing, all else equal."""
    rows = np.random.default_rng(0).random((200, len(WORD_NAMES)))
    more = rows.copy()
    more[:, WORD_NAMES.index(name)] += 0.5
    trees = load_weights().prose.words
    assert (trees.odds(more) >= trees.odds(rows) - 1e-4).all()
