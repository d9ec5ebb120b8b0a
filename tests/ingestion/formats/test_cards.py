"""Flash cards: which texts are some, what of them is kept, and that no chunk mixes two."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.formats.cards import Card, build_deck, read_cards
from rag_app.locator import Locator

_DECK = """Nets 1: only basics [need to move some]

Learn more with our quiz!

#basics What is a GAN?

Two nets that play.

What is a VAE? COME BACK TO THIS ONE

TO DO

SQuAD- why is it used?

It holds exist- ing questions.

Explain annealing

It lowers the heat.


Other sets

Contract law course 1

View set

Which of these decides?

View set
"""


def _blocks(text):
    extraction = read_cards(text)
    return None if extraction is None else [(b.kind, b.text, b.locator.line) for b in extraction.blocks]


def test_cards_are_read_from_lines_that_take_turns():
    """Questions are headings, answers stand below them; notes, tags, advertisement and foreign sets are gone."""
    assert _blocks(_DECK) == [
        ("heading", "What is a GAN?", 5),
        ("paragraph", "Two nets that play.", 7),
        ("heading", "What is a VAE?", 9),
        ("fragment", "TO DO", 11),
        ("heading", "SQuAD- why is it used?", 13),
        ("paragraph", "It holds existing questions.", 15),
        ("heading", "Explain annealing", 17),
        ("paragraph", "It lowers the heat.", 19),
    ]


def test_title_and_tags_of_a_deck():
    """The first line is the title, without the author's remark; tags are metadata."""
    extraction = read_cards(_DECK)
    assert (extraction.title, extraction.metadata) == ("Nets 1: only basics", {"tags": "basics"})


def test_every_block_of_a_card_has_its_question_as_heading():
    """An answer's locator is the question, so that what is cut from a long answer says what it answers."""
    extraction = read_cards(_DECK)
    heading = ""
    for block in extraction.blocks:
        heading = block.text if block.kind == "heading" else heading
        assert block.locator.heading == (heading,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "One line.",
        "What is a GAN?\n\nTwo nets.\n\nWhat is a VAE?\n\nOne net.",
        "# Deck\n\nWhat is a?\n\nA.\n\nWhat is b?\n\nB.\n\nWhat is c?\n\nC.",
        "```\nx\n```\n\nWhat is a?\n\nA.\n\nWhat is b?\n\nB.\n\nWhat is c?\n\nC.",
        "| a | b |\n\nWhat is a?\n\nA.\n\nWhat is b?\n\nB.\n\nWhat is c?\n\nC.",
        "What?\n\nWhy?\n\nHow?\n\nWhen?\n\nWho?\n\nWhich?\n\nWhere?\n\nWhose?",
        "\n\n".join(f"This is paragraph {i}. It says something of its own." for i in range(20)),
        "\n\n".join(["Prose.", "More prose.", "Why? Because.", "And so on."] * 5),
        "\n\n".join(["What is a?", "A.", "What is b?", "B.", "What is c?", "C.", *["Prose goes on here."] * 10]),
    ],
    ids=[
        "empty",
        "line",
        "two cards",
        "heading",
        "code",
        "table",
        "questions",
        "prose",
        "asking prose",
        "mostly prose",
    ],
)
def test_other_texts_are_no_cards(text):
    """Fewer than three cards, Markdown, questions alone, and prose with a question in it are left to other readers."""
    assert read_cards(text) is None


def test_chapters_of_the_course_are_no_cards(knowledge):
    """No chapter of the packaged course is taken for cards."""
    chapters = [path.read_text() for path in sorted(knowledge.glob("*.md"))]
    assert len(chapters) > 20
    assert [read_cards(text) for text in chapters] == [None] * len(chapters)


