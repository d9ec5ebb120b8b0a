"""Scores that a language model judges: of our own prompts, once and several times."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from support.openai_server import OpenAIServer

from rag_app.errors import SettingsError, UnknownNameError
from rag_app.evaluation.judges import JUDGE_CARDS, load_judge, load_judge_metric
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.scheduler import Scheduler
from rag_app.evaluation.scores import Score
from rag_app.evaluation.verdicts import Judge
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings

PASSAGES = ({"source": "light.md", "text": "The keeper lit the lamp at dusk.\nIt burnt oil."},)
EXAMPLE = Example("Who lit it?", "The keeper lit it [1]. It burnt gas [1].", retrieved=PASSAGES)


def verdicts(*given: str) -> str:
    """Return a reply with one verdict for each statement."""
    return json.dumps({"verdicts": [{"statement": i, "reason": "So.", "verdict": v} for i, v in enumerate(given, 1)]})


def judged(
    name: str, replies: Sequence[str], example: Example = EXAMPLE, repeats: int = 1
) -> tuple[Score, ScriptedChat]:
    """Return the score of an example, and what judged it."""
    llm = ScriptedChat(replies=list(replies))
    with Scheduler(concurrency=1) as scheduler:
        judge = Judge(Settings.load(environ={}), llm=llm, repeats=repeats, scheduler=scheduler)
        return load_judge_metric(name, judge)(example), llm


def test_faithfulness_by_hand():
    """One of two sentences is supported: 1/2, with the reason of the first that fails, and the replies as they came."""
    reply = verdicts("supported", "contradicted").replace("So.", "It says gas.")
    score, _ = judged("judge_faithfulness", [reply])
    assert (score.status, score.value) == ("scored", 0.5)
    assert score.why == "Supported are 1 of 2 sentences, says the judge. It says gas."
    assert score.details["statements"] == [
        {"text": "The keeper lit it.", "verdict": "supported", "reason": "It says gas."},
        {"text": "It burnt gas.", "verdict": "contradicted", "reason": "It says gas."},
    ]
    assert score.details["unsupported"] == ["It burnt gas."]
    assert score.details["replies"] == [reply]
    assert score.details["judge"] == "ScriptedChat"


def test_what_the_judge_of_faithfulness_reads():
    """Passages by number, each line of them indented; sentences by number, without markers."""
    _, llm = judged("judge_faithfulness", [verdicts("supported", "missing")])
    asked = llm.received[0][-1].text
    assert "[1] light.md\n    The keeper lit the lamp at dusk.\n    It burnt oil." in asked
    assert "1. The keeper lit it.\n2. It burnt gas." in asked


@pytest.mark.parametrize(
    "reply",
    [
        verdicts("supported"),
        verdicts("supported", "missing", "missing"),
        verdicts("supported", "missing").replace('"statement": 2', '"statement": 1'),
        verdicts("supported", "missing").replace('"statement": 2', '"statement": 3'),
    ],
    ids=["one is missing", "one is too many", "one is twice", "one is another's"],
)
def test_verdicts_are_counted(reply: str):
    """There must be exactly one for each sentence; otherwise there is no score, not a wrong one."""
    score, llm = judged("judge_faithfulness", [reply])
    assert (score.status, score.value, llm.n_calls) == ("error", None, 2)
    assert "there must be one verdict for each statement from 1 to 2" in score.why
    assert score.details["replies"] == [reply, reply]


def test_verdicts_in_another_order_are_put_right():
    """They have numbers."""
    found = json.loads(verdicts("supported", "missing"))
    found["verdicts"].reverse()
    score, _ = judged("judge_faithfulness", [json.dumps(found)])
    assert [s["verdict"] for s in score.details["statements"]] == ["supported", "missing"]


@pytest.mark.parametrize(("grade", "value"), [(1, 0.0), (2, 0.25), (3, 0.5), (4, 0.75), (5, 1.0)])
def test_relevance_by_hand(grade: int, value: float):
    """A grade from 1 to 5, as 0 to 1; the reason of the judge is ours."""
    score, _ = judged("judge_relevance", [json.dumps({"reason": "It names who.", "score": grade})])
    assert (score.value, score.why) == (value, "It names who.")


@pytest.mark.parametrize("name", ["judge_faithfulness", "judge_relevance"])
def test_a_refusal_is_not_judged(name: str):
    """The judge is not asked, and there is nothing of it in the score."""
    score, llm = judged(name, ["{}"], Example("Who?", "No answer found", answered=False, retrieved=PASSAGES))
    assert (score.status, score.details, llm.n_calls) == ("not-applicable", {}, 0)


@pytest.mark.parametrize(
    "example", [Example("Who?", "The keeper."), Example("Who?", " [1] ", retrieved=PASSAGES)], ids=["passage", "text"]
)
def test_faithfulness_needs_passages_and_an_answer(example: Example):
    """Otherwise it does not apply."""
    score, llm = judged("judge_faithfulness", ["{}"], example)
    assert (score.status, llm.n_calls) == ("not-applicable", 0)


def test_repeated_scores_show_their_spread():
    """1, 1/2 and 1/2: mean 2/3, standard deviation √(1/12); each of the three is kept."""
    replies = [verdicts("supported", "supported"), verdicts("supported", "missing"), verdicts("missing", "supported")]
    score, _ = judged("judge_faithfulness", replies, repeats=3)
    assert score.value == pytest.approx(2 / 3)
    assert score.details["values"] == [1.0, 0.5, 0.5]
    assert score.details["spread"] == pytest.approx((1 / 12) ** 0.5)
    assert [repeat["details"]["replies"] for repeat in score.details["repeats"]] == [[reply] for reply in replies]


def test_a_failure_among_repeats_is_told():
    """The mean is that of the others; a failed one is neither zero nor forgotten."""
    good = verdicts("supported", "missing")
    score, _ = judged("judge_faithfulness", [good, "?", good, "?"], repeats=3)
    assert score.value == 0.5
    assert score.why == "Mean of the 2 values that the judge gave when it was asked 3 times."


def test_failures_alone_are_an_error():
    """And so they are where nothing is repeated."""
    score, _ = judged("judge_relevance", ["?"], repeats=3)
    assert (score.status, score.value) == ("error", None)
    assert len(score.details["repeats"]) == 3


def test_tokens_are_added_up():
    """Over the repeats, those of a reply that could not be used too: what was spent was spent."""
    with OpenAIServer(replies=['{"reason": "So.", "score": 5}', "?"]) as server, Scheduler(concurrency=1) as scheduler:
        settings = Settings.load(environ={}, llm="openai:any", llm_base_url=server.url)
        judge = Judge(settings, repeats=2, scheduler=scheduler)
        score = load_judge_metric("judge_relevance", judge)(EXAMPLE)
    singles = [repeat["details"]["usage"] for repeat in score.details["repeats"]]
    assert score.details["usage"] == {key: sum(own[key] for own in singles) for key in singles[0]}
    assert score.details["usage"]["output_tokens"] > max(own["output_tokens"] for own in singles) > 0


def test_every_card_is_a_metric_and_no_other_name_is():
    """Each says that it needs a judge, and that its agreement is that of the judge."""
    assert all(card.needs == {"judge"} and "rag eval align" in card.known_agreement for card in JUDGE_CARDS)
    with pytest.raises(UnknownNameError, match="Did you mean judge_relevance"):
        judged("judge_relevence", ["?"])


def test_a_judge_is_loaded_by_name():
    """It has neither fallbacks, kept replies and endings; the address of another language model is not its own."""
    settings = Settings.load(
        environ={},
        llm="openai:one",
        llm_base_url="http://127.0.0.1:1/v1",
        llm_fallbacks=("openai:two",),
        llm_cache=True,
        llm_stop=("}",),
    )
    assert load_judge(settings, "openai:one").made_by["base_url"] == "http://127.0.0.1:1/v1"
    assert load_judge(settings, "openai:two").made_by["base_url"] == ""
    other = load_judge(settings, "openai:a@b@http://127.0.0.1:2/v1").made_by
    assert (other["llm"], other["base_url"]) == ("openai:a@b", "http://127.0.0.1:2/v1")
    assert "stop" not in other["decoding"]
    with pytest.raises(SettingsError, match="RAG_LLM must be"):
        load_judge(settings, "gpt")
