"""What a step of an agent does where something goes wrong in it."""

from __future__ import annotations

import threading
import time

import pytest
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.errors import GraphInterrupt
from langgraph.prebuilt.tool_node import ToolCallRequest

from rag_app.chains.steps import Steps
from rag_app.llms.scripted import ScriptedChat
from rag_app.settings import Settings
from rag_app.tools.selection import ToolSelector
from rag_app.tools.toolbox import N_SELECTED, Toolbox


@pytest.fixture
def steps(minilm) -> Steps:
    """With a limit of a fifth of a second."""
    toolbox = Toolbox(ToolSelector(minilm), lambda _question, _k: [], lambda _number, _passage: "", "perplexity")
    return Steps(Settings.load(environ={}, data_dir="x", agent_timeout_s=0.2), toolbox, len)


def request(name: str = "perplexity") -> ToolCallRequest:
    """Return a request for a call."""
    call = {"name": name, "args": {"log_probabilities": [0]}, "id": "7", "type": "tool_call"}
    return ToolCallRequest(tool_call=call, tool=None, state={}, runtime=None)


def test_an_error_that_is_nobodys_rule_is_named_by_its_kind(steps: Steps) -> None:
    """A mistake of ours in a tool is no reason to lose the conversation, and its text may hold a document."""

    def handler(_request: ToolCallRequest) -> ToolMessage:
        raise ZeroDivisionError("secret")

    message = steps.wrap_tool_call(request(), handler)
    assert (message.text, message.status, message.tool_call_id) == (
        "perplexity failed: ZeroDivisionError.",
        "error",
        "7",
    )


def test_an_interruption_of_the_graph_is_passed_on(steps: Steps) -> None:
    """LangGraph makes use of it."""

    def handler(_request: ToolCallRequest) -> ToolMessage:
        raise GraphInterrupt

    with pytest.raises(GraphInterrupt):
        steps.wrap_tool_call(request(), handler)


def test_a_call_that_takes_too_long_is_given_up(steps: Steps) -> None:
    """And after the time is up, none is begun."""
    done, begun = threading.Event(), []

    def handler(_request: ToolCallRequest) -> ToolMessage:
        begun.append(1)
        done.wait(10)
        return ToolMessage("late", tool_call_id="7")

    for _ in range(2):
        message = steps.wrap_tool_call(request(), handler)
        assert (message.text, message.status) == ("perplexity did not come to an end in time.", "error")
    done.set()
    assert begun == [1]


def test_a_tool_that_was_not_offered_is_found_in_the_register(steps: Steps) -> None:
    """The handler gets it."""
    seen = []

    def handler(given: ToolCallRequest) -> ToolMessage:
        seen.append(given.tool.name)
        return ToolMessage("1.0", tool_call_id="7")

    assert steps.wrap_tool_call(request("kl_divergence"), handler).text == "1.0"
    assert seen == ["kl_divergence"]


def test_a_small_context_holds_fewer_tools(minilm) -> None:
    """Those that are always there, and the ones that fit the question best."""
    n_tools, asked = [], []
    for context in (2000, 8000, 100_000):
        toolbox = Toolbox(ToolSelector(minilm), lambda _question, _k: [], lambda _number, _passage: "", "perplexity")
        settings = Settings.load(environ={}, data_dir="x", llm_context_tokens=context, llm_max_tokens=100)
        watched = Steps(settings, toolbox, lambda text: len(text) // 3)
        request_ = ModelRequest(model=ScriptedChat(replies=["x"]), messages=[], state={"messages": []})
        watched.wrap_model_call(request_, lambda given: asked.append(given) or ModelResponse(result=[AIMessage("So.")]))
        names = [tool.name for tool in asked[-1].tools]
        assert names[:2] == ["search_knowledge", "find_tools"]
        n_tools.append(len(names))
    assert 2 <= n_tools[0] < n_tools[1] <= n_tools[2] == 2 + N_SELECTED


def test_when_the_time_is_up_the_language_model_must_answer(steps: Steps) -> None:
    """It is told of no tool any more, and why is noted."""
    asked: list[ModelRequest] = []

    def handler(given: ModelRequest) -> ModelResponse:
        asked.append(given)
        return ModelResponse(result=[AIMessage("So.")])

    request_ = ModelRequest(
        model=ScriptedChat(replies=["x"]), messages=[], system_prompt="Rules.", state={"messages": []}
    )
    steps.wrap_model_call(request_, handler)
    time.sleep(0.25)
    steps.wrap_model_call(request_, handler)
    assert [bool(given.tools) for given in asked] == [True, False]
    assert asked[1].system_message.text.startswith("Rules.\n\nNo tool can be called any more")
    assert steps.notes == ["Stopped after 0.2 seconds: the answer rests on what was found until then."]
