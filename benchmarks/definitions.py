"""Whether "What is X?" is answered with a definition of X, for every term and abbreviation of the course's glossary.

Usage: definitions.py. Each question is asked with and without raising passages that define its term, and
with and without writing abbreviations out. No question was written for this: the glossary names them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence

import numpy as np
from report import write_report

from rag_app import App, build
from rag_app.content import content_dir
from rag_app.reading.definitions import definition_score
from rag_app.retrieval import hybrid
from rag_app.retrieval.respelling import Respelling

_ENTRY = re.compile(r"^\*\*([^*]+)\*\*(?: \(([^),]+)\))?", re.MULTILINE)
_DEFINES = 0.6
_N_RESAMPLES = 2000


def main() -> None:
    """Ask and report."""
    glossary = (content_dir("knowledge") / "00-orientation.md").read_text(encoding="utf-8")
    entries = _ENTRY.findall(glossary)
    asked = {
        "by name": [(name, (name,)) for name, _ in entries],
        "by abbreviation": [(short, (name, short)) for name, short in entries if short.isupper()],
    }
    with tempfile.TemporaryDirectory() as folder:
        build(data_dir=folder).ingest()
        hits = {way: _ask(folder, way, asked) for way in ("neither", "definitions", "both")}
    rows = [
        {"asked": group, "with": way, "n": len(found), "answered with a definition": round(float(found.mean()), 3)}
        | {"gain": "" if way == "neither" else _difference(found.astype(float) - hits["neither"][group])}
        for way, groups in hits.items()
        for group, found in groups.items()
    ]
    write_report("definitions", rows)


def _ask(
    folder: str, way: str, asked: dict[str, list[tuple[str, tuple[str, ...]]]]
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return for each question whether its answer begins with a definition."""
    share, respell = hybrid._DEFINING_SHARE, Respelling.respell  # noqa: SLF001  (the parts that are left out)
    hybrid._DEFINING_SHARE = 0.0 if way == "neither" else share  # noqa: SLF001
    if way != "both":
        Respelling.respell = lambda self, question: self._spelling.respell(question)  # type: ignore[method-assign]
    try:
        app = build(data_dir=folder)
        return {group: np.array([_is_defined(app, *pair) for pair in pairs]) for group, pairs in asked.items()}
    finally:
        hybrid._DEFINING_SHARE, Respelling.respell = share, respell  # type: ignore[method-assign]  # noqa: SLF001


def _is_defined(app: App, term: str, names: Sequence[str]) -> bool:
    citations = app.ask(f"What is {term}?").citations
    return bool(citations) and max(definition_score(name, citations[0].quote) for name in names) >= _DEFINES


def _difference(gained: np.ndarray) -> str:
    picks = np.random.default_rng(0).integers(len(gained), size=(_N_RESAMPLES, len(gained)))
    low, high = np.quantile(gained[picks].mean(axis=1), [0.025, 0.975])
    return f"{gained.mean():+.3f} ({low:+.3f} to {high:+.3f})"


if __name__ == "__main__":
    main()
