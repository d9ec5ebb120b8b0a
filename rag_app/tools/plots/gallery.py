"""Every picture on one page."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from html import escape
from pathlib import Path

from rag_app.errors import InvalidInputError
from rag_app.registry import get
from rag_app.tools.adapter import call_tool
from rag_app.tools.course import sections
from rag_app.tools.plots.examples import Example, load_examples
from rag_app.tools.plots.pictures import render_plot

_LONG = 200  # characters of arguments that no longer belong into a command
_STYLE = """body { font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; }
figure { margin: 0 0 3rem; } img { max-width: 100%; height: auto; }
pre { overflow-x: auto; background: #f2f2f2; padding: .6rem; }"""


def render_gallery(folder: str | os.PathLike[str], progress: Callable[[str, int, int], None]) -> int:
    """Write every picture and ``index.html``, which shows them, into a folder; return how many pictures there are.

    Parameters
    ----------
    folder : path-like
        Where to write; made if it does not exist. Files of the same names are replaced.
    progress : callable
        ``progress(name, done, total)`` is told about each picture.

    Raises
    ------
    InvalidInputError
        If the folder cannot be written to.
    """
    target, examples = Path(folder), list(load_examples())
    try:
        target.mkdir(parents=True, exist_ok=True)
        parts = []
        for i, example in enumerate(examples):
            progress(example.tool, i, len(examples))
            parts.append(_write(target, example))
        (target / "index.html").write_text(_page(parts), encoding="utf-8")
    except OSError as exc:
        msg = f"OUT_DIR must be a folder that can be written to; got {os.fspath(folder)!r}: {exc.strerror}."
        raise InvalidInputError(msg) from exc
    progress("index.html", len(examples), len(examples))
    return len(examples)


def _write(target: Path, example: Example) -> str:
    """Write a picture, and its arguments where they are long; return its part of the page."""
    entry, name = get(example.tool), example.tool
    figure = render_plot(entry, example.arguments, call_tool(entry, example.arguments))
    figure.savefig(target / f"{name}.png")
    arguments = json.dumps(example.arguments, ensure_ascii=False)
    shown = shlex.quote(arguments)
    if len(arguments) > _LONG:
        (target / f"{name}.json").write_text(arguments + "\n", encoding="utf-8")
        shown = f'"$(cat {name}.json)"'
    command = f"rag tools run {name} --json {shown} --plot {name}.png"
    explained = "; ".join(f"{number} {heading} ({file})" for number, heading, file in sections(entry))
    alternative = f"{example.title}: {example.sentence}"
    return (
        f'<figure>\n<h2 id="{name}">{escape(example.title)}</h2>\n'
        f'<img src="{name}.png" alt="{escape(alternative)}">\n'
        f"<figcaption>{escape(example.sentence)}<br>Explained in: {escape(explained)}"
        f"<pre>{escape(command)}</pre></figcaption>\n</figure>\n"
    )


def _page(parts: list[str]) -> str:
    head = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    title = "Pictures of the tools"
    body = "".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n'
        f"<body>\n<h1>{title}</h1>\n<p>Each with what it shows, the section of the course that explains it, and the "
        f"command that makes it, to be run in this folder.</p>\n{body}</body>\n</html>\n"
    )
