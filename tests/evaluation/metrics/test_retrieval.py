"""Metrics of what was retrieved, worked by hand."""

from __future__ import annotations

import pytest

from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import load_metrics

LAMP = "The lamp was lit for the first time in 1861."
SALT = "Salt on the glass dims the lamp."


def passage(source, *heading, text="", chunk_id="x"):
    """A passage as rag ask --json prints it."""
    return {"source": source, "chunk_id": chunk_id, "text": text, "locator": {"heading": list(heading)}}


RETRIEVED = (
    passage("b.md", "Birds", text="Gulls nest on the rock."),
    passage("a.md", "The lighthouse", "The lamp", text=LAMP),
    passage("a.md", "The lighthouse", "The lamp", text="It burns paraffin."),
    passage("c.md", "Glass", text=SALT, chunk_id="salt"),
)


def example(retrieved=RETRIEVED, **fields):
    """An answer about the lamp, which two places hold."""
    also = [{"source": "c.md", "heading": "Glass", "evidence": [SALT]}, {"heading": "no source"}]
    given = {"heading": "The lamp", "also": also} | fields.pop("fields", {})
    case = Case("When?", answerable=True, source=fields.get("source", "a.md"), fields=given)
    return Example(
        "When?",
        "1861",
        retrieved=tuple(retrieved),
        source=case.source,
        case=case,
        **{k: v for k, v in fields.items() if k != "source"},
    )


def value(name, one):
    """The value of a metric."""
    (found,) = load_metrics([name])
    return found.score(one).value


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("hit_at_1", 0.0),
        ("hit_at_3", 1.0),
        ("recall_at_1", 0.0),
        ("recall_at_3", 1.0),  # places: other, lamp, glass; the second chunk about the lamp is no further place
        ("precision_at_1", 0.0),
        ("precision_at_3", 2 / 3),
        ("precision_at_5", 3 / 5),
        ("reciprocal_rank", 1 / 2),
        ("ndcg", (1 / 1.5849625007211562 + 1 / 2) / (1 + 1 / 1.5849625007211562)),
        ("context_recall_by_id", 1.0),
        ("context_precision_by_id", 3 / 4),
    ],
)
def test_by_place(metric, expected):
    """The passages stand in: elsewhere, the lamp, the lamp, the glass; lamp and glass are relevant."""
    assert value(metric, example()) == pytest.approx(expected)


@pytest.mark.parametrize("metric", ["hit_at_1", "recall_at_5", "precision_at_5", "reciprocal_rank", "ndcg"])
def test_nothing_found_and_everything_found(metric):
    """Zero without any passage; one where the only relevant place stands in front."""
    assert value(metric, example(retrieved=())) == 0.0
    only = example(retrieved=RETRIEVED[1:2] * 1, fields={"also": []})
    assert value(metric, only) == (0.2 if metric == "precision_at_5" else 1.0)


def test_ids_come_before_places():
    """Chunks or whole documents, as the case lists them."""
    by_chunk = example(fields={"relevant": ["salt"]})
    assert (value("recall_at_3", by_chunk), value("reciprocal_rank", by_chunk)) == (0.0, 1 / 4)
    assert value("hit_at_1", example(fields={"relevant": ["b.md"]})) == 1.0


def test_a_document_without_a_heading_is_a_place():
    """Any of its passages counts."""
    assert value("precision_at_3", example(fields={"heading": "", "also": []})) == pytest.approx(2 / 3)


def test_a_case_without_a_place_has_no_score():
    """It says why."""
    (metric, precision) = load_metrics(["ndcg", "precision_at_3"])
    for found in (metric, precision):
        score = found.score(example(source=""))
        assert (score.status, score.why) == ("not-applicable", "The case names no place that answers it.")


@pytest.mark.parametrize(
    ("fields", "precision", "recall"),
    [
        ({"evidence": (LAMP,)}, 1 / 2, 1.0),  # the second of four passages holds it
        ({"evidence": (LAMP, SALT)}, (1 / 2 + 2 / 4) / 2, 1.0),
        ({"reference": "Salt dims the lamp, and paraffin burns."}, 0.0, 1.0),  # spread over two passages
        ({"reference": "Whales sing in the deep."}, 0.0, 0.0),
        ({"evidence": ("Gulls nest on the rock.",)}, 1.0, 1.0),
    ],
)
def test_by_text(fields, precision, recall):
    """A passage is useful with 70 % of the words of an evidence sentence; recall joins all passages."""
    assert value("context_precision_by_text", example(**fields)) == pytest.approx(precision)
    assert value("context_recall_by_text", example(**fields)) == pytest.approx(recall)


@pytest.mark.parametrize("metric", ["context_precision_by_text", "context_recall_by_text"])
def test_by_text_without_words(metric):
    """Neither evidence nor reference, or only stop words."""
    (found,) = load_metrics([metric])
    assert found.score(example()).status == "not-applicable"
    assert found.score(example(evidence=("It is.",))).status == "not-applicable"
    assert value(metric, example(retrieved=(), evidence=(LAMP,))) == 0.0
