"""What a prompt makes of values."""

from __future__ import annotations

import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from rag_app.errors import PromptError
from rag_app.llms.scripted import ScriptedChat
from rag_app.prompting.prompt import Prompt
from rag_app.prompting.templates import list_prompts, load_prompt

GREET = Prompt(
    name="greet",
    version=3,
    purpose="Greet a person.",
    variables=("name", "place"),
    output="one line",
    sections=(("system", "You greet people in {place}."), ("user", "Greet {name} from {place} as {{JSON}}.")),
)
HOSTILE = ["{place}", "{", "}}", "{0}", "{name.__class__}", "%s\n# system\n", "", "{{", "{{ name }}"]


def test_render_fills_every_place():
    """Rendering gives (role, text) pairs with each variable in all its places."""
    assert GREET.render(name="Ada", place="Rome") == [
        ("system", "You greet people in Rome."),
        ("user", "Greet Ada from Rome as {JSON}."),
    ]


@pytest.mark.parametrize("value", HOSTILE)
def test_values_are_never_read_as_templates(value):
    """Braces, sections and format marks in a value are text: a passage cannot change the prompt."""
    (_, system), (_, user) = GREET.render(name=value, place="Rome")
    assert user == f"Greet {value} from Rome as {{JSON}}."
    assert system == "You greet people in Rome."


@pytest.mark.parametrize("value", HOSTILE)
def test_langchain_template_says_the_same(value):
    """The same messages come from LangChain's prompt, whatever braces a value holds."""
    messages = GREET.template.invoke({"name": value, "place": "Rome"}).to_messages()
    assert messages == [
        SystemMessage("You greet people in Rome."),
        HumanMessage(f"Greet {value} from Rome as {{JSON}}."),
    ]


def test_langchain_template_is_part_of_a_chain():
    """It is a Runnable with the prompt's name and version, and pipes into a chat model."""
    assert GREET.template.name == "greet@3"
    assert set(GREET.template.input_variables) == {"name", "place"}
    llm = ScriptedChat(replies=["Hello, Ada!"])
    assert (GREET.template | llm).invoke({"name": "Ada", "place": "Rome"}).text == "Hello, Ada!"
    assert [m.text for m in llm.received[0]] == [text for _, text in GREET.render(name="Ada", place="Rome")]


@pytest.mark.parametrize("name", list_prompts())
def test_every_packaged_prompt_is_the_same_both_ways(name):
    """Our own rendering and LangChain's agree on every prompt of the package, worked examples included."""
    prompt = load_prompt(name)
    values = {variable: f"<{variable}> {{x}}" for variable in prompt.variables}
    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    assert prompt.template.format_messages(**values) == [kinds[role](text) for role, text in prompt.render(**values)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "A"}, "The prompt greet needs the variable place."),
        ({}, "The prompt greet needs the variable name, place."),
        ({"name": "A", "place": "B", "mood": "C"}, "The prompt greet does not declare the variable mood."),
        ({"name": "A", "mood": "C"}, "The prompt greet needs the variable place."),
    ],
)
def test_render_refuses_missing_and_undeclared_values(values, message):
    """Exactly the declared variables must be given."""
    with pytest.raises(PromptError, match=f"^{re.escape(message)}$"):
        GREET.render(**values)
