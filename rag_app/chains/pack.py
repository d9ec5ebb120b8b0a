"""Whole passages into the token budget of a language model, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag_app.errors import LLMError
from rag_app.types import Passage


def number_passages(passages: Sequence[Passage]) -> str:
    """Return passages as the prompt shows them: number, place, text.

    A passage cannot end its own quotation: every line of it is indented, and its place stands on one line.
    """
    return "\n\n".join(number_passage(number, passage) for number, passage in enumerate(passages, start=1))


def pack_passages(
    passages: Sequence[Passage], *, budget: int, count_tokens: Callable[[str], int]
) -> tuple[list[Passage], list[Passage]]:
    """Return the passages that fit and those that are left out.

    Parameters
    ----------
    passages : sequence of Passage
        Best first. Each is taken whole or not at all.
    budget : int
        Tokens that the passages may fill together.
    count_tokens : callable
        Counts a text's tokens.

    Raises
    ------
    LLMError
        If not even one passage fits.
    """
    kept: list[Passage] = []
    left_out: list[Passage] = []
    used = 0
    for passage in passages:
        cost = count_tokens(number_passage(len(kept) + 1, passage)) + 1
        if used + cost <= budget:
            kept.append(passage)
            used += cost
        else:
            left_out.append(passage)
    if passages and not kept:
        msg = f"The prompt must leave room for a passage; {max(budget, 0)} tokens remain for them."
        raise LLMError(msg, hint="Raise RAG_LLM_CONTEXT_TOKENS or lower RAG_LLM_MAX_TOKENS.")
    return kept, left_out


def number_passage(number: int, passage: Passage) -> str:
    """Return a passage as a prompt shows it: number, place, indented text."""
    names = dict.fromkeys((passage.source, passage.title, *passage.locator.heading))
    place = " › ".join(" ".join(name.split()) for name in names if name)
    header = passage.context.partition("\n")[2]  # of a table that the passage is a part of
    body = "\n".join(f"    {line}" for line in [*header.splitlines(), *passage.text.splitlines()])
    return f"[{number}] {place}\n{body}"
