"""Whether an answer's citations carry it: by the words of each sentence and of what it points to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.evaluation.metrics.cards import Agreement
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.retrieval import SAME, is_at, relevant_places
from rag_app.evaluation.metrics.table import metric
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.from_scratch.language.words import words
from rag_app.reading.overlap import stems

_SUPPORTED = 0.6  # of the words of a sentence
_MARKER = re.compile(r"\s*\[(\d+(?:\s*,\s*\d+)*)\]")
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+(?:[.!?]+|\n|$)(?:\s*\[\d+(?:\s*,\s*\d+)*\])*")
_REFUSED = "There is no answer to cite for."
_UNCITED = "The answer cites nothing."


@dataclass(frozen=True, slots=True)
class _Claim:
    """A sentence without its markers, and the citations that they point to."""

    text: str
    citations: tuple[Mapping[str, Any], ...]


@metric(
    name="citation_support",
    definition="Share of the pairs of a sentence and its citation in which the quotation holds 60 % of the sentence's "
    "content words.",
    misses="Words in another order, a negation, a number changed in one digit among many words; a paraphrase without "
    "common words counts as unsupported.",
    agreement=(
        Agreement(
            "balanced accuracy", 0.645, 0.610, 0.679, "AttributionBench (development set)", 1198, "metric_agreement.py"
        ),
    ),
)
def citation_support(example: Example) -> Score:
    """Return the share of citations that support the sentence which points to them."""
    pairs = [(claim.text, citation) for claim in _claims(example) for citation in claim.citations]
    if not pairs:
        return not_applicable(_UNCITED if example.answered else _REFUSED)
    wrong = [text for text, citation in pairs if not _supports(citation, text)]
    return scored(
        1 - len(wrong) / len(pairs), _count(len(pairs) - len(wrong), len(pairs), "citation"), unsupported=wrong
    )


@metric(
    name="citation_coverage",
    definition="Share of the answer's sentences that cite something, or that the citation behind them quotes word for "
    "word.",
    misses="Whether what they cite supports them. A list in other words that is cited once, behind its last item, "
    "counts as one sentence with a citation and others without.",
    agreement_note="counts facts: markers and quotations",
)
def citation_coverage(example: Example) -> Score:
    """Return the share of sentences with a citation."""
    claims = _claims(example)
    if not claims:
        return not_applicable(_REFUSED)
    bare = [claim.text for claim in claims if not claim.citations]
    return scored(1 - len(bare) / len(claims), _count(len(claims) - len(bare), len(claims), "sentence"), uncited=bare)


@metric(
    name="citation_pointing",
    definition="Share of the citations that stand in a place which the case names, or hold 70 % of the words of one of "
    "its evidence sentences.",
    misses="A citation of another place that supports the answer as well counts as wrong.",
    agreement_note="counts facts: whether the place that a person named is cited",
)
def citation_pointing(example: Example) -> Score:
    """Return the share of citations that point to where the answer is."""
    places = relevant_places(example)
    if not places and not example.evidence:
        return not_applicable("The case names no place that answers it.")
    if not example.citations:
        return not_applicable(_UNCITED if example.answered else _REFUSED)
    right = sum(
        any(is_at(citation, place) for place in places) or quotes(citation, example.evidence)
        for citation in example.citations
    )
    return scored(right / len(example.citations), _count(right, len(example.citations), "citation"))


@metric(
    name="evidence_cited",
    definition="1 where one of the first two citations holds 70 % of the words of an evidence sentence, otherwise 0.",
    misses="A sentence that answers in other words than the evidence of the case.",
    agreement_note="counts facts: whether the sentence that a person named is quoted",
)
def evidence_cited(example: Example) -> Score:
    """Return whether the evidence is quoted in front; a refusal quotes nothing."""
    if not example.evidence:
        return not_applicable("The case names no evidence.")
    held = any(quotes(citation, example.evidence) for citation in example.citations[:2])
    return scored(float(held), "" if held else "Neither of the first two citations is the evidence of the case.")


def quotes(citation: Mapping[str, Any], evidence: Sequence[str]) -> bool:
    """Return whether a citation quotes one of the evidence sentences, or most of it."""
    quoted = stems(citation["quote"])
    return any(len(wanted & quoted) >= SAME * len(wanted) for text in evidence if (wanted := stems(text)))


def _claims(example: Example) -> list[_Claim]:
    """Return the sentences of an answer that say something."""
    if not example.answered:
        return []
    found = []
    for match in _SENTENCE.finditer(example.answer):
        text = _MARKER.sub("", match.group()).strip()
        numbers = [int(n) for group in _MARKER.findall(match.group()) for n in group.split(",")]
        cited = tuple(example.citations[n - 1] for n in numbers if 0 < n <= len(example.citations))
        if stems(text):
            found.append(_Claim(text, cited))
        elif cited and found:  # a marker that stands alone belongs to the sentence before it
            found[-1] = _Claim(found[-1].text, found[-1].citations + cited)
    return _carried_back(found)


def _carried_back(claims: list[_Claim]) -> list[_Claim]:
    """Return claims with a marker behind a quotation of several sentences as that of each of them."""
    carried: list[_Claim] = []
    following: tuple[Mapping[str, Any], ...] = ()
    for claim in reversed(claims):
        following = claim.citations or tuple(c for c in following if _quotes_all(c, claim.text))
        carried.append(_Claim(claim.text, following))
    return carried[::-1]


def _quotes_all(citation: Mapping[str, Any], text: str) -> bool:
    return f" {' '.join(words(text))} " in f" {' '.join(words(citation['quote']))} "


def _supports(citation: Mapping[str, Any], text: str) -> bool:
    wanted = stems(text)
    return len(wanted & stems(citation["quote"])) >= _SUPPORTED * len(wanted)


def _count(n: int, total: int, noun: str) -> str:
    return f"{n} of {total} {noun}{'' if total == 1 else 's'}."
