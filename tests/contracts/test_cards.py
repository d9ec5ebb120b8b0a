"""The cards of the course: complete, correctly placed, and read by the ingestion as cards."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from rag_app.evaluation.deck import Card, load_cards
from rag_app.ingestion.load import load_source
from rag_app.ingestion.split import split_source

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"
FILES = sorted((KNOWLEDGE / "cards").glob("*.csv"))
KINDS = {"comparison", "definition", "example", "fact", "formula", "number", "procedure", "why"}


@pytest.fixture(scope="module")
def cards() -> tuple[Card, ...]:
    """Every card."""
    return load_cards()


def test_there_is_a_card_for_every_section_of_every_subject_chapter(cards: tuple[Card, ...]) -> None:
    """More than two hundred, each with number and heading of a section of its own chapter, as in the catalogue."""
    catalogue = tomllib.loads((KNOWLEDGE / "catalogue.toml").read_text(encoding="utf-8"))["chapter"]
    known = {(c["file"], s["number"], s["heading"]) for c in catalogue for s in c["section"]}
    asked = {(card.source, card.section, card.heading) for card in cards}
    assert len(cards) > 200
    assert asked <= known
    assert {place for place in known if place[0] < "99"} == asked


def test_the_catalogue_lists_every_file_of_cards() -> None:
    """One for each subject chapter, named after it."""
    catalogue = tomllib.loads((KNOWLEDGE / "catalogue.toml").read_text(encoding="utf-8"))
    assert [entry["file"] for entry in catalogue["cards"]] == [f"cards/{path.name}" for path in FILES]
    assert {path.stem for path in FILES} == {path.stem for path in KNOWLEDGE.glob("*.md") if path.name < "99"}


def test_a_card_is_a_question_and_whole_sentences(cards: tuple[Card, ...]) -> None:
    """Its id tells its chapter, no question is there twice, the first tag is its kind, the second its chapter's."""
    assert [c.id for c in cards if not re.fullmatch(rf"{c.source[:2]}-\d\d", c.id)] == []
    assert [q for q, n in Counter(c.question.casefold() for c in cards).items() if n > 1] == []
    assert [c.id for c in cards if not (c.question.endswith("?") and c.answer.endswith("."))] == []
    assert [c.id for c in cards if not 4 <= len(c.answer.split()) <= 50] == []
    assert [c.id for c in cards if len(c.tags) != 2 or c.tags[0] not in KINDS] == []
    assert len({(c.source, c.tags[1]) for c in cards}) == len({c.source for c in cards}) == len(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_card_is_one_chunk_below_its_section_and_question(path: Path, minilm) -> None:
    """None is cut, none is joined with another, and the heading path of the answer says what it answers."""
    expected = [card for card in load_cards() if card.source == f"{path.stem}.md"]
    source = load_source(path.read_bytes(), uri=str(path), name=path.name, suffix=path.suffix)
    chunks = split_source(source, count_tokens=minilm.count_tokens, max_tokens=minilm.max_tokens)
    assert [chunk.locator.heading[-2:] for chunk in chunks] == [
        (f"{card.section} {card.heading}", card.question) for card in expected
    ]
    assert all(card.answer in chunk.text for card, chunk in zip(expected, chunks, strict=True))


def test_the_replies_that_the_quiz_is_judged_by_belong_to_cards(cards: tuple[Card, ...]) -> None:
    """One of each verdict for each card that has some."""
    path = KNOWLEDGE.parent / "evals" / "data" / "quiz" / "replies.jsonl"
    replies = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    verdicts: dict[str, list[str]] = {}
    for reply in replies:
        assert set(reply) == {"card", "reply", "verdict"}
        verdicts.setdefault(reply["card"], []).append(reply["verdict"])
    assert verdicts.keys() <= {card.id for card in cards}
    assert {tuple(found) for found in verdicts.values()} == {("right", "partly", "wrong")}
