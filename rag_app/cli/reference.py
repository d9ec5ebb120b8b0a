"""Writes ``docs/cli.md``, ``docs/tools.md`` and the tools of the catalogue: ``python -m rag_app.cli.reference``."""

from __future__ import annotations

import argparse
import inspect
import json
import os
from pathlib import Path

from rag_app import registry
from rag_app.cli.main import COMMANDS, build_parser
from rag_app.content import content_dir

_DOCS = Path(__file__).resolve().parents[2] / "docs"
CATALOGUE = content_dir("knowledge") / "catalogue.toml"
_COLUMNS = "100"


def render_commands() -> str:
    """Return the reference of the command line, in Markdown.

    Examples
    --------
    >>> render_commands().startswith("# The command line")
    True
    """
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS  # what argparse wraps its help by
    try:
        parser = build_parser(*COMMANDS)
        table = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))  # noqa: SLF001  (argparse shows its parts in no other way)
        parts = [f"## rag {name}\n\n```text\n{table.choices[name].format_help()}```\n" for name in COMMANDS]
        head = f"# The command line\n\n```text\n{parser.format_help()}```\n"
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join([head, *parts])


def render_tools() -> str:
    """Return the reference of the registered tools, in Markdown.

    Examples
    --------
    >>> "## ndcg" in render_tools()
    True
    """
    parts = [
        f"## {e.name}\n\n```text\n{e.name}{inspect.signature(e.target)}\n\n{inspect.getdoc(e.target)}\n```\n"
        for e in registry.entries()
    ]
    head = (
        "# Tools\n\nEach is a Python function, a command (`rag tools run NAME`) and a LangChain tool (`app.tools`).\n"
    )
    return "\n".join([head, *parts])


def render_catalogue() -> str:
    """Return the catalogue of the course with the tools of each section, as the register has them.

    Examples
    --------
    >>> 'tools = ["cosine_similarity"]' in render_catalogue()
    True
    """
    lines: list[str] = []
    number = ""
    for line in CATALOGUE.read_text(encoding="utf-8").splitlines():
        if line.startswith("tools = "):
            continue
        lines.append(line)
        if line.startswith("number = "):
            number = json.loads(line.removeprefix("number = "))
        elif line.startswith("ids = "):
            items = {number, *json.loads(line.removeprefix("ids = "))}
            names = [e.name for e in registry.entries() if not items.isdisjoint(e.items)]
            lines.append(f"tools = {json.dumps(names)}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    CATALOGUE.write_text(render_catalogue(), encoding="utf-8")
    (_DOCS / "cli.md").write_text(render_commands(), encoding="utf-8")
    (_DOCS / "tools.md").write_text(render_tools(), encoding="utf-8")
