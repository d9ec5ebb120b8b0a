"""How a suite is run: every row once, whatever fails, stops or is known already."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import pytest

from rag_app.app import App
from rag_app.errors import LLMError, StoreError
from rag_app.evaluation.caches import Cache
from rag_app.evaluation.cases import Case
from rag_app.evaluation.journals import Journal
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.metrics.table import Metric, load_metrics
from rag_app.evaluation.runner import Tools, missing_rows, run_suite
from rag_app.evaluation.scores import scored
from rag_app.evaluation.subjects import Answering, Reply, Searching
from rag_app.evaluation.suites import Limits, Suite, Variant
from rag_app.settings import Settings

CASES = tuple(Case(f"Question {i}?", answerable=i % 2 == 0, id=f"c-{i}") for i in range(6))


@dataclass
class Echo:
    """A subject that answers with the question, at a price, and fails where it is told to."""

    price: float | None = 0.0
    fails: frozenset[str] = frozenset()
    sent: dict[str, str] = field(default_factory=dict)
    version: int = 1
    strength: bool = False
    asked: list[str] = field(default_factory=list)
    together: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, case):
        with self._lock:
            self.asked.append(case.id)
            self._now += 1
            self.together = max(self.together, self._now)
        if case.id in self.fails:
            self._now -= 1
            raise LLMError("The language model is down.")
        threading.Event().wait(0.01)
        with self._lock:
            self._now -= 1
        answer = {"answer": case.question, "answered": True, "usage": {"input_tokens": 2}}
        return Reply(answer, 0.5, self.price, 0.9 if self.strength else None, self.sent)

    def key(self, case):
        return {"version": self.version, "question": case.question}

    def prompts(self):
        return dict(self.sent)


@pytest.fixture
def suite(tmp_path):
    """Six questions to one variant."""
    return Suite(
        name="small",
        path=tmp_path / "small.toml",
        cases=CASES,
        metrics=("false_answer", "cost"),
        variants=(Variant("default", {"k": 3}),),
    )


@pytest.fixture
def tools(tmp_path):
    """Metrics, and a journal in a file."""
    return Tools(
        metrics=load_metrics(["false_answer", "cost"]),
        journal=lambda made_by: Journal(tmp_path / "small.partial.jsonl", made_by),
    )


@pytest.fixture
def cache(tmp_path):
    """An empty cache."""
    cache = Cache(tmp_path / "cache.sqlite")
    yield cache
    cache.close()


def test_every_case_of_every_variant_has_its_rows(suite, tools):
    """In the order of variants, cases and repeats, each with all scores."""
    suite = replace(suite, variants=(Variant("a", {}), Variant("b", {})), repeats=2)
    run = run_suite(suite, {"a": Echo(), "b": Echo()}, tools)
    assert len(run.rows) == suite.n_rows == 24
    assert [(r.variant, r.case_id, r.repeat) for r in run.rows[:3]] == [
        ("a", "c-0", 0),
        ("a", "c-0", 1),
        ("a", "c-1", 0),
    ]
    assert run.rows[12].variant == "b"
    assert {name: s.status for name, s in run.rows[0].scores.items()} == {
        "false_answer": "not-applicable",
        "cost": "scored",
    }
    assert (run.stopped, run.name, run.versions["python"][:2]) == ("", "small", "3.")


def test_progress_is_told(suite, tools):
    """After each answer."""
    told = []
    run_suite(suite, {"default": Echo()}, replace(tools, progress=lambda *what: told.append(what)))
    assert told[0] == ("Question 0?", 1, 6)
    assert told[-1] == ("Question 5?", 6, 6)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_answer_that_fails_is_a_row_with_an_error(suite, tools, concurrency):
    """Nothing is left out, and its scores are errors rather than zeros."""
    suite = replace(suite, limits=Limits(concurrency=concurrency))
    run = run_suite(suite, {"default": Echo(fails=frozenset(("c-2",)))}, tools)
    assert [row.error for row in run.rows] == ["", "", "The language model is down.", "", "", ""]
    assert {s.why for s in run.rows[2].scores.values()} == {"There is no answer: The language model is down."}


def test_questions_at_the_same_time(suite, tools):
    """As many as the limit says, no more; the rows stand in the same order."""
    subject = Echo()
    run = run_suite(replace(suite, limits=Limits(concurrency=3)), {"default": subject}, tools)
    assert subject.together == 3
    assert [row.case_id for row in run.rows] == [case.id for case in CASES]


@pytest.mark.parametrize(("limits", "n"), [(Limits(cost=0.25), 3), (Limits(time_s=1e-9), 0)])
def test_a_limit_stops_the_run(suite, tools, limits, n):
    """At 0.1 dollars an answer, three answers reach 0.25; what was finished is kept."""
    run = run_suite(replace(suite, limits=limits), {"default": Echo(price=0.1)}, tools)
    assert len(run.rows) == n
    assert run.stopped.startswith("the limit of ")


def test_a_run_that_was_interrupted_goes_on(suite, tools):
    """Only what is missing, or failed, is asked."""

    class Interrupted(Echo):
        def reply(self, case):
            if case.id == "c-4":
                raise KeyboardInterrupt
            return super().reply(case)

    with pytest.raises(KeyboardInterrupt):
        run_suite(suite, {"default": Interrupted(fails=frozenset(("c-1",)))}, tools)
    subject = Echo()
    run = run_suite(suite, {"default": subject}, tools)
    assert subject.asked == ["c-1", "c-4", "c-5"]
    assert [row.case_id for row in run.rows] == [case.id for case in CASES]
    assert not any(row.cached for row in run.rows)


def test_a_run_that_was_made_by_something_else_begins_anew(suite, tools):
    """Another version of the subject, or other cases."""
    run_suite(replace(suite, limits=Limits(cost=0.25)), {"default": Echo(price=0.1)}, tools)
    subject = Echo(version=2)
    run_suite(suite, {"default": subject}, tools)
    assert len(subject.asked) == 6


def test_known_answers_are_not_asked_again(suite, tools, cache, tmp_path):
    """And keep the time and the money that they took; what they cost counts towards no limit."""
    tools = replace(tools, cache=cache)
    run_suite(suite, {"default": Echo(price=0.1)}, tools)
    (tmp_path / "small.partial.jsonl").unlink()
    subject = Echo(price=0.7)
    run = run_suite(replace(suite, limits=Limits(cost=0.05)), {"default": subject}, tools)
    assert subject.asked == []
    assert {(row.cached, row.cost, row.latency_s) for row in run.rows} == {(True, 0.1, 0.5)}
    assert run.stopped == ""


def test_only_what_a_prompt_touches_is_asked_again(suite, tools, cache, tmp_path):
    """Answers for which no prompt was sent stay, whatever the prompt says now; so do those of an equal prompt."""
    tools = replace(tools, cache=cache)
    run_suite(suite, {"default": Echo(sent={"answer": "old"})}, tools)
    partial = tmp_path / "small.partial.jsonl"
    for sent, n in (({"answer": "old"}, 0), ({"answer": "new"}, 6), ({"answer": "old", "route": "x"}, 0)):
        partial.unlink()
        subject = Echo(sent=sent)
        run_suite(suite, {"default": subject}, tools)
        assert len(subject.asked) == n


def test_repeats_are_answers_of_their_own(suite, tools, cache, tmp_path):
    """The second one is not found in the cache of the first."""
    subject = Echo()
    run_suite(replace(suite, repeats=2), {"default": subject}, replace(tools, cache=cache))
    assert len(subject.asked) == 12
    (tmp_path / "small.partial.jsonl").unlink()
    assert missing_rows(replace(suite, repeats=3), {"default": subject}, cache) == [
        ("default", case.id, 2) for case in CASES
    ]
    assert len(missing_rows(suite, {"default": subject}, None)) == 6


def test_a_strength_that_is_asked_for_is_not_taken_as_known(suite, tools, cache, tmp_path):
    """An answer without it is made anew, and serves both from then on."""
    tools = replace(tools, cache=cache)
    run_suite(suite, {"default": Echo()}, tools)
    for strength, n in ((True, 6), (False, 0), (True, 0)):
        (tmp_path / "small.partial.jsonl").unlink()
        subject = Echo(strength=strength)
        run = run_suite(suite, {"default": subject}, tools)
        assert len(subject.asked) == n
        assert {row.strength for row in run.rows} == {0.9}


@pytest.mark.parametrize(("change", "n"), [({}, 0), ({"judge": {"llm": "b"}}, 6)])
def test_what_a_judge_said_is_known(suite, tools, cache, tmp_path, change, n):
    """Unless it is another judge; what it cost counts towards the limit, once."""
    asked = []

    def score(example):
        asked.append(example.question)
        return scored(0.5, usage={"output_tokens": 10})

    judged = Metric(Card(name="judged", definition="A.", misses="B.", needs=frozenset(("judge",))), score)
    tools = replace(
        tools, metrics=(judged,), cache=cache, judge={"llm": "a"}, judge_cost=lambda usage: usage["output_tokens"] / 100
    )
    run = run_suite(replace(suite, limits=Limits(cost=0.25)), {"default": Echo()}, tools)
    assert (len(run.rows), len(asked)) == (3, 3)
    assert run_suite(suite, {"default": Echo()}, tools).stopped == ""
    assert len(asked) == 6
    (tmp_path / "small.partial.jsonl").unlink()
    run_suite(suite, {"default": Echo()}, replace(tools, **change))
    assert len(asked) == 6 + n


def test_the_application(suite, tools, app):
    """Its answers with citations, passages and the strength of the evidence, as rag ask --json prints them."""
    cases = (
        Case(
            "What is mode collapse?",
            True,
            "",
            ("Mode collapse is",),
            "09-gans.md",
            id="a",
            fields={"heading": "Mode collapse"},
        ),
        Case("Who won the chess championship?", answerable=False, id="b"),
    )
    metrics = load_metrics(["hit_at_1", "false_answer", "citation_support", "evidence_strength", "latency_s"])
    suite = replace(suite, cases=cases, metrics=tuple(m.name for m in metrics))
    run = run_suite(suite, {"default": Answering(app, strength=True)}, replace(tools, metrics=metrics))
    first, second = run.rows
    assert first.answer["citations"][0]["source"] == "09-gans.md"
    assert (first.scores["hit_at_1"].value, first.scores["citation_support"].value) == (1.0, 1.0)
    assert (second.scores["false_answer"].value, second.answer["answered"]) == (0.0, False)
    assert first.strength > app.threshold.value > second.strength
    assert first.cost == 0.0
    assert first.latency_s > 0


def test_a_case_in_a_conversation(suite, tools, app):
    """The messages before its question are asked with it."""
    said = [
        {"role": "user", "content": "What is mode collapse?"},
        {"role": "assistant", "content": "A generator that produces only a few kinds of output."},
    ]
    case = Case("How can it be avoided?", answerable=True, id="a", fields={"messages": said})
    (found,) = run_suite(replace(suite, cases=(case,)), {"default": Answering(app)}, tools).rows
    assert "mode collapse" in found.answer["question"]


def test_the_search_alone(suite, tools, app):
    """Finds the same passages as an answer, and answers nothing."""
    case = Case("What is mode collapse?", answerable=True, id="a")
    suite = replace(suite, cases=(case,))
    (found,) = run_suite(suite, {"default": Searching(app)}, tools).rows
    assert [p["chunk_id"] for p in found.answer["retrieved"]] == [p.chunk_id for p in app.search(case.question)]
    assert (found.text, found.answer["answered"]) == ("", False)


def test_what_an_answer_depends_on(app):
    """Settings and the index, but neither the folder nor how long one waits."""
    case = Case("Why?", answerable=True)
    key = Answering(app).key(case)
    assert Answering(App(replace(app.settings, llm_timeout_s=3.0))).key(case) == key
    assert Answering(App(replace(app.settings, k=3))).key(case) != key
    assert Answering(App(replace(app.settings, min_evidence=0.1))).key(case) != key
    assert key != Searching(app).key(case)
    assert str(app.settings.data_dir) not in str(key)


def test_a_question_that_cannot_be_asked_is_a_row_with_an_error(suite, tools, app):
    """It names a file that the index lacks; the others are asked."""
    cases = (
        Case("file:none.md Why?", answerable=True, id="a"),
        Case("What is mode collapse?", answerable=True, id="b"),
    )
    run = run_suite(replace(suite, cases=cases), {"default": Answering(app)}, tools)
    assert [bool(row.error) for row in run.rows] == [True, False]


def test_without_an_index_there_is_no_run(tmp_path):
    """It would be a run of errors."""
    empty = App(Settings.load(environ={}, data_dir=tmp_path / "none"))
    with pytest.raises(StoreError, match="There is no index in"):
        Answering(empty)
