"""Case files: what they hold, and what is said of a line that is wrong."""

from __future__ import annotations

import json
import re

import pytest

from rag_app.content import content_dir
from rag_app.errors import EvaluationError
from rag_app.evaluation.cases import Case, check_kinds, check_sources, load_cases

HINT = 'Write lines such as: {"question": "Who keeps the light?", "answerable": true}'
WHO = '{"question": "Who?", "answerable": true}'


@pytest.fixture
def file_of(tmp_path):
    """Writes lines into a file and returns its path."""

    def write(*lines):
        path = tmp_path / "cases.jsonl"
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
        return path

    return write


def test_a_case_holds_what_its_line_says(file_of):
    """Blank lines are left out, other keys are kept, further places add their evidence; spaces are trimmed."""
    full = {
        "question": " Who keeps the light? ",
        "answerable": True,
        "answer": "Ann",
        "evidence": ["The keeper is Ann."],
        "source": "lighthouse.md",
        "kind": "who",
        "also": [{"source": "log.md", "evidence": ["Ann kept the light."]}, {}],
        "id": 7,
    }
    path = file_of("\ufeff" + json.dumps(full), "", '{"question": "How is bread made?", "answerable": false}\r', " ")
    evidence = ("The keeper is Ann.", "Ann kept the light.")
    also = {"also": full["also"]}
    assert load_cases(path) == (
        Case("Who keeps the light?", True, "Ann", evidence, "lighthouse.md", "who", f"{path}:1", "7", also),
        Case("How is bread made?", answerable=False, place=f"{path}:3", id="03a60d08d15b"),
    )


def test_an_id_of_its_own_or_one_made_of_the_question(file_of):
    """The same question has the same id in every file; two cases with one id would be taken for one."""
    where = '{"question": "Where?", "answerable": true}'
    first, second = load_cases(file_of(WHO, where)), load_cases(file_of(where, WHO))
    assert [case.id for case in first] == [case.id for case in reversed(second)]
    path = file_of(
        '{"question": "Who?", "answerable": true, "id": 1}', '{"question": "Why?", "answerable": true, "id": 1}'
    )
    with pytest.raises(EvaluationError, match=r"cases.jsonl:2: id must not repeat that of \S+:1; got '1'\."):
        load_cases(path)
    with pytest.raises(EvaluationError, match=r"id must be text or a whole number; got \[1\]"):
        load_cases(file_of('{"question": "Who?", "answerable": true, "id": [1]}'))


def test_cases_that_stand_or_fall_together():
    """Those about one document, unless the case names another group; a case without both is alone."""
    assert Case("Who?", answerable=True, source="a.md", id="1").cluster == "a.md"
    assert Case("Who?", answerable=True, source="a.md", id="1", fields={"cluster": "b"}).cluster == "b"
    assert Case("Who?", answerable=False, id="1").cluster == "1"


def test_a_line_separator_inside_a_question_does_not_end_the_line(file_of):
    """Only line feeds do, as JSON Lines has it."""
    path = file_of('{"question": "Who\u2028or what?", "answerable": true}')
    assert load_cases(path)[0].question == "Who\u2028or what?"


def test_the_packaged_cases_are_sound():
    """All of them; every answerable one names evidence, and both kinds are there."""
    path = content_dir("evals") / "data" / "course" / "cases.jsonl"
    cases = load_cases(path)
    check_kinds(cases, path)
    check_sources(cases, {p.name for p in content_dir("knowledge").glob("*.md")})
    assert all(bool(case.evidence) == case.answerable for case in cases)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("who?", "a case must be one JSON object; it does not parse: Expecting value at column 1."),
        ('{"question": "Who', "a case must be one JSON object; it does not parse: Unterminated string"),
        ("[" * 100_000, "a case must be one JSON object; it does not parse: it is too deep."),
        ("[1]", "a case must be one JSON object; got [1]."),
        ("{}", "question must be text that is not blank; got None."),
        ('{"question": "", "answerable": true}', "question must be text that is not blank; got ''."),
        ('{"question": ["Who?"], "answerable": true}', "question must be text that is not blank; got ['Who?']."),
        ('{"question": "Where?"}', "answerable must be true or false; got None."),
        ('{"question": "Where?", "answerable": "yes"}', "answerable must be true or false; got 'yes'."),
        ('{"question": "Where?", "answerable": 1}', "answerable must be true or false; got 1."),
        ('{"question": "Where?", "answerable": true, "answer": 3}', "answer must be text; got 3."),
        ('{"question": "Where?", "answerable": true, "source": ["a"]}', "source must be text; got ['a']."),
        ('{"question": "Where?", "answerable": true, "kind": {"a": 1}}', "kind must be text; got {'a': 1}."),
        (
            '{"question": "Where?", "answerable": true, "evidence": "x"}',
            "evidence must be a list of sentences; got 'x'.",
        ),
        ('{"question": "Where?", "answerable": true, "evidence": [" "]}', "evidence must be a list of sentences; got"),
        ('{"question": "Where?", "answerable": true, "also": {}}', None),
        ('{"question": "Where?", "answerable": true, "also": "x"}', "also must be a list of objects; got 'x'."),
        ('{"question": "Where?", "answerable": true, "also": [{"evidence": [1]}]}', "evidence must be a list of"),
        ('{"question": "Where?", "answerable": true, "also": [{"source": 4}]}', "source must be text; got 4."),
        ('{"question": "Where?", "answerable": true, "heading": ["x"]}', "heading must be text; got ['x']."),
        ('{"question": "Where?", "answerable": true, "id": true}', "id must be text or a whole number; got True."),
        (
            '{"question": "Where?", "answerable": true, "cluster": []}',
            "cluster must be text or a whole number; got [].",
        ),
        (
            '{"question": "Where?", "answerable": true, "relevant": "a.md"}',
            "relevant must be a list of ids of chunks or names of documents; got 'a.md'.",
        ),
        (
            '{"question": "Where?", "answerable": true, "weight": NaN}',
            "'weight' must hold Unicode text, finite numbers, truth values, lists or objects; got nan.",
        ),
        (
            '{"question": "\\ud800", "answerable": true}',
            "'question' must hold Unicode text, finite numbers, truth values, lists or objects; got '\\ud800'.",
        ),
        ("1" * 5000, "a case must be one JSON object; it does not parse: a number in it is too long."),
        ('{"question": "Where?", "answerable": false, "answer": "x"}', "answer must be left out of an unanswerable"),
        (
            '{"question": "Where?", "answerable": false, "evidence": ["x"]}',
            "evidence must be left out of an unanswerable question; got ['x'].",
        ),
    ],
)
def test_a_wrong_line_is_named(file_of, line, message):
    """By file and number, with the rule and a line that would be right; an empty value is as good as none."""
    path = file_of(WHO, line)
    if message is None:
        assert len(load_cases(path)) == 2
        return
    with pytest.raises(EvaluationError) as caught:
        load_cases(path)
    assert str(caught.value).startswith(f"{path}:2: {message}")
    assert caught.value.hint == HINT


