"""What requests came to, added up."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from rag_app.llms.tally import OWN, Tally

CUT = "The reply was cut off at its greatest length: raise RAG_LLM_MAX_TOKENS for a whole one."
WITHHELD = "The provider withheld a part of the reply."


def _reply(n_in=None, n_out=None, **metadata):
    usage = None if n_in is None else {"input_tokens": n_in, "output_tokens": n_out, "total_tokens": n_in + n_out}
    return AIMessage("x", usage_metadata=usage, response_metadata=metadata)


def test_replies_are_added_up():
    """Tokens and costs are sums, the last one who answered is named, notes are kept in order."""
    tally = Tally()
    tally.add(_reply(10, 2, **{OWN: {"llm": "a", "cost_usd": 0.25, "notes": ["one"]}}))
    tally.add(_reply(5, 1, **{OWN: {"llm": "b", "cost_usd": 0.5, "notes": ["two"]}}))
    assert tally == Tally({"input_tokens": 15, "output_tokens": 3}, 0.75, "b", ["one", "two"])


@pytest.mark.parametrize("unknown", [_reply(1, 1), _reply(1, 1, **{OWN: {"llm": "b", "cost_usd": None, "notes": []}})])
def test_one_unknown_cost_makes_the_sum_unknown(unknown):
    """A sum that leaves something out would look like a small cost."""
    tally = Tally()
    tally.add(unknown)
    tally.add(_reply(1, 1, **{OWN: {"llm": "a", "cost_usd": 0.5, "notes": []}}))
    assert tally.cost_usd is None


def test_nothing_asked_costs_nothing():
    """Before the first request the cost is known: it is zero."""
    assert Tally() == Tally({}, 0.0, "", [])


def test_provider_that_reports_no_usage():
    """No tokens are made up."""
    tally = Tally()
    tally.add(_reply())
    assert tally.usage == {}


@pytest.mark.parametrize(
    ("metadata", "notes"),
    [
        ({"finish_reason": "stop"}, []),
        ({"finish_reason": "tool_calls"}, []),
        ({}, []),
        ({"finish_reason": "length"}, [CUT]),
        ({"stop_reason": "max_tokens"}, [CUT]),
        ({"done_reason": "length"}, [CUT]),
        ({"finish_reason": "MAX_TOKENS"}, [CUT]),
        ({"finish_reason": "content_filter"}, [WITHHELD]),
        ({"stop_reason": "refusal"}, [WITHHELD]),
    ],
)
def test_endings_that_a_reader_should_know_of(metadata, notes):
    """A reply that was cut or withheld says so, in the words of each provider."""
    tally = Tally()
    tally.add(_reply(**metadata))
    assert tally.notes == notes
