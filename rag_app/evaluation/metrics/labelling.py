"""Whether a text was given the right label."""

from __future__ import annotations

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored


@metric(
    name="label_accuracy",
    definition="1 where the label is the one that the case names, otherwise 0.",
    misses="That some confusions are worse than others: see the confusions of the run.",
    agreement_note="counts facts: whether the label is the one that a person gave",
)
def label_accuracy(example: Example) -> Score:
    """Return whether the label is right."""
    wanted = example.case.fields.get("label")
    if wanted is None:
        return not_applicable("The case names no label.")
    return scored(float(example.answer == wanted), f"{example.answer or 'no label'} for {wanted}.")
