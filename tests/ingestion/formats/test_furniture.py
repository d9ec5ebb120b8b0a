"""What stands on a page and says nothing."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.furniture import (
    clean_item,
    join_lines,
    read_diagram,
    with_fragments,
    without_furniture,
)
from rag_app.ingestion.formats.outline import Draft


def _paragraphs(*texts):
    return [Draft("paragraph", text) for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        "Image Courtesy: https://a.b",
        "A cat asleep - Photo by Ann",
        "figure source: the author",
        "Courtesy of the museum",
        "One .......... 3",
        "One . . . . . 3\nTwo ........ 14",
    ],
)
def test_credits_and_page_numbers_are_left_out(text):
    """Who made a picture, and on which page a chapter begins, is no text of the document."""
    assert without_furniture(_paragraphs(text, "text")) == _paragraphs("text")


@pytest.mark.parametrize(
    "text",
    [
        "The source of the figure is unknown to us",
        "It costs 3...",
        "The image courtesy: " + "word " * 40,
        "Version 1.2.3.4",
    ],
)
def test_sentences_about_pictures_are_kept(text):
    """Only what is short and names a credit is one."""
    assert without_furniture(_paragraphs(text, "text"))[0].text == text


@pytest.mark.parametrize("text", ["Thank You", "Thanks!", "The End.", "Any Questions?", "Q&A", "thank you very much"])
def test_closing_words_are_left_out_at_the_end_alone(text):
    """The last slide says nothing; the same words elsewhere are part of the text."""
    assert without_furniture(_paragraphs("text", text)) == _paragraphs("text")
    assert without_furniture(_paragraphs(text, "text")) == _paragraphs(text, "text")


def test_links_alone_are_fragments():
    """An address is found but never quoted as an answer; within a sentence it is text."""
    kinds = [d.kind for d in without_furniture(_paragraphs("https://a.b/c", "<https://a.b>", "See https://a.b."))]
    assert kinds == ["fragment", "fragment", "paragraph"]


@pytest.mark.parametrize(
    ("announcement", "comment", "masked"),
    [
        ("Comments from users", "More of it (Zoe)", "More of it ([name])"),
        ("Feedback by the team", "More (of it) (zoe ann)", "More (of it) ([name])"),
        ("Reviews of the book", "Zoe A. (May 5): Good.", "[name] (May 5): Good."),
        ("Replies from all", "Zoe, 5 May: Good.", "[name], 5 May: Good."),
        ("Comments from users", "It costs 5 (EUR 5)", "It costs 5 (EUR 5)"),
        ("About nets", "We use a net (GAN)", "We use a net (GAN)"),
        ("Comments from all of the users who came to see us on that day", "More (Zoe)", "More (Zoe)"),
    ],
)
def test_names_are_masked_below_an_announcement_of_comments(announcement, comment, masked):
    """Elsewhere a word in brackets is an abbreviation."""
    assert without_furniture(_paragraphs(announcement, comment))[1].text == masked


def test_comments_end_where_one_is_not_signed():
    """What follows is the document again."""
    texts = [d.text for d in without_furniture(_paragraphs("Comments from us", "A (Zoe)", "Done.", "B (GAN)", "x"))]
    assert texts == ["Comments from us", "A ([name])", "Done.", "B (GAN)", "x"]


@pytest.mark.parametrize(
    ("texts", "kinds"),
    [
        (["BM", "x'", "Cats\nX", "It ends here."], "fffp"),
        (["BM", "x'", "It ends here."], "ppp"),
        (["BM", "$$x$$", "x'", "Cats", "It ends here."], "ffffp"),
        (["$$x$$", "BM", "x'", "Cats", "$$y$$", "It ends here."], "pfffpp"),
        (["Cats purr.", "Dogs bark.", "Birds can sing.", "It ends here."], "ppp" + "p"),
        (["Wifi: 1234", "Room = 5", "BM", "It ends here."], "pppp"),
        (["BM", "x'", "Cats"], "ppp"),
        (["今天天气很好我们去公园", "他说他明天会来看我们", "这是一个很长的句子", "It ends here."], "pppp"),
    ],
)
def test_labels_in_a_row_are_fragments(texts, kinds):
    """Three are needed; statements, sentences and a document of nothing but labels are left alone."""
    texts = ["Cats can purr." if t == "Cats purr." else "Dogs can bark." if t == "Dogs bark." else t for t in texts]
    assert "".join(d.kind[0] for d in with_fragments(_paragraphs(*texts))) == kinds


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("graph LR; A[One] --> B{Two?}; B -- yes --> C((Three))", "One · Two? · Three"),
        ("flowchart TD\n  A([Start]) -->|go| B[[End]]", "Start · go · End"),
        ("sequenceDiagram\n  Ann->>Bob: Hello\n  Bob->>Ann: Hello", "Hello"),
        ("graph theory is fun", ""),
        ("print('graph LR')", ""),
        ("", ""),
    ],
)
def test_diagrams_are_their_labels(text, labels):
    """Each label comes once, in order; other code is no diagram."""
    assert read_diagram(text) == labels


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("one\ntwo", "one two"),
        ("para-\ngraph", "paragraph"),
        ("well-\nknown", "well-known"),
        ("pre-\nand post", "pre-and post"),
        ("5-\n6", "5- 6"),
        ("a -\nb", "a - b"),
    ],
)
def test_words_divided_at_line_ends_are_whole(text, joined):
    """A half that is a word of the document keeps its hyphen."""
    assert join_lines(text, {"known"}) == joined


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("🔹One", "One"),
        ("▪️ One", "One"),
        ("✅One", "✅ One"),
        ("❌ One", "❌ One"),
        ("→ One", "→ One"),
        ("One 🔹", "One 🔹"),
    ],
)
def test_drawn_bullets_go_and_signs_stand_apart(text, clean):
    """Shapes in front of an item are bullets; a sign that means something is parted from the word that it touches."""
    assert clean_item(text) == clean
