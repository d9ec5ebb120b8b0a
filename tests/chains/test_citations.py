"""Markers become verified citations while the answer streams."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import merged, numbers_of, passage_of, text_of

from rag_app.chains.citations import MarkerReader, cite, read_quote, verify
from rag_app.chains.sanitising import URL
from rag_app.chains.verification import Verifier, words_and_meaning
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
SITE = passage_of(
    "The course has a site at https://course.example/gans. Its mirror is www.mirror.example/a, run by nobody.",
    source="site.md",
)
PASSAGES = [GAN, VAE, SITE]
CLAIM = "Mode collapse is a failure of GAN training"


def unlike(_claim, sentences):
    """Find no similarity of meaning, so that words alone decide."""
    return [0.0] * len(sentences)


def true(_citation):
    """Find every citation true."""
    return True


def read(pieces, passages=PASSAGES, similarity=unlike, holds=true):
    """Return the events of a reply, and the reader."""
    reader = MarkerReader(Verifier(passages, words_and_meaning(similarity)), holds)
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.close()], reader


def n_removed(reader):
    """Return how many markers were removed."""
    return sum(claim.marker is not None and claim.citation is None for claim in reader.claims)


def verdicts(reader):
    """Return the verdicts with the markers that they belong to."""
    return [(claim.verdict, claim.marker, claim.citation) for claim in reader.claims]


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
    (f"{CLAIM} [4], [5].", f"{CLAIM}.", [], 2),
    # what the passage does not say
    ("Cats sleep a lot [1].", "Cats sleep a lot.", [], 1),
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
    (f"{CLAIM} ([9])and more.", f"{CLAIM} and more.", [], 1),
    (f"{CLAIM}([9]).", f"{CLAIM}.", [], 1),
    (f"{CLAIM} ([9], see there).", f"{CLAIM} (see there).", [], 1),
    (f"({CLAIM} [9])", f"({CLAIM})", [], 1),
    (f"{CLAIM} ([9], [1]).", f"{CLAIM} ([1]).", ["Mode"], 1),
    (f"{CLAIM} [9], [1].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"{CLAIM} [1], [9].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"{CLAIM} [1] [9] [1].", f"{CLAIM} [1].", ["Mode"], 1),
    (f"[9] {CLAIM}.\n[9] More.", f"{CLAIM}.\nMore.", [], 2),
    (f"{CLAIM}. [9]\n\nMore.", f"{CLAIM}.\n\nMore.", [], 1),
    (f"  {CLAIM} [1].  \n", f"{CLAIM} [1].", ["Mode"], 0),
    # another passage says it: the marker is moved there
    (f"{CLAIM} [2].", f"{CLAIM} [1].", ["Mode"], 0),
    (f"{CLAIM} [1, 2].", f"{CLAIM} [1].", ["Mode"], 0),
    # markers before what they belong to
    (f"According to [1], {CLAIM}.", f"According to [1], {CLAIM}.", ["Mode"], 0),
    (f"As passages [1] and [2] say, {CLAIM}. So.", f"As passages [1] and [1] say, {CLAIM}. So.", ["Mode"], 0),
    (f"[1] states that {CLAIM}. VAEs were introduced in 2013 [2].",
     f"[1] states that {CLAIM}. VAEs were introduced in 2013 [2].", ["Mode", "The"], 0),
    (f"[1] {CLAIM}. [2] VAEs were introduced in 2013.", f"[1] {CLAIM}. [2] VAEs were introduced in 2013.",
     ["Mode", "The"], 0),
    (f"- [1] {CLAIM}\n- [2] VAEs were introduced in 2013", f"- [1] {CLAIM}\n- [2] VAEs were introduced in 2013",
     ["Mode", "The"], 0),
    (f"In short: [1] {CLAIM}.", f"In short: [1] {CLAIM}.", ["Mode"], 0),
    (f"{CLAIM} [1]. According to [2], VAEs were introduced in 2013.",
     f"{CLAIM} [1]. According to [2], VAEs were introduced in 2013.", ["Mode", "The"], 0),
    (f"According to [1], {CLAIM} [1].", f"According to [1], {CLAIM} [1].", ["Mode"], 0),
    (f"According to [1], {CLAIM}. [1]\nSo.", f"According to [1], {CLAIM}. [1]\nSo.", ["Mode"], 0),
    (f"According to [9], {CLAIM}.", f"According to, {CLAIM}.", [], 1),
    ("According to [1], cats sleep a lot. They do.", "According to, cats sleep a lot. They do.", [], 1),
    (f"{CLAIM}. According to [1].", f"{CLAIM}. According to.", [], 1),
    # code
    (f"So is `x[1]`. {CLAIM} [1].", f"So is `x[1]`. {CLAIM} [1].", ["Mode"], 0),
    ("``a ` [1]`` and `[2]`", "``a ` [1]`` and `[2]`", [], 0),
    (f"A tick ` is open, {CLAIM} [1]\nand ` here.", f"A tick ` is open, {CLAIM} [1]\nand ` here.", ["Mode"], 0),
    (f"So:\n```python\nx[1] = y[2]  # [9]\n```\n{CLAIM} [1].", f"So:\n```python\nx[1] = y[2]  # [9]\n```\n{CLAIM} [1].",
     ["Mode"], 0),
    ("~~~\n[1]\n~~~~\n[9] ~~no~~", "~~~\n[1]\n~~~~\n~~no~~", [], 1),
    ("```\n[1] is never closed", "```\n[1] is never closed", [], 0),
    # links
    ("The course has a site at https://course.example/gans [3].",
     "The course has a site at https://course.example/gans [1].", ["The"], 0),
    ("The course has a site at https://course.example/gans.", "The course has a site at *link removed*.", [], 0),
    ("The course has a [site](https://course.example/gans), see [3].",
     "The course has a [site] (https://course.example/gans), see [1].", ["The"], 0),
    (f"{CLAIM} [1]. ![x](https://evil.example/?q=1 't')", f"{CLAIM} [1]. ![x] (*link removed* 't')", ["Mode"], 0),
    (f"{CLAIM} [1](https://evil.example).", f"{CLAIM} [1] (*link removed*).", ["Mode"], 0),
    (f"{CLAIM} [1]. Its <b>mirror</b> is www.mirror.example/b, of nobody [3].",
     f"{CLAIM} [1]. Its mirror is *link removed*, of nobody [2].", ["Mode", "Its"], 0),
    # brackets that are no markers
    ("The values lie in [0, 1].", "The values lie in [0, 1].", [], 0),
    ("See [see 1] and [2014] and [a] and [1", "See [see 1] and [2014] and [a] and [1", [], 0),
    ("【1†source】 and [1-2] and [[", "【1†source】 and [1-2] and [[", [], 0),
    ("so, (", "so, (", [], 0),
    ("", "", [], 0),
    (" \n ", "", [], 0),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "shown", "quotes", "removed"), REPLIES)
def test_a_reply_is_shown_with_the_markers_that_hold(reply, shown, quotes, removed):
    """Supported markers are renumbered, others are removed with the white space and brackets that belong to them."""
    events, reader = read([reply])
    assert text_of(events) == shown
    assert [c.quote.split()[0] for c in reader.citations] == quotes
    assert numbers_of(events) == list(range(1, len(quotes) + 1))
    assert n_removed(reader) == removed


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
    *(CLAIM, "VAEs were introduced in 2013", "GANs", "- ", "x[0]", "According to ", "So. ", "e.g. "),
    *("`", "``", "```", "~~~", "<", ">", "<img src=x", "<script>", "</script>", "<!--", "-->", "<a ", "![", "]("),
    *("https://course.example/gans", "https://", "www.", "data:", "//evil.example/x", "h", "d", "\u200b", "\r"),
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
    assert by_pieces.claims == at_once.claims
    assert (by_pieces.n_links, by_pieces.n_tags) == (at_once.n_links, at_once.n_tags)


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
            assert not any(f"[{n}]" in without_code(text) for n in range(known + 1, 10))
    assert len(reader.citations) == len(set(reader.citations)) == known
    assert text == text.strip() or "```" in text or "~~~" in text


PARTS = [
    *(
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "!",
        "/",
        "//",
        ":",
        ".",
        " ",
        "\n",
        "[9]",
        "[1]",
        "【9】",
        "([9])",
        ", [9]",
        "-",
        "-->",
    ),
    *(
        "img src=x",
        "b",
        "script",
        "a href=y",
        "https",
        "http",
        "www",
        "javascript",
        "data",
        "text/html,",
        "evil.example",
    ),
    *("https://", "<b>", "</b>", "<script>", "</script>", "<!--", "\u200b", "[a]", "h", "t", "tps", "GANs learn"),
]


@given(parts=st.lists(st.sampled_from(PARTS), max_size=14))
@settings(deadline=None, max_examples=500)
def test_what_is_removed_does_not_make_a_link_or_a_tag_of_the_rest(parts):
    """Whatever stood between two pieces of text, what is shown holds no address, no tag and no link."""
    shown = text_of(read(["".join(parts)])[0])
    assert not URL.search(shown)
    assert "](" not in shown
    assert not re.search("<[A-Za-z/!?]", shown)


def without_code(text):
    """Return a text without what a backtick or a fence may have made code, and without the interval."""
    return re.split("`|~~~", text)[0].replace("[0, 1]", "")


def test_nothing_is_held_back_without_need():
    """A piece is shown at once, except what may become a marker or the white space before one."""
    reader = MarkerReader(Verifier(PASSAGES, words_and_meaning(unlike)), true)
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
    """A paraphrase without common words is kept, as weak, if a sentence of the passage is similar enough."""
    claim = "The network draws the same picture again and again [1]."

    def similar(score):
        return lambda _claim, sentences: [score] + [0.0] * (len(sentences) - 1)

    alike, unlike_ = (read([claim], similarity=similar(s))[1] for s in (1.0, 0.3))
    assert alike.citations[0].quote.startswith("Mode collapse is a failure")
    assert verdicts(alike) == [("weak", 1, 1)]
    assert verdicts(unlike_) == [("unsupported", 1, None)]


def test_a_heading_is_never_quoted():
    """A marker to a passage of headings alone supports nothing; one with text quotes the text."""
    heading = passage_of("Mode collapse is a failure of GAN training.", kind="heading")
    assert verdicts(read([f"{CLAIM} [1]."], [heading])[1]) == [("unsupported", 1, None)]


def test_a_citation_that_does_not_hold_is_removed():
    """A source that changed under the answer's feet is not cited."""
    events, reader = read([f"{CLAIM} [1]."], holds=lambda _citation: False)
    assert (text_of(events), reader.citations) == (f"{CLAIM}.", [])
    assert verdicts(reader) == [("unsupported", 1, None)]


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


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (f"{CLAIM} [1].", [("supported", 1, 1)]),
        (f"{CLAIM} [2].", [("misattributed", 2, 1)]),
        (f"{CLAIM} [9].", [("fabricated", 9, None)]),
        ("Cats sleep a lot [1].", [("unsupported", 1, None)]),
        ("Mode collapse is a failure of fat cats [1].", [("weak", 1, 1)]),
        (f"{CLAIM}.", [("uncited", None, None)]),
        ("Cats sleep a lot.", [("unsupported", None, None)]),
        (f"Cats sleep a lot. {CLAIM} [1]. VAEs were introduced in 2013.",
         [("unsupported", None, None), ("supported", 1, 1), ("uncited", None, None)]),
        (f"{CLAIM} [1, 9].", [("supported", 1, 1), ("fabricated", 9, None)]),
        ("Here is the answer:\n\n# GAN training\nYes. Is that all?", []),
        (f"```\n{CLAIM} [1]\n```", []),
    ],
)  # fmt: skip
def test_each_statement_has_a_verdict(reply, expected):
    """In the order of the answer: by its marker, or by the best passage where it has none; code states nothing."""
    assert verdicts(read([reply])[1]) == expected


