"""The course's own questions: right passage, right sentence, right refusals.

Usage: course.py [dev|test]. Constants are chosen on dev; test is looked at for the record.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from report import write_report

from rag_app import build
from rag_app.content import content_dir
from rag_app.reading.overlap import stems

_SAME = 0.7


def main() -> None:
    """Measure and report."""
    split = sys.argv[1] if len(sys.argv) > 1 else "dev"
    lines = (content_dir("evals") / "data" / "course" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["split"] == split]
    with tempfile.TemporaryDirectory() as folder:
        app = build(data_dir=folder)
        app.ingest()
        results = [(case, app.ask(case["question"])) for case in cases]
    answerable = [(c, a) for c, a in results if c["answerable"]]
    rows = [
        {
            "measure": "right section among the first three passages",
            "n": len(answerable),
            "share": _share(_section_found(c, a.retrieved[:3]) for c, a in answerable),
        },
        {
            "measure": "evidence among the first two citations",
            "n": len(answerable),
            "share": _share(_evidence_quoted(c, a.citations[:2]) for c, a in answerable),
        },
        {
            "measure": "evidence among all citations",
            "n": len(answerable),
            "share": _share(_evidence_quoted(c, a.citations) for c, a in answerable),
        },
        {
            "measure": "refused although the course answers it",
            "n": len(answerable),
            "share": _share(not a.answered for _, a in answerable),
        },
    ]
    for kind in ("other_field", "near_miss"):
        chosen = [a for c, a in results if c["kind"] == kind]
        rows.append({"measure": f"refused: {kind}", "n": len(chosen), "share": _share(not a.answered for a in chosen)})
    write_report(f"course_{split}", rows)
    for case, answer in answerable:
        if not answer.answered or not _evidence_quoted(case, answer.citations[:2]):
            print(f"- {case['question']} ({case['source']}): {answer.text[:160]!r}", file=sys.stderr)


def _share(values: Any) -> float:  # noqa: ANN401  (an iterable of truth values)
    return float(np.mean(list(values)))


def _places(case: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [case, *case.get("also", [])]


def _section_found(case: Mapping[str, Any], passages: Any) -> bool:  # noqa: ANN401  (passages)
    return any(
        p.source == place["source"] and place["heading"] in p.locator.heading
        for p in passages
        for place in _places(case)
    )


def _evidence_quoted(case: Mapping[str, Any], citations: Any) -> bool:  # noqa: ANN401  (citations)
    wanted = [stems(sentence) for place in _places(case) for sentence in place["evidence"]]
    return any(
        len(evidence & stems(c.quote)) >= _SAME * max(len(evidence), 1) for c in citations for evidence in wanted
    )


if __name__ == "__main__":
    main()
