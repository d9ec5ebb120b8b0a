"""Whether the program answers what it should, and stays silent where it should."""

from __future__ import annotations

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import STRENGTH, metric
from rag_app.evaluation.scores import Score, not_applicable, scored

_COUNTED = "counts facts: whether there was an answer, and whether a person says that there should be one"


@metric(
    name="false_answer",
    definition="1 where an unanswerable question was answered, 0 where it was refused; the mean is a rate.",
    direction="lower",
    misses="Whether the answer does harm, and whether the documents answer the question after all.",
    agreement_note=_COUNTED,
)
def false_answer(example: Example) -> Score:
    """Return whether an unanswerable question was answered."""
    if example.answerable:
        return not_applicable("The question can be answered.")
    return scored(float(example.answered), "It was answered." if example.answered else "It was refused, rightly.")


@metric(
    name="false_refusal",
    definition="1 where an answerable question was refused, 0 where it was answered; the mean is a rate.",
    direction="lower",
    misses="Whether the answer is right.",
    agreement_note=_COUNTED,
)
def false_refusal(example: Example) -> Score:
    """Return whether an answerable question was refused."""
    if not example.answerable:
        return not_applicable("The question cannot be answered.")
    return scored(float(not example.answered), "It was answered." if example.answered else "It was refused, wrongly.")


@metric(
    name="evidence_strength",
    definition="Strength of the evidence that the gate judges, for the risk–coverage curve of a run.",
    misses="Whether it is right to be so sure: see the area under risk and coverage.",
    agreement_note="is no quality by itself",
    needs=frozenset((STRENGTH,)),
    advisory=True,
)
def evidence_strength(example: Example) -> Score:
    """Return the strength of the evidence."""
    if example.strength is None:
        return not_applicable("The strength of the evidence was not recorded.")
    return scored(example.strength)
