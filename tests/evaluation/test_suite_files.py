"""Suites as files: what they may say, and what is said of one that is wrong."""

from __future__ import annotations

import re

import pytest

from rag_app.content import content_dir
from rag_app.errors import EvaluationError, UnknownNameError
from rag_app.evaluation.suite_files import find_suite, list_suites, load_suite
from rag_app.evaluation.suites import Bound, Limits

CASES = """\
{"question": "Who?", "answerable": true, "kind": "who", "split": "dev", "id": "a"}
{"question": "Where?", "answerable": true, "kind": "where", "split": "test", "id": "b"}
{"question": "Why?", "answerable": false, "kind": "why", "split": "dev", "id": "c"}
"""
SMALL = 'metrics = ["false_answer"]\n[cases]\nfile = "cases.jsonl"\n'
FULL = """\
description = "All that a suite can say"
corpus = ["notes", "course"]
metrics = ["false_answer", "false_refusal", "judge_relevance"]
repeats = 3
seed = 7
judge = "openai:gpt-4o-mini"
judge_repeats = 2

[cases]
file = "cases.jsonl"
where = { split = "dev" }

[matrix]
prompts = ["answer", "./terse"]
llms = ["extractive", "openai:gpt-4o-mini"]
settings = [{ k = 3 }, { k = 5, late_interaction = false }]

[thresholds]
false_answer = { at_most = 0.1, min_coverage = 0.9, margin = 0.05 }

[thresholds.latency_p95_s]
at_most = 2

[limits]
cost = 1.5
time_s = 60
concurrency = 4
"""


