"""Where the course explains a tool."""

from __future__ import annotations

from pathlib import Path

from rag_app.registry import Entry, entries, get
from rag_app.tools.course import sections, tools_for

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"


def test_an_id_leads_to_its_section() -> None:
    """The catalogue lists the id X025 under 07.7."""
    assert sections(get("perplexity")) == [("07.7", "Likelihood and perplexity", "07-evaluation-metrics.md")]


def test_a_section_number_leads_to_itself() -> None:
    """An entry may name a section without an id."""
    assert [number for number, _, _ in sections(Entry("known", "tool", print, ("22.2",)))] == ["22.2"]


def test_sections_stand_in_the_order_of_the_course() -> None:
    """Whatever the order of the items."""
    assert [number for number, _, _ in sections(Entry("known", "tool", print, ("22.2", "X025", "02.1")))] == [
        "02.1",
        "07.7",
        "22.2",
    ]


def test_what_the_course_does_not_have_leads_nowhere() -> None:
    """An unknown item and an entry without items have no section."""
    assert sections(Entry("unknown", "tool", print, ("X999",))) == sections(Entry("none", "tool", print)) == []


def test_every_tool_is_explained() -> None:
    """In at least one section, under a heading of a chapter that exists."""
    for entry in entries():
        explained = sections(entry)
        assert explained, entry.name
        for _, heading, file in explained:
            lines = (KNOWLEDGE / file).read_text(encoding="utf-8").splitlines()
            assert any(line.startswith("#") and line.lstrip("#").strip() == heading for line in lines), (
                entry.name,
                heading,
            )


def test_a_place_of_the_course_has_tools():
    """At most two, first those that the question names; other documents and other sections have none."""
    place = ("07-evaluation-metrics.md", ("Measuring", "Likelihood and perplexity"))
    assert tools_for("What is perplexity?", *place)[0] == "perplexity"
    assert tools_for("What is the Bernoulli log-likelihood?", *place)[0] == "bernoulli_log_likelihood"
    assert len(tools_for("What is it?", *place)) == 2
    assert tools_for("What is perplexity?", "notes.md", place[1]) == []
    assert tools_for("What is perplexity?", place[0], ("Another",)) == []
