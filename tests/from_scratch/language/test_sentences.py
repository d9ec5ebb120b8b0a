"""Sentence segmentation: where it cuts, what it promises about offsets, and how long it takes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.from_scratch.language.sentences import split_sentences


def _split(text: str) -> list[str]:
    return [text[a:b] for a, b in split_sentences(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It works."],
        ["No mark at the end"],
        ["Accuracy was 0.9!", "Why?", "Because of e.g. noise."],
        ["He said “Stop.”", "Then he left."],
        ["It failed (twice).", "We know."],
        ["It failed (see [3].)", "We know."],
        ["What?!", "Really…", "Yes."],
        ["Wait... what?", "Yes!"],
        ["It grew.", "3 of 4 agreed."],
        ["It happened in 2020.", "Then it ended."],
        ["Dr. Smith (cf. Fig. 3) met J. R. Tolkien.", "They talked."],
        ["GANs, e.g. StyleGAN, i.e. two nets, vs. VAEs.", "Good."],
        ["The work of Vaswani et al. [3] is known.", "So is this."],
        ["The U.S. Congress met at 5 p.m. Monday.", "It rained."],
        ["See no. 5, vol. 2 and sec. 3.", "The answer is no.", "It took 5 sec.", "Go."],
        ["x = 0.5. y follows"],  # a lower-case letter does not start a sentence
        ["Call a.b.c() of v1.2.3 at example.com/x.y now."],
        ["1. Collect the data. ", "2. Clean it. ", "3. Train."],
        ["最初の文。", "次の文。", "終わり"],
        ["“你好。”", "他说。"],
        ["Ça marche.", "Été."],
        ["A list:", "- one", "- two"],
    ],
    ids=lambda s: s[0],
)
def test_cuts(sentences):
    """Sentences that were joined by a space (or a blank line) are found again."""
    sentences = [s.strip() for s in sentences]
    separator = "\n\n" if sentences[0].endswith(":") else "" if "。" in sentences[0] else " "
    assert _split(separator.join(sentences)) == sentences


@pytest.mark.parametrize("text", ["", " ", "\n\n", " \t\n \u00a0\u3000\n"])
def test_blank_text_has_no_sentences(text):
    """White space of any kind holds no sentence."""
    assert split_sentences(text) == []


@pytest.mark.parametrize("text", [".", "...", "?!", ". . .", "!", "。"])
def test_marks_alone_are_kept(text):
    """A text of marks loses no character."""
    assert "".join(_split(text)).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("blank", ["\n\n", "\n \t\n", "\r\n\r\n", "\n\n\n\n"])
def test_blank_line_always_ends_a_sentence(blank):
    """Even after an abbreviation, before a lower-case letter, or without a mark."""
    assert _split(f"see e.g.{blank}and more{blank}Done") == ["see e.g.", "and more", "Done"]


def test_line_break_alone_does_not_end_a_sentence():
    """A wrapped line goes on; its break stays inside the span."""
    assert _split("One sentence\nover two lines. Another.") == ["One sentence\nover two lines.", "Another."]


def test_spans_are_offsets_of_the_text():
    """Spans leave out the white space around sentences and point into the text as it is."""
    assert split_sentences("  Ab.  Cd?\n") == [(2, 5), (7, 10)]
    assert split_sentences("😀 Ab. 🙂") == [(0, 5), (6, 7)]


@given(st.text(st.sampled_from("aB1 .!?…。\n\t\"')(]“”’　-,éß中")) | st.text())
def test_spans_cover_everything_but_white_space(text):
    """Spans are ordered, disjoint, trimmed and not empty, and outside them there is only white space."""
    spans = split_sentences(text)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert edges == sorted(edges)
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
    assert not "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)).strip()


@given(st.text(st.sampled_from("aB1 .!?…。\n\"')(]")))
def test_no_sentence_holds_a_blank_line(text):
    """Whatever stands around it, a blank line cuts."""
    assert not any("\n\n" in s for s in _split(text))


UNIT = 60_000


@pytest.mark.parametrize(
    "pattern",
    [
        "The cat sat on the mat. ",
        ".",
        "?!",
        "。.",
        ". ",
        "\n",
        "\n x",
        " ",
        "a",
        ".'",
        "5. ",
        "e.g. ",
        "(A. ",
        '.")]',
        "...5",
    ],
)
def test_time_is_linear(pattern):
    """A text eight times as long, near 1 MB, takes far less than 64 times as long, whatever it repeats."""
    small, large = (pattern * (n // len(pattern)) + "x" for n in (2 * UNIT, 16 * UNIT))
    times = []
    for text in (small, large):
        start = time.process_time()
        split_sentences(text)
        times.append(time.process_time() - start)
    assert times[1] < 32 * max(times[0], 2e-3)
