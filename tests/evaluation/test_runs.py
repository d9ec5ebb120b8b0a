"""Run files: whole, self-contained, and the same when they are read again."""

from __future__ import annotations

import json
import os
import re

import pytest

from rag_app.errors import EvaluationError
from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.evaluation.runs import Row, Run, load_run, save_run, write_whole
from rag_app.evaluation.scores import failed, not_applicable, scored

CARDS = tuple(metric.card for metric in load_metrics(["false_answer", "false_refusal", "cost"]))


@pytest.fixture
def run():
    """Two rows, one of which has no answer."""
    case = Case("Who?", True, "Ann", ("Ann keeps it.",), "a.md", "who", "cases.jsonl:1", "c-1", {"split": "dev"})
    answer = {"answer": "Ann [1]", "answered": True, "citations": [{"quote": "Ann"}], "retrieved": [{"text": "Ann."}]}
    scores = {
        "false_answer": not_applicable("No."),
        "false_refusal": scored(0.0, "It was answered."),
        "cost": scored(0),
    }
    first = Row(case, "default", 0, answer, scores, 0.25, {"input_tokens": 7}, 0.001, cached=True, strength=0.8)
    second = Row(case, "default", 1, error="The server is down.", scores={"cost": failed("There is no answer.")})
    suite = {"name": "small", "thresholds": {}}
    return Run(
        suite, {"default": {"k": 3}}, CARDS, (first, second), 3, {"code": "x"}, {"numpy": "2"}, "2026-01-01", 1.5
    )


def test_a_run_file_holds_everything(run, tmp_path):
    """But the place of a case, which is another one on another machine."""
    save_run(run, tmp_path / "deep" / "run.json")
    found = load_run(tmp_path / "deep" / "run.json")
    assert found.rows[0].case.place == ""
    assert found.to_json() == run.to_json()
    assert found.rows[0].scores == run.rows[0].scores
    assert found.metrics == CARDS
    assert str(tmp_path) not in (tmp_path / "deep" / "run.json").read_text(encoding="utf-8")


def test_what_metrics_look_at(run):
    """The example of a row has its answer, its case and what it took."""
    example = run.rows[0].example
    assert (example.question, example.answer, example.reference, example.passages) == (
        "Who?",
        "Ann [1]",
        "Ann",
        ("Ann.",),
    )
    assert (example.latency_s, example.cost, example.usage, example.strength) == (0.25, 0.001, {"input_tokens": 7}, 0.8)
    assert (run.rows[1].example.answered, run.rows[1].text) == (False, "")
    assert (run.rows[0].case_id, run.rows[0].question, run.rows[0].reference, run.name) == (
        "c-1",
        "Who?",
        "Ann",
        "small",
    )


def test_a_slim_run_is_enough_to_compare_with(run, tmp_path):
    """Values, answers and clusters stay; passages, citations and reasons go."""
    save_run(run.slim(), tmp_path / "slim.json")
    found = load_run(tmp_path / "slim.json").rows[0]
    assert found.answer == {"answer": "Ann [1]", "answered": True}
    assert {name: score.value for name, score in found.scores.items()} == {
        "false_answer": None,
        "false_refusal": 0.0,
        "cost": 0.0,
    }
    assert (found.case.cluster, found.case.evidence) == ("a.md", ())


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    """What stood there is replaced, and nothing is left beside it; a folder cannot be written over."""
    write_whole("old", tmp_path / "a.txt")
    write_whole("new", tmp_path / "a.txt")
    assert [(p.name, p.read_text(encoding="utf-8")) for p in tmp_path.iterdir()] == [("a.txt", "new")]
    (tmp_path / "folder").mkdir()
    with pytest.raises(EvaluationError, match=r"folder must be a file that can be written; the system says: "):
        write_whole("new", tmp_path / "folder")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "folder"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "run.json must be a run file; it holds something else."),
        ("[]", "run.json must be a run file; it holds something else."),
        ('{"rows": []}', "run.json must be a run file; it holds something else."),
        ('{"format": 9}', "run.json must be a run file of format 1; got format 9."),
        ('{"format": 1, "rows": [1], "metrics": []}', "run.json must be a run file; it holds something else."),
    ],
)
def test_a_file_that_is_no_run(tmp_path, text, message):
    """Is refused with the command that makes one."""
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=re.escape(f"{message} Make one with: rag eval run SUITE")):
        load_run(tmp_path / "run.json")


def test_a_file_that_is_not_there(tmp_path):
    """Is said to be missing."""
    with pytest.raises(EvaluationError, match=r"none\.json must be a run file; it cannot be read: no such file"):
        load_run(tmp_path / "none.json")


def test_no_value_of_a_run_is_nan(run):
    """JSON has none."""
    json.dumps(run.to_json(), allow_nan=False)
