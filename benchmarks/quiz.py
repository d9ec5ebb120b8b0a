"""How far the quiz agrees with a person on which replies are right: others are right in part, or wrong.

Usage: quiz.py. The threshold is chosen on the cards with an even number and judged on the others.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from report import write_report

from rag_app.content import content_dir
from rag_app.evaluation.deck import Card, load_cards
from rag_app.evaluation.quiz import RIGHT, score_reply
from rag_app.from_scratch.metrics.curves import roc_auc_score


class _Reply(NamedTuple):
    card: Card
    reply: str
    verdict: str
    score: float


def main() -> None:
    """Measure and report."""
    cards = {card.id: card for card in load_cards()}
    lines = (content_dir("evals") / "data" / "quiz" / "replies.jsonl").read_text(encoding="utf-8").splitlines()
    replies = [
        _Reply(cards[r["card"]], r["reply"], r["verdict"], score_reply(cards[r["card"]], r["reply"]))
        for r in map(json.loads, lines)
    ]
    even = [r for r in replies if int(r.card.id[-1]) % 2 == 0]
    odd = [r for r in replies if r not in even]
    parts = {"even cards (chosen on)": even, "odd cards": odd, "all": replies}
    rows = [{"replies": name, "n": len(part), **_measured(part)} for name, part in parts.items()]
    write_report("quiz", rows, threshold=RIGHT, best_on_even=_best_threshold(even))
    for r in sorted(replies, key=lambda r: r.score):
        if (r.score >= RIGHT) != (r.verdict == "right"):
            print(f"- {r.score:.2f} {r.verdict}: {r.card.question} | {r.reply}", file=sys.stderr)


def _measured(replies: Sequence[_Reply]) -> dict[str, float]:
    scores = {v: np.array([r.score for r in replies if r.verdict == v]) for v in ("right", "partly", "wrong")}
    ends = [r for r in replies if r.verdict != "partly"]
    return {
        "right: accepted": float((scores["right"] >= RIGHT).mean()),
        "right in part: refused": float((scores["partly"] < RIGHT).mean()),
        "wrong: refused": float((scores["wrong"] < RIGHT).mean()),
        "balanced accuracy": _balanced_accuracy(replies, RIGHT),
        "AUROC right against wrong": roc_auc_score([r.verdict == "right" for r in ends], [r.score for r in ends]),
    }


def _best_threshold(replies: Sequence[_Reply]) -> float:
    """Return the threshold with the best balanced accuracy, to two digits; of equals the lowest."""
    return float(max(np.arange(0, 1, 0.02).round(2), key=lambda threshold: _balanced_accuracy(replies, threshold)))


def _balanced_accuracy(replies: Sequence[_Reply], threshold: float) -> float:
    accepted = [
        np.mean([r.score >= threshold for r in replies if (r.verdict == "right") == is_right])
        for is_right in (True, False)
    ]
    return float(accepted[0] + 1 - accepted[1]) / 2


if __name__ == "__main__":
    main()
