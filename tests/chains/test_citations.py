"""Markers become verified citations while the answer streams."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import merged, numbers_of, passage_of, text_of

from rag_app.chains.citations import MIN_SIMILARITY, MarkerReader, cite, verify
from rag_app.locator import Locator
from rag_app.types import Citation, Unit

GAN = passage_of(
    "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output. "
    "GANs were introduced by Ian Goodfellow and colleagues in 2014.",
    source="gans.md",
    start=100,
)
VAE = passage_of(
    "A variational autoencoder is trained by maximising the evidence lower bound. "
    "The VAE was introduced by Kingma and Welling in 2013. An image has 12{,}288 numbers.",
    source="vae.md",
)
PASSAGES = [GAN, VAE]
CLAIM = "Mode collapse is a failure of GAN training"


def unlike(_claim, sentences):
    """Find no similarity of meaning, so that words alone decide."""
    return [0.0] * len(sentences)


def true(_citation):
    """Find every citation true."""
    return True


def read(pieces, passages=PASSAGES, similarity=unlike, holds=true):
    """Return the events of a reply, and the reader."""
    reader = MarkerReader(passages, similarity, holds)
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.close()], reader


# What the language model wrote, what is shown, the quotes of its citations by first word, and markers removed.
REPLIES = [
    # a marker before and after the full stop
    (f"{CLAIM} [1].", f"{CLAIM} [1].", ["Mode"], 0),
    (f"{CLAIM}. [1]", f"{CLAIM}. [1]", ["Mode"], 0),
    (f"{CLAIM}.[1]", f"{CLAIM}.[1]", ["Mode"], 0),
    (f"{CLAIM}[1].", f"{CLAIM}[1].", ["Mode"], 0),
    # other forms of a marker
    (f"{CLAIM} 【1】.", f"{CLAIM} [1].", ["Mode"], 0),
    (f"{CLAIM} [ 1 ].", f"{CLAIM} [1].", ["Mode"], 0),
    (f"{CLAIM} ([1]).", f"{CLAIM} ([1]).", ["Mode"], 0),
    (f"{CLAIM} [1, 9].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"{CLAIM} [9; 1].", f"{CLAIM} [1].", ["Mode"], 1),
    # numbered in the order of the answer, each citation once
    ("VAEs were introduced in 2013 [2]. " + CLAIM + " [1].", "VAEs were introduced in 2013 [1]. " + CLAIM + " [2].",
     ["The", "Mode"], 0),
    (f"{CLAIM} [1]. Again, mode collapse is a failure [1].", f"{CLAIM} [1]. Again, mode collapse is a failure [1].",
     ["Mode"], 0),
    (f"{CLAIM} [1]. GANs were introduced in 2014 [1].", f"{CLAIM} [1]. GANs were introduced in 2014 [2].",
     ["Mode", "GANs"], 0),
    (f"{CLAIM} [1][1].", f"{CLAIM} [1].", ["Mode"], 0),
    (f"{CLAIM} [1, 1].", f"{CLAIM} [1].", ["Mode"], 0),
    # numbers that no passage has
    (f"{CLAIM} [9].", f"{CLAIM}.", [], 1),
    (f"{CLAIM} [0].", f"{CLAIM}.", [], 1),
    (f"{CLAIM} [3], [4].", f"{CLAIM}.", [], 2),
    # what the passage does not say
    ("Cats sleep a lot [1].", "Cats sleep a lot.", [], 1),
    (f"{CLAIM} [2].", f"{CLAIM}.", [], 1),
    ("GANs were introduced in 2015 [1].", "GANs were introduced in 2015.", [], 1),
    ("Mode collapse, a failure of GAN training, has 7 causes [1].",
     "Mode collapse, a failure of GAN training, has 7 causes.", [], 1),
    ("[1]", "", [], 1),
    ("An image has 12,288 numbers [2].", "An image has 12,288 numbers [1].", ["An"], 0),
    # each part of a sentence, and each line of a list, is judged for itself
    ("GANs were introduced in 2014 [1] and VAEs were introduced in 2013 [2].",
     "GANs were introduced in 2014 [1] and VAEs were introduced in 2013 [2].", ["GANs", "The"], 0),
    ("In short:\n1. GANs were introduced in 2014 [1]\n2. VAEs were introduced in 2013 [2]\n",
     "In short:\n1. GANs were introduced in 2014 [1]\n2. VAEs were introduced in 2013 [2]", ["GANs", "The"], 0),
    ("- GANs were introduced in 2015 [1]\n- VAEs were introduced in 2013 [2]",
     "- GANs were introduced in 2015\n- VAEs were introduced in 2013 [1]", ["The"], 1),
    # what is left where a marker was
    (f"{CLAIM} [9] and more.", f"{CLAIM} and more.", [], 1),
    (f"{CLAIM}[9]and more.", f"{CLAIM} and more.", [], 1),
    (f"{CLAIM}, [9] and more.", f"{CLAIM}, and more.", [], 1),
    (f"{CLAIM} [9] .", f"{CLAIM}.", [], 1),
    (f"{CLAIM} ([9]) and more.", f"{CLAIM} and more.", [], 1),
    (f"{CLAIM} ([9], see there).", f"{CLAIM} (see there).", [], 1),
    (f"({CLAIM} [9])", f"({CLAIM})", [], 1),
    (f"{CLAIM} ([9], [1]).", f"{CLAIM} ([1]).", ["Mode"], 1),
    (f"{CLAIM} [9], [1].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"{CLAIM} [1], [9].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"{CLAIM} [1] [9] [1].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"[9] {CLAIM}.\n[9] More.", f"{CLAIM}.\nMore.", [], 2),
    (f"{CLAIM}. [9]\n\nMore.", f"{CLAIM}.\n\nMore.", [], 1),
    (f"  {CLAIM} [1].  \n", f"{CLAIM} [1].", ["Mode"], 0),
    # brackets that are no markers
    ("The values lie in [0, 1].", "The values lie in [0, 1].", [], 0),
    ("See [see 1] and [2014] and [a] and [1", "See [see 1] and [2014] and [a] and [1", [], 0),
    ("【1†source】 and [1-2] and [[", "【1†source】 and [1-2] and [[", [], 0),
    ("so, (", "so, (", [], 0),
    ("", "", [], 0),
    (" \n ", "", [], 0),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "shown", "quotes", "n_removed"), REPLIES)
def test_a_reply_is_shown_with_the_markers_that_hold(reply, shown, quotes, n_removed):
    """Supported markers are renumbered, others are removed with the white space and brackets that belong to them."""
    events, reader = read([reply])
    assert text_of(events) == shown
    assert [c.quote.split()[0] for c in reader.citations] == quotes
    assert numbers_of(events) == list(range(1, len(quotes) + 1))
    assert reader.n_removed == n_removed


@pytest.mark.parametrize("reply", [row[0] for row in REPLIES])
def test_letter_by_letter_gives_the_same(reply):
    """The smallest pieces make the same events as the whole reply."""
    assert merged(read(reply)[0]) == merged(read([reply])[0])


FRAGMENTS = [
    *(
        "[1]",
        "[2]",
        "[9]",
        "[1, 2]",
        "【2】",
        "[0, 1]",
        "([1])",
        "([9])",
        "[",
        "]",
        "(",
        ")",
        ",",
        ";",
        ".",
        " ",
        "\n",
        "1",
    ),
    *(CLAIM, "VAEs were introduced in 2013", "GANs", "- ", "x[0]"),
]


@given(fragments=st.lists(st.sampled_from(FRAGMENTS), max_size=12), data=st.data())
@settings(deadline=None, max_examples=400)
def test_however_a_reply_is_cut_the_reader_sees_the_same(fragments, data):
    """Cutting a reply at any places changes neither the text nor the order of text and citations."""
    reply = "".join(fragments)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(reply)))))
    pieces = [reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)]
    (cut, by_pieces), (whole, at_once) = read(pieces), read([reply])
    assert merged(cut) == merged(whole)
    assert by_pieces.citations == at_once.citations
    assert by_pieces.n_removed == at_once.n_removed


@given(fragments=st.lists(st.sampled_from(FRAGMENTS), max_size=12))
@settings(deadline=None, max_examples=200)
def test_no_marker_is_shown_before_its_citation(fragments):
    """Whenever the text shows [n], the n-th citation is known already; a citation is announced once."""
    events, reader = read("".join(fragments))
    known, text = 0, ""
    for event in events:
        if hasattr(event, "citation"):
            known += 1
            assert event.number == known
        else:
            text += event.text
            assert not any(f"[{n}]" in text.replace("[0, 1]", "") for n in range(known + 1, 10))
    assert len(reader.citations) == len(set(reader.citations)) == known
    assert text == text.strip()


def test_nothing_is_held_back_without_need():
    """A piece is shown at once, except what may become a marker or the white space before one."""
    reader = MarkerReader(PASSAGES, unlike, true)
    pieces = ["Mode collapse ", "is a failure", ", ", "[", "GAN training", " [", "1", "]"]
    shown = [text_of(reader.feed(piece)) for piece in pieces]
    assert shown == ["Mode collapse", " is a failure", "", "", ", [GAN training", "", "", " [1]"]


def test_a_citation_is_the_sentence_that_supports_best():
    """Among the sentences of a passage the one with most of the claim's words, or of its meaning, is quoted."""
    events, reader = read(["Ian Goodfellow introduced GANs in 2014 [1]."])
    citation = reader.citations[0]
    assert citation.quote == "GANs were introduced by Ian Goodfellow and colleagues in 2014."
    assert (citation.source, citation.sha256) == ("gans.md", "hash of gans.md")
    assert GAN.text[citation.start - 100 : citation.end - 100] == citation.quote
    assert numbers_of(events) == [1]


