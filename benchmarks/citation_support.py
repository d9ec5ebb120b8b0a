"""How well verdicts on citation markers tell supported statements from others, and find the sentence that supports.

Usage: citation_support.py DATA_FOLDER, with the sets of `support_sets.py` in it.
The thresholds of `rag_app.chains.verification` are chosen from these tables; they are not tuned to a decimal.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from report import write_report
from support_sets import Labelled, read_sets

from rag_app.chains.verification import (
    MIN_ANSWER_SUPPORT,
    SUPPORTED,
    WEAK,
    Measure,
    Verifier,
    is_statement,
    likeness,
    support_of,
    words_and_meaning,
)
from rag_app.embeddings.minilm import MiniLM
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.locator import Locator
from rag_app.types import Claim, Passage, Unit

_N_CASES = 250  # of a set: every sentence of every passage is embedded
_N_DRAWS = 500
_GRID = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_MAX_SENTENCES = 30


class Judged(NamedTuple):
    """The support that was found, and whether people call it supported; cases of one group hang together."""

    support: float
    supported: bool
    group: str


def main() -> None:
    """Measure and report."""
    folder, measures = Path(sys.argv[1]), load_measures()
    rng = random.Random(0)
    sets = {name: rng.sample(cases, min(_N_CASES, len(cases))) for name, cases in read_sets(folder).items()}
    judged = {
        (name, kind): list(cases)
        for name, measure in measures.items()
        for kind, cases in (
            ("claims, AttributionBench", _claims(sets["AttributionBench"], measure)),
            ("replies, BEGIN", _claims(sets["BEGIN"], measure)),
            ("sentences, RAGTruth QA", _sentences(sets["RAGTruth, answers"], measure)),
            ("answers, RAGTruth QA", _answers(sets["RAGTruth, answers"], measure)),
        )
    }
    found = {name: _sentence_found(folder, measure) for name, measure in measures.items()}
    rows = [_row(name, kind, cases) for (name, kind), cases in judged.items()]
    grid = [_at(name, kind, cases, t) for (name, kind), cases in judged.items() for t in _GRID]
    about = {
        "supported_from": SUPPORTED,
        "weak_from": WEAK,
        "answers_from": MIN_ANSWER_SUPPORT,
        "sentence_found": found,
    }
    write_report("citation_support_grid", grid, seed=0)
    write_report("citation_support", rows, seed=0, **about)
    print(found)


def load_measures() -> dict[str, Measure]:
    """Return the measures that are compared."""
    return {
        "words and meaning": words_and_meaning(likeness(MiniLM().embed)),
        "words alone": words_and_meaning(lambda _claim, sentences: [0.0] * len(sentences)),
    }


def _claims(cases: Sequence[Labelled], measure: Measure) -> Iterator[Judged]:
    for case in cases:
        verifier = Verifier([_passage(" ".join(map(str, case.passages)))], measure)
        yield Judged(verifier.best(case.text).score, not case.unsupported, case.source)


def _sentences(cases: Sequence[Labelled], measure: Measure) -> Iterator[Judged]:
    for case, statements in _stated(cases, measure):
        for start, end, score in statements:
            invented = any(a < end and b > start for a, b in case.spans or ())
            yield Judged(score, not invented, case.source)


def _answers(cases: Sequence[Labelled], measure: Measure) -> Iterator[Judged]:
    for case, statements in _stated(cases, measure):
        if statements:
            claims = [Claim(str(start), "uncited", score) for start, _, score in statements]
            yield Judged(support_of(claims), not case.unsupported, case.source)


def _stated(cases: Sequence[Labelled], measure: Measure) -> Iterator[tuple[Labelled, list[tuple[int, int, float]]]]:
    """Yield answers with the spans and the support of their statements, each by the best of the passages."""
    for case in cases:
        verifier = Verifier([_passage(text) for text in case.passages], measure)
        spans = [(a, b) for a, b in split_sentences(case.text) if is_statement(case.text[a:b])]
        yield case, [(a, b, verifier.best(case.text[a:b]).score) for a, b in spans]


def _sentence_found(folder: Path, measure: Measure) -> dict[str, float]:
    """Return how often the sentence that a citation quotes is one that people marked, and by chance."""
    found, chance = [], []
    for case in map(json.loads, (folder / "wice" / "dev.jsonl").read_text(encoding="utf-8").splitlines()):
        sentences = case["evidence"][:_MAX_SENTENCES]
        marked = {i for group in case["supporting_sentences"] for i in group}
        ends = np.cumsum([len(s) + 1 for s in sentences])
        units = tuple(
            Unit(int(end) - len(s) - 1, int(end) - 1, "paragraph") for s, end in zip(sentences, ends, strict=True)
        )
        text = "\n".join(sentences)
        support = measure(case["claim"], Passage("", "", "", 0, len(text), text, Locator(), units=units))
        found.append(units.index(support.unit) in marked if support.unit else False)
        chance.append(len(marked) / len(sentences))
    return {"n": len(found), "found": float(np.mean(found)), "by chance": float(np.mean(chance))}


def _row(name: str, kind: str, cases: Sequence[Judged]) -> dict[str, Any]:
    auroc = _auroc(cases)
    groups = sorted({case.group for case in cases})
    members = {group: [case for case in cases if case.group == group] for group in groups}
    rng = np.random.default_rng(0)
    drawn = [_auroc([c for g in rng.choice(groups, len(groups)) for c in members[g]]) for _ in range(_N_DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    supported = np.array([case.supported for case in cases])
    support = np.array([case.support for case in cases])
    return {
        "measure": name,
        "of": kind,
        "n": len(cases),
        "supported": int(supported.sum()),
        "AUROC": f"{auroc:.3f} ({low:.3f}–{high:.3f})",
        "balanced accuracy, supported": _balanced(support >= SUPPORTED, supported),
        "balanced accuracy, kept": _balanced(support >= WEAK, supported),
    }


def _at(name: str, kind: str, cases: Sequence[Judged], threshold: float) -> dict[str, Any]:
    kept = np.array([case.support >= threshold for case in cases])
    supported = np.array([case.supported for case in cases])
    return {
        "measure": name,
        "of": kind,
        "support ≥": threshold,
        "supported kept": float(kept[supported].mean()),
        "others below": float((~kept)[~supported].mean()),
        "balanced accuracy": _balanced(kept, supported),
    }


def _auroc(cases: Sequence[Judged]) -> float:
    return float(roc_auc_score([int(case.supported) for case in cases], [case.support for case in cases]))


def _balanced(kept: Any, supported: Any) -> float:  # noqa: ANN401  (arrays)
    return float(kept[supported].mean() + (~kept)[~supported].mean()) / 2


def _passage(text: str) -> Passage:
    spans = split_sentences(text)[:_MAX_SENTENCES] or [(0, len(text))]
    units = tuple(Unit(a, b, "paragraph") for a, b in spans)
    return Passage("", "", "", 0, len(text), text, Locator(), units=units)


if __name__ == "__main__":
    main()
