"""The question-and-answer cards of the course: for a quiz, and as cases for a suite."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag_app.content import content_dir
from rag_app.errors import EvaluationError, UnknownNameError
from rag_app.evaluation.cases import Case

COLUMNS = ("id", "question", "answer", "section", "tags")


@dataclass(frozen=True, slots=True)
class Card:
    """A question on a section of the course, and its answer.

    Parameters
    ----------
    id : str
        Chapter and number, such as "09-03"; it stays the same when the wording changes.
    question, answer : str
        The two sides.
    section, heading : str
        Number and heading of the section that answers it, such as "09.3" and "Mode collapse".
    source : str
        The chapter's file.
    tags : tuple of str
        What kind of question it is, and what it is about.
    """

    id: str
    question: str
    answer: str
    section: str
    heading: str
    source: str
    tags: tuple[str, ...]

    @property
    def case(self) -> Case:
        """The card as a question that the course answers."""
        return Case(self.question, answerable=True, answer=self.answer, source=self.source, kind="card", place=self.id)


def load_cards(folder: Path | None = None) -> tuple[Card, ...]:
    """Return the cards of a folder, in the order of files and lines.

    Parameters
    ----------
    folder : pathlib.Path, optional
        CSV files with the columns id, question, answer, section and tags, one for each chapter and named after it.
        Default: those of the packaged course.

    Raises
    ------
    EvaluationError
        If a file lacks a column, a cell is blank, or an id is there twice; the message names file and line.

    Examples
    --------
    >>> cards = load_cards()
    >>> len(cards) >= 200, cards[0].section
    (True, '00.1')
    """
    found: dict[str, Card] = {}
    for path in sorted((content_dir("knowledge") / "cards" if folder is None else folder).glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                card = _card(row, path, f"{path}:{reader.line_num}")
                if card.id in found:
                    msg = f"{path}:{reader.line_num}: id must be that of one card; got {card.id!r} again."
                    raise EvaluationError(msg, hint="Give the card an id of its own.")
                found[card.id] = card
    return tuple(found.values())


def search_cards(cards: Iterable[Card], tag: str | None = None, section: str | None = None) -> tuple[Card, ...]:
    """Return the cards with a tag, of a section or of a chapter.

    Parameters
    ----------
    cards : iterable of Card
        Where to look.
    tag : str, optional
        One of their tags, in any case.
    section : str, optional
        A section such as "09.3" or a chapter such as "09" or "9".

    Raises
    ------
    UnknownNameError
        If no card has the tag, or the cards have no such section.

    Examples
    --------
    >>> {card.section for card in search_cards(load_cards(), section="9.3")}
    {'09.3'}
    """
    chosen = tuple(cards)
    if tag is not None:
        known = sorted({t for card in chosen for t in card.tags})
        chosen = tuple(card for card in chosen if tag.casefold() in card.tags)
        if not chosen:
            kind = "tag"
            raise UnknownNameError(kind, tag, known)
    if section is not None:
        known = sorted({card.section for card in chosen})
        chapter, dot, number = section.partition(".")
        wanted = f"{chapter.zfill(2)}.{number}" if dot else f"{chapter.zfill(2)}."
        chosen = tuple(c for c in chosen if c.section == wanted or (not dot and c.section.startswith(wanted)))
        if not chosen:
            kind = "section"
            raise UnknownNameError(kind, section, known)
    return chosen


def _card(row: Mapping[str, str | None], path: Path, place: str) -> Card:
    for name in COLUMNS:
        if not (row.get(name) or "").strip():
            msg = f"{place}: {name} must be text that is not blank; got {row.get(name)!r}."
            raise EvaluationError(msg, hint=f"Write the columns {', '.join(COLUMNS)}.")
    cells = {name: str(row[name]).strip() for name in COLUMNS}
    number, _, heading = cells["section"].partition(" ")
    tags = tuple(tag.strip().casefold() for tag in cells["tags"].split(";"))
    return Card(cells["id"], cells["question"], cells["answer"], number, heading, f"{path.stem}.md", tags)
