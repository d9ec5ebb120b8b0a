"""The shipped suites that need no language model keep their thresholds, and what they reached before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine

from rag_app.content import content_dir
from rag_app.evaluation.suite_files import list_suites, load_suite

# The first one fills the cache for the next two: they ask some of the same questions.
SUITES = ["abstention", "course", "citations", "classification", "injection", "retrieval"]


@pytest.fixture
def rag(tmp_path: Path) -> CommandLine:
    """``rag`` in an empty folder."""
    return CommandLine(tmp_path, tmp_path / "data")


def test_the_suites_are_passed(rag: CommandLine) -> None:
    """Thresholds are kept, every answer has its scores, and nothing is worse than in the committed baseline."""
    passed = {}
    for name in SUITES:  # in one test: they share an index and a cache, which two processes would make twice
        done = rag.inside("eval", "run", name, "--baseline", "--json")
        found = json.loads(done.out)
        failed = [f"{o['metric']} {o['rule']}: {o['got']}" for o in found["outcomes"] if not o["passed"]]
        failed += [
            f"{d['metric']}: {d['verdict']}, {d['gain']:+.3f}"
            for comparison in found["comparisons"]
            for d in comparison["differences"]
            if d["verdict"] in {"worse", "not covered"}
        ]
        passed[name] = (done.code, found["n_errors"], failed, bool(found["outcomes"]))
    assert passed == dict.fromkeys(SUITES, (0, 0, [], True))


def test_every_suite_without_a_language_model_is_run_here() -> None:
    """The others name none: they take the one of the settings."""
    without = {name for name, path in list_suites().items() if _needs_no_llm(path)}
    assert without == set(SUITES)


def test_a_baseline_holds_no_passages() -> None:
    """It is compared with, not read."""
    for name in SUITES:
        text = (content_dir("evals") / "baselines" / f"{name}.json").read_text(encoding="utf-8")
        assert '"retrieved"' not in text


def _needs_no_llm(path: Path) -> bool:
    suite = load_suite(path)
    return suite.task != "answer" or all(v.settings.get("llm") == "extractive" for v in suite.variants)
