"""How calls and results read."""

from __future__ import annotations

import shlex

import pytest

from rag_app.tool_calls import ToolCall
from rag_app.tools.results import render_call, render_command, render_result


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (ToolCall("logit", {"probability": 0.5}, 0.0), "logit(probability=0.5) = 0"),
        (ToolCall("causal_mask", {"n": 2}, [[1, 0], [1, 1]]), "causal_mask(n=2):\n1  0\n1  1"),
        (
            ToolCall("logit", {"probability": 2}, error="It is too large."),
            "logit(probability=2) failed: It is too large.",
        ),
        (ToolCall("search_knowledge", {"question": "GAN"}, ["a", "b"]), 'search_knowledge(question="GAN"): passages 2'),
        (ToolCall("find_tools", {"request": "x"}, "f(a): Return.\ng(b): Return."), 'find_tools(request="x"): f, g'),
        (ToolCall("accuracy", {"y_true": [1] * 50}, 1.0), f"accuracy(y_true={str([1] * 50)[:60]}…) = 1"),
    ],
)
def test_a_call_with_what_came_of_it(call: ToolCall, shown: str) -> None:
    """A value stands on the same line, more below; long arguments are cut; a search counts its passages."""
    assert render_call(call) == shown


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        ({"values": [1, 2.5]}, ["values=[1, 2.5]"]),
        ({"text": 'It\'s "so"'}, ['text=It\'s "so"']),
        ({"text": "12"}, ['text="12"']),
        ({"flag": True, "none": None}, ["flag=true", "none=null"]),
        ({"words": ["a", "é"]}, ['words=["a", "\\u00e9"]']),
    ],
)
def test_a_command_that_a_shell_reads_as_it_was_meant(arguments: dict, typed: list[str]) -> None:
    """Text that would be taken for JSON is written as JSON."""
    assert shlex.split(render_command(ToolCall("t", arguments))) == ["rag", "tools", "run", "t", *typed]


def test_the_command_of_a_search() -> None:
    """It is a command of its own."""
    call = ToolCall("search_knowledge", {"question": "What's a GAN?", "k": 3})
    assert shlex.split(render_command(call)) == ["rag", "search", "What's a GAN?", "-k", "3"]


def test_a_nested_result() -> None:
    """Parts stand below their names, two places to the right."""
    assert render_result({"a": {"b_": 0.123456789, "c": None}, "d": [True, False]}) == (
        "a:\n  b: 0.123457\n  c: none\nd: yes  no"
    )
