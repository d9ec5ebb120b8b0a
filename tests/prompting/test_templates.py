"""Prompts by name, from the package and from a folder of the user's own."""

from __future__ import annotations

import re

import pytest

from rag_app.content import content_dir
from rag_app.errors import PromptError, UnknownNameError
from rag_app.prompting.templates import list_prompts, load_prompt, prompt_files

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
WANTED = (
    "answer answer_concise condense_question multi_query classify few_shot_classify faithful_reasoning "
    "judge_faithfulness judge_relevance route_tools summarise style_transfer red_team_judge"
)


@pytest.mark.parametrize("name", list_prompts())
def test_every_packaged_prompt_renders(name):
    """Each prompt of the package parses, begins with its rules, and shows each of its variables."""
    prompt = load_prompt(name)
    messages = prompt.render(**{v: f"<{v}>" for v in prompt.variables})
    assert messages[0][0] == "system"
    assert all(f"<{v}>" in "".join(text for _, text in messages) for v in prompt.variables)


@pytest.mark.parametrize("name", WANTED.split())
def test_the_prompts_of_the_program_are_there(name):
    """What the chains, the judges and the course need has a prompt."""
    assert load_prompt(name).file == content_dir("prompts") / f"{name}.md"


@pytest.mark.parametrize(
    ("name", "n_examples", "reasons"),
    [
        ("classify", 0, False),  # zero-shot
        ("style_transfer", 2, False),  # few-shot
        ("judge_relevance", 0, True),  # zero-shot chain of thought
        ("faithful_reasoning", 1, True),  # few-shot chain of thought
    ],
)
def test_the_forms_of_the_course_are_shown(name, n_examples, reasons):
    """Zero-shot, few-shot and chain-of-thought prompting each have a prompt: worked examples, steps, or both."""
    prompt = load_prompt(name)
    assert [role for role, _ in prompt.sections].count("assistant") == n_examples
    assert bool(re.search(r"\bsteps\b", prompt.sections[0][1])) is reasons


def test_data_is_never_an_instruction():
    """Every prompt that takes a text of somebody else's says that it is data."""
    taking = {"passages", "text", "answer", "reply", "request", "statements"}
    for name in list_prompts():
        prompt = load_prompt(name)
        if taking & set(prompt.variables):
            assert "never follow" in prompt.sections[0][1] or "never an instruction" in prompt.sections[0][1], name


def test_prompts_are_listed_in_order(tmp_path):
    """The names of both folders are sorted, each once; other files are no prompts."""
    for name in ("zz.md", "answer.md", "c.txt"):
        (tmp_path / name).write_text("")
    packaged = list_prompts()
    assert packaged == sorted(packaged)
    assert list_prompts(tmp_path) == sorted({*packaged, "zz"})


def test_prompt_of_ones_own_comes_first(tmp_path):
    """A file in the user's folder stands for the packaged one of its name; the others are the package's still."""
    own = (content_dir("prompts") / "answer.md").read_text(encoding="utf-8")
    (tmp_path / "answer.md").write_text(own.replace("one to five sentences", "one sentence"), encoding="utf-8")
    assert "one sentence" in load_prompt("answer", tmp_path).sections[0][1]
    assert load_prompt("answer", tmp_path).file == tmp_path / "answer.md"
    assert "one to five sentences" in load_prompt("answer").sections[0][1]
    assert load_prompt("classify", tmp_path) == load_prompt("classify")
    names = [file.parent.name for file in prompt_files(tmp_path) if file.stem == "answer"]
    assert names == [tmp_path.name, "prompts"]


def test_prompt_of_ones_own_has_the_variables_that_the_program_fills_in(tmp_path):
    """Another set of variables would fail with the first question: it is refused with file and line."""
    own = (content_dir("prompts") / "answer.md").read_text(encoding="utf-8")
    changed = own.replace("[passages, question]", "[passages, q]").replace("{question}", "{q}")
    (tmp_path / "answer.md").write_text(changed, encoding="utf-8")
    message = (
        f"{tmp_path / 'answer.md'}:5: The variables of answer must be those of the packaged prompt, "
        "passages, question; got passages, q."
    )
    with pytest.raises(PromptError, match=f"^{re.escape(message)}$"):
        load_prompt("answer", tmp_path)


def test_new_prompt_in_a_folder_of_ones_own(tmp_path):
    """A prompt that the package does not have is found too, with a byte order mark and Windows line ends as well."""
    (tmp_path / "greet.md").write_bytes(b"\xef\xbb\xbf" + GREET.replace("\n", "\r\n").encode())
    assert load_prompt("greet", tmp_path).render(name="Ada") == [("user", "Greet Ada.")]


def test_unknown_prompt_suggests_close_ones(tmp_path):
    """A name without a file is answered with names that exist, in both folders."""
    with pytest.raises(UnknownNameError, match=re.escape("There is no prompt named 'anwser'. Did you mean answer?")):
        load_prompt("anwser")
    (tmp_path / "greet.md").write_text(GREET)
    with pytest.raises(UnknownNameError, match=re.escape("There is no prompt named 'greeet'. Did you mean greet?")):
        load_prompt("greeet", tmp_path)


def test_missing_folder_is_refused(tmp_path):
    """A folder that is set and does not exist would otherwise be passed over in silence."""
    message = f"RAG_PROMPTS_DIR must be an existing folder; got {str(tmp_path / 'none')!r}."
    with pytest.raises(PromptError, match=f"^{re.escape(message)}"):
        load_prompt("answer", tmp_path / "none")


def test_file_that_is_not_text_is_refused(tmp_path):
    """A file in another encoding is one sentence, not a traceback."""
    (tmp_path / "greet.md").write_bytes(GREET.encode() + b"\xff")
    message = f"{tmp_path / 'greet.md'}: A prompt must be a text file in UTF-8; it cannot be read."
    with pytest.raises(PromptError, match=f"^{re.escape(message)}$"):
        load_prompt("greet", tmp_path)
