"""What a language model may call to answer one question."""

from __future__ import annotations

import pytest
from support.answers import passage_of

from rag_app.errors import UnknownNameError
from rag_app.tools.selection import ToolSelector
from rag_app.tools.toolbox import N_SELECTED, Toolbox

PASSAGES = {name: passage_of(f"Text {name}.", source=f"{name}.md") for name in "abc"}
FOUND = {"first": ["a", "b"], "second": ["c", "b"], "none": []}


@pytest.fixture(scope="module")
def selector(minilm) -> ToolSelector:
    """With the real embedder."""
    return ToolSelector(minilm)


@pytest.fixture
def toolbox(selector: ToolSelector) -> Toolbox:
    """Over three passages."""
    return Toolbox(
        selector,
        lambda question, _k: [PASSAGES[name] for name in FOUND[question]],
        lambda number, passage: f"[{number}] {passage.text}",
        "What is the f1 score?",
    )


def call(toolbox: Toolbox, name: str, **arguments: object):
    """Return the message that answers a tool call."""
    tool = next(tool for tool in toolbox.own if tool.name == name)
    return tool.invoke({"type": "tool_call", "id": "7", "name": name, "args": arguments})


def test_passages_are_counted_over_several_searches(toolbox: Toolbox) -> None:
    """A passage that is found again keeps its number."""
    assert call(toolbox, "search_knowledge", question="first").content == "[1] Text a.\n\n[2] Text b."
    assert call(toolbox, "search_knowledge", question="second").content == "[3] Text c.\n\n[2] Text b."
    assert toolbox.passages == [PASSAGES[name] for name in "abc"]
    assert call(toolbox, "search_knowledge", question="none").content == "No passage found."


def test_the_question_selects_the_first_tools(toolbox: Toolbox) -> None:
    """Beside the search and the catalogue, which are always there."""
    assert [tool.name for tool in toolbox.own] == ["search_knowledge", "find_tools"]
    names = [tool.name for tool in toolbox.selected]
    assert (names[0], len(names)) == ("f1_score", N_SELECTED)


def test_the_catalogue_puts_in_front_what_it_finds(toolbox: Toolbox) -> None:
    """Its reply has a line for each tool, and each can be called next; none is there twice."""
    assert "KMeans" not in [tool.name for tool in toolbox.selected]
    reply = call(toolbox, "find_tools", request="k-means clusters").content
    assert any(line.startswith("KMeans(X, k=2, ") for line in reply.splitlines())
    found = [line.partition("(")[0] for line in reply.splitlines()]
    names = [tool.name for tool in toolbox.selected]
    assert names[: len(found)] == found
    assert len(set(names)) == len(names)


def test_any_tool_of_the_register_can_be_called(toolbox: Toolbox) -> None:
    """Even one that was not offered: language models remember names; an unknown one is an error with close names."""
    assert toolbox.tool("perplexity").name == "perplexity"
    with pytest.raises(UnknownNameError, match="Did you mean perplexity"):
        toolbox.tool("perplexities")
