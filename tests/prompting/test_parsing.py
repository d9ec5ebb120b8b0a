"""Prompt files: what is read, and what is refused with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag_app.errors import PromptError
from rag_app.prompting.parsing import parse_prompt

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


def _parse(head: str = HEAD, body: str = BODY, name: str = "greet", file: Path | None = None):
    return parse_prompt(head + body, name=name, file=file)


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


def test_examples_are_turns():
    """User and assistant take turns before the last message: worked examples for few-shot prompting."""
    body = "\n# user\n\nGreet Bob from {place}.\n\n# assistant\n\nHello Bob!\n\n# user\n\nGreet {name}.\n"
    assert [role for role, _ in _parse(body=body).sections] == ["user", "assistant", "user"]


def test_system_message_may_be_alone():
    """An agent's prompt is followed by the conversation."""
    assert _parse(body="\n# system\n\nGreet {name} in {place}.\n").sections == (("system", "Greet {name} in {place}."),)


def test_longer_headings_are_text_of_a_section():
    """Only a heading of one word starts a section; examples may use others."""
    body = "\n# user\n\n## Example one\n# Of two words\n{name} {place}\n"
    assert _parse(body=body).sections == (("user", "## Example one\n# Of two words\n{name} {place}"),)


def test_doubled_braces_are_text():
    """``{{`` and ``}}`` in a file stand for braces."""
    body = '\n# user\n\nReply as {{"name": "{name}"}} in {place}.\n'
    assert _parse(body=body).render(name="A", place="B") == [("user", 'Reply as {"name": "A"} in B.')]


ROLES = "# system, # user, # assistant."
BRACE = "Write {{ for a brace that is text."
FRONT = "A prompt must begin with front matter between two lines of ---."


@pytest.mark.parametrize(
    ("head", "body", "line", "message"),
    [
        ("", BODY, 1, FRONT),
        ("\n" + HEAD, BODY, 1, FRONT),
        (HEAD.replace("---\n", "", 1), BODY, 1, FRONT),
        (HEAD.removesuffix("---\n"), "", 1, FRONT),
        (HEAD.replace("[name", "[[name"), BODY, 6, "The front matter must be YAML; it does not parse."),
        (
            "---\n- name\n---\n",
            BODY,
            2,
            "The front matter must have the keys name, version, purpose, variables, output.",
        ),
        (HEAD.replace("version: 3\n", ""), BODY, 1, "The front matter must have the key version."),
        (
            HEAD.replace("version: 3", "version: 3\ntemprature: 0"),
            BODY,
            4,
            "The front matter has no key named 'temprature'. Known: name, version, purpose, variables, output.",
        ),
        (HEAD.replace("version: 3", "version: 3\nversion: 4"), BODY, 4, "The key version must be given once."),
        (
            HEAD.replace("version: 3", "version: 3.5"),
            BODY,
            3,
            "version must be a whole number from 1 on; got 3.5.",
        ),
        (HEAD.replace("version: 3", "version: 0"), BODY, 3, "version must be a whole number from 1 on; got 0."),
        (HEAD.replace("version: 3", "version: true"), BODY, 3, "version must be a whole number from 1 on; got True."),
        (HEAD.replace("[name, place]", "name"), BODY, 5, "variables must be a list of names; got 'name'."),
        (HEAD.replace("place]", "a b]"), BODY, 5, "variables must be a list of names; got ['name', 'a b']."),
        (HEAD.replace("place]", "3]"), BODY, 5, "variables must be a list of names; got ['name', 3]."),
        (HEAD.replace("Greet a person.", ""), BODY, 4, "purpose must be a text; got None."),
        (HEAD.replace("one line", "[a]"), BODY, 6, "output must be a text; got ['a']."),
        (
            HEAD.replace("name: greet", "name: greeting"),
            BODY,
            2,
            "name must be that of the file, greet; got 'greeting'.",
        ),
        (HEAD, "", 8, f"A prompt must have a section. Begin one with {ROLES}"),
        (HEAD, "\nHello {name} {place}", 9, f"Text must stand in a section. Begin one with {ROLES}"),
        (HEAD, "Hello\n" + BODY, 8, f"Text must stand in a section. Begin one with {ROLES}"),
        (HEAD, BODY.replace("# user", "# human"), 13, f"There is no role named 'human'. Write {ROLES}"),
        (HEAD, BODY.replace("# user", "# system"), 13, "# user must stand here; got # system."),
        (HEAD, BODY.replace("# system", "# assistant"), 9, "# system or # user must stand here; got # assistant."),
        (HEAD, BODY + "\n# user\n\nAgain.\n", 17, "# assistant must stand here; got # user."),
        (
            HEAD,
            BODY + "\n# assistant\n\nHello.\n",
            17,
            "The last section must be # user: it is what the language model answers.",
        ),
        (HEAD, BODY + "\n# assistant\n\n# user\n", 17, "The section # assistant must not be empty."),
        (
            HEAD,
            BODY + "{mood}",
            16,
            f"The variable mood is used, but not declared. Add it to variables, or {BRACE[0].lower()}{BRACE[1:]}",
        ),
        (HEAD.replace("place]", "place, mood]"), BODY, 5, "The variable mood is declared, but not used."),
        (HEAD.replace("place]", "place, name]"), BODY, 5, "The variable name must be declared once."),
        (HEAD, BODY + "{", 16, f"A brace is not closed. {BRACE}"),
        (HEAD, BODY + "}", 16, f"A brace is not closed. {BRACE}"),
        (HEAD, BODY + "{mood", 16, f"A brace is not closed. {BRACE}"),
    ],
)
def test_broken_file_says_what_is_wrong_and_where(head, body, line, message):
    """A file that breaks a rule is refused with the rule and its line, before anything is sent."""
    with pytest.raises(PromptError, match=f"^{re.escape(f'greet.md:{line}: {message}')}$"):
        _parse(head, body)


@pytest.mark.parametrize(
    "field", ["{}", "{0}", "{name.real}", "{name[0]}", "{name!r}", "{name:>9}", "{name:{place}}", "{a b}"]
)
def test_only_plain_names_stand_in_braces(field):
    """Attributes, indexes, conversions and widths are refused when the file is read, not when it is sent."""
    message = "greet.md:16: A variable must be a name in braces, such as {question}; got {"
    with pytest.raises(PromptError, match=f"^{re.escape(message)}"):
        _parse(body=BODY + field)


def test_file_of_ones_own_is_named_with_its_folder(tmp_path):
    """The place in a message is where the file stands."""
    with pytest.raises(PromptError, match=f"^{re.escape(str(tmp_path / 'greet.md'))}:1: "):
        _parse("", file=tmp_path / "greet.md")
