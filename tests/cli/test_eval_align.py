"""``rag eval align`` and ``rag eval export``: a run is exported, labelled, and compared with a metric or a judge."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.eval_runs import answer, row, run

from rag_app.evaluation.runs import save_run
from rag_app.evaluation.scores import failed

GOOD, BAD = '{"reason": "It names the keeper.", "score": 5}', '{"reason": "It is about gas.", "score": 1}'


@pytest.fixture
def labels(rag: CommandLine) -> Path:
    """Four labelled answers, two of them good."""
    path = rag.folder / "labels.jsonl"
    samples = [{"user_input": f"Who {i}?", "response": f"The keeper {i}.", "label": i % 2} for i in range(4)]
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")
    return path


def script(rag: CommandLine, *replies: str) -> str:
    """Return the name of a language model that sends these replies."""
    (rag.folder / "script.txt").write_text("\n\n".join(replies), encoding="utf-8")
    return "scripted:script.txt"


def test_a_judge_is_compared_with_labels(rag: CommandLine, labels: Path):
    """Figures with intervals, who calls what good, and the answers on which both differ."""
    done = rag.inside(
        "eval", "align", "judge_relevance", labels.name, "--judge", script(rag, GOOD), "--threshold", "0.5"
    )
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "judge_relevance: 4 of 4 labelled answers have a score"
    assert lines[1].startswith("AUROC 0.500 (")
    assert any(line.startswith("Cohen's kappa 0.000 (") for line in lines)
    assert "good from 0.5" in lines
    assert [line.split() for line in lines if line.startswith("you:")] == [
        ["you:", "good", "2", "0"],
        ["you:", "bad", "2", "0"],
    ]
    assert any("you 0, metric 1. It names the keeper." in line for line in lines)


def test_a_program_reads_json(rag: CommandLine, labels: Path):
    """The whole of it, the spread of a judge that is asked twice too."""
    judge = ("--judge", script(rag, GOOD), "--repeats", "2")
    done = rag.inside("eval", "align", "judge_relevance", labels.name, *judge, "--json")
    found = json.loads(done.out)
    assert found["metric"] == "judge_relevance"
    assert set(found["figures"]) >= {"auroc", "kappa"}
    assert found["spread"] == {"n": 4, "mean": 0.0, "highest": 0.0}


def test_without_labels_ours_are_used(rag: CommandLine):
    """48 answers, 15 of them good; a judge that approves of everything is found out."""
    reply = {"verdicts": [{"statement": 1, "reason": "So.", "verdict": "supported"}]}
    judge = ("--judge", script(rag, json.dumps(reply)), "--threshold", "0.5")
    done = rag.inside("eval", "align", "judge_faithfulness", *judge, "--json")
    found = json.loads(done.out)
    assert (found["n"], found["n_scored"], found["n_errors"]) == (48, 48, 0)
    assert found["table"] == {"both_good": 15, "only_you": 0, "only_metric": 33, "both_bad": 0}
    assert found["figures"]["kappa"]["value"] == 0


def test_repeats_grades_and_single_failures_are_told(rag: CommandLine):
    """The spread of a judge, the correlation with grades, and how many answers have no score."""
    samples = [{"user_input": f"Who {i}?", "response": f"It is keeper {i}.", "label": i + 1} for i in range(6)]
    path = rag.folder / "grades.jsonl"
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")
    judge = ("--judge", script(rag, GOOD, BAD, BAD, GOOD, GOOD), "--repeats", "2")
    done = rag.inside("eval", "align", "judge_relevance", path.name, *judge)
    assert re.search(r"^rank correlation -?\d\.\d{3} \(", done.out, re.MULTILINE)
    assert re.search(r"^asked again, its scores spread by 0\.\d+ on average, 0\.\d+ at most$", done.out, re.MULTILINE)
    save_run(
        run([row(n, "v", answer("A."), {"judge_relevance": failed("No.") if n == 5 else n / 10}) for n in range(6)]),
        rag.folder / "run.json",
    )
    labels = [{"id": f"q{n}", "label": int(n > 2)} for n in range(6)]
    path.write_text("".join(json.dumps(label) + "\n" for label in labels), encoding="utf-8")
    done = rag.inside("eval", "align", "judge_relevance", path.name, "--run", "run.json")
    assert "1 have none, because the metric failed." in done.out


def test_failures_of_the_judge_are_told(rag: CommandLine, labels: Path):
    """They are counted, and no score is made up."""
    done = rag.inside("eval", "align", "judge_relevance", labels.name, "--judge", script(rag, "?"))
    assert done.code == 2
    assert "got no score at all" in done.err


def test_a_run_is_exported_labelled_and_compared(rag: CommandLine):
    """The export takes labels; the scores that the run has are used, and no judge is asked."""
    rows = [row(n, "v", answer(f"The keeper {n}."), {"judge_relevance": n / 10}) for n in range(8)]
    save_run(run(rows), rag.folder / "run.json")
    done = rag.inside("eval", "export", "run.json", "answers.jsonl")
    assert done.out.splitlines()[0] == "wrote 8 answers into answers.jsonl"
    path = rag.folder / "answers.jsonl"
    records = [
        {**json.loads(line), "label": int(n >= 4)}
        for n, line in enumerate(path.read_text(encoding="utf-8").splitlines())
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    done = rag.inside("eval", "align", "judge_relevance", "answers.jsonl", "--run", "run.json")
    assert (done.code, done.err) == (0, "")
    assert "AUROC 1.000 (1.000 to 1.000)" in done.out
    assert (
        "good from 0.35, chosen on these labels; the figures are those of answers that it was not chosen on" in done.out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recal", "labels.jsonl"), "There is no metric named 'recal'."),
        (("judge_relevance", "none.jsonl"), "none.jsonl cannot be read: no such file or directory"),
        (("judge_relevance", "labels.jsonl"), "The judge must be a language model; got 'extractive'."),
        (("judge_relevance", "--run", "run.json"), "LABELS must name a file where --run is given; got nothing."),
        (("judge_relevance", "labels.jsonl", "--run", "none.json"), "none.json must be a run file; it cannot be read"),
    ],
)
def test_mistakes_are_named(rag: CommandLine, labels: Path, arguments: tuple[str, ...], message: str):  # noqa: ARG001
    """In one sentence, with exit code 2."""
    done = rag.inside("eval", "align", *arguments)
    assert done.code == 2
    assert message in done.err
