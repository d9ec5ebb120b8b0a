"""Whether the retrieved passages support what an answer says, without a judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rag_app.evaluation.metrics.cards import Agreement
from rag_app.evaluation.metrics.embedder import load_minilm
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.reading.support import (
    SUPPORTED,
    SentenceSupport,
    SupportScorer,
    answer_support,
    is_structured,
    split_statements,
)

_MISSES = (
    "Contradictions between words that are all in the passages, such as swapped roles, and most negations. Ask a judge "
    "where these matter."
)
_LEFT_OUT = "RAGTruth answers to questions (development half), sources left out"
_REFUSED = "There is no answer whose statements could be supported."
_NOTHING_SAID = "The answer states nothing that passages could support."


@dataclass(frozen=True, slots=True)
class _Scored:
    """The statements of an answer, where they stand in it, and whether structured data should support them."""

    spans: tuple[tuple[int, int], ...]
    statements: tuple[SentenceSupport, ...]
    structured: bool


@metric(
    name="faithfulness",
    definition="How likely the passages support every statement of the answer, from its least supported statements; "
    f"from {SUPPORTED:g} on the answer counts as faithful.",
    misses=_MISSES,
    agreement=(
        Agreement("AUROC", 0.848, 0.809, 0.889, _LEFT_OUT, 401, "train_support.py"),
        Agreement("balanced accuracy", 0.771, 0.730, 0.809, _LEFT_OUT, 401, "train_support.py"),
    ),
)
def faithfulness(example: Example) -> Score:
    """Return how likely the passages support all that an answer says."""
    found = _statements(example)
    if not found.statements:
        return not_applicable(_NOTHING_SAID if example.answered else _REFUSED)
    value = answer_support(found.statements, structured=found.structured)
    return scored(value, _why(found.statements), statements=_shown(found))


@metric(
    name="supported_statements",
    definition="Share of the answer's statements that the passages support.",
    misses=f"{_MISSES} One false statement in a long answer changes the share little: faithfulness weighs it more.",
    agreement=(
        Agreement("AUROC of sentences", 0.870, 0.829, 0.902, _LEFT_OUT, 2641, "train_support.py"),
        Agreement("balanced accuracy of sentences", 0.797, 0.758, 0.832, _LEFT_OUT, 2641, "train_support.py"),
    ),
)
def supported_statements(example: Example) -> Score:
    """Return the share of an answer's statements that the passages support."""
    found = _statements(example)
    if not found.statements:
        return not_applicable(_NOTHING_SAID if example.answered else _REFUSED)
    share = sum(s.support >= SUPPORTED for s in found.statements) / len(found.statements)
    return scored(share, _why(found.statements), statements=_shown(found))


def _statements(example: Example) -> _Scored:
    """Return an answer's statements with their support; a refusal has none."""
    if not example.answered:
        return _Scored((), (), structured=False)
    retrieved = example.passages
    quotes = (str(c["quote"]) for c in example.citations)
    passages = (*retrieved, *(q for q in quotes if not any(q in p for p in retrieved)))
    return _scored(example.answer, passages, example.question)


@lru_cache(maxsize=8)  # two metrics ask for the same
def _scored(answer: str, passages: tuple[str, ...], question: str) -> _Scored:
    spans = split_statements(answer)
    found = SupportScorer(load_minilm()).score([answer[a:b] for a, b in spans], passages, question=question)
    said = [(span, s) for span, s in zip(spans, found, strict=True) if s.n_words]
    return _Scored(tuple(span for span, _ in said), tuple(s for _, s in said), is_structured(passages))


def _why(found: Sequence[SentenceSupport]) -> str:
    n_supported = sum(s.support >= SUPPORTED for s in found)
    counted = f"{n_supported} of {len(found)} statements supported"
    weakest = min(found, key=lambda s: s.support)
    return f'{counted}; weakest ({weakest.reason}): "{weakest.text}"' if weakest.reason else f"{counted}."


def _shown(found: _Scored) -> list[dict[str, Any]]:
    return [
        {
            "start": start,
            "end": end,
            "support": round(s.support, 4),
            "passage": s.passage,
            "passage_start": s.start,
            "passage_end": s.end,
            "reason": s.reason,
            "unsupported": list(s.unsupported),
        }
        for (start, end), s in zip(found.spans, found.statements, strict=True)
    ]
