"""``rag prompts``: what is sent to a language model, on the command line."""

from __future__ import annotations

import json

import pytest
from support.command_line import CommandLine, Transcript
from support.openai_server import OpenAIServer

from rag_app.content import content_dir
from rag_app.prompting.templates import list_prompts, load_prompt

GREET = """---
name: greet
version: 3
purpose: Greet a person.
variables: [name]
output: one line
---

# user

Greet {name}.
"""


@pytest.fixture
def own(rag: CommandLine):
    """A folder with a prompt of the user's own."""
    folder = rag.folder / "mine"
    folder.mkdir()
    (folder / "greet.md").write_text(GREET)
    return folder


def test_the_list(rag: CommandLine) -> None:
    """Name with version, purpose, and where it comes from."""
    head, *rows = rag.inside("prompts", "list").out.splitlines()
    place, origin = head.index("purpose"), head.index("from")
    prompts = [load_prompt(name) for name in list_prompts()]
    read = [(r[:place].strip(), r[place:origin].strip(), r[origin:]) for r in rows]
    assert read == [(p.label, p.purpose, "the package") for p in prompts]


def test_the_list_with_a_folder_of_ones_own(rag: CommandLine, own) -> None:
    """A prompt of the user's folder says so, as JSON with variables and output."""
    listed = json.loads(rag.inside("prompts", "list", "--json", env={"RAG_PROMPTS_DIR": str(own)}).out)
    origins = {row["name"]: row["from"] for row in listed}
    assert origins["greet@3"] == str(own)
    assert origins[load_prompt("answer").label] == "the package"
    assert next(row for row in listed if row["name"] == "greet@3") == {
        "name": "greet@3",
        "purpose": "Greet a person.",
        "from": str(own),
        "variables": ["name"],
        "output": "one line",
    }


def test_one_prompt(rag: CommandLine) -> None:
    """What it is for, what it needs and gives, and every message under its role."""
    prompt = load_prompt("answer")
    shown = "".join(f"\n# {role}\n\n{text}\n" for role, text in prompt.sections)
    head = f"{prompt.label}: {prompt.purpose}\nvariables: passages, question\noutput: {prompt.output}\n"
    assert rag.inside("prompts", "show", "answer") == Transcript(0, head + shown, "")


def test_the_check(rag: CommandLine, own) -> None:
    """Every prompt of both folders is read."""
    n_prompts = len(list_prompts())
    assert rag.inside("prompts", "check") == Transcript(0, f"{n_prompts} prompts are in order.\n", "")
    checked = rag.inside("prompts", "check", env={"RAG_PROMPTS_DIR": str(own)})
    assert checked == Transcript(0, f"{n_prompts + 1} prompts are in order.\n", "")


def test_the_check_shows_all_that_is_wrong(rag: CommandLine, own) -> None:
    """Each broken file is a line with its place; the exit code is that of a mistake."""
    (own / "greet.md").write_text(GREET.replace("{name}.", "{nme}."))
    answer = (content_dir("prompts") / "answer.md").read_text(encoding="utf-8")
    (own / "answer.md").write_text(answer.replace("version: 1", "version: one"), encoding="utf-8")
    done = rag.inside("prompts", "check", env={"RAG_PROMPTS_DIR": str(own)})
    assert done.code == 2
    assert done.out.splitlines() == [
        f"{own / 'answer.md'}:3: version must be a whole number from 1 on; got 'one'.",
        (
            f"{own / 'greet.md'}:11: The variable nme is used, but not declared. "
            "Add it to variables, or write {{ for a brace that is text."
        ),
    ]
    assert done.err == f"rag: 2 of {len(list_prompts()) + 2} prompts break a rule. Correct the lines above.\n"


def test_rendering(rag: CommandLine, own) -> None:
    """The messages as they would be sent; braces in a value are text."""
    done = rag.inside("prompts", "render", "greet", "name={Ada} = x", env={"RAG_PROMPTS_DIR": str(own)})
    assert done == Transcript(0, "# user\n\nGreet {Ada} = x.\n", "")
    done = rag.inside("prompts", "render", "greet", "name=Ada", "--json", env={"RAG_PROMPTS_DIR": str(own)})
    assert json.loads(done.out) == [{"role": "user", "content": "Greet Ada."}]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            ["passages=x"],
            (
                "The prompt answer needs the variable question. "
                "Write, for example: rag prompts render answer passages='…' question='…'"
            ),
        ),
        (["passages=x", "question=y", "mood=z"], "The prompt answer does not declare the variable mood."),
        (["passages=x", "question=y", "question=z"], "question must be given once."),
        (
            ["passages"],
            (
                "A value must be given as KEY=VALUE; got 'passages'. "
                "Write, for example: rag prompts render answer passages='…' question='…'"
            ),
        ),
    ],
)
def test_wrong_values_are_refused_with_an_example(rag: CommandLine, values, message) -> None:
    """Missing, unknown, repeated and shapeless values are one sentence each."""
    assert rag.inside("prompts", "render", "answer", *values) == Transcript(2, "", f"rag: {message}\n")


def test_the_playground(rag: CommandLine, own) -> None:
    """A prompt goes to the language model; the reply is what is printed, its price and length stand beside it."""
    with OpenAIServer(["Hello, Ada!"]) as server:
        env = {"RAG_LLM": "openai:tiny", "RAG_LLM_BASE_URL": server.url, "RAG_PROMPTS_DIR": str(own)}
        done = rag.inside("prompts", "run", "greet", "name=Ada", env=env)
        assert server.last.body["messages"] == [{"role": "user", "content": "Greet Ada."}]
    assert (done.code, done.out) == (0, "Hello, Ada!\n")
    assert done.err == "\n(openai:tiny: 7 + 4 tokens, cost not known)\n"


def test_the_playground_needs_a_language_model(rag: CommandLine, own) -> None:
    """Extractively there is nobody to send it to."""
    done = rag.inside("prompts", "run", "greet", "name=Ada", env={"RAG_PROMPTS_DIR": str(own)})
    message = "RAG_LLM must name a language model that the prompt is sent to; got 'extractive'."
    assert done == Transcript(2, "", f"rag: {message} Set it, for example: RAG_LLM=openai:gpt-4o-mini\n")


def test_the_presets(rag: CommandLine) -> None:
    """Each preset has its figures and what they do, in the terms of the course."""
    head, *rows = rag.inside("prompts", "presets").out.splitlines()
    assert head.split() == ["preset", "temperature", "top-p", "for", "how"]
    assert [row.split()[:2] for row in rows] == [["precise", "0"], ["balanced", "0.5"], ["creative", "1"]]
    assert "greedy decoding" in rows[0]
    assert "nucleus" in rows[2]
