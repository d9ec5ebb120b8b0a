"""What people prefer, as pairs: from rankings by evaluators, and from the votes that users give."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_range
from rag_app.registry import register


@register("tool", "M096")
def ranking_pairs(rankings: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Return every preference that rankings hold, as pairs of a preferred and a rejected response.

    Parameters
    ----------
    rankings : list of list of str
        Responses, best first; a ranking for each prompt or evaluator.

    Returns
    -------
    list of dict
        ``preferred`` and ``rejected``: ``K (K - 1) / 2`` pairs of a ranking of K. None for rankings of fewer than two.

    Raises
    ------
    InvalidInputError
        If a response is ranked twice in a ranking.

    Notes
    -----
    Ouyang et al., "Training language models to follow instructions with human feedback", NeurIPS 2022.

    Examples
    --------
    >>> [pair["preferred"] + pair["rejected"] for pair in ranking_pairs([["A", "B", "C"]])]
    ['AB', 'AC', 'BC']
    """
    for ranking in rankings:
        if len(set(ranking)) < len(ranking):
            msg = f"rankings must hold every response once; got {list(ranking)!r}."
            raise InvalidInputError(msg)
    return [
        {"preferred": better, "rejected": worse}
        for ranking in rankings
        for better, worse in itertools.combinations(ranking, 2)
    ]


@register("tool", "M099")
def feedback_pairs(events: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Return users' feedback as a data set: preference pairs from votes, and examples from answers that users wanted.

    Parameters
    ----------
    events : list of dict
        Each with ``prompt`` and ``answer``, text, and ``vote``, a number: 1 for a thumb up or an upvote, -1 for one
        down, or a sum of them; 0 without it. Optional ``wanted``: the answer that the user would have liked.

    Returns
    -------
    dict
        ``pairs`` of ``prompt``, ``preferred`` and ``rejected``: of every two answers to the same prompt, the one with
        the larger sum of votes; ties are dropped. A wanted answer is preferred to the given one. ``examples`` of
        ``prompt`` and ``response``: the wanted answers, for supervised fine-tuning. Both are empty for no events.

    Raises
    ------
    InvalidInputError
        If an event lacks its prompt or answer, or a vote is not a finite number.

    Notes
    -----
    Only answers to one prompt are compared. Stiennon et al., "Learning to summarize from human feedback", NeurIPS 2020;
    Ethayarajh, Choi & Swayamdipta, "Understanding dataset difficulty with V-usable information", ICML 2022, for votes
    on a message board.

    Examples
    --------
    Scores 10, 4, 4: two preferences and a tie.

    >>> votes = {"A": 10, "B": 4, "C": 4}
    >>> result = feedback_pairs([{"prompt": "?", "answer": a, "vote": v} for a, v in votes.items()])
    >>> [pair["preferred"] + pair["rejected"] for pair in result["pairs"]]
    ['AB', 'AC']
    """
    scores: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        prompt, answer, vote = _checked(event)
        scores[prompt][answer] += vote
        if event.get("wanted"):
            wanted[prompt, event["wanted"]].append(answer)
    pairs = [pair for prompt, answers in scores.items() for pair in _preferences(prompt, answers)]
    for (prompt, response), given in wanted.items():
        rejected = (answer for answer in dict.fromkeys(given) if answer != response)
        pairs += [{"prompt": prompt, "preferred": response, "rejected": answer} for answer in rejected]
    return {"pairs": pairs, "examples": [{"prompt": prompt, "response": response} for prompt, response in wanted]}


def _checked(event: Mapping[str, Any]) -> tuple[str, str, float]:
    for name in ("prompt", "answer"):
        if not isinstance(event.get(name), str):
            msg = f"events must hold the text of a prompt and an answer; got {event.get(name)!r} as {name}."
            raise InvalidInputError(msg)
    vote = event.get("vote", 0)
    if isinstance(vote, bool) or not isinstance(vote, int | float):
        msg = f"vote must be a number; got {vote!r}."
        raise InvalidInputError(msg, hint="Give 1 for a thumb up and -1 for one down.")
    check_range("vote", vote, -np.finfo(float).max, np.finfo(float).max)
    return event["prompt"], event["answer"], float(vote)


def _preferences(prompt: str, answers: Mapping[str, float]) -> list[dict[str, str]]:
    pairs = []
    for first, second in itertools.combinations(answers, 2):
        if answers[first] != answers[second]:
            better, worse = (first, second) if answers[first] > answers[second] else (second, first)
            pairs.append({"prompt": prompt, "preferred": better, "rejected": worse})
    return pairs
