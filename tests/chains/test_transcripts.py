"""Kept answers are checked against the index as it is now."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag_app.chains.transcripts import CitationCheck, check_again, read_transcript
from rag_app.chains.verification import words_and_meaning
from rag_app.errors import InvalidInputError
from rag_app.types import Source

TEXT = "# Lamp\n\nThe lamp was lit in 1861. It burns paraffin.\n\nThe keeper lives with a cat.\n"
QUOTE = "The lamp was lit in 1861."
SOURCE = Source("lamp.md", "/lamp.md", "Lamp", TEXT, "hash", "", ())
HINT = "Name a file that rag ask --json has written: one answer, a list of answers, or one on each line."


def measure(claim, passage):
    """Measure by words alone."""
    return words_and_meaning(lambda _claim, sentences: [0.0] * len(sentences))(claim, passage)


def answer(text="The lamp was lit in 1861 [1].", **changes):
    """Return a kept answer with one citation."""
    start = TEXT.index(QUOTE)
    citation = {"source": "lamp.md", "sha256": "hash", "start": start, "end": start + len(QUOTE), "quote": QUOTE}
    return {"question": "When?", "answer": text, "answered": True, "citations": [citation | changes]}


def check(kept, source=SOURCE):
    """Check an answer against one source."""
    return check_again(kept, lambda name: source if source and name == source.name else None, measure)


CHANGED = replace(SOURCE, text=f"New.\n\n{TEXT}", sha256="other")


@pytest.mark.parametrize(
    ("kept", "source", "expected", "ok"),
    [
        (answer(), SOURCE, ("holds", False, "supported"), True),
        (answer(), replace(SOURCE, sha256="other"), ("holds", True, "supported"), True),
        (answer(), CHANGED, ("moved", True, "supported"), True),
        (answer(), replace(CHANGED, text="Nothing."), ("gone", True, "unsupported"), False),
        (answer(), None, ("no source", True, "unsupported"), False),
        (answer(quote="The lamp was lit in 1862."), SOURCE, ("gone", False, "unsupported"), False),
        (answer(quote="", start=0, end=0), SOURCE, ("gone", False, "unsupported"), False),
        (answer("Whales dance at noon [1]."), SOURCE, ("holds", False, "unsupported"), False),
        (answer("Whales dance [1]. The lamp was lit in 1861 [1]."), SOURCE, ("holds", False, "unsupported"), False),
        (answer("The lamp was lit by fat whales in 1861 [1]."), SOURCE, ("holds", False, "weak"), True),
        (answer("The lamp was lit in 1861."), SOURCE, ("holds", False, None), True),
    ],
)
def test_what_became_of_a_citation(kept, source, expected, ok):
    """Whether the quotation stands, whether the source changed, and the verdict on what was said, now."""
    found = check(kept, source)
    (citation,) = found.citations
    assert (citation.state, citation.changed, citation.verdict) == expected
    assert citation.ok is found.ok is ok
    assert citation.to_json()["ok"] is ok


def test_markers_without_citation_fail():
    """A marker that was added to the text later, and one that lost its citation."""
    found = check(answer("The lamp was lit in 1861 [1]. It burns paraffin [2][7]."))
    assert (found.ok, found.without) == (False, (2, 7))
    assert found.to_json()["markers_without_citation"] == [2, 7]


def test_each_citation_is_checked():
    """One that fails does not hide another."""
    kept = answer("The lamp was lit in 1861 [1]. Whales dance at noon [2].")
    kept["citations"] *= 2
    assert [c.ok for c in check(kept).citations] == [True, False]


def test_an_answer_without_citations_holds():
    """There is nothing that could fail."""
    kept = {"question": "Why?", "answer": "No answer found.", "citations": []}
    assert check(kept).to_json() == {"question": "Why?", "ok": True, "citations": [], "markers_without_citation": []}


def test_a_statement_may_rest_on_more_than_the_quotation():
    """The text around the quotation supports it too, as the passage did, with the headings."""
    kept = answer("The lamp, lit in 1861, burns paraffin [1].", locator={"heading": ["Lamp"]})
    assert check(kept).citations[0].verdict == "supported"


ONE = answer()
TWO = answer("It burns paraffin [1].")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(ONE, indent=2), [ONE]),
        (json.dumps([ONE, TWO]), [ONE, TWO]),
        (f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\n", [ONE, TWO]),
        (json.dumps({"question": "Typed?", "answer": ONE}), [ONE]),
        (json.dumps({"conversation": 3, "exchanges": [{"answer": ONE}, TWO]}), [ONE, TWO]),
    ],
)
def test_forms_of_a_transcript(text, expected):
    """One answer, a list, one on each line, and exported conversations."""
    assert read_transcript(text, "a.json") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.json must hold at least one answer; it holds none."),
        ("[]", "a.json must hold at least one answer; it holds none."),
        ("{", "a.json must be JSON; line 1 does not parse."),
        ('{"answer": "A", "citations": []}\nA', "a.json must be JSON; line 2 does not parse."),
        ("[" * 5000, "a.json must be JSON; line 1 does not parse."),
        ("3", "a.json must be an object with an answer; got 3."),
        ('{"question": "x"}', "a.json must be an object with an answer; got {'question': 'x'}."),
        ('[{"answer": 3}]', "a.json[0] must be an object with an answer; got {'answer': 3}."),
        ('{"answer": "A"}', "a.json: citations must be a list of objects; got None."),
        ('{"answer": "A", "citations": [3]}', "a.json: citations must be a list of objects; got [3]."),
        (json.dumps(answer(start="x")), "a.json: start of citation 1 must be a whole number; got 'x'."),
        (json.dumps(answer(end=True)), "a.json: end of citation 1 must be a whole number; got True."),
        (json.dumps(answer(quote=None)), "a.json: quote of citation 1 must be text; got None."),
        (json.dumps(answer(locator="line 3")), "a.json: locator of citation 1 must be an object; got 'line 3'."),
    ],
)
def test_what_is_no_transcript(text, message):
    """One sentence that names the place, and a hint."""
    with pytest.raises(InvalidInputError) as caught:
        read_transcript(text, "a.json")
    assert (caught.value.message, caught.value.hint) == (message, HINT)


def test_offsets_out_of_range_are_no_error():
    """A citation from elsewhere is looked for in the whole text."""
    assert check(answer(start=-5, end=10**9)).citations[0].state == "moved"
    assert CitationCheck(1, "a.md", "x", "holds").ok


def test_the_passage_of_a_quotation_is_the_text_around_it():
    """What stands far away from the quotation supports nothing."""
    far = replace(SOURCE, text=TEXT + "x. " * 2000 + "Whales dance at noon.")
    assert check(answer("Whales dance at noon [1]."), far).citations[0].verdict == "unsupported"
