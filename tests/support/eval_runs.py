"""Runs of suites made by hand, for what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.scores import Score, failed, not_applicable, scored

CARDS = (
    Card(name="recall", definition="Share that was found.", misses="Rank."),
    Card(name="false_answer", definition="Wrongly answered.", misses="Harm.", direction="lower"),
)
TEXT = "The keeper lit the lamp at dusk 🕯. It burnt oil. He slept by day."


def passage(text: str = TEXT, source: str = "light.md", start: int = 100) -> dict[str, Any]:
    """Return a passage as ``rag ask --json`` prints it."""
    locator = {"heading": ["Lamps", "The keeper"], "line": 3}
    return {
        "source": source,
        "chunk_id": "c1",
        "start": start,
        "end": start + len(text),
        "score": 0.5,
        "text": text,
        "locator": locator,
    }


def answer(text: str, quote: str = "", *, answered: bool = True) -> dict[str, Any]:
    """Return an answer as ``rag ask --json`` prints it; it cites a part of the passage."""
    found = passage()
    at = found["start"] + TEXT.index(quote)
    place = {"source": "light.md", "sha256": "0" * 64, "start": at, "end": at + len(quote), "locator": found["locator"]}
    return {
        "question": "Who?",
        "answer": text,
        "answered": answered,
        "citations": [{**place, "quote": quote}] if quote else [],
        "retrieved": [found],
        "llm": "extractive",
        "prompt": "",
        "usage": {},
        "timings_s": {},
        "notes": [],
    }


def row(
    n: int, variant: str, said: Mapping[str, Any], scores: Mapping[str, Score | float | None], **fields: Any
) -> Row:
    """Return a row of the case number n: scores may be numbers, and None where the metric does not apply."""
    case = Case(
        f"Question {n}?", answerable=n % 3 > 0, id=f"q{n}", kind="odd" if n % 2 else "even", **fields.pop("case", {})
    )
    made = {
        k: not_applicable("It does not apply.") if v is None else v if isinstance(v, Score) else scored(v, "So.")
        for k, v in scores.items()
    }
    return Row(case, variant, answer=said, scores=made, **fields)


def run(rows: Sequence[Row], **fields: Any) -> Run:
    """Return a run with these rows."""
    variants = {name: {"llm": "extractive"} for name in dict.fromkeys(r.variant for r in rows)}
    given = {
        "suite": {"name": "lamps", "description": "On lamps."},
        "began": "2026-11-01T10:00:00+00:00",
        "versions": {"python": "3.11"},
    }
    return Run(**{**given, "variants": variants, "metrics": CARDS, "rows": tuple(rows), **fields})


def lamps(n: int = 6, better: float = 0.0, **fields: Any) -> Run:
    """Return a run of n questions about lamps; the last one failed."""
    rows = []
    for i in range(n):
        scores: dict[str, Score | float | None] = {"recall": min(i / n + better, 1.0), "false_answer": None}
        case = {"answer": "The keeper.", "evidence": ("The keeper lit the lamp at dusk 🕯.",), "source": "light.md"}
        said = answer(f"The keeper lit it [1]. It burnt gas. That is answer {i}.", "The keeper lit the lamp at dusk 🕯.")
        if i % 3 == 0:
            case, scores, said = {}, {"recall": None, "false_answer": 0.0}, answer("No answer found", answered=False)
        if i == 1:
            scores["recall"] = scored(0.2 + better, "2 of 10.", unsupported=["It burnt gas."])
        if i == n - 1:
            scores = {"recall": failed("The judge failed.", raw="?"), "false_answer": None}
        rows.append(row(i, "default", said, scores, case=case, latency_s=0.1, strength=i / n))
    return run(rows, **fields)
