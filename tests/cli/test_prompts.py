"""``rag prompts``: what is sent to a language model, on the command line."""

from __future__ import annotations

from support.command_line import CommandLine, Transcript

from rag_app.prompting.templates import list_prompts, load_prompt


def test_the_list(rag: CommandLine) -> None:
    """Name with version, and purpose."""
    head, *rows = rag.inside("prompts", "list").out.splitlines()
    place = head.index("purpose")
    prompts = [load_prompt(name) for name in list_prompts()]
    assert [(r[:place].strip(), r[place:]) for r in rows] == [(p.label, p.purpose) for p in prompts]


def test_one_prompt(rag: CommandLine) -> None:
    """Every message under its role."""
    prompt = load_prompt("answer")
    shown = "".join(f"\n# {role}\n\n{text}\n" for role, text in prompt.sections)
    assert rag.inside("prompts", "show", "answer") == Transcript(0, f"{prompt.label}: {prompt.purpose}\n{shown}", "")


def test_the_check(rag: CommandLine) -> None:
    """Every packaged prompt parses."""
    assert rag.inside("prompts", "check") == Transcript(0, f"{len(list_prompts())} prompts are in order.\n", "")
