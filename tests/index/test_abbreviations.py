"""Abbreviations are written out as the documents write them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_apps import app_over

from rag_app import App, build
from rag_app.index.abbreviations import Abbreviations, long_form

TEXTS = (
    "A tidal power station (TPS) makes electricity. A tidal power station works twice a day.",
    "The load of tidal power stations (TPSs) changes. Every TPS has turbines.",
    "The Kellner–Lang distance, abbreviated KL, is a distance. The Kellner–Lang distance is symmetric. KL is cheap.",
    "The body mass index (BMI) is a number. A body mass index of 22 is healthy. Some say basic monthly income (BMI).",
    "The North Sea Map Office (NASA) is a name. NASA is known. NASA flies. NASA waits. NASA lands. NASA works.",
    "A state (STATE) of matter. **Sea salt** (SS) is salt. Sea salt is healthy.",
    "TPS: a note. The TPS of today, and the TPS of tomorrow. Every tps was counted.",
    "This is an ocean-based wind farm (OWF). An ocean-based wind farm is at sea.",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """An index of files that introduce abbreviations."""
    return app_over(tmp_path_factory.mktemp("abbreviations"), *TEXTS, n_copies=2)


@pytest.fixture(scope="module")
def abbreviations(app: App) -> Abbreviations:
    """What that index introduces."""
    return Abbreviations(app.library, app._lexical)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("What is a TPS?", "What is a tidal power station (TPS)?"),
        ("How do TPSs work?", "How do tidal power stations (TPSs) work?"),
        ("Is a KL distance symmetric?", "Is a Kellner–Lang (KL) distance symmetric?"),
        ("Is KL symmetric?", "Is Kellner–Lang distance (KL) symmetric?"),
        ("Is SS healthy?", "Is sea salt (SS) healthy?"),
        ("Where is an OWF?", "Where is an ocean-based wind farm (OWF)?"),
    ],
)
def test_an_abbreviation_is_written_out(abbreviations: Abbreviations, asked: str, expected: str) -> None:
    """As the documents introduce it, in the plural where it is; what is written out already stays."""
    assert abbreviations.expand(asked) == expected
    assert abbreviations.expand(expected) == expected


@pytest.mark.parametrize(
    "asked",
    [
        "What is a tidal power station, or TPS?",
        'Who says "TPS"?',
        "What is a BMI?",  # two things
        "Who is NASA?",  # a name by itself
        "What is TPS-2?",
        "What state is it in?",
        "Was ist eine TPSx? 何ですか?",
        "",
    ],
)
def test_what_is_no_clear_abbreviation_stays(abbreviations: Abbreviations, asked: str) -> None:
    """What is ambiguous, a name, quoted, or part of another word."""
    assert abbreviations.expand(asked) == asked


def test_without_capitals_only_what_is_asked_about_is_an_abbreviation(abbreviations: Abbreviations) -> None:
    """And only one that many passages have."""
    assert abbreviations.expand("what is a tps?", ["tps"]) == "what is a tidal power station (tps)?"
    assert abbreviations.expand("what is a tps?") == "what is a tps?"
    assert abbreviations.expand("what is ss?", ["ss"]) == "what is ss?"


@pytest.mark.parametrize(
    ("short", "before", "long"),
    [
        ("SSL", "a kind of self-supervised learning", "self-supervised learning"),
        (
            "TFEU",
            "the Treaty on the Functioning of the European Union",
            "Treaty on the Functioning of the European Union",
        ),
        ("RLHF", "Then reinforcement learning from human feedback", "reinforcement learning from human feedback"),
        ("UV", "light of ultraviolet", "ultraviolet"),
        ("FA", "of apples", ""),
        ("AB", "AB", ""),
        ("AB", "", ""),
    ],
)
def test_every_letter_is_in_what_it_is_short_for(short: str, before: str, long: str) -> None:
    """Words that begin with the letters go before any others; a word such as "of" begins nothing."""
    assert long_form(short, before) == long


def test_answers_and_searches_write_it_out(app: App) -> None:
    """The answer says how the question was read, and the same is found as for the words written out."""
    short, long = app.ask("What is a TPS?"), app.ask("What is a tidal power station (TPS)?")
    assert short.question == long.question == "What is a tidal power station (TPS)?"
    assert short.text == long.text
    assert app.search("what is a tps?")[0].source == app.search("What is a TPS?")[0].source


def test_a_statement_is_searched_as_it_stands(app: App) -> None:
    """A request that ends in a full stop is none."""
    respell = app._passages.respell
    assert respell("The TPS is at sea.") == "The TPS is at sea."
    assert respell("Explain the TPS.") == "Explain the tidal power station (TPS)."


def test_what_is_added_is_known_at_once(tmp_path: Path) -> None:
    """An abbreviation is looked up anew when the index has changed."""
    app = build(data_dir=tmp_path / "index")
    abbreviations = Abbreviations(app.library, app._lexical)
    for text, expected in (
        ("A TPS is at sea. ", "a TPS"),
        ("A tidal power station (TPS) is at sea. ", "a tidal power station (TPS)"),
    ):
        for name in "ab":
            (tmp_path / f"{name}.md").write_text(f"{text * 3} {name}", encoding="utf-8")
        app.ingest([tmp_path / "a.md", tmp_path / "b.md"])
        assert abbreviations.expand("a TPS") == expected
