"""Metrics of citations, worked by hand."""

from __future__ import annotations

import pytest

from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import load_metrics

LAMP = "The lamp was lit for the first time in 1861."
SALT = "Salt on the glass dims the lamp."


def citation(quote, source="a.md", *heading):
    """A citation as rag ask --json prints it."""
    return {"quote": quote, "source": source, "locator": {"heading": list(heading)}}


def score(metric, answer, citations=(LAMP, SALT), **fields):
    """The score of an answer that cites quotations."""
    (found,) = load_metrics([metric])
    case = Case("When?", answerable=True, source=fields.pop("source", ""), fields=fields.pop("fields", {}))
    cited = tuple(c if isinstance(c, dict) else citation(c) for c in citations)
    return found.score(Example("When?", answer, citations=cited, source=case.source, case=case, **fields))


@pytest.mark.parametrize(
    ("answer", "support", "coverage"),
    [
        (f"{LAMP} [1]", 1.0, 1.0),
        (f"{LAMP} [2]", 0.0, 1.0),
        (f"{LAMP} [1, 2]", 0.5, 1.0),
        (f"{LAMP} [1] Whales sing in the sea.", 1.0, 0.5),
        (f"{LAMP} [1] Whales sing in the sea. [2]", 0.5, 1.0),
        ("The lamp was first lit in 1861 [1]. Salt dims the glass. [2]", 1.0, 1.0),
        (f"- {LAMP} [1]\n- {SALT} [2]", 1.0, 1.0),
        (f"{LAMP} [9]", None, 0.0),
        ("It costs 3.5 crowns. [1]", 0.0, 1.0),
        (f"{LAMP} {SALT} Whales sing. [2]", 0.5, 1 - 1 / 3),  # the second one is in what the third one cites
        (f"{LAMP} {SALT} [1]", 0.5, 1.0),  # the first one is
    ],
)
def test_support_and_coverage(answer, support, coverage):
    """Pairs of a sentence and its citation; sentences with any."""
    assert score("citation_support", answer).value == support
    assert score("citation_coverage", answer).value == coverage


def test_what_is_wrong_is_shown():
    """The sentences without a citation, and those whose citation does not hold them."""
    assert score("citation_support", "Whales sing. [1]").details == {"unsupported": ["Whales sing."]}
    assert score("citation_coverage", "Whales sing.").details == {"uncited": ["Whales sing."]}
    assert score("citation_support", f"{LAMP} [1]").why == "1 of 1 citation."
    assert score("citation_coverage", f"{LAMP} {SALT} [2]").why == "1 of 2 sentences."


@pytest.mark.parametrize("metric", ["citation_support", "citation_coverage", "citation_pointing"])
def test_a_refusal_has_nothing_to_cite(metric):
    """It is no zero."""
    found = score(metric, "No answer found.", citations=(), answered=False, evidence=(LAMP,))
    assert (found.status, found.why) == ("not-applicable", "There is no answer to cite for.")


def test_an_answer_without_citations():
    """Has no support to measure, and a coverage of zero."""
    assert score("citation_support", LAMP, citations=()).why == "The answer cites nothing."
    assert score("citation_coverage", LAMP, citations=()).value == 0.0
    assert score("citation_pointing", LAMP, citations=(), evidence=(LAMP,)).status == "not-applicable"


def test_pointing_by_place_and_by_words():
    """One citation stands in the place that the case names, one holds its evidence, one neither: 2 / 3."""
    cited = (citation("The tower.", "a.md", "The lamp"), citation(LAMP, "z.md"), citation("Whales.", "z.md"))
    found = score("citation_pointing", "…", cited, source="a.md", fields={"heading": "The lamp"}, evidence=(LAMP,))
    assert found.value == pytest.approx(2 / 3)
    assert score("citation_pointing", "…", cited).status == "not-applicable"


@pytest.mark.parametrize(
    ("citations", "expected"),
    [
        ((LAMP,), 1.0),
        ((SALT, LAMP), 1.0),
        ((SALT, SALT, LAMP), 0.0),  # the third one is not read
        (("The lamp was first lit in 1861",), 1.0),
        ((), 0.0),
    ],
)
def test_the_evidence_in_front(citations, expected):
    """Among the first two citations, most of its words."""
    assert score("evidence_cited", "…", citations, evidence=(LAMP,)).value == expected


def test_without_evidence_nothing_can_be_cited():
    """The case does not say what is."""
    assert score("evidence_cited", "…").status == "not-applicable"
