"""What the HTML report shows of cases: who answered, which places are marked, and nothing twice."""

from __future__ import annotations

import json

from support.eval_runs import CARDS, TEXT, answer, lamps, passage, row, run

from rag_app.evaluation.html_data import build_data, split_columns
from rag_app.evaluation.scores import scored

LIT = "The keeper lit the lamp at dusk 🕯."


def test_columns_are_named_as_far_as_needed():
    """By the variant of one run, by letter and variant of two; of two runs with one variant each, by letter."""
    rows = [row(1, variant, answer("A."), {}) for variant in ("old", "new")]
    assert [c.name for c in split_columns([run(rows)])] == ["old", "new"]
    assert [c.name for c in split_columns([run(rows), run(rows)])] == ["A · old", "A · new", "B · old", "B · new"]
    assert [c.name for c in split_columns([lamps(), lamps()])] == ["A", "B"]


def test_answers_to_a_case_stand_together():
    """Those of each column, in order; a case that one of them lacks has an empty place."""
    data = build_data(split_columns([lamps(3), lamps(4)]), CARDS)
    assert [case["id"] for case in data["cases"]] == ["q0", "q1", "q2", "q3"]
    assert [[len(answers) for answers in case["answers"]] for case in data["cases"]] == [[1, 1]] * 3 + [[0, 1]]


def test_repeats_stand_together():
    """In one column."""
    rows = [row(1, "default", answer(f"{n}"), {}, repeat=n) for n in range(2)]
    (case,) = build_data(split_columns([run(rows)]), CARDS)["cases"]
    assert [found["text"] for found in case["answers"][0]] == ["0", "1"]


def test_a_passage_is_there_once():
    """However many answers retrieved it."""
    data = build_data(split_columns([lamps(), lamps()]), CARDS)
    assert data["passages"] == [{"source": "light.md", "place": "Lamps › The keeper, line 3", "text": TEXT}]


def cut(text: str, span: list) -> str:
    """Return what JavaScript would mark: it counts UTF-16 units."""
    units = text.encode("utf-16-le")
    return units[2 * span[0] : 2 * span[1]].decode("utf-16-le")


def test_cited_and_wanted_sentences_are_marked():
    """By positions as JavaScript counts them; beyond the passage there is nothing to mark."""
    case = {"evidence": ("It burnt oil.", "It is elsewhere.")}
    (found,) = build_data(split_columns([run([row(1, "v", answer("A.", LIT), {}, case=case)])]), CARDS)["cases"]
    spans = found["answers"][0][0]["passages"][0]["spans"]
    assert [(cut(TEXT, span), span[2]) for span in spans] == [(LIT, "cited"), ("It burnt oil.", "wanted")]


def test_a_citation_of_another_place_marks_nothing():
    """Of another document, or of another part of this one."""
    said = answer("A.", LIT)
    for change in ({"source": "other.md"}, {"start": 0, "end": 50}, {"start": 900, "end": 950}):
        moved = {**said, "citations": [{**said["citations"][0], **change}]}
        (found,) = build_data(split_columns([run([row(1, "v", moved, {})])]), CARDS)["cases"]
        assert found["answers"][0][0]["passages"][0]["spans"] == []


def test_unsupported_sentences_are_marked_in_the_answer():
    """Those that a metric names, as text or under ``text``; one that is not there is passed over."""
    details = [{"text": "It burnt gas.", "reason": "So."}, "It is warm.", "Not there."]
    said = answer("It burnt gas [1]. It is warm.")
    scores = {"recall": scored(0.5, "So.", unsupported=details)}
    (found,) = build_data(split_columns([run([row(1, "v", said, scores)])]), CARDS)["cases"]
    spans = found["answers"][0][0]["spans"]
    assert [cut(said["answer"], span) for span in spans] == ["It burnt gas [1].", "It is warm."]
    assert {span[2] for span in spans} == {"doubted"}


def test_long_replies_of_judges_are_shortened():
    """The page need not hold all of them; the run file does."""
    scores = {"recall": scored(0.5, "So.", replies=["x" * 9000], n=1)}
    data = build_data(split_columns([run([row(1, "v", answer("A."), scores)])]), CARDS)
    details = data["cases"][0]["answers"][0][0]["scores"]["recall"]["details"]
    assert (len(details["replies"][0]), details["n"]) == (4002, 1)


def test_passages_without_a_place_are_shown_too():
    """As those of data sets from elsewhere are."""
    bare = {**answer("A."), "retrieved": [{"text": "Words."}]}
    data = build_data(split_columns([run([row(1, "v", bare, {})])]), CARDS)
    assert data["passages"] == [{"source": "", "place": "", "text": "Words."}]
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_the_support_matches_what_the_program_prints():
    """A passage of these tests has the fields of a real one."""
    from rag_app.locator import Locator
    from rag_app.types import Passage

    real = Passage("light.md", "0" * 64, "c1", 0, 4, "Text", Locator(("Lamps",), line=3)).to_json()
    assert set(real) == set(passage())
