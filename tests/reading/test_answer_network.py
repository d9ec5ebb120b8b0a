"""The second look at the sentences that seem to answer best."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.embeddings.pairs import DOWN, UP
from rag_app.reading.answer_network import WEIGHTS, AnswerNetwork, load_network, look_again

QUESTION = "When did James Watt improve the steam engine?"
DATED = "James Watt improved the steam engine in 1776."
OTHERS = [
    "James Watt improved the steam engine with a separate condenser.",
    "James Watt was a Scottish inventor.",
    "Steam engines drive pumps, mills and locomotives.",
]


@pytest.fixture(scope="module")
def network() -> AnswerNetwork:
    """The committed network."""
    return load_network()


def test_the_question_decides(network: AnswerNetwork) -> None:
    """Of two sentences of the same words, the year counts for more where "when" is asked, the means where "how" is."""
    gains = [np.subtract(*network.score(q, [DATED, OTHERS[0]])) for q in (QUESTION, QUESTION.replace("When", "How"))]
    assert gains[0] > gains[1]


def test_what_answers_is_preferred(network: AnswerNetwork) -> None:
    """To sentences about the same things."""
    scores = network.score(QUESTION, [*OTHERS[1:], DATED])
    assert scores.argmax() == 2


def test_a_score_does_not_depend_on_the_others(network: AnswerNetwork) -> None:
    """Nor on their order: same inputs, same bits."""
    together = network.score(QUESTION, [*OTHERS, DATED])
    assert np.array_equal(network.score(QUESTION, [DATED, *OTHERS[::-1]]), together[::-1])
    assert network.score(QUESTION, [DATED])[0] == together[-1]
    assert network.score(QUESTION, []).shape == (0,)


def test_what_is_nearly_as_good_is_read_again(network: AnswerNetwork) -> None:
    """At most four sentences; their mean and all other scores stay."""
    sentences = [DATED, *OTHERS, "Coal was cheap.", "Pumps drained mines."]
    scores = np.array([3.5, 5.0, 4.5, 4.0, 3.9, 0.5])
    looked = look_again(network, QUESTION, sentences, scores)
    read = [1, 2, 3, 4]
    found = network.score(QUESTION, [sentences[i] for i in read])
    assert np.allclose(looked[read], scores[read] + found - found.mean())
    assert np.array_equal(looked[[0, 5]], scores[[0, 5]])


@pytest.mark.parametrize("scores", [[5.0, 3.0, 2.0, 1.0], [1.0]])
def test_what_is_clearly_the_best_is_left_alone(network: AnswerNetwork, scores: list[float]) -> None:
    """Nothing else comes near it."""
    given = np.array(scores)
    assert np.array_equal(look_again(network, QUESTION, [*OTHERS, DATED][: len(scores)], given), given)


def test_weights_are_small_and_whole() -> None:
    """Corrections of the upper layers and two layers on top, in some hundred kilobytes."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        weights = {name: stored[name] for name in stored.files}
    corrected = {n.removesuffix(UP) for n in weights if n.endswith(UP)}
    assert corrected == {n.removesuffix(DOWN) for n in weights if n.endswith(DOWN)}
    assert len(corrected) == 24
    assert all(np.isfinite(w).all() for w in weights.values())
    assert WEIGHTS.stat().st_size < 700_000
