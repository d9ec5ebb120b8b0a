"""A quiz over the cards of the course: a reply is scored, and the passage that answers is cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from rag_app.chains.citations import cite, verify
from rag_app.evaluation.deck import Card
from rag_app.evaluation.metrics.correctness import answer_correctness
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.reviews import Review, Reviews, due_cards
from rag_app.types import Citation

if TYPE_CHECKING:
    from rag_app.reading.evidence import Evidence

RIGHT = 0.42  # the least score of a right reply, from benchmarks/quiz.py

Read = Callable[[str, dict[str, str]], "Evidence"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a reply.

    Parameters
    ----------
    score : float
        How far it says what the card says, in [0, 1].
    is_right : bool
        Whether that suffices.
    citation : Citation or None
        The sentence of the course that answers the card; None where the index lacks the chapter.
    review : Review
        When the card comes again.
    """

    card: Card
    reply: str
    score: float
    is_right: bool
    citation: Citation | None
    review: Review

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag quiz --json`` prints."""
        return {
            "id": self.card.id,
            "reply": self.reply,
            "score": round(self.score, 4),
            "right": self.is_right,
            "answer": self.card.answer,
            "citations": [self.citation.to_json()] if self.citation else [],
            "box": self.review.box,
            "due": self.review.due.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Quiz:
    """Asks cards, scores replies and remembers when a card comes again.

    Parameters
    ----------
    reviews : Reviews
        Where the cards lie.
    read : callable
        ``read(question, where)`` returns the evidence of the passages that pass a filter.
    source_text : callable
        Returns the extracted text of a source by name.
    """

    reviews: Reviews
    read: Read
    source_text: Callable[[str], str]

    def due(self, cards: Sequence[Card], today: date) -> list[Card]:
        """Return the cards to ask today, in the order in which to ask them."""
        return due_cards(cards, self.reviews.load(), today)

    def score(self, card: Card, reply: str, today: date) -> Result:
        """Return what became of a reply, and remember it.

        Parameters
        ----------
        card : Card
            What was asked.
        reply : str
            What was answered; blank for "I don't know".
        today : datetime.date
            The day.
        """
        score = score_reply(card, reply)
        is_right = score >= RIGHT
        return Result(
            card, reply, score, is_right, self._cited(card), self.reviews.add(card.id, today, is_right=is_right)
        )

    def _cited(self, card: Card) -> Citation | None:
        """Return the sentence of the card's section that answers best, if it holds."""
        evidence = self.read(f"{card.question} {card.answer}", {"source": card.source, "heading": card.heading})
        cited = (cite(sentence.passage, sentence.unit) for sentence in evidence.sentences)
        return next((c for c in cited if verify(c, self.source_text(c.source))), None)


def score_reply(card: Card, reply: str) -> float:
    """Return how far a reply says what a card's answer says, in [0, 1], by ``answer_correctness``; 0 for a blank one.

    Examples
    --------
    >>> card = Card("1", "What is a GAN?", "A GAN trains two opposed networks.", "", "", "", ())
    >>> score_reply(card, ""), score_reply(card, "It trains two opposed networks.") > RIGHT
    (0.0, True)
    """
    if not reply.strip():
        return 0.0
    found = answer_correctness(Example(card.question, reply, reference=card.answer))
    return found.value or 0.0
