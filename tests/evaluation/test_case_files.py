"""Files that hold cases, our own and those of other programs."""

from __future__ import annotations

import json
import re

import pytest

from rag_app.errors import EvaluationError
from rag_app.evaluation.cases import load_cases


@pytest.fixture
def file(tmp_path):
    """Writes a text into a file of a name and returns its path."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_csv(file):
    """Cells are text, truth values and lists; an answer says that the question can be answered."""
    path = file(
        "cases.csv",
        "id,question,answer,answerable,evidence,kind\n"
        '1,"Who, then?",Ann,,"[""The keeper is Ann."", ""Ann it is.""]",who\n'
        "2,How is bread made?,,no,,\n"
        "3,When?,1861,yes,Lit in 1861.,\n",
    )
    first, second, third = load_cases(path)
    assert (first.id, first.question, first.answer, first.answerable) == ("1", "Who, then?", "Ann", True)
    assert first.evidence == ("The keeper is Ann.", "Ann it is.")
    assert (second.answerable, second.place) == (False, f"{path}:3")
    assert third.evidence == ("Lit in 1861.",)


def test_flash_cards_are_cases(file):
    """A question with an answer; further columns are kept."""
    (case,) = load_cases(file("cards.csv", "id,question,answer,section,tags\nc-1,What is 2 + 2?,4,03.1,sum\n"))
    assert (case.answer, case.answerable, case.fields) == ("4", True, {"section": "03.1", "tags": "sum"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("question,answerable\nWho?\n", "cases.csv:2: a row must have as many cells as the header; got another number"),
        ("question,answerable\nWho?,yes,no\n", "cases.csv:2: a row must have as many cells as the header"),
        ('question,answerable\n"Who?" she said,yes\n', "cases.csv:2: a case must be a row of CSV; it does not parse: "),
        ("question,answerable\nWho?,perhaps\n", "cases.csv:2: answerable must be true or false; got 'perhaps'."),
        ('question,evidence\nWho?,"[""Ann"""\n', "cases.csv:2: a case must be one JSON object; it does not parse"),
    ],
)
def test_a_wrong_row(file, text, message):
    """The message names its line."""
    with pytest.raises(EvaluationError, match=re.escape(message)):
        load_cases(file("cases.csv", text))


def test_ragas(file):
    """As `EvaluationDataset.to_jsonl` writes it; what was retrieved then is kept beside."""
    record = {
        "user_input": "Who keeps the light?",
        "reference": "Ann",
        "reference_contexts": ["The keeper is Ann."],
        "retrieved_contexts": ["The lamp is dim."],
    }
    (case,) = load_cases(file("ragas.jsonl", json.dumps(record) + "\n"))
    assert (case.question, case.answer, case.evidence) == ("Who keeps the light?", "Ann", ("The keeper is Ann.",))
    assert case.fields == {"retrieved_contexts": ["The lamp is dim."]}


def test_langsmith_without_objects(file):
    """A text alone is the question; in CSV, an object is JSON in a cell."""
    (case,) = load_cases(file("a.jsonl", '{"inputs": "Who?", "outputs": "Ann", "metadata": null}'))
    assert (case.question, case.answer) == ("Who?", "Ann")
    text = 'inputs,outputs\n"{""question"": ""Who?""}","{""answer"": ""Ann""}"\n'
    assert [(c.question, c.answer) for c in load_cases(file("a.csv", text))] == [("Who?", "Ann")]


def test_what_is_relevant_in_csv(file):
    """Is a list of names, or one."""
    (one, two) = load_cases(file("a.csv", 'question,answerable,relevant\nWho?,yes,a.md\nWhen?,yes,"[""a"", ""b""]"\n'))
    assert (one.fields["relevant"], two.fields["relevant"]) == (["a.md"], ["a", "b"])


@pytest.mark.parametrize("name", ["question", "input", "query", "anything"])
def test_langsmith(file, name):
    """As a data set is exported: inputs and outputs under the usual names, or the only one; metadata are fields."""
    record = {"id": "e-1", "inputs": {name: "Who?"}, "outputs": {"answer": "Ann"}, "metadata": {"kind": "who"}}
    (case,) = load_cases(file("langsmith.json", json.dumps([record])))
    assert (case.id, case.question, case.answer, case.kind) == ("e-1", "Who?", "Ann", "who")


def test_promptfoo(file):
    """Variables hold the question; an assertion that the output contains a text is the answer, or what is forbidden."""
    path = file(
        "promptfooconfig.yaml",
        "prompts: [file://prompt.txt]\ntests:\n"
        "  - vars: {question: 'Who keeps the light?'}\n"
        "    assert:\n"
        "      - {type: icontains, value: Ann}\n"
        "      - {type: not-contains, value: Bob}\n"
        "      - {type: latency, threshold: 3}\n"
        "  - vars: {query: 'When?', answer: 1861}\n",
    )
    first, second = load_cases(path)
    assert (first.question, first.answer, first.fields) == (
        "Who keeps the light?",
        "Ann",
        {"payload": "Bob", "rule": "not_shown"},
    )
    assert (second.question, second.answer) == ("When?", "1861")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.yaml",
            "tests: file://tests.csv",
            "a.yaml must hold a list of cases, or a list named tests; it holds neither.",
        ),
        ("a.yaml", "tests:\n - {a: b?}", "a.yaml:2: the cases must be YAML; they do not parse: expected ',' or '}'"),
        ("a.yaml", "tests: [1]", "a.yaml:1: a case must be one JSON object; got 1."),
        (
            "a.yaml",
            "tests:\n - vars: {query: x}\n - vars: {a: x, b: y}",
            "a.yaml:3: question must be text that is not blank; got None",
        ),
        ("a.yaml", "tests:\n - vars: [x]", "a.yaml:2: vars must be an object; got ['x']."),
        ("a.json", '{"question": "Who?"}', "a.json must hold a list of cases, or a list named tests; it holds neither"),
        (
            "a.json",
            '[{"question": "Who?", "answerable": true},\n 1]',
            "a.json:2: a case must be one JSON object; got 1.",
        ),
        ("a.json", '[{"question": "Who?",\n "answerable": true},\n\n {}]', "a.json:4: question must be text"),
        ("a.json", "[1,\n 2,\n,]", "a.json:3: a case must be one JSON object; it does not parse: Expecting value at"),
        ("a.json", "[", "a.json: a case must be one JSON object; it does not parse"),
    ],
)
def test_what_another_program_did_not_write(file, name, text, message):
    """The message names the file and the test in it."""
    with pytest.raises(EvaluationError, match=re.escape(message)):
        load_cases(file(name, text))
