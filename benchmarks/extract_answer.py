"""The tool `extract_answer` on SQuAD 2.0: exact match and F1, with the right paragraph given.

Usage: extract_answer.py DATA_FOLDER, with squad/dev_half.json in it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from report import write_report

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.span_extraction import extract_answer
from rag_app.from_scratch.metrics.answers import answer_f1_score, exact_match_score
from rag_app.from_scratch.statistics.intervals import bootstrap_confidence_interval

_KINDS = {
    "when": r"\bwhen\b|\b(?:what|which) (?:year|date|day|month)\b",
    "how many": r"\bhow (?:many|much|old|long|far|tall|high|large|big)\b",
    "who or where": r"\b(?:who|whom|whose|where)\b",
}


@dataclass(frozen=True)
class Case:
    """A question, its paragraph, the answers that are right, and what the tool and its sentence say."""

    question: str
    references: tuple[str, ...]
    answer: str | None
    sentence: str | None

    @property
    def kind(self) -> str:
        """What it asks for."""
        return next((name for name, p in _KINDS.items() if re.search(p, self.question, re.IGNORECASE)), "other")


def main() -> None:
    """Measure and report."""
    cases = list(_cases(Path(sys.argv[1], "squad", "dev_half.json")))
    answerable = [case for case in cases if case.references]
    groups = {"answerable": answerable}
    for kind in (*_KINDS, "other"):
        groups[f"answerable: {kind}"] = [case for case in answerable if case.kind == kind]
    groups["unanswerable"] = [case for case in cases if not case.references]
    groups["all"] = cases
    write_report("extract_answer", [_row(name, group) for name, group in groups.items()], data="SQuAD 2.0 dev, half")


def _cases(path: Path) -> Iterator[Case]:
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                references = () if qa["is_impossible"] else tuple(answer["text"] for answer in qa["answers"])
                try:
                    found = extract_answer(qa["question"], paragraph["context"])
                except InvalidInputError:  # a question without a word that tells something
                    found = {"answer": None, "sentence": None}
                yield Case(qa["question"], references, found["answer"], found["sentence"])


def _row(name: str, cases: Sequence[Case]) -> dict[str, object]:
    f1 = [answer_f1_score(case.answer, case.references) for case in cases]
    low, high = (bootstrap_confidence_interval(f1, seed=0)[key] for key in ("low", "high"))
    return {
        "questions": name,
        "n": len(cases),
        "exact match": float(np.mean([exact_match_score(case.answer, case.references) for case in cases])),
        "F1": float(np.mean(f1)),
        "F1, 95 % interval": f"{low:.3f}–{high:.3f}",
        "F1 of the whole sentence": float(np.mean([answer_f1_score(c.sentence, c.references) for c in cases])),
        "sentence has an answer": float(np.mean([any(r in (c.sentence or "") for r in c.references) for c in cases])),
        "no answer given": float(np.mean([case.answer is None for case in cases])),
    }


if __name__ == "__main__":
    main()
