"""The metrics of ragas with a scripted judge: scores worked by hand, and what ragas itself would let pass."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import pytest

from rag_app.errors import MissingExtraError
from rag_app.evaluation.judges import JUDGE_CARDS, load_judge_metric
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.ragas_metrics import load_ragas_metric
from rag_app.evaluation.scheduler import Scheduler
from rag_app.evaluation.scores import Score
from rag_app.evaluation.verdicts import Judge
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings

assert version("ragas")  # one of the development requirements: without it, nothing here would be tested

PASSAGES = tuple({"source": "light.md", "text": text} for text in ("He lit it.", "It rained.", "The lamp burnt oil."))
EXAMPLE = Example("Who lit it?", "The keeper lit it [1]. It burnt gas.", retrieved=PASSAGES, reference="The keeper.")
REFUSAL = Example("Who?", "No answer found", answered=False, retrieved=PASSAGES, reference="The keeper.")


def dumped(**reply: object) -> str:
    return json.dumps(reply)


def split(*statements: str) -> str:
    """Return the reply to a text that is to be split into statements."""
    return dumped(statements=[*statements])


def judged_as(*verdicts: int) -> str:
    """Return the reply with a verdict on each statement."""
    return dumped(statements=[{"statement": f"s{i}", "reason": "So.", "verdict": v} for i, v in enumerate(verdicts)])


def recalled(*flags: int) -> str:
    return dumped(classifications=[{"statement": "s", "reason": "So.", "attributed": flag} for flag in flags])


def useful(verdict: int) -> str:
    return dumped(reason="So.", verdict=verdict)


def asks(question: str, noncommittal: int = 0) -> str:
    return dumped(question=question, noncommittal=noncommittal)


def judged(
    name: str, replies: Sequence[str], example: Example = EXAMPLE, **options: object
) -> tuple[Score, ScriptedChat]:
    """Return the score of an example, and what judged it."""
    llm = ScriptedChat(replies=list(replies))
    with Scheduler(concurrency=1) as scheduler:
        judge = Judge(Settings.load(environ={}), llm=llm, scheduler=scheduler, **options)
        return load_judge_metric(f"ragas_{name}", judge)(example), llm


BY_HAND = {
    "faithfulness": ([split("a", "b"), judged_as(1, 0)], 1 / 2),
    "context_precision": ([useful(1), useful(0), useful(1)], (1 / 1 + 2 / 3) / 2),
    "context_recall": ([recalled(1, 0, 0)], 1 / 3),
    # One of two claims of the answer is right, two of three of the reference are there: 1 hit, 1 false, 1 missing.
    "factual_correctness": (
        [dumped(claims=["a", "b"]), judged_as(1, 0), dumped(claims=["c", "d", "e"]), judged_as(1, 1, 0)],
        1 / 2,
    ),
    # The reference has one statement, the answer two. The first passage supports all three, the others nothing; of the
    # answer's statements, the reference supports the first one: one of two is wrong and from a useful passage.
    "noise_sensitivity": (
        [
            split("r"),
            split("a", "b"),
            judged_as(1),
            judged_as(1, 1),
            *[judged_as(0), judged_as(0, 0)] * 2,
            judged_as(1, 0),
        ],
        1 / 2,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str):
    """Every reply is used once, in order; the details hold them as they came."""
    replies, value = BY_HAND[name]
    score, llm = judged(name, replies)
    assert (score.status, score.value) == ("scored", pytest.approx(value))
    assert llm.n_calls == len(replies)
    assert score.details["replies"] == replies


def test_relevancy_by_hand(minilm):
    """The mean cosine of the question and three others; 1 for the question itself, 0 where all are evasive."""
    others = ["Who lit it?", "What burns gas?", "Who is the keeper?"]
    vectors = minilm.embed([EXAMPLE.question, *others]).astype(float)
    score, _ = judged("response_relevancy", [asks(other) for other in others], embedder=minilm)
    assert score.value == pytest.approx(float(np.mean(vectors[1:] @ vectors[0])), abs=1e-5)
    assert judged("response_relevancy", [asks("Who lit it?")], embedder=minilm)[0].value == pytest.approx(1)
    assert judged("response_relevancy", [asks("Who lit it?", 1)], embedder=minilm)[0].value == 0


def test_the_judge_reads_the_answer_without_markers():
    """They are no part of what it says."""
    _, llm = judged("faithfulness", BY_HAND["faithfulness"][0])
    assert "The keeper lit it. It burnt gas." in llm.received[0][-1].text


@pytest.mark.parametrize(
    ("name", "replies", "problem"),
    [
        (
            "faithfulness",
            [split("a", "b"), judged_as(1)],
            "there must be one verdict for each of 2 statements, but it has 1",
        ),
        (
            "faithfulness",
            [split("a"), judged_as(1, 1)],
            "there must be one verdict for each of 1 statements, but it has 2",
        ),
        ("faithfulness", [split("a"), judged_as(2)], "a verdict must be 0 or 1, but one is 2"),
        ("context_precision", [useful(5)], "a verdict must be 0 or 1, but one is 5"),
        ("context_recall", [recalled(-1)], "a verdict must be 0 or 1, but one is -1"),
        ("response_relevancy", [asks(" ")], "the question must not be empty"),
        ("factual_correctness", [dumped(claims=["a"]), "?"], "it holds no JSON object"),
    ],
)
def test_what_ragas_would_let_pass_is_an_error(name: str, replies: list[str], problem: str):
    """After one repair; ragas would make a number of it."""
    score, llm = judged(name, [*replies, replies[-1]])
    assert (score.status, score.value) == ("error", None)
    assert problem in score.why
    assert llm.n_calls == len(replies) + 1
    assert problem in llm.received[-1][-1].text


@pytest.mark.parametrize(("name", "reply"), [("faithfulness", split()), ("factual_correctness", dumped(claims=[]))])
def test_a_text_without_statements_has_no_score(name: str, reply: str):
    """Ragas returns NaN for the one, and 0 for the other."""
    score, _ = judged(name, [reply])
    assert (score.status, score.why) == ("not-applicable", "The judge found no statement in the text.")


@pytest.mark.parametrize("name", [card.name for card in JUDGE_CARDS if card.name.startswith("ragas_")])
def test_what_is_missing_is_not_judged(name: str):
    """No answer, passages or reference: the metric does not apply, and the judge is not asked."""
    short = name.removeprefix("ragas_")
    bare = Example("Who?", "", retrieved=())
    assert judged(short, ["?"], bare)[0].status == "not-applicable"
    of_answer = short not in {"context_precision", "context_recall"}
    score, llm = judged(short, ["?"], REFUSAL)
    assert score.status == ("not-applicable" if of_answer else "error")
    assert (llm.n_calls == 0) is of_answer


def test_ragas_is_loaded_when_it_is_needed_and_reports_nothing():
    """Cards need no ragas; with it, the variable that forbids reports is set before the import."""
    program = """
