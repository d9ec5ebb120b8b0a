"""Where the course explains what a tool does, and which tools do what it explains."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rag_app.content import content_dir
from rag_app.registry import Entry

_CARDS = re.compile(r"^cards/(.+)\.csv$")
_NUMBER = re.compile(r"^\d\d\.\d+ ")  # of the section that a card is on
_MOST = 2  # tools that are worth naming at once


def sections(entry: Entry) -> list[tuple[str, str, str]]:
    """Return number, heading and file of each section of the course that explains a tool, in the course's order.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> sections(get("perplexity"))
    [('07.7', 'Likelihood and perplexity', '07-evaluation-metrics.md')]
    """
    return [
        (section["number"], section["heading"], file)
        for file, section in _catalogue()
        if not {section["number"], *section["ids"]}.isdisjoint(entry.items)
    ]


def tools_for(question: str, source: str, heading: Sequence[str]) -> list[str]:
    """Return the tools that do what a place of the course explains, at most two, those that a question names first.

    Parameters
    ----------
    question : str
        What was asked.
    source : str
        The name of a document; only the course's chapters, and the cards on them, have tools.
    heading : sequence of str
        The heading path of the place.

    Examples
    --------
    >>> tools_for("What is perplexity?", "07-evaluation-metrics.md", ("Likelihood and perplexity",))
    ['perplexity', 'bernoulli_log_likelihood']
    """
    asked = question.casefold().replace("-", " ")
    chapter = _CARDS.sub(r"\1.md", source)
    headings = {_NUMBER.sub("", text) for text in heading}
    found = [t for file, s in _catalogue() if file == chapter and s["heading"] in headings for t in s["tools"]]
    return sorted(found, key=lambda name: -_named(name, asked))[:_MOST]


def _named(name: str, asked: str) -> float:
    """Return the share of a tool's name that a question holds."""
    parts = name.casefold().split("_")
    return sum(part in asked for part in parts) / len(parts)


@lru_cache(maxsize=1)
def _catalogue() -> list[tuple[str, dict[str, Any]]]:
    """Return each section with the file of its chapter; none where there is no catalogue."""
    path = content_dir("knowledge") / "catalogue.toml"
    chapters = tomllib.loads(path.read_text(encoding="utf-8"))["chapter"] if path.is_file() else []
    return [(chapter["file"], section) for chapter in chapters for section in chapter["section"]]
