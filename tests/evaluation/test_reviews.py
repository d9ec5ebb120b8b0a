"""Boxes of a card index: how far a card moves, when it comes again, and that the file keeps it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from rag_app.errors import StoreError
from rag_app.evaluation.deck import Card
from rag_app.evaluation.reviews import N_BOXES, Review, Reviews, due_cards

TODAY = date(2026, 2, 27)


def test_a_right_answer_doubles_the_time_until_the_card_comes_again(tmp_path: Path) -> None:
    """2, 4, 8, 16 and 32 days; in the last box it stays."""
    reviews = Reviews(tmp_path / "quiz.sqlite")
    moves = [reviews.add("a", TODAY, is_right=True) for _ in range(6)]
    assert [review.box for review in moves] == [2, 3, 4, 5, 6, N_BOXES]
    assert [(review.due - TODAY).days for review in moves] == [2, 4, 8, 16, 32, 32]
    assert [review.n_replies for review in moves] == [1, 2, 3, 4, 5, 6]


def test_any_other_answer_sends_a_card_back(tmp_path: Path) -> None:
    """From the third box to the first, which comes tomorrow; a new card that is not answered lies there too."""
    reviews = Reviews(tmp_path / "quiz.sqlite")
    for _ in range(2):
        reviews.add("a", TODAY, is_right=True)
    assert reviews.add("a", TODAY, is_right=False) == Review(1, date(2026, 2, 28), 3)
    assert reviews.add("new", TODAY, is_right=False) == Review(1, date(2026, 2, 28), 1)


def test_the_boxes_are_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    """In a folder that is made for it; nothing but ids, boxes and days is in the file."""
    path = tmp_path / "new" / "quiz.sqlite"
    assert Reviews(path).load() == {}
    Reviews(path).add("a", TODAY, is_right=True)
    assert Reviews(path).load() == {"a": Review(2, date(2026, 3, 1), 1)}


def test_due_are_first_the_longest_overdue_then_those_never_asked() -> None:
    """A card that is due tomorrow is not asked today."""
    cards = [Card(name, "?", ".", "01.1", "", "", ()) for name in "abcde"]
    days = {"a": 1, "c": 0, "d": -5}
    reviews = {name: Review(1, TODAY + timedelta(days=n), 1) for name, n in days.items()}
    assert [card.id for card in due_cards(cards, reviews, TODAY)] == ["d", "c", "b", "e"]


def test_a_file_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    """With what to do about it."""
    path = tmp_path / "quiz.sqlite"
    path.write_text("This is a letter to a friend, and no database at all.", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        Reviews(path)
    assert str(caught.value) == (
        f"The boxes of the quiz in {path} cannot be used: file is not a database. "
        "Set RAG_DATA_DIR to a folder of your own, or move the file away."
    )
