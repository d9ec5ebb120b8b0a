"""Figures of a whole run that are no mean over answers: the order of strengths, a slow tail, labels that are rare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rag_app.evaluation.classification import ClassificationReport, build_report
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.metrics.citations import quotes
from rag_app.evaluation.runs import Row
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.from_scratch.metrics.abstention import risk_coverage_curve
from rag_app.from_scratch.metrics.classification import f1_score
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.types import Classification

_NO_STRENGTH = "The suite does not have the metric evidence_strength, or no row has a strength."
_ONE_KIND = "There are not both answerable and unanswerable questions."
_SLOW = 95  # per cent


def gate_auroc(rows: Sequence[Row]) -> Score:
    """Return how probably an answerable question has stronger evidence than an unanswerable one."""
    found = [row for row in rows if row.strength is not None]
    if not found:
        return not_applicable(_NO_STRENGTH)
    labels = [int(row.case.answerable) for row in found]
    if len(set(labels)) == 1:
        return not_applicable(_ONE_KIND)
    return scored(roc_auc_score(labels, [row.strength or 0.0 for row in found]))


def risk_coverage_area(rows: Sequence[Row]) -> Score:
    """Return the area under the curve of risk over coverage, for thresholds of the strength of the evidence."""
    found = [row for row in rows if row.strength is not None]
    if not found:
        return not_applicable(_NO_STRENGTH)
    curve = risk_coverage_curve([int(is_right(row)) for row in found], [row.strength or 0.0 for row in found])
    return scored(curve["area"], curve={k: curve[k] for k in ("coverages", "risks", "thresholds")})


def macro_f1(rows: Sequence[Row]) -> Score:
    """Return the plain mean of the labels' F1."""
    pairs = [(row.case.fields["label"], row.text or "(none)") for row in rows if "label" in row.case.fields]
    if not pairs:
        return not_applicable("No case names a label.")
    actual, given = zip(*pairs, strict=True)
    return scored(f1_score(list(actual), list(given), average="macro"))


def label_report(rows: Sequence[Row]) -> ClassificationReport | None:
    """Return the figures of each label, and which are taken for which; None where no text was labelled."""
    labelled = [row for row in rows if "classification" in row.answer and "label" in row.case.fields]
    if not labelled:
        return None
    found = [_classification(row.answer["classification"]) for row in labelled]
    labels = sorted({*found[0].scores, *(str(row.case.fields["label"]) for row in labelled)})
    return build_report([[str(row.case.fields["label"])] for row in labelled], found, labels)


def _classification(value: Mapping[str, Any]) -> Classification:
    return Classification(**{**value, "labels": tuple(value["labels"]), "notes": tuple(value["notes"])})


def latency_p95_s(rows: Sequence[Row]) -> Score:
    """Return the seconds within which 95 % of the answers came."""
    seconds = [row.latency_s for row in rows if not row.error]
    return scored(float(np.percentile(seconds, _SLOW))) if seconds else not_applicable("There is no answer.")


def is_right(row: Row) -> bool:
    """Return whether a row answers rightly: an answerable question, with the evidence that its case names, if any."""
    example = row.example
    if not example.answered or not example.answerable:
        return False
    return not example.evidence or any(quotes(citation, example.evidence) for citation in example.citations)


Aggregate = Callable[[Sequence[Row]], Score]
AGGREGATES: Mapping[str, tuple[Card, Aggregate]] = {
    card.name: (card, function)
    for card, function in (
        (
            Card(
                name="gate_auroc",
                definition="Probability that an answerable question has stronger evidence than an unanswerable one.",
                misses="Where the threshold stands.",
                agreement_note="counts facts",
            ),
            gate_auroc,
        ),
        (
            Card(
                name="risk_coverage_area",
                definition="Mean share of wrong answers over all shares of questions that are answered.",
                direction="lower",
                misses="Questions that are refused at the threshold in use count as wrong at every other one.",
                agreement_note="counts facts",
            ),
            risk_coverage_area,
        ),
        (
            Card(
                name="macro_f1",
                definition="Plain mean of the F1 of the labels.",
                misses="That some confusions are worse than others.",
                agreement_note="counts facts",
            ),
            macro_f1,
        ),
        (
            Card(
                name="latency_p95_s",
                definition="Seconds within which 95 % of the answers came.",
                high=None,
                direction="lower",
                misses="What else the machine was doing.",
                agreement_note="is measured, not judged",
                unit="s",
                advisory=True,
            ),
            latency_p95_s,
        ),
    )
}


def aggregate_cards() -> dict[str, Card]:
    """Return the cards of the figures of a whole run, by name.

    Examples
    --------
    >>> sorted(aggregate_cards())
    ['gate_auroc', 'latency_p95_s', 'macro_f1', 'risk_coverage_area']
    """
    return {name: card for name, (card, _) in AGGREGATES.items()}
