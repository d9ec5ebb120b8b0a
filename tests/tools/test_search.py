"""The search as a tool."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool

from rag_app.tools.search import search_tool


@pytest.fixture
def tool(app):
    """The tool over two chapters of the course."""
    return app.tools[0]


def call(tool, **arguments):
    """Return the message that answers a language model's tool call."""
    return tool.invoke({"type": "tool_call", "id": "7", "name": "search_knowledge", "args": arguments})


def test_the_content_is_for_a_language_model_and_the_artifact_for_a_program(app, tool):
    """Numbered passages with their places as text; the same passages as JSON, best first."""
    message = call(tool, question="What is mode collapse?", k=2)
    passages = app.search("What is mode collapse?", k=2)
    assert message.artifact == [p.to_json() for p in passages]
    first, second = passages
    assert message.content == (
        f"[1] {first.source}, {first.locator}\n{first.text}\n\n[2] {second.source}, {second.locator}\n{second.text}"
    )
    assert "Generative adversarial networks › Mode collapse" in message.content
    assert message.status == "success"


def test_five_passages_are_returned_by_default(tool):
    """In place and asynchronously; called without a tool call, the content alone is returned."""
    assert len(call(tool, question="What is a GAN?").artifact) == 5
    content = asyncio.run(tool.ainvoke({"question": "What is a GAN?"}))
    assert content == call(tool, question="What is a GAN?").content


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"question": " "}, 'The question must not be empty. Ask, for example: rag ask "What is mode collapse?"'),
        ({"question": "x", "k": 0}, "The arguments do not fit. k: input should be greater than or equal to 1."),
        ({"question": "x", "k": 51}, "The arguments do not fit. k: input should be less than or equal to 50."),
        ({"query": "x"}, "The arguments do not fit. question: field required; query: extra inputs are not permitted."),
    ],
)
def test_a_mistake_becomes_text_that_a_language_model_can_act_on(tool, arguments, text):
    """The tool's result says what is wrong; nothing is raised."""
    message = call(tool, **arguments)
    assert (message.content, message.status) == (text, "error")
    assert tool.invoke(arguments) == text


def test_a_search_that_finds_nothing_says_so():
    """The content is never empty."""
    message = call(search_tool(lambda _question, _k: []), question="What is a GAN?")
    assert (message.content, message.artifact) == ("No passage found.", [])


def test_a_language_model_reads_what_the_tool_and_its_arguments_are():
    """The schema has a description of the tool and of each argument, and the bounds of k."""
    function = convert_to_openai_tool(search_tool(lambda _question, _k: []))["function"]
    assert function["name"] == "search_knowledge"
    assert function["description"].startswith("Return the passages of the knowledge base that best match a question")
    question, k = function["parameters"]["properties"].values()
    assert question["description"] == "What to look for, in plain words."
    assert (k["minimum"], k["maximum"], k["default"]) == (1, 50, 5)
    assert function["parameters"]["required"] == ["question"]
