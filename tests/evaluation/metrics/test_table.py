"""The table of metrics and their cards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag_app.errors import EvaluationError, InvalidInputError, UnknownNameError
from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.aggregates import AGGREGATES, gate_auroc, latency_p95_s, macro_f1, risk_coverage_area
from rag_app.evaluation.metrics.cards import Agreement, Card
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import Metric, card_of, cards, load_metrics, metric
from rag_app.evaluation.runs import Row

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
ALL = [*cards(), *(card for card, _ in AGGREGATES.values())]
OWN = [card for card in cards() if "judge" not in card.needs]


@pytest.mark.parametrize("card", ALL, ids=lambda card: card.name)
def test_every_card_says_what_there_is_to_know(card):
    """Definition and misses are sentences, an agreement is stated or said not to be measured, and JSON keeps it all."""
    assert re.fullmatch(r"[a-z][a-z0-9_]+", card.name)
    for text in (card.definition, card.misses):
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")
    assert card.known_agreement
    assert Card.from_json(json.loads(json.dumps(card.to_json()))) == card
    assert card.low is None or card.high is None or card.low < card.high


def test_names_are_not_repeated():
    """Nor is a metric named like a figure of a whole run."""
    names = [card.name for card in ALL]
    assert len(set(names)) == len(names) > 20


@pytest.mark.parametrize("card", OWN, ids=lambda card: card.name)
def test_empty_and_odd_examples_get_a_score(card):
    """Of any status but never an exception, and never out of range."""
    (found,) = load_metrics([card.name])
    nothing = Case("?", answerable=False)
    odd = Case("¿?", True, "…", ("—",), "a.md", fields={"heading": None, "label": "x", "payload": "(", "also": []})
    passage = {"text": "", "source": "a.md", "chunk_id": "1", "locator": {}}
    for example in (
        Example("?", "", answered=False, answerable=False, case=nothing),
        Example("?", "[1] [2]", case=nothing),
        Example("¿?", "…", retrieved=(passage,), reference="…", evidence=("—",), source="a.md", case=odd),
    ):
        score = found.score(example)
        assert score.value is None or card.low <= score.value <= (card.high or score.value)


def test_the_same_example_gives_the_same_score():
    """Bit by bit."""
    passage = {"text": "The lamp was lit in 1861.", "source": "a.md", "chunk_id": "1", "locator": {"heading": ["Lamp"]}}
    quote = {"quote": "lit in 1861", "source": "a.md", "locator": {"heading": ["Lamp"]}}
    case = Case("When?", True, "1861", ("The lamp was lit in 1861.",), "a.md", id="1", fields={"heading": "Lamp"})
    example = Example(
        "When?",
        "It was lit in 1861. [1]",
        citations=(quote,),
        retrieved=(passage,),
        reference="1861",
        evidence=case.evidence,
        source="a.md",
        case=case,
        strength=0.7,
        cost=0.1,
        usage={"input_tokens": 3},
    )
    for found in load_metrics([card.name for card in OWN]):
        assert found.score(example).to_json() == found.score(example).to_json()


SCORING = """
import json
from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import cards, load_metrics
from rag_app.evaluation.resampling import clustered_interval, sign_flip_p_value
passage = {"text": "The lamp was lit in 1861. Salt dims it.", "source": "a.md", "chunk_id": "1", "locator": {}}
quote = {"quote": "lit in 1861, and salt dims the lamp", "source": "a.md", "locator": {}}
case = Case("When?", True, "In 1861", ("The lamp was first lit in 1861.",), "a.md", id="1")
example = Example(
    "When?", "It was lit in 1861. [1] Salt dims the lamp.", citations=(quote,), retrieved=(passage,),
    reference="In 1861", evidence=case.evidence, source="a.md", case=case,
)
names = [card.name for card in cards() if "judge" not in card.needs]
print(json.dumps([metric.score(example).to_json() for metric in load_metrics(names)]))
values, clusters = [i / 7 for i in range(40)], [str(i % 17) for i in range(40)]
print(clustered_interval(values, clusters), sign_flip_p_value([v - 2.5 for v in values], clusters))
"""


def test_two_processes_agree_bit_by_bit():
    """Whatever the order in which their sets of words come."""
    out = {
        subprocess.run(
            [sys.executable, "-c", SCORING],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(out) == 1
    assert "standard_error" in out.pop()


def test_an_unknown_metric():
    """Is met with what is close."""
    with pytest.raises(UnknownNameError, match=r"There is no metric named 'ndgc'\. Did you mean ndcg"):
        load_metrics(["ndgc"])
    with pytest.raises(UnknownNameError, match="There is no metric named 'x'"):
        card_of("x")


def test_a_judge_is_asked_for():
    """Where a metric needs one."""
    with pytest.raises(EvaluationError, match="The metric judge_relevance needs a judge"):
        load_metrics(["judge_relevance"])


def test_a_name_is_given_once():
    """To the first metric that has it."""
    with pytest.raises(EvaluationError, match="name must not be that of another metric; got 'ndcg'"):
        metric(name="ndcg", definition="A.", misses="B.")(lambda _: None)


def test_a_card_must_say_something():
    """A metric of which nothing is missed is not known well enough."""
    with pytest.raises(InvalidInputError, match="misses of a metric's card must be text that is not blank; got ' '"):
        Card(name="a", definition="A.", misses=" ")


def test_agreement_in_words():
    """The figure with its interval, data and n."""
    found = Agreement("AUROC", 0.86, 0.84, 0.88, "some answers", 817, "faithfulness.py")
    card = Card(name="a", definition="A.", misses="B.", agreement=(found,))
    assert card.known_agreement == "AUROC 0.860 (0.840 to 0.880) on some answers, n = 817"
    assert Card.from_json(json.loads(json.dumps(card.to_json()))) == card


@pytest.mark.parametrize("card", [card for card in ALL if card.agreement], ids=lambda card: card.name)
def test_a_stated_agreement_was_measured(card):
    """By a benchmark that is here, whose committed table holds the figure with its interval and n."""
    for found in card.agreement:
        assert (BENCHMARKS / found.script).is_file()
        table = (BENCHMARKS / "results" / found.script).with_suffix(".json").read_text(encoding="utf-8")
        rows = json.loads(table)["rows"]
        figures = [{round(float(n), 3) for v in row.values() for n in _NUMBER.findall(str(v))} for row in rows]
        assert any({found.value, found.low, found.high, found.n} <= one for one in figures)


def test_what_a_metric_refuses_is_an_error_score():
    """The run goes on."""

    def refuse(_):
        msg = "k must be at least 1; got 0."
        raise InvalidInputError(msg)

    score = Metric(Card(name="a", definition="A.", misses="B."), refuse).score(Example("?", ""))
    assert (score.status, score.why) == ("error", "k must be at least 1; got 0.")


def row(strength, *, answerable=True, answered=True, quote="", **fields):
    """A row with a strength."""
    case = Case("?", answerable, evidence=("The lamp was lit.",) if answerable else (), fields=fields.pop("fields", {}))
    answer = {"answer": fields.pop("text", ""), "answered": answered, "citations": [{"quote": quote}] if quote else []}
    return Row(case, "default", answer=answer, strength=strength, **fields)


def test_the_order_of_strengths():
    """Of four pairs of an answerable and an unanswerable question, three are in order: 3 / 4."""
    rows = [row(0.9), row(0.5), row(0.6, answerable=False), row(0.1, answerable=False)]
    assert gate_auroc(rows).value == 0.75
    assert gate_auroc(rows[:2]).why == "There are not both answerable and unanswerable questions."
    assert gate_auroc([row(None)]).status == risk_coverage_area([row(None)]).status == "not-applicable"


def test_the_area_under_risk_and_coverage():
    """Right, wrong sentence, unanswerable: risks 0, 1/2, 2/3 at a third of the questions each."""
    rows = [row(0.9, quote="The lamp was lit."), row(0.8, quote="Whales."), row(0.7, answerable=False, quote="Whales.")]
    score = risk_coverage_area(rows)
    assert score.value == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    assert score.details["curve"]["coverages"] == pytest.approx([1 / 3, 2 / 3, 1])


def test_the_mean_of_the_labels():
    """F1 of a: 2·1·½ / 1½ = 2/3; of b: 0 with nothing found; of "(none)": none is right."""
    rows = [
        row(None, fields={"label": "a"}, text="a"),
        row(None, fields={"label": "a"}),
        row(None, fields={"label": "b"}),
    ]
    assert macro_f1(rows).value == pytest.approx((2 / 3 + 0 + 0) / 3)
    assert macro_f1([row(None)]).status == "not-applicable"


def test_the_slow_tail():
    """Of a hundred and one answers from 0 to 100 s, the 95th percentile is 95; a failed one took no time."""
    rows = [row(None, latency_s=float(i)) for i in range(101)] + [row(None, error="No.", latency_s=999.0)]
    assert latency_p95_s(rows).value == 95.0
    assert latency_p95_s([]).status == "not-applicable"
