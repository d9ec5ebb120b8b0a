"""``rag prompts``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="list|show|check", required=True)
    actions.add_parser("list", help="every prompt with its purpose")
    show = actions.add_parser("show", help="the messages of a prompt")
    show.add_argument("name", metavar="NAME")
    actions.add_parser("check", help="parse every prompt; exit code 2 if one breaks a rule")


def run(arguments: argparse.Namespace) -> int:
    """List, show or check."""
    from rag_app.prompting.templates import list_prompts, load_prompt

    if arguments.action == "show":
        prompt = load_prompt(arguments.name)
        print(f"{prompt.label}: {prompt.purpose}")
        for role, text in prompt.sections:
            print(f"\n# {role}\n\n{text}")
        return 0
    prompts = [load_prompt(name) for name in list_prompts()]
    if arguments.action == "list":
        table(console(), [{"name": p.label, "purpose": p.purpose} for p in prompts])
    else:
        print(f"{len(prompts)} prompts are in order.")
    return 0