@pytest.mark.parametrize("messages", ['"hi"', "3", '[{"role": "user"}]'])
def test_messages_that_cannot_be_read(file_of, messages):
    """Are found before anything is asked."""
    path = file_of('{"question": "And then?", "answerable": true, "messages": ' + messages + "}")
    with pytest.raises(EvaluationError, match=re.escape(f'{path}:1: messages must be a list of objects such as {{"ro')):
        load_cases(path)


def test_a_long_value_is_not_shown_in_full(file_of):
    """It may be a whole document."""
    path = file_of(json.dumps({"question": "Who?", "answerable": "a word " * 1000}))
    with pytest.raises(EvaluationError) as caught:
        load_cases(path)
    assert len(caught.value.message) < 200 + len(str(path))
    assert caught.value.message.endswith(" ….")


def test_a_question_is_asked_once(file_of):
    """Twice it would count twice; case and space make no difference."""
    path = file_of(WHO, "", '{"question": "who? ", "answerable": false}')
    message = f"{path}:3: question must not repeat that of {path}:1; got 'who?'. Remove one of the two."
    with pytest.raises(EvaluationError, match=f"^{re.escape(message)}$"):
        load_cases(path)


def test_a_file_that_is_none(tmp_path, file_of):
    """Missing, a folder, not UTF-8, or empty."""
    rule = "The cases must be a file of JSON Lines; "
    for path, message in (
        (tmp_path / "none.jsonl", f"{rule}{tmp_path / 'none.jsonl'} cannot be read: no such file or directory."),
        (tmp_path, f"{rule}{tmp_path} cannot be read: is a directory."),
        (file_of(b"\xff"), f"{rule}{tmp_path / 'cases.jsonl'} cannot be read: it is not text in UTF-8."),
    ):
        with pytest.raises(EvaluationError, match=f"^{re.escape(message)} {re.escape(HINT)}$"):
            load_cases(path)
    path = file_of("", " ")
    with pytest.raises(EvaluationError, match=f"^{re.escape(str(path))} must hold at least one case; it holds none"):
        load_cases(path)


@pytest.mark.parametrize(
    ("n_answerable", "n_unanswerable", "wanted"),
    [
        (3, 0, 'do not answer, with "answerable": false'),
        (3, 1, 'do not answer, with "answerable": false'),
        (0, 3, 'answer, with "answerable": true'),
        (1, 1, 'answer, with "answerable": true'),
    ],
)
def test_both_kinds_are_needed(tmp_path, n_answerable, n_unanswerable, wanted):
    """Two of each, so that they can be compared; the hint says which to add."""
    cases = [Case("?", answerable=i < n_answerable) for i in range(n_answerable + n_unanswerable)]
    with pytest.raises(EvaluationError) as caught:
        check_kinds(cases, tmp_path)
    got = f"got {n_answerable} answerable, {n_unanswerable} unanswerable."
    assert caught.value.message == f"{tmp_path} must hold at least 2 cases of each kind; {got}"
    assert caught.value.hint == f"Add questions that your documents {wanted}."


def test_a_document_that_the_index_does_not_hold():
    """Its questions could not be answered, which would look like false refusals."""
    cases = [Case("Who?", answerable=True), Case("Where?", answerable=True, source="b.md", place="cases.jsonl:2")]
    check_sources(cases, {"a.md", "b.md"})
    message = "cases.jsonl:2: source must be a document of the index; got 'b.md'."
    with pytest.raises(EvaluationError, match=f"^{re.escape(message)} Ingest it"):
        check_sources(cases, {"a.md"})