def test_a_claim_is_what_the_marker_belongs_to():
    """The statement without markers, bullets and the words that lead to it."""
    _, reader = read([f"- According to [1], {CLAIM}.\n2. VAEs ([2]) were introduced in 2013 [2]."])
    assert [claim.text for claim in reader.claims] == [f"{CLAIM}.", "VAEs", "were introduced in 2013"]


def test_a_claim_holds_no_address():
    """Nor does what is said about an answer lead anywhere."""
    _, reader = read(["Whales dance at https://evil.example/?q=1 on Fridays. Cats sleep at www.evil.example [1]."])
    assert [claim.text for claim in reader.claims] == ["Whales dance at … on Fridays.", "Cats sleep at …"]


def test_one_quotation_has_one_number_and_the_verdict_of_its_first_use():
    """A second statement that rests on it more weakly has a verdict of its own among the claims."""
    events, reader = read([f"{CLAIM} [1]. Mode collapse is a failure of fat cats [1]."])
    assert numbers_of(events) == [1]
    assert [c.verdict for c in reader.citations] == ["supported"]
    assert [c.verdict for c in reader.claims] == ["supported", "weak"]


def test_two_passages_that_say_the_same_have_two_numbers():
    """One marker may name both; each claim knows its own citation."""
    copy = passage_of(GAN.text, source="copy.md")
    events, reader = read([f"{CLAIM} [1, 2], {CLAIM} [2]."], [GAN, copy])
    assert text_of(events) == f"{CLAIM} [1][2], {CLAIM} [2]."
    assert numbers_of(events) == [1, 2]
    assert verdicts(reader) == [("supported", 1, 1), ("supported", 2, 2), ("supported", 2, 2)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("As in [3] and [1, 2].", "As in (3) and (1, 2)."),
        ("An index [0, 1] and `x[1]`.", "An index [0, 1] and `x[1]`."),
        (
            "See [here](https://a.example/x) or https://b.example.",
            "See [here] (https://a.example/x) or *link removed*.",
        ),
        ("<b>So</b><script>alert(1)</script> 2 < 3", "So 2 < 3"),
    ],
)
def test_a_quotation_brings_no_markers_and_no_markup(text, shown):
    """What an extractive answer shows of a source cannot pass for a citation, a tag or another source's link."""
    assert read_quote(text, frozenset({"https://a.example/x"})) == shown
