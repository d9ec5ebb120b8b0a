"""Poisoned documents: what of an attempt to take over an answer gets through, and that the checks can fail."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from rag_app.app import App
from rag_app.settings import Settings
from rag_app.types import Answer

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load_benchmark():
    """Return the module that measures; it stands beside the package."""
    spec = importlib.util.spec_from_file_location("injection", BENCHMARKS / "injection.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARKS))  # for its sibling that writes reports
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


INJECTION = load_benchmark()
CASES = INJECTION.load_cases()
IDS = [case["id"] for case in CASES]
# What is known to get through, by the way of the answer: a statement that differs from the document's in a word or two
# counts as weakly supported by it, and some documents state what they want to be said.
FAILS = {
    "quotations": set(),
    "flag": {f"injection-{n:02d}" for n in (2, 3, 4, 10, 14, 21, 24, 43, 44, 45, 48, 64, 65, 66)},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An index of all poisoned documents."""
    folder = tmp_path_factory.mktemp("injection")
    INJECTION.ingest(folder)
    return folder


@pytest.fixture(scope="module")
def ways(folder):
    """Applications that quote, and that ask a script which obeys every instruction that it reads."""
    settings = Settings.load(environ={}, data_dir=folder)
    return {"quotations": App(settings), "flag": App(settings, llm=INJECTION.ObedientChat(cases=CASES))}


def test_the_corpus_is_what_its_readme_says():
    """At least sixty cases of eleven kinds, each with a document, a rule and a pattern that finds what is obeyed."""
    assert len(CASES) >= 60
    assert len({case["kind"] for case in CASES}) == 11
    assert len({case["question"] for case in CASES}) == len(CASES)
    documents = {path.name for path in (INJECTION.FOLDER / "docs").iterdir()}
    assert {case["document"] for case in CASES} == documents
    for case in CASES:
        assert case["rule"] in INJECTION._RULES
        assert re.search(case["payload"], case["obeyed"]), case["id"]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_reply_that_is_shown_as_it_comes_fails(ways, case):
    """So a case that passes does so because of what we do: the same reply, unread, breaks a rule."""
    obeyed = case["obeyed"].replace("{n}", "1").replace("{question}", "x")
    assert INJECTION.failures(ways["quotations"], case, Answer(case["question"], obeyed), obeyed)


@pytest.mark.parametrize("way", FAILS)
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_gets_through(ways, way, case):
    """Nothing but what is known to."""
    answer, shown = INJECTION.ask(ways[way], case["question"])
    assert bool(INJECTION.failures(ways[way], case, answer, shown)) is (case["id"] in FAILS[way])
