"""What a suite will cost, before anybody is asked."""

from __future__ import annotations

import pytest

from rag_app.app import App
from rag_app.evaluation.caches import Cache
from rag_app.evaluation.cases import Case
from rag_app.evaluation.estimates import Probe, estimate
from rag_app.evaluation.subjects import Answering
from rag_app.evaluation.suites import Suite, Variant
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings

CASES = (
    Case("What is mode collapse?", answerable=True, id="a"),
    Case("Who won the chess championship?", answerable=False, id="b"),
    Case("What does the generator of a GAN do?", answerable=True, id="c"),
)


@pytest.fixture
def suite(tmp_path):
    """Three questions, one of which the gate refuses, asked twice."""
    return Suite(
        name="small",
        path=tmp_path / "small.toml",
        cases=CASES,
        metrics=("false_answer",),
        variants=(Variant("default", {}),),
        repeats=2,
    )


def probe(course_dir, llm):
    """A variant with a language model that costs nothing."""
    chat = ScriptedChat(replies=["No answer found."])
    settings = Settings.load(environ={}, data_dir=course_dir, llm=llm, llm_max_tokens=100)
    app = App(settings, llm=chat if llm != "extractive" else None)
    return Probe(Answering(app), chat, settings)


def test_prompts_are_counted_and_priced(suite, course_dir):
    """Two of three questions reach the language model, twice each; it says a hundred tokens at most."""
    (found,) = estimate(suite, {"default": probe(course_dir, "openai:gpt-4o-mini")}, None)
    assert (found.n_calls, found.n_cached, found.output_tokens) == (4, 0, 400)
    assert 4 * 300 < found.input_tokens < 4 * 3000
    assert found.cost == pytest.approx((found.input_tokens * 0.15 + 400 * 0.6) / 1e6)


def test_a_price_that_is_unknown_is_not_zero(suite, course_dir):
    """It is None."""
    (found,) = estimate(suite, {"default": probe(course_dir, "openai:unheard-of")}, None)
    assert (found.n_calls, found.cost) == (4, None)


def test_quotations_cost_nothing(suite, course_dir):
    """No language model is asked."""
    (found,) = estimate(suite, {"default": probe(course_dir, "extractive")}, None)
    assert (found.n_calls, found.input_tokens, found.cost) == (0, 0, 0.0)


def test_known_answers_and_a_judge(suite, course_dir, tmp_path):
    """What the cache holds is not asked again; a judge is asked for each answer that is new."""
    from dataclasses import replace

    one = probe(course_dir, "openai:gpt-4o-mini")
    cache = Cache(tmp_path / "cache.sqlite")
    cache.add_reply(one.subject.key(CASES[0]) | {"repeat": 0}, one.subject.reply(CASES[1]))
    judged = replace(suite, metrics=("judge_relevance",), judge="openai:gpt-4o-mini", judge_repeats=3)
    first, judge = estimate(judged, {"default": probe(course_dir, "openai:gpt-4o-mini")}, cache)
    cache.close()
    assert (first.n_cached, first.n_calls) == (1, 4)  # five answers are left, of which two in three reach it: 3.3
    assert (judge.what, judge.n_calls) == ("judge", 15)
