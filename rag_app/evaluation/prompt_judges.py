"""Judges made of two prompts of ours: of faithfulness to the passages, and of relevance to the question."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import Literal

from pydantic import BaseModel

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.replies import Transcript
from rag_app.evaluation.scores import Score, not_applicable, scored
from rag_app.evaluation.verdicts import Judge
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.prompting.templates import load_prompt

_MARKER = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
_HIGHEST = 5
NO_ANSWER = "The program says that there is no answer."


class StatementVerdict(BaseModel):
    """What the judge says about one statement."""

    statement: int
    reason: str
    verdict: Literal["supported", "contradicted", "missing"]


class Verdicts(BaseModel):
    """One verdict for each statement."""

    verdicts: list[StatementVerdict]


class Grade(BaseModel):
    """How well an answer addresses its question."""

    reason: str
    score: Literal[1, 2, 3, 4, 5]


def without_markers(answer: str) -> str:
    """Return an answer without the numbers of its citations.

    Examples
    --------
    >>> without_markers("It collapses [1]. Nobody knows why [2, 3].")
    'It collapses. Nobody knows why.'
    """
    return _MARKER.sub("", answer).strip()


async def judge_faithfulness(example: Example, judge: Judge, transcript: Transcript) -> Score:
    """Return the share of an answer's sentences that its passages support, as the judge sees it.

    Parameters
    ----------
    example : Example
        Its sentences are judged all at once, each by its number.
    judge : Judge
        Who judges.
    transcript : Transcript
        Gets the judge's replies.

    Raises
    ------
    LLMError
        If the judge fails; a verdict for every sentence, and no other, is part of a reply that can be used.
    """
    if not example.answered:
        return not_applicable(NO_ANSWER)
    if not example.passages:
        return not_applicable("No passage was retrieved.")
    answer = without_markers(example.answer)
    sentences = [answer[start:end] for start, end in split_sentences(answer)]
    if not sentences:
        return not_applicable("The answer is empty.")
    statements = "\n".join(f"{i}. {' '.join(sentence.split())}" for i, sentence in enumerate(sentences, start=1))
    messages = load_prompt("judge_faithfulness", judge.prompts_dir).render(
        passages=_numbered(example), statements=statements
    )
    check = partial(_missing_verdicts, n=len(sentences))
    found = await judge.ask(messages, Verdicts, transcript, n_claims=len(sentences), check=check)
    verdicts = sorted(found.verdicts, key=lambda verdict: verdict.statement)
    shown = [{"text": s, "verdict": v.verdict, "reason": v.reason} for s, v in zip(sentences, verdicts, strict=True)]
    n_supported = sum(v.verdict == "supported" for v in verdicts)
    why = f"Supported are {n_supported} of {len(sentences)} sentences, says the judge."
    unsupported = [entry["text"] for entry in shown if entry["verdict"] != "supported"]
    why += next((f" {verdict.reason}" for verdict in verdicts if verdict.verdict != "supported"), "")
    return scored(n_supported / len(sentences), why, statements=shown, unsupported=unsupported)


async def judge_relevance(example: Example, judge: Judge, transcript: Transcript) -> Score:
    """Return how well an answer addresses its question, as the judge sees it: its grade from 1 to 5, as 0 to 1.

    Parameters and errors are those of `judge_faithfulness`.
    """
    if not example.answered:
        return not_applicable(NO_ANSWER)
    answer = _indented(without_markers(example.answer))
    messages = load_prompt("judge_relevance", judge.prompts_dir).render(
        question=_indented(example.question), answer=answer
    )
    grade = await judge.ask(messages, Grade, transcript, n_claims=1)
    return scored((grade.score - 1) / (_HIGHEST - 1), grade.reason, grade=grade.score)


def _missing_verdicts(found: Verdicts, *, n: int) -> str:
    counts = Counter(verdict.statement for verdict in found.verdicts)
    if counts == Counter(range(1, n + 1)):
        return ""
    return f"there must be one verdict for each statement from 1 to {n}, but it has {len(found.verdicts)} verdicts"


def _numbered(example: Example) -> str:
    """Return the passages as the prompt shows them: none can end its own quotation, as its lines are indented."""
    return "\n\n".join(
        f"[{i}] {' '.join(str(passage.get('source', '')).split())}\n{_indented(str(passage['text']))}"
        for i, passage in enumerate(example.retrieved, start=1)
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