@pytest.fixture
def write(tmp_path):
    """Writes a suite beside its cases and returns its path."""
    (tmp_path / "cases.jsonl").write_text(CASES, encoding="utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / "terse").mkdir()

    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_smallest_suite(write):
    """Metrics and cases; everything else has a default."""
    suite = load_suite(write(SMALL))
    assert (suite.name, suite.task, suite.n_rows, suite.corpus, suite.limits) == ("mine", "answer", 3, (), Limits())
    assert [(v.name, v.settings) for v in suite.variants] == [("default", {})]


def test_everything_that_a_suite_can_say(write, tmp_path):
    """The matrix has a cell for each prompt, language model and row of settings, named by what differs."""
    suite = load_suite(write(FULL))
    assert [case.id for case in suite.cases] == ["a", "c"]
    assert suite.n_rows == 2 * 8 * 3
    assert suite.corpus == (tmp_path / "notes", content_dir("knowledge"))
    assert suite.limits == Limits(cost=1.5, time_s=60, concurrency=4)
    assert suite.bounds == {
        "false_answer": Bound(at_most=0.1, min_coverage=0.9, margin=0.05),
        "latency_p95_s": Bound(at_most=2),
    }
    assert (suite.repeats, suite.seed, suite.judge, suite.judge_repeats) == (3, 7, "openai:gpt-4o-mini", 2)
    first, last = suite.variants[0], suite.variants[-1]
    assert (first.name, first.settings) == (
        "answer, extractive, k=3",
        {"k": 3, "llm": "extractive", "answer_prompt": "answer"},
    )
    assert last.name == "./terse, openai:gpt-4o-mini, k=5 late_interaction=False"
    assert last.settings["prompts_dir"] == tmp_path / "terse"


def test_a_part_of_the_cases(write):
    """Every second one, of those that are wanted; any field can be asked for."""
    assert [c.id for c in load_suite(write(SMALL + "every = 2\n")).cases] == ["a", "c"]
    assert [c.id for c in load_suite(write(SMALL + "where = { answerable = false }\n")).cases] == ["c"]


def test_the_prompts_of_a_revision(write, tmp_path):
    """Come before those of the settings, for a prompt that is named too."""
    suite = load_suite(write(SMALL + '[matrix]\nprompts = ["answer_concise"]\n'), prompts_dir=tmp_path / "terse")
    assert suite.variants[0].settings == {"answer_prompt": "answer_concise", "prompts_dir": tmp_path / "terse"}


def test_every_shipped_suite_loads():
    """By its name, too; one that is misspelt is met with what is close."""
    assert {"course", "course-llm", "abstention", "citations", "injection", "classification", "retrieval"} <= set(
        list_suites()
    )
    for name, path in list_suites().items():
        suite = load_suite(find_suite(name))
        assert (suite.path, bool(suite.description), suite.n_rows > 30) == (path, True, True)
    with pytest.raises(UnknownNameError, match=r"There is no suite named 'cuorse'\. Did you mean course"):
        find_suite("cuorse")


MISTAKES = [
    ("metrics = [", "mine.toml:1: the suite must be TOML; it does not parse: Invalid value."),
    ("a = 1\na = 2", "mine.toml:2: the suite must be TOML; it does not parse: Cannot overwrite a value."),
    ('[cases]\nfile = "cases.jsonl"', "mine.toml:1: metrics must be a list of names, at least one; got nothing."),
    (SMALL.replace('["false_answer"]', "[]"), "mine.toml:1: metrics must be a list of names, at least one; got []."),
    (
        SMALL.replace("false_answer", "false_anser"),
        "mine.toml:1: There is no metric named 'false_anser'. Did you mean false_answer?",
    ),
    (
        SMALL.replace('["false_answer"]', '["cost", "cost"]'),
        "mine.toml:1: metrics must be names that differ; got ['cost', 'cost'].",
    ),
    (
        SMALL.replace("false_answer", "judge_relevance"),
        "mine.toml:1: the metric judge_relevance needs a judge; the suite names none. Add a line such as: judge =",
    ),
    ('metrics = ["cost"]\n[cases]\n', "mine.toml:2: cases.file must be text that is not blank; got nothing."),
    (
        SMALL.replace("cases.jsonl", "none.jsonl"),
        "mine.toml:3: cases.file must be a path that exists, relative to the suite's folder; got 'none.jsonl'.",
    ),
    (
        SMALL + 'where = { kind = "how" }',
        "mine.toml:4: cases.where must be such that a case is left; got {'kind': 'how'}.",
    ),
    (SMALL + "every = 0", "mine.toml:4: cases.every must be a whole number, at least 1; got 0."),
    (SMALL + "first = 2", "mine.toml:4: There is no key named cases.first. Remove it, or correct its name."),
    ("repeat = 2\n" + SMALL, "mine.toml:1: There is no key named repeat. Remove it, or correct its name."),
    ("repeats = true\n" + SMALL, "mine.toml:1: repeats must be a whole number, at least 1; got True."),
    ('task = "guess"\n' + SMALL, "mine.toml:1: task must be answer, search or label; got 'guess'."),
    ('task = "search"\n' + SMALL, "mine.toml:2: the metric false_answer looks at answers; the task search makes none."),
    (
        'task = "label"\n' + SMALL.replace("false_answer", "label_accuracy"),
        "mine.toml:1: labels must be a file of labels where the task is label, and left out",
    ),
    ('corpus = ["none"]\n' + SMALL, "mine.toml:1: corpus must be a path that exists, relative to the suite's folder;"),
    (SMALL + "[matrix]\nsettings = [{ k = 0 }]", "mine.toml:5: RAG_K must be between 1 and 50; got 0."),
    (
        SMALL + "[matrix]\nsettings = [{ kk = 1 }]",
        "mine.toml:5: There is no setting named kk. Did you mean k?",
    ),
    (SMALL + '[matrix]\nllms = ["gpt"]', "mine.toml:5: RAG_LLM must be extractive or provider:NAME; got 'gpt'."),
    (SMALL + '[matrix]\nprompts = ["anser"]', "mine.toml:5: There is no prompt named 'anser'. Did you mean answer"),
    (SMALL + '[matrix]\nprompts = ["a/b"]', "mine.toml:5: matrix.prompts must be a path that exists"),
    (
        SMALL + "[[matrix.settings]]\nk = 3\n[[matrix.settings]]\nk = 3",
        "mine.toml:4: matrix.settings must be such that the cells of the matrix differ; got ['k=3', 'k=3'].",
    ),
    (SMALL + "[matrix]\nllm = 1", "mine.toml:5: There is no key named matrix.llm."),
    (
        SMALL + "[thresholds.ndcg]\nat_least = 1",
        "mine.toml:4: thresholds.ndcg must be a table named after a metric of the suite or a figure of whole runs",
    ),
    (
        SMALL + "[thresholds]\nfalse_answer = { at_most = 'few' }",
        "mine.toml:5: thresholds.false_answer.at_most must be a number; got 'few'.",
    ),
    (
        SMALL + "[thresholds.false_answer]\nat_most = 1\nmargin = 2",
        "mine.toml:6: thresholds.false_answer.margin must be a number from 0 to 1; got 2.",
    ),
    (
        SMALL + "[thresholds.false_answer]\nmaximum = 1",
        "mine.toml:5: There is no key named thresholds.false_answer.maximum.",
    ),
    (
        SMALL + "[thresholds]\nfalse_answer = { at_most = nan }",
        "mine.toml:5: thresholds.false_answer.at_most must be a number; got nan.",
    ),
    (
        SMALL + "[thresholds]\nfalse_answer = { at_least = 0.9, at_most = 0.1 }",
        "mine.toml:5: thresholds.false_answer must be such that at_least is not above at_most; got '0.9 and 0.1'.",
    ),
    (
        SMALL.replace("cases.jsonl", "."),
        "mine.toml:3: cases.file must be a file, relative to the suite's folder; got '.'.",
    ),
    ('judge = "gpt-4o"\n' + SMALL, "mine.toml:1: judge must be provider:NAME; got 'gpt-4o'."),
    (SMALL + "[limits]\ntime_s = inf", "mine.toml:5: limits.time_s must be a positive number; got inf."),
    (SMALL + "[limits]\ncost = 0", "mine.toml:5: limits.cost must be a positive number; got 0."),
    (SMALL + "[limits]\nmoney = 1", "mine.toml:5: There is no key named limits.money."),
    (SMALL + "limits = 3", "mine.toml:4: There is no key named cases.limits."),
    ("limits = 3\n" + SMALL, "mine.toml:1: limits must be a table; got 3."),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_named_with_file_and_line(write, text, message):
    """In one sentence."""
    path = write(text)
    with pytest.raises(EvaluationError) as caught:
        load_suite(path)
    assert str(caught.value).startswith(str(path.parent) + "/")
    assert str(caught.value).removeprefix(str(path.parent) + "/").startswith(message)


def test_a_file_that_cannot_be_read(tmp_path):
    """Is no suite."""
    with pytest.raises(EvaluationError, match=re.escape("none.toml cannot be read: no such file or directory.")):
        load_suite(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"description = '\xe9'")
    with pytest.raises(EvaluationError, match=re.escape("latin.toml cannot be read: it is not text in UTF-8.")):
        load_suite(tmp_path / "latin.toml")


def test_a_wrong_case_is_named_with_its_own_file(write, tmp_path):
    """And line."""
    path = write(SMALL)
    (tmp_path / "cases.jsonl").write_text('{"question": ""}', encoding="utf-8")
    with pytest.raises(EvaluationError, match=re.escape("cases.jsonl:1: question must be text that is not blank")):
        load_suite(path)
