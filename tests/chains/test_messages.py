"""Messages in the forms in which programs hand them over."""

from __future__ import annotations

import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage

from rag_app.chains.messages import Message, read_messages
from rag_app.errors import InvalidInputError

TALK = [Message("user", "What is a GAN?"), Message("assistant", "Two networks."), Message("system", "Be kind.")]


@pytest.mark.parametrize(
    "messages",
    [
        TALK,
        [("human", "What is a GAN?"), ("ai", "Two networks."), ("system", "Be kind.")],
        [("user", "What is a GAN?"), ("assistant", "Two networks."), ("system", "Be kind.")],
        [
            {"role": "user", "content": "What is a GAN?"},
            {"role": "assistant", "content": "Two networks."},
            {"role": "system", "content": "Be kind."},
        ],
        [HumanMessage("What is a GAN?"), AIMessage("Two networks."), SystemMessage("Be kind.")],
        [
            {"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "text", "text": "a GAN?"}]},
            {"role": "assistant", "content": "Two networks.", "tool_calls": None},
            {"role": "developer", "content": "Be kind."},
        ],
        [HumanMessage([{"type": "text", "text": "What is a GAN?"}]), AIMessage("Two networks."), TALK[2]],
    ],
)
def test_every_common_form_is_read(messages):
    """Our own messages, tuples, dictionaries and LangChain's messages mean the same."""
    assert read_messages(messages) == TALK


CALL = {"name": "f1_score", "args": {"y_true": [1]}, "id": "a"}


@pytest.mark.parametrize(
    "messages",
    [
        [
            {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function"}]},
            {"role": "tool", "tool_call_id": "a", "content": "0.8"},
            {"role": "function", "name": "f1_score", "content": "0.8"},
        ],
        [AIMessage("", tool_calls=[CALL]), ToolMessage("0.8", tool_call_id="a")],
        [("tool", "0.8")],
    ],
)
def test_calls_of_tools_and_their_results_are_left_out(messages):
    """What a language model asked of a tool, and what it got, is no part of what two sides said to each other."""
    assert read_messages([TALK[0], *messages, TALK[1]]) == TALK[:2]


def test_what_is_said_with_a_call_stays():
    """A language model may say something and call a tool in the same message."""
    assert read_messages([AIMessage("Let me see.", tool_calls=[CALL])]) == [Message("assistant", "Let me see.")]


@pytest.mark.parametrize("messages", [None, [], ()])
def test_no_messages_are_an_empty_conversation(messages):
    """Nothing was said before the question."""
    assert read_messages(messages) == []


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("What is a GAN?", "str"),
        (("user",), "tuple"),
        (("user", "What", "is"), "tuple"),
        (("nobody", "What is a GAN?"), "tuple"),
        (("user", None), "tuple"),
        ({"role": "user"}, "dict"),
        ({"content": "What is a GAN?"}, "dict"),
        ({"role": ["user"], "content": "1"}, "dict"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "dict"),
        ({"role": "user", "content": None, "tool_calls": []}, "dict"),
        (RemoveMessage("a"), "RemoveMessage"),
        (7, "int"),
        (None, "NoneType"),
    ],
)
def test_another_form_is_refused_with_an_example(message, kind):
    """The error names the type, not the text."""
    rule = (
        f"A message must have a role (user, assistant or system) and a text; got {kind}. "
        'Write, for example: {"role": "user", "content": "What is a GAN?"}'
    )
    with pytest.raises(InvalidInputError, match=f"^{re.escape(rule)}$"):
        read_messages([message])
