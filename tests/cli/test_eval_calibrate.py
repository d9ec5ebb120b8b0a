"""``rag eval calibrate``: a threshold is chosen on a user's own questions, recorded, used, shown and drawn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from matplotlib.image import imread
from support.command_line import CommandLine, Transcript, status_json

WHO, BREAD = "Who is the keeper of the lighthouse?", "How do I bake bread?"
ANSWERABLE = ["When was the lamp lit for the first time?", WHO, "What does the lamp burn?", "What dims the lamp?"]
OTHERS = [BREAD, "Who won the chess championship?", "What is the interest on a savings account?"]
CASES = [
    *({"question": question, "answerable": True, "kind": "light"} for question in ANSWERABLE),
    *({"question": question, "answerable": False} for question in OTHERS),
]


@pytest.fixture
def calibrating(rag_on_notes: CommandLine) -> CommandLine:
    """``rag`` over two notes, with seven cases in a file."""
    write(rag_on_notes, CASES)
    return rag_on_notes


def write(rag: CommandLine, cases: Iterable[Mapping[str, Any]]) -> None:
    """Write the file of cases."""
    (rag.folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")


def test_calibrate_chooses_records_and_says_what_changes(calibrating: CommandLine) -> None:
    """From a gate that refuses everything to one that tells the kinds apart."""
    done = calibrating("eval", "calibrate", "cases.jsonl", env={"RAG_MIN_EVIDENCE": "1"})
    assert (done.code, done.err.splitlines()[0]) == (0, f"0/7 {ANSWERABLE[0][:37].rsplit(' ', 1)[0]} …")
    lines = done.out.splitlines()
    chosen = re.search(r"refused at (0\.\d+) \(chosen\)", lines[0])[1]  # type: ignore[index]
    assert [re.split(r"  +", line) for line in lines[:3]] == [
        ["questions", "n", "refused at 1 (in use)", f"refused at {chosen} (chosen)"],
        ["answerable", "4", "4 (100.0%)", "0 (0.0%)"],
        ["unanswerable", "3", "3 (100.0%)", "3 (100.0%)"],
    ]
    assert re.fullmatch(r"AUROC 1\.000 \(1\.000 to 1\.000\), area under risk and coverage 0\.\d{3}", lines[3])
    assert lines[4].startswith("in use, 1: 0.0% of the questions are answered; 0.0% of the answers are wrong, 0.0% are")
    assert lines[5].startswith(f"chosen, {chosen}: 57.1% of the questions are answered; 0.0% of the answers are wrong")
    assert lines[6] == "Only 4 answerable questions: of others like them, between 0% and 49% may be refused."
    assert lines[7] == "Only 3 unanswerable questions: of others like them, between 44% and 100% may be refused."
    assert re.fullmatch(rf"chosen: {chosen} \(0\.\d+ to 0\.\d+\); on questions that it was not chosen on, .+", lines[8])
    assert lines[9:13] == [f"answered now, rightly: {question}" for question in ANSWERABLE]
    assert lines[13] == f"recorded in the index in {calibrating.data_dir}"
    assert lines[14].startswith("It is not used: min_evidence is set to 1. Remove RAG_MIN_EVIDENCE")
    assert len(lines) == 15


def test_what_is_calibrated_is_used_and_shown(calibrating: CommandLine) -> None:
    """By the next question, by the state of the index and by the doctor; a setting goes before it."""
    assert "no answer below an evidence of 0.5, the default\n" in calibrating.inside("index", "status").out
    found = json.loads(calibrating.inside("eval", "calibrate", "cases.jsonl", "--json").out)
    value = found["choice"]["threshold"]["value"]
    shown = rf"no answer below an evidence of {value:.3g}, calibrated on \S+ with 4 answerable and 3 unanswerable"
    assert re.search(shown, calibrating.inside("index", "status").out)
    assert re.search(rf"threshold +ok +{shown}", calibrating.inside("doctor").out)
    threshold = status_json(calibrating)["threshold"]
    assert (threshold["value"], threshold["origin"], threshold["stale"]) == (value, "calibrated", "")
    assert json.loads(calibrating.inside("ask", WHO, "--json").out)["answered"]
    assert not json.loads(calibrating.inside("ask", BREAD, "--json").out)["answered"]
    strict = {"RAG_MIN_EVIDENCE": "1"}
    assert not json.loads(calibrating.inside("ask", WHO, "--json", env=strict).out)["answered"]
    assert "an evidence of 1, as the settings say\n" in calibrating.inside("index", "status", env=strict).out


def test_calibrate_as_json(calibrating: CommandLine) -> None:
    """Every figure, the questions that change, and the threshold that was in use."""
    found = json.loads(
        calibrating.inside("eval", "calibrate", "cases.jsonl", "--json", "--max-false-refusals", "0.5").out
    )
    assert list(found) == "auroc area thresholds groups reservations in_use choice recorded changes".split()
    assert (found["in_use"]["value"], found["in_use"]["origin"], found["recorded"]) == (0.5, "default", True)
    assert (found["choice"]["n_answerable"], found["choice"]["max_false_refusals"]) == (4, 0.5)
    assert status_json(calibrating)["threshold"]["calibration"]["max_false_refusals"] == 0.5


def test_a_dry_run_records_nothing(calibrating: CommandLine) -> None:
    """And prints the same apart from that."""
    dry = calibrating.inside("eval", "calibrate", "cases.jsonl", "--dry-run").out
    assert status_json(calibrating)["threshold"]["origin"] == "default"
    wet = calibrating.inside("eval", "calibrate", "cases.jsonl").out
    assert wet == f"{dry}recorded in the index in {calibrating.data_dir}\n"


def test_the_language_model_is_left_in_peace(calibrating: CommandLine) -> None:
    """The gate stands before it: no key is needed."""
    done = calibrating.inside("eval", "calibrate", "cases.jsonl", env={"RAG_LLM": "openai:gpt-4o"})
    assert done.code == 0


def test_a_calibration_of_another_index_is_stale(calibrating: CommandLine) -> None:
    """The state of the index, the doctor and the next calibration say so, and what to do."""
    assert calibrating.inside("eval", "calibrate", "cases.jsonl").code == 0
    stale = "is not used: another embedder, or another version of the splitter, has built the index since."
    with_other(calibrating)
    assert "an evidence of 0.5, the default\nThe threshold 0." in calibrating.inside("index", "status").out
    assert stale in calibrating.inside("index", "status").out
    found = {f["check"]: f for f in json.loads(calibrating.inside("doctor", "--json").out)}["threshold"]
    assert (found["ok"], found["result"].endswith(stale)) == (False, True)
    assert found["hint"] == "Run: rag eval calibrate CASES, or set RAG_MIN_EVIDENCE."
    given = {
        f["check"]: f for f in json.loads(calibrating.inside("doctor", "--json", env={"RAG_MIN_EVIDENCE": "0"}).out)
    }
    assert given["threshold"]["ok"]
    assert stale in calibrating.inside("eval", "calibrate", "cases.jsonl", "--dry-run").out


def with_other(rag: CommandLine) -> None:
    """Record a calibration as if another embedder had built the index then."""
    from rag_app.index.library import Library

    library = Library(rag.data_dir / "library.sqlite")
    recorded = json.loads(library.get_meta("calibration") or "")
    library.set_meta("calibration", json.dumps(recorded | {"fingerprint": "another"}))
    library.close()


def test_calibrate_draws_both_thresholds(calibrating: CommandLine) -> None:
    """Where a picture is asked for."""
    assert calibrating.inside("eval", "calibrate", "cases.jsonl", "--plot", "both.png", "--dry-run").code == 0
    height, width, _ = imread(calibrating.folder / "both.png").shape
    assert (width, height) == (770, 605)
    assert calibrating.inside("eval", "calibrate", "cases.jsonl", "--plot", "both.svg", "--dry-run").code == 0
    assert "wrong answers" in (calibrating.folder / "both.svg").read_text(encoding="utf-8")
    assert {"threshold in use", "threshold chosen"} <= set(
        re.findall(r"threshold (?:in use|chosen)", (calibrating.folder / "both.svg").read_text(encoding="utf-8"))
    )


def test_a_picture_that_cannot_be_written(calibrating: CommandLine) -> None:
    """A folder stands in its place: the figures are printed and recorded all the same, and the exit code is 2."""
    (calibrating.folder / "a.png").mkdir()
    done = calibrating.inside("eval", "calibrate", "cases.jsonl", "--plot", "a.png")
    assert (done.code, "AUROC 1.000" in done.out) == (2, True)
    assert done.err.endswith(
        "rag: --plot must be followed by a file that can be written; got 'a.png': Is a directory.\n"
    )
    assert status_json(calibrating)["threshold"]["origin"] == "calibrated"


def test_kinds_have_a_line_each(calibrating: CommandLine) -> None:
    """Below the line of all answerable or unanswerable questions."""
    write(calibrating, [{**case, "kind": f"kind {i % 2}"} for i, case in enumerate(CASES)])
    lines = calibrating.inside("eval", "calibrate", "cases.jsonl", "--dry-run").out.splitlines()
    assert [line.split("  ")[0] or line.split("  ")[1] for line in lines[1:7]] == [
        "answerable",
        "kind 0",
        "kind 1",
        "unanswerable",
        "kind 0",
        "kind 1",
    ]


def test_many_changes_are_not_all_shown(calibrating: CommandLine) -> None:
    """Ten of a kind, and how many more."""
    questions = [
        f"How do I bake {thing}?" for thing in "bread cakes pies tarts rolls buns scones pizza rye oats".split()
    ]
    write(calibrating, [*CASES, *({"question": q, "answerable": False} for q in (*questions[1:], "Bake?", "Cook?"))])
    out = calibrating.inside("eval", "calibrate", "cases.jsonl", "--dry-run", env={"RAG_MIN_EVIDENCE": "0"}).out
    shown = [line for line in out.splitlines() if line.startswith("refused now, rightly: ")]
    assert (len(shown), shown[-1]) == (11, "refused now, rightly: and 4 more")


MISTAKES = [
    (["calibrate", "none.jsonl"], "The cases must be a file of JSON Lines; none.jsonl cannot be read: no such file or"),
    (["calibrate", "wrong.jsonl"], "wrong.jsonl:1: answerable must be true or false; got 'yes'. Write lines such as: "),
    (
        ["calibrate", "one.jsonl"],
        "one.jsonl must hold at least 2 cases of each kind; got 2 answerable, 0 unanswerable.",
    ),
    (["calibrate", "other.jsonl"], "other.jsonl:1: source must be a document of the index; got 'b.md'. Ingest it,"),
    (
        ["calibrate", "wrong.jsonl", "--plot", "a.gif"],
        "--plot must be followed by a file that ends in .png or .svg; got",
    ),
    (
        ["calibrate", "x", "--plot", "none/a.png"],
        "--plot must be followed by a file in a folder that exists; got 'none/a.png'.",
    ),
    (
        ["calibrate", "x", "--max-false-refusals", "3"],
        "argument --max-false-refusals: must be a number from 0 to below 1; got '3'. Run: rag eval calibrate --help",
    ),
    (
        ["calibrate", "x", "--max-false-refusals", "few"],
        "argument --max-false-refusals: must be a number from 0 to below",
    ),
    ([], "the following arguments are required: ACTION. Run: rag eval --help"),
    (["calibrate"], "the following arguments are required: CASES. Run: rag eval calibrate --help"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_sentence(rag_on_notes: CommandLine, arguments: list[str], message: str) -> None:
    """Before any question is read."""
    texts = {
        "wrong": ['{"question": "Who?", "answerable": "yes"}'],
        "one": ['{"question": "Who?", "answerable": true}', '{"question": "Where?", "answerable": true}'],
        "other": ['{"question": "Who?", "answerable": true, "source": "b.md"}', json.dumps(CASES[0])],
    }
    texts["other"] += [json.dumps(case) for case in CASES[-2:]]
    for name, lines in texts.items():
        (rag_on_notes.folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = rag_on_notes.inside("eval", *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"rag: {message}")


def test_before_there_is_an_index(rag: CommandLine) -> None:
    """The command that makes one is named."""
    write(rag, CASES)
    done = rag.inside("eval", "calibrate", "cases.jsonl")
    assert done == Transcript(2, "", f"rag: There is no index in {rag.data_dir}. Run: rag ingest\n")
    assert not rag.data_dir.exists()
