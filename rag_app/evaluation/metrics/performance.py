"""What an answer takes: time, tokens, money. Rows of the cache keep what they took when they were made."""

from __future__ import annotations

from collections.abc import Callable

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored

_MEASURED = "is measured, not judged"


@metric(
    name="latency_s",
    definition="Seconds from the question to the whole answer.",
    high=None,
    direction="lower",
    misses="What else the machine was doing: compare runs of one machine, one after the other.",
    agreement_note=_MEASURED,
    unit="s",
    advisory=True,
)
def latency_s(example: Example) -> Score:
    """Return the seconds that the answer took when it was made."""
    return scored(example.latency_s)


def _tokens(key: str) -> Callable[[Example], Score]:
    def score(example: Example) -> Score:
        if key not in example.usage:
            return not_applicable("No language model was asked, or it reports no tokens.")
        return scored(float(example.usage[key]))

    return score


for _kind in ("input", "output"):
    metric(
        name=f"{_kind}_tokens",
        definition=f"Tokens of the {'prompt' if _kind == 'input' else 'reply'}, as the provider reports them.",
        high=None,
        direction="lower",
        misses="What other providers would count.",
        agreement_note=_MEASURED,
        unit="tokens",
        advisory=True,
    )(_tokens(f"{_kind}_tokens"))


@metric(
    name="cost",
    definition="US dollars of the answer, by the table of prices.",
    high=None,
    direction="lower",
    misses="Prices that the table lacks: such answers have no score, rather than a cost of nothing.",
    agreement_note=_MEASURED,
    unit="US$",
    advisory=True,
)
def cost(example: Example) -> Score:
    """Return what the answer cost."""
    if example.cost is None:
        return not_applicable("The price is unknown.")
    return scored(example.cost)
