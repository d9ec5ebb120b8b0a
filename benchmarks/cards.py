"""Whether the questions of the cards find the section that answers them, asked over the chapters alone.

Usage: cards.py. The cards themselves are not in the index, and their wording was never changed to be found.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence

import numpy as np
from report import write_report

from rag_app import build
from rag_app.content import content_dir
from rag_app.evaluation.deck import Card, load_cards
from rag_app.reading.overlap import stems
from rag_app.types import Passage

_DEPTHS = (1, 3, 5)
_SAME = 0.7  # of the answer's words in one passage: it says what the card says


def main() -> None:
    """Measure and report."""
    cards = load_cards()
    with tempfile.TemporaryDirectory() as folder:
        app = build(data_dir=folder)
        app.ingest(sorted(content_dir("knowledge").glob("*.md")))
        found = [(card, app.search(card.question, k=max(_DEPTHS))) for card in cards]
    rows = [
        {
            "measure": measure,
            "n": len(found),
            **{f"first {k}": float(np.mean([holds(card, passages[:k]) for card, passages in found])) for k in _DEPTHS},
        }
        for measure, holds in (
            ("a passage of the card's section", _of_section),
            ("a passage of the card's chapter", _of_chapter),
            ("a passage of the section, or one elsewhere that has 70 % of the answer's words", _answers),
        )
    ]
    write_report("cards", rows)
    for card, passages in found:
        if not _of_section(card, passages[:3]):
            places = [f"{p.source}: {p.locator.heading[-1] if p.locator.heading else ''}" for p in passages[:3]]
            print(f"- {card.id} {card.question} ({card.heading}): {places}", file=sys.stderr)


def _of_section(card: Card, passages: Sequence[Passage]) -> bool:
    return any(p.source == card.source and card.heading in p.locator.heading for p in passages)


def _of_chapter(card: Card, passages: Sequence[Passage]) -> bool:
    return any(p.source == card.source for p in passages)


def _answers(card: Card, passages: Sequence[Passage]) -> bool:
    needed = stems(card.answer)
    return _of_section(card, passages) or any(len(needed & stems(p.text)) >= _SAME * len(needed) for p in passages)


if __name__ == "__main__":
    main()
