"""The cards of a folder: read in order, checked cell by cell, found by tag and section."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag_app.errors import EvaluationError, UnknownNameError
from rag_app.evaluation.cases import Case
from rag_app.evaluation.deck import Card, load_cards, search_cards

HEAD = "id,question,answer,section,tags\n"
GANS = f"""{HEAD}09-01,What is a GAN?,"Two networks, opposed.",09.1 Generator and discriminator,definition; GANs
09-02, What is mode collapse? ,Few kinds of output.,09.3 Mode collapse,definition
"""
HEAT = f"{HEAD}10-01,What spreads?,Heat spreads.,10.1 Random walk and heat equation,why; heat\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of cards."""
    (tmp_path / "10-diffusion.csv").write_text(HEAT, encoding="utf-8")
    (tmp_path / "09-gans.csv").write_text(GANS, encoding="utf-8-sig")
    return tmp_path


def test_cards_are_read_in_the_order_of_files_and_lines(folder: Path) -> None:
    """The section is parted into number and heading, the file names the chapter, tags are in small letters."""
    first, second, third = load_cards(folder)
    assert first == Card(
        "09-01",
        "What is a GAN?",
        "Two networks, opposed.",
        "09.1",
        "Generator and discriminator",
        "09-gans.md",
        ("definition", "gans"),
    )
    assert (second.question, second.tags) == ("What is mode collapse?", ("definition",))
    assert (third.id, third.source) == ("10-01", "10-diffusion.md")


def test_a_card_is_a_case_that_the_course_answers(folder: Path) -> None:
    """With its answer for reference, and its id for messages."""
    card = load_cards(folder)[2]
    assert card.case == Case(
        "What spreads?", answerable=True, answer="Heat spreads.", source="10-diffusion.md", kind="card", place="10-01"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,question\n1,Why?\n", "1.csv:2: answer must be text that is not blank; got None."),
        (f"{HEAD}1,Why?, ,01.1 A,x\n", "1.csv:2: answer must be text that is not blank; got ' '."),
        (f"{HEAD}1,A?,A.,01.1 A,x\n1,B?,B.,01.1 A,x\n", "1.csv:3: id must be that of one card; got '1' again."),
    ],
    ids=["column", "cell", "id"],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    """With its file, its number, what must be there and what is."""
    (tmp_path / "1.csv").write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        load_cards(tmp_path)
    assert caught.value.message == f"{tmp_path}/{message}"


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, ["09-01", "09-02", "10-01"]),
        ({"tag": "GANs"}, ["09-01"]),
        ({"section": "9"}, ["09-01", "09-02"]),
        ({"section": "09"}, ["09-01", "09-02"]),
        ({"section": "9.3"}, ["09-02"]),
        ({"section": "10.1", "tag": "why"}, ["10-01"]),
    ],
    ids=["all", "tag", "9", "09", "9.3", "both"],
)
def test_cards_are_found_by_tag_and_section(folder: Path, wanted: dict[str, str], ids: list[str]) -> None:
    """A tag in any case, a chapter or a section with or without its zero."""
    assert [card.id for card in search_cards(load_cards(folder), **wanted)] == ids


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"tag": "heta"}, "There is no tag named 'heta'. Did you mean heat?"),
        ({"section": "09.9"}, "There is no section named '09.9'. Did you mean 09.3 or 09.1?"),
        ({"section": "10", "tag": "gans"}, "There is no section named '10'. Known: 09.1."),
    ],
    ids=["tag", "section", "both"],
)
def test_what_is_not_there_is_said(folder: Path, wanted: dict[str, str], message: str) -> None:
    """With what is."""
    with pytest.raises(UnknownNameError) as caught:
        search_cards(load_cards(folder), **wanted)
    assert str(caught.value) == message
