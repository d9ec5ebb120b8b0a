"""What a metric looks at: a question, what was answered, and what a good answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rag_app.evaluation.cases import Case


@dataclass(frozen=True, slots=True)
class Example:
    """An answered case.

    Parameters
    ----------
    question : str
        As it was asked.
    answer : str
        The text of the answer; ``[n]`` refers to the n-th citation.
    answered : bool
        False where the program says that there is no answer.
    answerable : bool
        Whether the documents answer the question.
    citations, retrieved, claims : tuple of mapping
        As ``rag ask --json`` prints them.
    notes : tuple of str
        What the reader of the answer is told besides.
    reference : str
        The answer in any words; empty where the case has none.
    evidence : tuple of str
        Sentences of which any one answers the question; empty where the case names none.
    source : str
        The document in which the first of them stands; empty where the case does not say.
    case : Case
        The case itself, for whatever else a metric needs.
    usage : mapping of str to int
        Tokens as the provider reported them.
    latency_s : float
        Seconds that the answer took when it was made.
    cost : float or None
        In US dollars; None where it is unknown.
    strength : float or None
        Of the evidence that the gate judged; None where it was not asked for.
    llm : str
        What answered.
    """

    question: str
    answer: str
    answered: bool = True
    answerable: bool = True
    citations: tuple[Mapping[str, Any], ...] = ()
    retrieved: tuple[Mapping[str, Any], ...] = ()
    claims: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    reference: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    case: Case = field(default_factory=lambda: Case("", answerable=True))
    usage: Mapping[str, int] = field(default_factory=dict)
    latency_s: float = 0.0
    cost: float | None = None
    strength: float | None = None
    llm: str = ""

    @property
    def passages(self) -> tuple[str, ...]:
        """The texts that were retrieved, best first."""
        return tuple(str(p["text"]) for p in self.retrieved)
