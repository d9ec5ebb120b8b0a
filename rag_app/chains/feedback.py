"""What people thought of answers becomes cases for an evaluation, or pairs for the tuning of a language model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.from_scratch.language.rankings import feedback_pairs

RATINGS = ("good", "bad")
KIND = "feedback"  # of the cases
_MARKER = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class RatedExchange:
    """A question and its answer, with what a person thought of it.

    Parameters
    ----------
    id : int
        Of the exchange.
    rating : {"good", "bad"}
        Thumbs up or down.
    why : str
        The reason, where one was given.
    rated_s : float
        When, in seconds since 1970.
    question : str
        As it was typed.
    answer : mapping
        The JSON form of the `rag_app.types.Answer`.
    """

    id: int
    rating: str
    why: str
    rated_s: float
    question: str
    answer: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag feedback list --json`` prints."""
        return {
            "id": self.id,
            "rating": self.rating,
            "why": self.why,
            "question": self.question,
            "answer": dict(self.answer),
        }


def feedback_cases(rated: Sequence[RatedExchange]) -> list[dict[str, Any]]:
    """Return cases for an evaluation, in the form that `rag_app.evaluation.cases` reads.

    Parameters
    ----------
    rated : sequence of RatedExchange
        In the order of their ratings: of two for the same question, the later one counts.

    Returns
    -------
    list of dict
        A good answer becomes a case with its text and its quotations as evidence; a good "No answer found", a question
        that cannot be answered; a bad "No answer found", one that can. A bad answer says nothing of the right one and
        becomes none; neither does what a tool computed, which no document holds.

    Examples
    --------
    >>> answer = {"question": "Who?", "answer": "Ann. [1]", "answered": True, "citations": [], "tool_calls": []}
    >>> feedback_cases([RatedExchange(1, "good", "", 0.0, "Who?", answer)])
    [{'id': 'feedback-1', 'question': 'Who?', 'answerable': True, 'kind': 'feedback', 'answer': 'Ann.'}]
    """
    latest = {_key(exchange): exchange for exchange in rated}
    return [case for exchange in latest.values() for case in _case(exchange)]


def preference_pairs(rated: Sequence[RatedExchange]) -> list[dict[str, str]]:
    """Return pairs of answers to the same question, of which people preferred one, for preference tuning.

    Parameters
    ----------
    rated : sequence of RatedExchange
        In the order of their ratings: of two for the same answer, the later one counts.

    Returns
    -------
    list of dict
        ``prompt``, ``chosen`` and ``rejected``: for each question, every good answer with every bad one.

    Examples
    --------
    >>> def rate(rating, text):
    ...     return RatedExchange(1, rating, "", 0.0, "Who?", {"question": "Who?", "answer": text})
    >>> preference_pairs([rate("bad", "Bob."), rate("good", "Ann.")])
    [{'prompt': 'Who?', 'chosen': 'Ann.', 'rejected': 'Bob.'}]
    """
    latest = {(_key(exchange), exchange.answer["answer"]): exchange for exchange in rated}
    prompts = {_key(exchange): str(exchange.answer["question"]) for exchange in rated}
    votes = [
        {"prompt": prompts[key], "answer": answer, "vote": 1 if exchange.rating == "good" else -1}
        for (key, answer), exchange in latest.items()
    ]
    return [
        {"prompt": pair["prompt"], "chosen": pair["preferred"], "rejected": pair["rejected"]}
        for pair in feedback_pairs(votes)["pairs"]
    ]


def _key(exchange: RatedExchange) -> str:
    return " ".join(str(exchange.answer["question"]).casefold().split())


def _case(exchange: RatedExchange) -> Iterator[dict[str, Any]]:
    answer, is_good = exchange.answer, exchange.rating == "good"
    if answer.get("tool_calls") or (answer["answered"] and not is_good):
        return
    case = {
        "id": f"{KIND}-{exchange.id}",
        "question": answer["question"],
        "answerable": answer["answered"] == is_good,
        "kind": KIND,
    }
    if answer["answered"]:
        case["answer"] = _MARKER.sub("", answer["answer"])
        case |= _evidence(answer["citations"])
    yield case


def _evidence(citations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return source and quotations as a case holds them: those of other sources stand apart."""
    quotes: dict[str, list[str]] = {}
    for citation in citations:
        quotes.setdefault(citation["source"], []).append(citation["quote"])
    places = [{"source": source, "evidence": texts} for source, texts in quotes.items()]
    return {**places[0], **({"also": places[1:]} if places[1:] else {})} if places else {}
