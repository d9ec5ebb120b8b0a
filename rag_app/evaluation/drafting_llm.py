"""Cases that a language model proposes: one question that a passage answers, and one that it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from pydantic import BaseModel

from rag_app.errors import LLMError
from rag_app.evaluation.drafting import Draft
from rag_app.evaluation.replies import Transcript
from rag_app.evaluation.spans import find_sentence
from rag_app.evaluation.verdicts import Judge
from rag_app.prompting.templates import load_prompt
from rag_app.types import Chunk, Source

_FEWEST_WORDS = 40  # of a passage
_FEWEST_OF_QUOTE = 4

Progress = Callable[[str, int, int], None]


class Proposal(BaseModel):
    """What the language model writes."""

    question: str
    answer: str
    quote: str
    unanswerable: str


def draft_with_llm(
    documents: Sequence[tuple[Source, Sequence[Chunk]]],
    writer: Judge,
    n: int,
    progress: Progress,
    *,
    seed: int = 0,
) -> tuple[list[Draft], list[Draft], list[LLMError]]:
    """Return questions that passages answer, with the sentence that does, questions that they do not, and failures.

    Parameters
    ----------
    documents : sequence of (Source, sequence of Chunk)
        As the library holds them.
    writer : Judge
        The language model, asked as judges are: its reply is held to a form, and repaired once.
    n : int
        Passages to ask about.
    progress : callable
        Called with a document's name, passages done and passages in all.
    seed : int, default=0
        Where the random choice of passages starts.

    Raises
    ------
    LLMError
        If the language model fails on every passage; otherwise its failures are returned.
    """
    passages = [(s, c) for s, chunks in documents for c in chunks if len(c.text.split()) >= _FEWEST_WORDS]
    chosen = [passages[i] for i in np.random.default_rng(seed).permutation(len(passages))[:n]]
    answerable: list[Draft] = []
    unanswerable: list[Draft] = []
    failures: list[LLMError] = []
    for done, (source, chunk) in enumerate(chosen):
        progress(source.name, done, len(chosen))
        try:
            proposal = writer.scheduler.run(_ask(chunk, writer))
        except LLMError as exc:
            failures.append(exc)
            continue
        answerable.append(_draft(proposal, source, chunk))
        unanswerable.append(Draft(proposal.unanswerable.strip(), answerable=False, kind="near_miss"))
    if failures and not answerable:
        raise failures[0]
    return answerable, unanswerable, failures


async def _ask(chunk: Chunk, writer: Judge) -> Proposal:
    passage = "\n".join(f"    {line}" for line in chunk.text.splitlines())
    messages = load_prompt("draft_case", writer.prompts_dir).render(passage=passage)
    return await writer.ask(messages, Proposal, Transcript(), n_claims=2, check=partial(_wrong, chunk=chunk))


def _wrong(proposal: Proposal, *, chunk: Chunk) -> str:
    blank = [name for name, value in proposal.model_dump().items() if not value.strip()]
    if blank:
        return f"{blank[0]} must not be empty"
    if len(proposal.quote.split()) < _FEWEST_OF_QUOTE or find_sentence(chunk.text, proposal.quote) is None:
        return "quote must be one sentence of the passage, copied letter by letter"
    return ""


def _draft(proposal: Proposal, source: Source, chunk: Chunk) -> Draft:
    start, end = find_sentence(chunk.text, proposal.quote) or (0, 0)
    return Draft(
        question=proposal.question.strip(),
        answerable=True,
        answer=proposal.answer.strip(),
        evidence=chunk.text[start:end],
        source=source.name,
        sha256=source.sha256,
        heading=chunk.locator.heading[-1] if chunk.locator.heading else "",
        start=chunk.start + start,
        end=chunk.start + end,
        kind="llm",
    )
