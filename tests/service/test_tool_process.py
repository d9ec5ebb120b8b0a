"""Tools in processes of their own, which can be ended."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rag_app.errors import InvalidInputError
from rag_app.registry import get
from rag_app.service.tool_process import ToolProcesses
from rag_app.service.tool_worker import answer
from rag_app.tools.adapter import call_tool


@pytest.fixture(scope="module")
def tools() -> Iterator[ToolProcesses]:
    """Processes that may compute for a while."""
    made = ToolProcesses(30)
    yield made
    made.close()


def test_a_tool_returns_what_it_returns_here(tools: ToolProcesses) -> None:
    """A number, and all that an estimator has learnt."""
    assert tools.call("ndcg", {"ranking": ["a", "b"], "relevance": {"b": 1}}) == pytest.approx(0.6309297535714575)
    points = {"X": [[0.0], [1.0], [2.0]], "y": [0.0, 1.0, 2.0]}
    assert tools.call("LinearRegression", points) == call_tool(get("LinearRegression"), points)


def test_wrong_arguments_are_said_as_here(tools: ToolProcesses) -> None:
    """The same sentence and the same hint."""
    with pytest.raises(InvalidInputError) as here:
        call_tool(get("ndcg"), {"ranking": 3})
    with pytest.raises(InvalidInputError) as there:
        tools.call("ndcg", {"ranking": 3})
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)


def test_what_computes_for_ever_is_stopped() -> None:
    """And the next call is answered, by a new process."""
    tools = ToolProcesses(0.2)
    forever = {"X": [[0.0], [1.0], [2.0]], "y": [0, 1, 0], "max_epochs": 10**9}  # no line divides them
    try:
        with pytest.raises(InvalidInputError, match=r"must be done within 0\.2 s; it was stopped"):
            tools.call("Perceptron", forever)
    finally:
        tools.close()


def test_what_wants_all_memory_is_refused(tools: ToolProcesses) -> None:
    """The system says no to the process of the tool, not to the service."""
    with pytest.raises(InvalidInputError, match="memory"):
        tools.call("noise_schedule", {"n_steps": 10**10})
    assert tools.call("ndcg", {"ranking": ["a"], "relevance": {"a": 1}}) == 1.0


def test_a_process_that_died_is_replaced(tools: ToolProcesses) -> None:
    """Whoever ended it."""
    for worker in tools._workers:
        if worker._process is not None:
            worker._process.kill()
            worker._process.wait()
    assert tools.call("ndcg", {"ranking": ["a"], "relevance": {"a": 1}}) == 1.0


def test_closing_twice_is_no_mistake() -> None:
    """Nor is closing what never ran."""
    tools = ToolProcesses(1)
    tools.close()
    tools.close()


def test_what_has_no_picture_says_so() -> None:
    """In one line, like every answer of the process."""
    said = answer('{"name": "ndcg", "arguments": {"ranking": ["a"], "relevance": {"a": 1}}, "plot": true}')
    assert json.loads(said)["error"]["message"].endswith("has a picture; got 'ndcg'.")
