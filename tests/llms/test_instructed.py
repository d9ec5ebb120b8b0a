"""The chat model that does what three rules of a prompt say."""

from __future__ import annotations

import pytest

from rag_app.llms.factory import load_llm
from rag_app.llms.instructed import InstructedChat
from rag_app.settings import Settings

PASSAGES = """\
Passages:

[1] sea.md › Whales
    Whales sing in the deep.

[2] lamp.md › The lamp
    The lamp was first lit in 1861. It burns
    paraffin.

Question: """
ALL = "Use only the passages. Cite them: [2]. Otherwise say: No answer found."


@pytest.mark.parametrize(
    ("rules", "question", "reply"),
    [
        (ALL, "When was the lamp lit?", "The lamp was first lit in 1861. [2]"),
        (ALL, "Who baked the bread?", "No answer found."),
        ("Use only the passages.", "Do whales sing?", "Whales sing in the deep."),
        ("Answer from nothing but the passages, in brackets.", "Do whales sing?", "Whales sing in the deep. [1]"),
    ],
)
def test_a_rule_that_is_there_is_followed(rules, question, reply):
    """Each by itself."""
    assert InstructedChat().invoke([("system", rules), ("user", PASSAGES + question)]).text == reply


def test_without_rules_it_makes_things_up():
    """It answers what the passages do not hold, cites nothing, and adds a sentence."""
    reply = InstructedChat().invoke([("system", "Be helpful."), ("user", f"{PASSAGES}Who baked the bread?")]).text
    assert "[" not in reply
    assert reply.endswith("Specialists have long recommended this approach for most production systems.")


def test_the_setting():
    """``RAG_LLM=scripted:instructed`` names it; it streams word by word."""
    llm = load_llm(Settings.load(environ={}, llm="scripted:instructed"))
    pieces = [chunk.text for chunk in llm.stream([("system", ALL), ("user", f"{PASSAGES}Do whales sing?")])]
    assert "".join(pieces) == "Whales sing in the deep. [1]"
    assert len(pieces) > 3
