"""Prompt files: what is read, what is sent, and what is refused."""

from __future__ import annotations

import re

import pytest

from rag_app.errors import PromptError, UnknownNameError
from rag_app.prompting.templates import list_prompts, load_prompt, parse_prompt

HEAD = """---
name: greet
version: 3
purpose: Greet a person.
variables: [name, place]
output: one line
---
"""
BODY = """
# system

You greet people in {place}.

# user

Greet {name} from {place}.
"""


def _parse(head: str = HEAD, body: str = BODY, name: str = "greet"):
    return parse_prompt(head + body, name=name)


def test_prompt_is_read_as_written():
    """Front matter becomes attributes, sections become messages in order, without surrounding blank lines."""
    prompt = _parse()
    assert (prompt.name, prompt.version, prompt.purpose, prompt.output) == ("greet", 3, "Greet a person.", "one line")
    assert prompt.variables == ("name", "place")
    assert prompt.sections == (
        ("system", "You greet people in {place}."),
        ("user", "Greet {name} from {place}."),
    )
    assert prompt.label == "greet@3"


def test_render_fills_every_place():
    """Rendering gives (role, text) pairs with each variable in all its places."""
    assert _parse().render(name="Ada", place="Rome") == [
        ("system", "You greet people in Rome."),
        ("user", "Greet Ada from Rome."),
    ]


@pytest.mark.parametrize("value", ["{place}", "{", "}}", "{0}", "{name.__class__}", "%s\n# system\n", ""])
def test_values_are_never_read_as_templates(value):
    """Braces, sections and format marks in a value are text: a passage cannot change the prompt."""
    (_, system), (_, user) = _parse().render(name=value, place="Rome")
    assert user == f"Greet {value} from Rome."
    assert system == "You greet people in Rome."


def test_doubled_braces_are_text():
    """``{{`` and ``}}`` in a file stand for braces."""
    body = '\n# user\n\nReply as {{"name": "{name}"}} in {place}.\n'
    assert _parse(body=body).render(name="A", place="B") == [("user", 'Reply as {"name": "A"} in B.')]


def test_longer_headings_are_text_of_a_section():
    """Only a heading of one word starts a section; examples may use others."""
    body = "\n# user\n\n## Example one\n# Of two words\n{name} {place}\n\n# assistant\n\nHello\n"
    assert _parse(body=body).sections == (
        ("user", "## Example one\n# Of two words\n{name} {place}"),
        ("assistant", "Hello"),
    )


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
        _parse().render(**values)


KEYS = "The front matter of the prompt greet must have the keys name, output, purpose, variables, version; look at "
SECTIONS = "The prompt greet must consist of sections named # system, # user, # assistant."
NOT_CLOSED = "A brace in the prompt greet is not closed; write {{ for a brace that is text."
TYPES = "In the prompt greet, version must be a whole number and variables a list."


@pytest.mark.parametrize(
    ("head", "body", "message"),
    [
        ("", BODY, "The prompt greet must begin with front matter between two lines of ---."),
        ("\n" + HEAD, BODY, "The prompt greet must begin with front matter between two lines of ---."),
        (HEAD.replace("---\n", "", 1), BODY, "The prompt greet must begin with front matter between two lines of ---."),
        (
            HEAD.replace("[name", "[[name"),
            BODY,
            "The front matter of the prompt greet must be YAML; it does not parse.",
        ),
        (HEAD.replace("version: 3\n", ""), BODY, KEYS + "['version']."),
        (HEAD.replace("version: 3", "version: 3\ntemprature: 0"), BODY, KEYS + "['temprature']."),
        ("---\n- name\n---\n", BODY, KEYS + "['name', 'output', 'purpose', 'variables', 'version']."),
        (HEAD.replace("version: 3", "version: 3.5"), BODY, TYPES),
        (HEAD.replace("version: 3", "version: three"), BODY, TYPES),
        (HEAD.replace("[name, place]", "name"), BODY, TYPES),
        (
            HEAD.replace("name: greet", "name: greeting"),
            BODY,
            "The prompt in greet.md must be named greet; got 'greeting'.",
        ),
        (HEAD, "", SECTIONS),
        (HEAD, "Hello {name} {place}", SECTIONS),
        (HEAD, "Hello\n" + BODY, SECTIONS),
        (HEAD, BODY.replace("# user", "# human"), SECTIONS),
        (
            HEAD,
            BODY + "{mood}",
            "The prompt greet must declare the variables that it uses, and no others; look at mood.",
        ),
        (
            HEAD.replace("place]", "place, mood]"),
            BODY,
            "The prompt greet must declare the variables that it uses, and no others; look at mood.",
        ),
        (HEAD, BODY + "{", NOT_CLOSED),
        (HEAD, BODY + "}", NOT_CLOSED),
        (HEAD, BODY + "{mood", NOT_CLOSED),
    ],
)
def test_broken_file_says_what_is_wrong(head, body, message):
    """A file that breaks a rule is refused with the rule, before anything is sent."""
    with pytest.raises(PromptError, match=f"^{re.escape(message)}$"):
        _parse(head, body)


@pytest.mark.parametrize(
    "field", ["{}", "{0}", "{name.real}", "{name[0]}", "{name!r}", "{name:>9}", "{name:{place}}", "{a b}"]
)
def test_only_plain_names_stand_in_braces(field):
    """Attributes, indexes, conversions and widths are refused when the file is read, not when it is sent."""
    message = "A variable in the prompt greet must be a name in braces, such as {question}; look at ["
    with pytest.raises(PromptError, match=f"^{re.escape(message)}"):
        _parse(body=BODY + field)


@pytest.mark.parametrize("name", list_prompts())
def test_every_packaged_prompt_renders(name):
    """Each prompt of the package parses and renders with its own variables."""
    prompt = load_prompt(name)
    messages = prompt.render(**{v: f"<{v}>" for v in prompt.variables})
    assert [role for role, _ in messages] == ["system", "user"]
    assert all(f"<{v}>" in "".join(text for _, text in messages) for v in prompt.variables)
    assert prompt.version >= 1


def test_prompts_are_listed_in_order(tmp_path):
    """The names of a folder's prompts are sorted; other files are no prompts."""
    for name in ("b.md", "a.md", "c.txt"):
        (tmp_path / name).write_text("")
    assert list_prompts(tmp_path) == ["a", "b"]
    assert {"answer", "condense_question"} <= set(list_prompts())


def test_unknown_prompt_suggests_close_ones(tmp_path):
    """A name without a file is answered with names that exist."""
    with pytest.raises(UnknownNameError, match=re.escape("There is no prompt named 'anwser'. Did you mean answer?")):
        load_prompt("anwser")
    with pytest.raises(UnknownNameError, match=re.escape("There is no prompt named 'answer'. Known: none.")):
        load_prompt("answer", tmp_path)


def test_prompt_of_another_folder(tmp_path):
    """A folder of the user's own serves as well, with Windows line ends too."""
    (tmp_path / "greet.md").write_bytes((HEAD + BODY).replace("\n", "\r\n").encode())
    assert load_prompt("greet", tmp_path) == _parse()


def test_file_that_is_not_text_is_refused(tmp_path):
    """A file in another encoding is one sentence, not a traceback."""
    (tmp_path / "greet.md").write_bytes(HEAD.encode() + b"\n# user\n\n\xff{name}{place}")
    message = "The prompt greet must be a text file in UTF-8; it cannot be read."
    with pytest.raises(PromptError, match=f"^{re.escape(message)}$"):
        load_prompt("greet", tmp_path)
