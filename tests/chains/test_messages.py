"""Messages in the forms in which programs hand them over."""

from __future__ import annotations

import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

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
        [HumanMessage([{"type": "text", "text": "What is a GAN?"}]), AIMessage("Two networks."), TALK[2]],
    ],
)
def test_every_common_form_is_read(messages):
    """Our own messages, tuples, dictionaries and LangChain's messages mean the same."""
    assert read_messages(messages) == TALK


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
        ({"role": "tool", "content": "1"}, "dict"),
        ({"role": ["user"], "content": "1"}, "dict"),
        (ToolMessage("1", tool_call_id="a"), "ToolMessage"),
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
