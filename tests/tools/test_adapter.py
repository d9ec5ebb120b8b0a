"""Registered functions as tools."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool

from rag_app.errors import InvalidInputError
from rag_app.registry import Entry, entries, get
from rag_app.tools.adapter import arguments_model, call_tool, read_numpydoc, registry_tools, tool_of


def share_of(values: Sequence[float], limit: float = 0.5, *, strict: bool = False) -> float:
    """Return the share of values that reach a limit, in [0, 1].

    Whatever stands here is for people.

    Parameters
    ----------
    values : sequence of float
        At least one value,
        on a line of its own.
    limit : float, default=0.5
        What a value must reach.
    strict : bool, default=False
        Whether it must exceed the limit.

    Raises
    ------
    InvalidInputError
        If there are no values.
    """
    if not values:
        msg = "values must not be empty; got []."
        raise InvalidInputError(msg, hint="Pass, for example: [0.2, 0.7]")
    return sum(v > limit or (v == limit and not strict) for v in values) / len(values)


def bare(values: Sequence[float], k: int = 1) -> float:
    """Return a number.

    Parameters
    ----------
    values : sequence of float
        Values.
    """
    return values[k]


def unannotated(values) -> float:
    """Return a number.

    Parameters
    ----------
    values : sequence of float
        Values.
    """
    return values[0]


SHARE = Entry("share_of", "metric", share_of)


def test_every_registered_function_becomes_a_tool():
    """Names and order are those of the register."""
    assert [t.name for t in registry_tools()] == [e.name for e in entries()]


@pytest.mark.parametrize("tool", registry_tools(), ids=lambda tool: tool.name)
def test_a_tool_describes_itself_and_its_parameters(tool):
    """A language model reads the first line of the docstring, and one description for each parameter."""
    function = convert_to_openai_tool(tool)["function"]
    assert function["description"] == get(tool.name).summary
    properties = function["parameters"]["properties"]
    assert list(properties) == list(tool.args) != []
    assert all(p["description"].endswith(".") for p in properties.values())
    json.dumps(function)


def test_descriptions_come_from_the_numpydoc_docstring():
    """The first line, and each parameter's description on one line; the prose between is left out."""
    first_line, described = read_numpydoc(share_of)
    assert first_line == "Return the share of values that reach a limit, in [0, 1]."
    assert described == {
        "values": "At least one value, on a line of its own.",
        "limit": "What a value must reach.",
        "strict": "Whether it must exceed the limit.",
    }
    assert read_numpydoc(lambda: None) == ("", {})


def test_the_schema_of_the_arguments_is_the_signature():
    """Types, defaults and what is required are read from the function; nothing else is allowed."""
    schema = arguments_model(SHARE).model_json_schema()
    assert schema["required"] == ["values"]
    assert schema["additionalProperties"] is False
    values, limit, strict = schema["properties"].values()
    assert (values["type"], values["items"]) == ("array", {"type": "number"})
    assert (limit["type"], limit["default"]) == ("number", 0.5)
    assert (strict["type"], strict["default"]) == ("boolean", False)


@pytest.mark.parametrize(("target", "name"), [(bare, "k"), (unannotated, "values")])
def test_a_parameter_without_description_or_annotation_is_a_mistake(target, name):
    """A tool that a language model cannot understand is not made."""
    rule = f"The parameter {name} of {target.__name__} needs an annotation and a description."
    with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
        tool_of(Entry(target.__name__, "tool", target))


def test_a_tool_calls_the_function():
    """In place and asynchronously, with defaults, and as the tool call of a language model."""
    tool = tool_of(SHARE)
    assert tool.invoke({"values": [0.2, 0.5, 0.9, 1]}) == 0.75
    assert tool.invoke({"values": [0.2, 0.5], "limit": 0.5, "strict": True}) == 0.0
    assert asyncio.run(tool.ainvoke({"values": [1]})) == 1.0
    message = tool.invoke({"type": "tool_call", "id": "7", "name": "share_of", "args": {"values": [1, 0]}})
    assert (message.tool_call_id, message.content, message.status) == ("7", "0.5", "success")


WRONG = [
    ({}, "The arguments do not fit. values: field required."),
    ({"values": [1], "limits": 1}, "The arguments do not fit. limits: extra inputs are not permitted."),
    (
        {"values": ["a", 1], "limit": "high"},
        (
            "The arguments do not fit. values.0: input should be a valid number, unable to parse string as a number; "
            "limit: input should be a valid number, unable to parse string as a number."
        ),
    ),
]


@pytest.mark.parametrize(
    ("arguments", "text"), [*WRONG, ({"values": []}, "values must not be empty; got []. Pass, for example: [0.2, 0.7]")]
)
def test_a_mistake_becomes_text_that_a_language_model_can_act_on(arguments, text):
    """Wrong arguments and errors of ours are the tool's result, marked as an error."""
    tool = tool_of(SHARE)
    assert tool.invoke(arguments) == text
    message = tool.invoke({"type": "tool_call", "id": "7", "name": "share_of", "args": arguments})
    assert (message.content, message.status) == (text, "error")


def test_a_mistake_of_the_programmer_is_not_hidden():
    """An error that is not ours is raised."""

    def broken(k: int) -> float:
        """Return a number.

        Parameters
        ----------
        k : int
            A number.
        """
        return 1 / (k - k)

    with pytest.raises(ZeroDivisionError):
        tool_of(Entry("broken", "tool", broken)).invoke({"k": 1})


def test_a_function_is_called_with_json_arguments():
    """What the command line does: arguments are checked, converted and passed on."""
    assert call_tool(SHARE, {"values": [1, 0], "limit": "0.5"}) == 0.5
    assert call_tool(get("recall_at_k"), {"ranking": ["a", "b"], "relevant": ["b", "c"], "k": 2}) == 0.5


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_wrong_json_arguments_are_an_error_with_a_hint(arguments, text):
    """The error says what is wrong and how to see what is right."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(text)} Run: rag tools show share_of$"):
        call_tool(SHARE, arguments)


def test_a_value_that_is_of_no_type_of_several_is_named_once():
    """A label may be a boolean, a number or a text; of many wrong ones the first five are shown."""
    with pytest.raises(InvalidInputError) as caught:
        call_tool(get("accuracy"), {"y_true": [1], "y_pred": [None]})
    types = "input should be a valid boolean or a valid integer or a valid number or a valid string"
    assert caught.value.args[0] == f"The arguments do not fit. y_pred.0: {types}."
    with pytest.raises(InvalidInputError) as caught:
        call_tool(SHARE, {"values": ["a"] * 8})
    assert caught.value.args[0].count("valid number") == 5
    assert caught.value.args[0].endswith("; and 3 more.")


def test_an_error_of_the_function_is_passed_on():
    """A rule that only the function knows is reported in its own words."""
    with pytest.raises(InvalidInputError, match=r"^values must not be empty; got \[\]\. Pass"):
        call_tool(SHARE, {"values": []})