def test_few_odd_cards_do_not_end_a_deck():
    """A question that does not ask, or an answer that does, is taken as a card where its neighbours are cards."""
    cards = [("What is a?", "A."), ("Mode collapse", "One mode."), ("What is b?", "Is it c? Yes.")]
    cards += [(f"What is x{i}?", f"It is {i}.") for i in range(4)]
    text = "\n\n".join(side for card in cards for side in card)
    assert [t for kind, t, _ in _blocks(text) if kind == "heading"] == [question for question, _ in cards]


def test_last_card_without_a_mark_is_kept():
    """Two short lines after the last question are one more card, not furniture."""
    text = "What is a?\n\nA.\n\nWhat is b?\n\nB.\n\nWhat is c?\n\nC.\n\nMode collapse\n\nOne mode."
    assert _blocks(text)[-2:] == [("heading", "Mode collapse", 13), ("paragraph", "One mode.", 15)]


def test_long_text_around_cards_is_kept():
    """A long paragraph in front of the cards or after them is no furniture."""
    long = "This introduction is long enough to be worth reading, as it says a lot about the cards that follow it here."
    deck = "What is a?\n\nA.\n\nWhat is b?\n\nB.\n\nWhat is c?\n\nC."
    assert [t for _, t, _ in _blocks(f"Cards\n\n{long}\n\n{deck}")][:2] == [long, "What is a?"]
    assert [(k, t) for k, t, _ in _blocks(f"{deck}\n\n{long}")][-1] == ("paragraph", long)


def test_deck_of_ten_thousand_cards_keeps_them_all():
    """No card of a large deck is lost, and each is where it was."""
    text = "\n\n".join(f"What is {i}?\n\nIt is {i}." for i in range(10_000))
    blocks = _blocks(text)
    assert blocks[::2] == [("heading", f"What is {i}?", 4 * i + 1) for i in range(10_000)]
    assert blocks[1::2] == [("paragraph", f"It is {i}.", 4 * i + 3) for i in range(10_000)]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["What is it?", "An answer.", "See image", "#tag Why?", "Prose", "—", "- a - b"])))
def test_any_order_of_lines_is_read_or_refused(lines):
    """Whatever the lines, either there are cards, each with a block of its own below the heading, or none."""
    extraction = read_cards("\n\n".join(lines))
    if extraction is not None:
        kinds = [block.kind for block in extraction.blocks]
        assert all(after != "heading" for kind, after in pairwise(kinds) if kind == "heading")
        assert kinds[-1] != "heading"


@pytest.mark.parametrize(
    ("question", "answer", "blocks"),
    [
        ("What?", "", [("heading", "What?"), ("fragment", "—")]),
        ("", "It.", [("heading", "—"), ("paragraph", "It.")]),
        ("What?", "See image", [("heading", "What?"), ("fragment", "See image")]),
    ],
)
def test_missing_side_is_shown_by_a_dash(question, answer, blocks):
    """A card without an answer keeps to itself, and so does an answer without a question."""
    deck = build_deck([Card(question, answer, Locator(row=2), Locator(row=2))], "")
    assert [(b.kind, b.text) for b in deck.blocks] == blocks


def test_chunk_holds_one_card_and_a_long_answer_repeats_its_question(minilm):
    """A chunk never holds two cards; each piece of an answer that is too long is embedded with the question."""
    from rag_app.ingestion.load import load_source
    from rag_app.ingestion.split import split_source

    long = " ".join(f"It plays game number {i} against the other net." for i in range(80))
    rows = ["question,answer", f"What is a GAN?,{long}", "What is a VAE?,One net.", "Why anneal?,To explore."]
    source = load_source("\n".join(rows).encode(), uri="/cards.csv", name="cards.csv", suffix=".csv")
    chunks = split_source(source, count_tokens=minilm.count_tokens, max_tokens=minilm.max_tokens)
    questions = ["What is a GAN?", "What is a VAE?", "Why anneal?"]
    assert all(sum(question in chunk.embedded_text for question in questions) == 1 for chunk in chunks)
    assert [chunk.locator.heading for chunk in chunks[-2:]] == [("What is a VAE?",), ("Why anneal?",)]
    assert len(chunks) > 4