def test_meaning_supports_where_words_do_not():
    """A paraphrase without common words is kept if a sentence of the passage is similar enough."""
    claim = "The network draws the same picture again and again [1]."

    def similar(score):
        return lambda _claim, sentences: [score] + [0.0] * (len(sentences) - 1)

    assert (
        read([claim], similarity=similar(MIN_SIMILARITY))[1].citations[0].quote.startswith("Mode collapse is a failure")
    )
    assert read([claim], similarity=similar(MIN_SIMILARITY - 0.01))[1].citations == []


def test_a_heading_is_never_quoted():
    """A marker to a passage of headings alone supports nothing; one with text quotes the text."""
    heading = passage_of("Mode collapse is a failure of GAN training.", kind="heading")
    assert read([f"{CLAIM} [1]."], [heading])[1].n_removed == 1


def test_a_citation_that_does_not_hold_is_removed():
    """A source that changed under the answer's feet is not cited."""
    events, reader = read([f"{CLAIM} [1]."], holds=lambda _citation: False)
    assert (text_of(events), reader.citations, reader.n_removed) == (f"{CLAIM}.", [], 1)


@pytest.mark.parametrize(
    ("text", "holds"),
    [("GANs pair two nets.", True), ("A GANs pair.", False), ("GAN", False), ("", False)],
)
def test_a_citation_holds_where_the_text_is_the_quote(text, holds):
    """The characters between the offsets are compared, nothing else."""
    assert verify(Citation("a.md", "", 0, 4, "GANs", Locator()), text) is holds


def test_a_span_of_a_passage_is_cited_with_its_place():
    """Offsets are those of the source, and the locator is the span's."""
    citation = cite(GAN, Unit(100, 113, "paragraph", GAN.locator))
    assert citation == Citation("gans.md", "hash of gans.md", 100, 113, "Mode collapse", GAN.locator)
