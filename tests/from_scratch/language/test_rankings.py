"""Rankings and votes become pairs."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.rankings import feedback_pairs, ranking_pairs


@pytest.mark.parametrize(("k", "n_pairs"), [(0, 0), (1, 0), (3, 3), (4, 6), (9, 36)])
def test_a_ranking_holds_every_pair(k, n_pairs):
    """K (K - 1) / 2 of them, the better first."""
    ranking = [str(i) for i in range(k)]
    pairs = ranking_pairs([ranking])
    assert len(pairs) == n_pairs
    assert all(int(p["preferred"]) < int(p["rejected"]) for p in pairs)


def test_rankings_are_not_mixed():
    """Responses of two rankings are not compared."""
    assert len(ranking_pairs([["A", "B"], ["C", "D"]])) == 2


def test_a_response_ranked_twice_is_refused():
    """The ranking is shown."""
    with pytest.raises(InvalidInputError, match=r"^rankings must hold every response once; got \['A', 'A'\]\.$"):
        ranking_pairs([["A", "A"]])


def _events(votes, prompt="q"):
    return [{"prompt": prompt, "answer": a, "vote": v} for a, vs in votes.items() for v in vs]


def test_votes_are_summed_and_ties_dropped():
    """The course's table: scores 10, 4, 4 and -2 give five pairs; B and C are a tie."""
    votes = {"A": [12, -2], "B": [5, -1], "C": [6, -2], "D": [1, -3]}
    pairs = feedback_pairs(_events(votes))["pairs"]
    assert [p["preferred"] + p["rejected"] for p in pairs] == ["AB", "AC", "AD", "BD", "CD"]


def test_only_answers_to_one_prompt_are_compared():
    """However different their votes are; the worse may come first."""
    assert feedback_pairs([*_events({"A": [5]}, "p"), *_events({"B": [1]}, "q")]) == {"pairs": [], "examples": []}
    assert feedback_pairs(_events({"A": [-1], "B": [1]}))["pairs"] == [
        {"prompt": "q", "preferred": "B", "rejected": "A"}
    ]


def test_a_wanted_answer_is_an_example_and_preferred():
    """Once, however many wanted it; one that was given is not preferred to itself; no vote counts 0."""
    wish = {"prompt": "q", "answer": "A", "wanted": "W"}
    result = feedback_pairs([wish, wish, {"prompt": "q", "answer": "W", "wanted": "W"}])
    assert result["examples"] == [{"prompt": "q", "response": "W"}]
    assert result["pairs"] == [{"prompt": "q", "preferred": "W", "rejected": "A"}]


def test_no_feedback_is_no_data():
    """Both lists are empty."""
    assert feedback_pairs([]) == {"pairs": [], "examples": []}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"answer": "a"}, "events must hold the text of a prompt and an answer; got None as prompt."),
        ({"prompt": "q", "answer": 3}, "events must hold the text of a prompt and an answer; got 3 as answer."),
        ({"prompt": "q", "answer": "a", "vote": "up"}, "vote must be a number; got 'up'."),
        ({"prompt": "q", "answer": "a", "vote": float("nan")}, "vote must be "),
    ],
)
def test_a_broken_event_is_named(event, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        feedback_pairs([event])
    assert str(caught.value).startswith(message)
