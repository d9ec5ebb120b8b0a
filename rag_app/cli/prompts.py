"""``rag prompts``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rag_app.cli.terminal import console, print_json, table
from rag_app.errors import InvalidInputError, PromptError, SettingsError
from rag_app.settings import Settings

if TYPE_CHECKING:
    from rag_app.llms.tally import Tally
    from rag_app.prompting.prompt import Prompt

_VALUES = "the values of its variables, such as question='What is a GAN?'"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="list|show|check|render|run|presets", required=True)
    listing = actions.add_parser("list", help="every prompt with its purpose and the folder it comes from")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    show = actions.add_parser("show", help="a prompt as it stands in its file")
    show.add_argument("name", metavar="NAME")
    actions.add_parser("check", help="read every prompt; exit code 2 if one breaks a rule")
    render = actions.add_parser("render", help="the messages that a prompt makes of values")
    render.add_argument("--json", action="store_true", help="print the messages as JSON")
    run_ = actions.add_parser("run", help="send a prompt to the language model: a playground")
    for action in (render, run_):
        action.add_argument("name", metavar="NAME")
        action.add_argument("values", nargs="*", metavar="KEY=VALUE", help=_VALUES)
    actions.add_parser("presets", help="what RAG_LLM_PRESET may be, and what it does")


def run(arguments: argparse.Namespace) -> int:
    """List, show, check, render or send."""
    if arguments.action == "presets":
        _show_presets()
        return 0
    settings = Settings.load()
    if arguments.action == "list":
        _list(settings, as_json=arguments.json)
    elif arguments.action == "check":
        _check(settings)
    else:
        _act_on(arguments, settings)
    return 0


def _act_on(arguments: argparse.Namespace, settings: Settings) -> None:
    from rag_app.prompting.templates import load_prompt

    prompt = load_prompt(arguments.name, settings.prompts_dir)
    if arguments.action == "show":
        _show(prompt)
        return
    messages = prompt.render(**_read_values(arguments.values, prompt, arguments.action))
    if arguments.action == "run":
        _send(messages, settings)
    elif arguments.json:
        print_json([{"role": role, "content": text} for role, text in messages])
    else:
        print("\n\n".join(f"# {role}\n\n{text}" for role, text in messages))


def _list(settings: Settings, *, as_json: bool) -> None:
    from rag_app.prompting.templates import list_prompts, load_prompt

    prompts = [load_prompt(name, settings.prompts_dir) for name in list_prompts(settings.prompts_dir)]
    rows = [{"name": p.label, "purpose": p.purpose, "from": _folder(p, settings)} for p in prompts]
    if as_json:
        details = [{"variables": list(p.variables), "output": p.output} for p in prompts]
        print_json([{**row, **detail} for row, detail in zip(rows, details, strict=True)])
    else:
        table(console(), list(rows))


def _folder(prompt: Prompt, settings: Settings) -> str:
    is_own = prompt.file is not None and prompt.file.parent == settings.prompts_dir
    return str(settings.prompts_dir) if is_own else "the package"


def _show(prompt: Prompt) -> None:
    print(f"{prompt.label}: {prompt.purpose}")
    print(f"variables: {', '.join(prompt.variables) or 'none'}")
    print(f"output: {prompt.output}")
    for role, text in prompt.sections:
        print(f"\n# {role}\n\n{text}")


def _check(settings: Settings) -> None:
    """Read every file, also those that another one stands for; print what is wrong with any."""
    from rag_app.prompting.templates import check_override, prompt_files, read_prompt

    files = list(prompt_files(settings.prompts_dir))
    n_wrong = 0
    for file in files:
        try:
            check_override(read_prompt(file))
        except PromptError as exc:
            n_wrong += 1
            print(exc)
    if n_wrong:
        msg = f"{n_wrong} of {len(files)} prompts {'breaks' if n_wrong == 1 else 'break'} a rule."
        raise PromptError(msg, hint="Correct the lines above.")
    print(f"{len(files)} prompts are in order.")


def _read_values(typed: list[str], prompt: Prompt, action: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        if not equals:
            msg = f"A value must be given as KEY=VALUE; got {text!r}."
            raise InvalidInputError(msg, hint=f"Write, for example: {_example(prompt, action)}")
        if name in values:
            msg = f"{name} must be given once."
            raise InvalidInputError(msg)
        values[name] = value
    missing = [name for name in prompt.variables if name not in values]
    if missing:
        msg = f"The prompt {prompt.name} needs the variable {', '.join(missing)}."
        raise PromptError(msg, hint=f"Write, for example: {_example(prompt, action)}")
    return values


def _example(prompt: Prompt, action: str) -> str:
    return " ".join([f"rag prompts {action}", prompt.name, *(f"{name}='…'" for name in prompt.variables)])


def _send(messages: list[tuple[str, str]], settings: Settings) -> None:
    from rag_app.cli.answers import TextStream
    from rag_app.llms.factory import load_llm
    from rag_app.llms.tally import Tally

    llm = load_llm(settings)
    if llm is None:
        msg = "RAG_LLM must name a language model that the prompt is sent to; got 'extractive'."
        raise SettingsError(msg, hint="Set it, for example: RAG_LLM=openai:gpt-4o-mini")
    text, tally, whole = TextStream(console()), Tally(), None
    try:
        for piece in llm.stream(messages):
            text.write(piece.text)
            whole = piece if whole is None else whole + piece
    finally:
        text.close()
    if whole is not None:
        tally.add(whole)
    print(f"\n{_summary(tally)}", file=sys.stderr)


def _summary(tally: Tally) -> str:
    usage = tally.usage
    tokens = f"{usage['input_tokens']} + {usage['output_tokens']} tokens" if usage else "tokens not reported"
    cost = "cost not known" if tally.cost_usd is None else f"${tally.cost_usd:.6f}"
    return "\n".join([f"({tally.llm}: {tokens}, {cost})", *(f"({note})" for note in tally.notes)])


def _show_presets() -> None:
    from rag_app.llms.decoding import PRESETS

    rows = [
        {
            "preset": name,
            "temperature": f"{preset.temperature:g}",
            "top-p": "all tokens" if preset.top_p is None else f"{preset.top_p:g}",
            "for": preset.use,
            "how": preset.why,
        }
        for name, preset in PRESETS.items()
    ]
    table(console(), list(rows))
