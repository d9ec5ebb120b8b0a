"""Answers with labels of a person: as lines of their own, or joined to a run; and the data set that a run becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.eval_runs import TEXT, answer, lamps, row, run

from rag_app.errors import EvaluationError
from rag_app.evaluation.labelled import load_labelled, render_dataset


def written(folder: Path, *records: object, name: str = "labels.jsonl") -> Path:
    """Return a file with a record on each line."""
    path = folder / name
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in records), encoding="utf-8")
    return path


SAMPLE = {"user_input": "Who?", "response": "The keeper.", "retrieved_contexts": ["He lit it."], "reference": "He."}


def test_lines_of_ragas_with_a_label_are_read(tmp_path: Path):
    """Question, answer, passages and reference under our names; the label as a number."""
    (found,) = load_labelled(written(tmp_path, {**SAMPLE, "label": True, "id": "one"}))
    assert (found.label, found.id, found.place) == (1.0, "one", f"{tmp_path / 'labels.jsonl'}:1")
    assert (found.example.question, found.example.answer) == ("Who?", "The keeper.")
    assert (found.example.passages, found.example.reference, found.example.answered) == (("He lit it.",), "He.", True)


@pytest.mark.parametrize(("given", "label"), [(1, 1.0), (0, 0.0), ("1", 1.0), (False, 0.0), ("true", 1.0), (3.5, 3.5)])
def test_labels_are_numbers_or_truth_values(tmp_path: Path, given: object, label: float):
    """As JSON or CSV write them."""
    assert load_labelled(written(tmp_path, {**SAMPLE, "label": given}))[0].label == label


def test_one_question_may_have_several_answers(tmp_path: Path):
    """Labels are of answers; lines that wait for theirs are passed over."""
    lines = [{**SAMPLE, "response": f"{n}", "label": n} for n in (0, 1)] + [{**SAMPLE, "label": None}, {**SAMPLE}]
    assert [item.example.answer for item in load_labelled(written(tmp_path, *lines))] == ["0", "1"]


def test_a_csv_file_of_ragas_is_read(tmp_path: Path):
    """Its lists are written as Python writes them."""
    lines = ["user_input,response,retrieved_contexts,label", 'Who?,The keeper.,"[\'He lit it.\', ""It\'s lit""]",1']
    (found,) = load_labelled(written(tmp_path, *lines, name="labels.csv"))
    assert found.example.passages == ("He lit it.", "It's lit")


def test_a_refusal_is_known_by_its_words(tmp_path: Path):
    """It is an answer that was not given."""
    (found,) = load_labelled(written(tmp_path, {**SAMPLE, "response": "No answer found.", "label": 1}))
    assert found.example.answered is False


def test_labels_are_joined_to_a_run(tmp_path: Path):
    """By the id of the case; the row comes along, with the scores that it has."""
    given = lamps()
    (found,) = load_labelled(written(tmp_path, {"id": "q1", "label": 0}), given)
    assert (found.label, found.row) == (0.0, given.rows[1])
    assert found.example.passages == (TEXT,)


def test_variants_and_repeats_are_told_apart(tmp_path: Path):
    """Where a run has several, the line says which."""
    given = run([row(1, variant, answer(f"{variant}{n}"), {}, repeat=n) for variant in "ab" for n in range(2)])
    path = written(tmp_path, {"id": "q1", "variant": "b", "repeat": 1, "label": 1})
    assert load_labelled(path, given)[0].example.answer == "b1"
    with pytest.raises(
        EvaluationError, match=r"labels.jsonl:1: id, variant and repeat .* got 'q1', '', '0'. Its variants"
    ):
        load_labelled(written(tmp_path, {"id": "q1", "label": 1}), given)
    with pytest.raises(EvaluationError, match=r"labels.jsonl:1: id, variant and repeat .* got 'q1', 'b', 'first'"):
        load_labelled(written(tmp_path, {"id": "q1", "variant": "b", "repeat": "first", "label": 1}), given)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({**SAMPLE, "label": "nan"}, "label must be a number, true or false; got 'nan'"),
        ({**SAMPLE, "label": [1]}, r"label must be a number, true or false; got \[1\]"),
        ({**SAMPLE, "label": "good"}, "label must be a number, true or false; got 'good'"),
        ({**SAMPLE, "user_input": "", "label": 1}, "user_input must be text that is not blank; got ''"),
        ({**SAMPLE, "response": None, "label": 1}, "response must be text that is not blank; got None"),
        ({**SAMPLE, "retrieved_contexts": "He", "label": 1}, "contexts must be a list of texts; got 'He'"),
        ({**SAMPLE, "retrieved_contexts": [1], "label": 1}, r"contexts must be a list of texts; got \[1\]"),
        (SAMPLE, "must hold at least one label; it holds none"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, record: object, message: str):
    """File, line, rule and what was found."""
    with pytest.raises(EvaluationError, match=f"labels.jsonl.*{message}"):
        load_labelled(written(tmp_path, record))


def test_a_run_becomes_a_data_set_that_takes_labels(tmp_path: Path):
    """The names of ragas, and a label to fill in; filled in, the file is read with and without the run."""
    given = lamps()
    records = [json.loads(line) for line in render_dataset(given).splitlines()]
    assert len(records) == 6
    assert records[1]["user_input"] == "Question 1?"
    assert records[1]["retrieved_contexts"] == [TEXT]
    assert records[1]["reference"] == "The keeper."
    assert {record["label"] for record in records} == {None}
    path = written(tmp_path, *({**record, "label": n % 2} for n, record in enumerate(records)))
    for found in (load_labelled(path), load_labelled(path, given)):
        assert [item.label for item in found] == [0, 1, 0, 1, 0, 1]
        assert [item.example.answer for item in found] == [record["response"] for record in records]


def test_rows_without_an_answer_are_left_out():
    """There is nothing to label."""
    assert render_dataset(run([row(1, "v", {}, {}, error="The server is down.")])) == ""
