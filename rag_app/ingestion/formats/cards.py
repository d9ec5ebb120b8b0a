"""Flash cards: a question and its answer stay together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_app.ingestion.formats.card_text import answer_parts, clean_question, join_hyphenated, without_remark
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.locator import Locator

_NOTHING = "—"
_MIN_CARDS = 3
_MAX_TITLE = 300  # characters, an author's remark included
_SHORT = 100  # characters of a line that may be furniture: a title, an advertisement, a link
_PARAGRAPH = re.compile(r"\S.*(?:\n[^\S\n]*\S.*)*")
_MARKUP = re.compile(r"^(?:#{1,6} |```|~~~|---\s*$|\||<)", re.MULTILINE)
_WORD = re.compile(r"(?<!\w- )\b\w+")  # not the second half of a broken word
_MARK = re.compile(r"[?？؟]")  # noqa: RUF001  (the full-width mark is meant)
_ASKING = re.compile(
    r"(?:what|why|how|when|where|which|who|whose|name|define|explain|describe|list|compare|give)\b", re.IGNORECASE
)
_ASKED = re.compile(r"\b(?:what|why|how)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Card:
    """A question and its answer as they are written; either may be empty.

    Parameters
    ----------
    question, answer : str
        The two sides.
    place, answer_place : Locator
        Where they stand; the heading is that of the section.
    tags : tuple of str
        Besides those in front of the question.
    aside : str
        What else the card says, below the answer.
    """

    question: str
    answer: str
    place: Locator
    answer_place: Locator
    tags: tuple[str, ...] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    line: int


def read_cards(text: str) -> Extraction | None:
    r"""Return the flash cards of a text in which questions and answers take turns, or None if it is no such text.

    Parameters
    ----------
    text : str
        Sides of cards, parted by blank lines.

    Returns
    -------
    Extraction or None
        For each card a heading, the question, and paragraphs or lists, the answer, below it. A card without an
        answer, or with a stand-in such as "TO DO" or "See image", has a fragment. Short lines in front of the first
        card are left out but for the title, and so are short lines after the last one.

    Notes
    -----
    A text is one of cards if, over at least half of its paragraphs and three cards or more, every second paragraph
    asks and the one after it does not, with few exceptions. Headings, tables and fenced code speak against it.

    Examples
    --------
    >>> deck = "What is a GAN?\n\nTwo nets.\n\nWhat is a VAE?\n\nAn autoencoder.\n\nWhy anneal?\n\nTo explore."
    >>> [(b.kind, b.text) for b in read_cards(deck).blocks][:2]
    [('heading', 'What is a GAN?'), ('paragraph', 'Two nets.')]
    >>> read_cards("Prose.\n\nIs this a card?\n\nNo.") is None
    True
    """
    if _MARKUP.search(text):
        return None
    paragraphs = _paragraphs(text)
    first, end = _longest_deck(paragraphs)
    if end - first < max(2 * _MIN_CARDS, len(paragraphs) / 2):
        return None
    end = _without_furniture(paragraphs, end)
    title, preface = _front(paragraphs[:first])
    sides = paragraphs[first:end]
    pairs = zip(sides[::2], sides[1::2], strict=False)
    deck = build_deck((Card(q.text, a.text, Locator(line=q.line), Locator(line=a.line)) for q, a in pairs), text)
    odd = sides[-1:] if len(sides) % 2 else []
    before, after = ([ExtractedBlock("paragraph", p.text, Locator(line=p.line)) for p in ps] for ps in (preface, odd))
    return Extraction((*before, *deck.blocks, *after), title, deck.metadata)


def build_deck(cards: Iterable[Card], text: str) -> Extraction:
    """Return the blocks of cards, and their tags as metadata.

    Parameters
    ----------
    cards : iterable of Card
        In order.
    text : str
        The document, which tells the two halves of a broken word from two words.

    Examples
    --------
    >>> deck = build_deck([Card("#nets What is a GAN?", "TO DO", Locator(row=2), Locator(row=2))], "")
    >>> [(b.kind, b.text) for b in deck.blocks], deck.metadata
    ([('heading', 'What is a GAN?'), ('fragment', 'TO DO')], {'tags': 'nets'})
    """
    words = frozenset(_WORD.findall(text))
    blocks: list[ExtractedBlock] = []
    tags: dict[str, None] = {}
    for card in cards:
        question, found = clean_question(join_hyphenated(card.question, words))
        tags.update(dict.fromkeys([*found, *card.tags]))
        blocks += _card_blocks(card, question or _NOTHING, join_hyphenated(card.answer, words))
    return Extraction(tuple(blocks), metadata={"tags": ", ".join(tags)} if tags else {})


def _card_blocks(card: Card, question: str, answer: str) -> Iterator[ExtractedBlock]:
    path = (*card.place.heading, question)
    place = replace(card.answer_place, heading=path)
    yield ExtractedBlock("heading", question, replace(card.place, heading=path))
    parts = answer_parts(answer)
    for kind, part in parts:
        yield ExtractedBlock(kind, part, place)
    if not parts:
        # Without a block of its own the question would go with the next card.
        yield ExtractedBlock("fragment", answer.strip() or _NOTHING, place)
    if card.aside:
        yield ExtractedBlock("paragraph", card.aside, place)


def _paragraphs(text: str) -> list[_Paragraph]:
    found, line, seen = [], 1, 0
    for match in _PARAGRAPH.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        found.append(_Paragraph(match.group().rstrip(), line))
    return found


def _longest_deck(paragraphs: Sequence[_Paragraph]) -> tuple[int, int]:
    """Return the span in which most pairs are a question and an answer, less those that are not."""
    asks = [_asks(p.text) for p in paragraphs]
    best, span = 0, (0, 0)
    for parity in (0, 1):
        score, first = 0, parity
        for i in range(parity, len(asks) - 1, 2):
            if score < 0:
                score, first = 0, i
            score += (1 - asks[i + 1]) if asks[i] else -1  # an answer that asks speaks neither for cards nor against
            if score > best:
                best, span = score, (first, i + 2)
    return span if best >= _MIN_CARDS else (0, 0)


def _asks(text: str) -> bool:
    question, _ = clean_question(text)
    is_short = len(question) <= 2 * _SHORT and not question.endswith((".", "!"))
    return bool(_MARK.search(question) or (is_short and (_ASKING.match(question) or _ASKED.search(question))))


def _without_furniture(paragraphs: Sequence[_Paragraph], end: int) -> int:
    """Return where the cards end: three or more short lines after the last one are links to somewhere else."""
    last = len(paragraphs)
    while last > end and len(paragraphs[last - 1].text) <= _SHORT:
        last -= 1
    return last if len(paragraphs) - last > 2 else len(paragraphs)  # noqa: PLR2004  (two may be one more card)


def _front(paragraphs: Sequence[_Paragraph]) -> tuple[str, list[_Paragraph]]:
    """Return the title and the long paragraphs of what stands in front of the first card."""
    first = paragraphs[0].text if paragraphs else ""
    is_title = len(first) <= _MAX_TITLE and "\n" not in first and not first.endswith((".", "!", "?", ":"))
    title = without_remark(first) if is_title else ""
    return title, [p for p in paragraphs[bool(title) :] if len(p.text) > _SHORT]
