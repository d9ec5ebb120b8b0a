"""Where the course explains what a tool does."""

from __future__ import annotations

import tomllib
from functools import lru_cache

from rag_app.content import content_dir
from rag_app.registry import Entry


def sections(entry: Entry) -> list[tuple[str, str, str]]:
    """Return number, heading and file of each section of the course that explains a tool, in the course's order.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> sections(get("perplexity"))
    [('07.7', 'Likelihood and perplexity', '07-evaluation-metrics.md')]
    """
    return [section for section, items in _catalogue() if items.intersection(entry.items)]


@lru_cache(maxsize=1)
def _catalogue() -> list[tuple[tuple[str, str, str], frozenset[str]]]:
    """Return each section with the names under which a tool may refer to it: its number and its ids."""
    text = (content_dir("knowledge") / "catalogue.toml").read_text(encoding="utf-8")
    return [
        ((section["number"], section["heading"], chapter["file"]), frozenset([section["number"], *section["ids"]]))
        for chapter in tomllib.loads(text)["chapter"]
        for section in chapter["section"]
    ]