import os, sys
os.environ.pop("RAGAS_DO_NOT_TRACK", None)
from rag_app.evaluation.judges import JUDGE_CARDS
assert "ragas" not in sys.modules and "pydantic" not in sys.modules
from rag_app.evaluation.ragas_metrics import load_ragas_metric
assert "ragas" not in sys.modules
load_ragas_metric("ragas_faithfulness")
from ragas._analytics import do_not_track
assert do_not_track()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_ragas_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    """And with one that cannot be imported."""
    monkeypatch.setitem(sys.modules, "ragas.metrics", None)
    with pytest.raises(
        MissingExtraError, match=r"ragas_faithfulness needs the package rag-app\[ragas\]. Run: pip install"
    ):
        load_ragas_metric("ragas_faithfulness")


def test_a_data_set_goes_to_ragas_and_comes_back(tmp_path):
    """What `rag eval export` writes, ragas reads; what ragas writes, our suites and `rag eval align` read."""
    import warnings

    from support.eval_runs import lamps, passage

    from rag_app.evaluation.cases import load_cases
    from rag_app.evaluation.labelled import load_labelled, render_dataset

    path, back, table = tmp_path / "out.jsonl", tmp_path / "back.jsonl", tmp_path / "back.csv"
    path.write_text(render_dataset(lamps()), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ragas import EvaluationDataset

        data = EvaluationDataset.from_jsonl(path)
        data.to_jsonl(back)
        data.to_csv(table)
    assert [sample.user_input for sample in data.samples] == [f"Question {i}?" for i in range(6)]
    assert data.samples[1].retrieved_contexts == [lamps().rows[1].example.passages[0]]
    cases = load_cases(back)
    assert [case.question for case in cases] == [f"Question {i}?" for i in range(6)]
    assert (cases[1].answer, cases[1].evidence) == ("The keeper.", ("The keeper lit the lamp at dusk 🕯.",))
    labelled = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([f"{labelled[0]},label", *(f"{line},1" for line in labelled[1:])]), encoding="utf-8")
    assert [item.example.passages for item in load_labelled(table)] == [(passage()["text"],)] * 6
