"""Faithfulness without a judge."""

from __future__ import annotations

import pytest

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.faithfulness import faithfulness, supported_statements
from rag_app.evaluation.metrics.table import ScoreFunction
from rag_app.reading.support import SUPPORTED

_PASSAGE = "The Louvre is a museum in Paris. It opened in 1793 and holds about 35,000 works of art."
_INVENTED = "Its director studied chemistry in Vienna and collects antique violins."


def _example(answer: str, *, answered: bool = True, quotes: tuple[str, ...] = ()) -> Example:
    return Example(
        "What is the Louvre?",
        answer,
        answered=answered,
        retrieved=({"text": _PASSAGE},),
        citations=tuple({"quote": q} for q in quotes),
    )


def test_a_quotation_is_faithful() -> None:
    """What the passages say word for word is supported, and the score says so."""
    score = faithfulness(_example("The Louvre is a museum in Paris [1]. It opened in 1793 [1]."))
    assert score.value is not None
    assert score.value >= SUPPORTED
    assert score.why == "2 of 2 statements supported."


def test_an_invention_is_named() -> None:
    """The score falls below the threshold and quotes the weakest statement with the reason."""
    score = faithfulness(_example(f"The Louvre is a museum in Paris. {_INVENTED}"))
    assert score.value is not None
    assert score.value < SUPPORTED
    assert score.why == f'1 of 2 statements supported; weakest (no passage): "{_INVENTED}"'


def test_statements_are_shown_where_they_stand() -> None:
    """Offsets are those of the answer and of the passage that supports the statement."""
    answer = "It opened in 1793."
    (shown,) = faithfulness(_example(answer)).details["statements"]
    assert answer[shown["start"] : shown["end"]] == answer
    assert "1793" in _PASSAGE[shown["passage_start"] : shown["passage_end"]]
    assert (shown["passage"], shown["reason"], shown["unsupported"]) == (0, "", [])


def test_the_share_of_supported_statements_counts_them() -> None:
    """One of two statements is supported: 1 / 2."""
    assert supported_statements(_example(f"The Louvre is a museum in Paris. {_INVENTED}")).value == 0.5


def test_what_is_cited_supports_even_where_it_was_not_retrieved() -> None:
    """The passages that a language model reads may be more than those retrieved: their quotations count."""
    alone = faithfulness(_example(_INVENTED))
    cited = faithfulness(_example(_INVENTED, quotes=(_INVENTED,)))
    assert alone.value is not None
    assert cited.value is not None
    assert alone.value < SUPPORTED <= cited.value


@pytest.mark.parametrize("metric", [faithfulness, supported_statements])
@pytest.mark.parametrize(
    ("example", "why"),
    [
        (_example("No answer found.", answered=False), "There is no answer whose statements could be supported."),
        (_example("So it is."), "The answer states nothing that passages could support."),
        (_example(""), "The answer states nothing that passages could support."),
    ],
    ids=["refused", "says nothing", "empty"],
)
def test_an_answer_that_states_nothing_has_no_score(metric: ScoreFunction, example: Example, why: str) -> None:
    """A refusal is neither faithful nor unfaithful."""
    score = metric(example)
    assert (score.status, score.why) == ("not-applicable", why)
