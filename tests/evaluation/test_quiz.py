"""A quiz over two chapters of the course: replies are scored, passages cited, cards remembered."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from rag_app import build
from rag_app.evaluation.deck import Card, load_cards
from rag_app.evaluation.quiz import Quiz

TODAY = date(2026, 2, 27)
COLLAPSE = "What is mode collapse?"


@pytest.fixture
def quiz(course_dir: Path, tmp_path: Path) -> Quiz:
    """The quiz of an application over two chapters."""
    shutil.copytree(course_dir, tmp_path / "data")
    return build(data_dir=tmp_path / "data").quiz


@pytest.fixture(scope="module")
def cards() -> dict[str, Card]:
    """Every card, by its question."""
    return {card.question: card for card in load_cards()}


def test_a_good_reply_is_right_and_its_passage_is_cited(quiz: Quiz, cards: dict[str, Card]) -> None:
    """In other words than the card's; the citation stands in the card's own section and holds."""
    result = quiz.score(cards[COLLAPSE], "The generator makes only a few kinds of output, without variety.", TODAY)
    assert (result.is_right, result.review.box) == (True, 2)
    assert result.citation is not None
    assert result.citation.source == "09-gans.md"
    assert "Mode collapse" in result.citation.locator.heading
    text = quiz.source_text("09-gans.md")
    assert text[result.citation.start : result.citation.end] == result.citation.quote
    assert "produces only a few kinds of output" in result.citation.quote


@pytest.mark.parametrize(
    "reply", ["", "  ", "Paris", COLLAPSE, "A horse is an animal that eats grass and can be ridden."]
)
def test_a_reply_that_says_nothing_of_it_is_not_right(quiz: Quiz, cards: dict[str, Card], reply: str) -> None:
    """Nor is the question itself; the card falls into the first box, and the passage is cited all the same."""
    result = quiz.score(cards[COLLAPSE], reply, TODAY)
    assert (result.is_right, result.review.box) == (False, 1)
    assert result.citation is not None


def test_a_reply_is_better_the_more_it_says(quiz: Quiz, cards: dict[str, Card]) -> None:
    """Nothing, a part of the answer, more of it, the answer itself."""
    card = cards["Which two updates alternate in the training of a GAN?"]
    replies = ["", "the discriminator", "first the discriminator, then the generator, each alone", card.answer]
    scores = [quiz.score(card, reply, TODAY).score for reply in replies]
    assert scores == sorted(set(scores))
    assert scores[0] == 0
    assert scores[-1] == pytest.approx(1)


def test_a_chapter_that_is_not_there_is_not_cited(quiz: Quiz, cards: dict[str, Card]) -> None:
    """The reply is scored without it."""
    card = cards["What is a token?"]
    result = quiz.score(card, card.answer, TODAY)
    assert (result.is_right, result.citation) == (True, None)
    assert result.to_json()["citations"] == []


def test_due_cards_come_from_the_boxes(quiz: Quiz, cards: dict[str, Card]) -> None:
    """A card that was answered is not due on the same day, and is when its time has come."""
    both = [cards[COLLAPSE], cards["What is the main cause of mode collapse?"]]
    quiz.score(both[0], both[0].answer, TODAY)
    assert quiz.due(both, TODAY) == [both[1]]
    assert quiz.due(both, date(2026, 3, 1)) == both
