"""A follow-up question becomes a standalone one: by the language model, or by carrying the topic over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.chains.followups import carry_topic
from rag_app.chains.messages import Message
from rag_app.errors import InvalidInputError
from rag_app.llms.failures import translated_errors
from rag_app.llms.tally import Tally
from rag_app.prompting.templates import load_prompt
from rag_app.retrieval.query import split_query

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NO_ANSWER = "No answer found."


def condense(
    question: str,
    messages: Sequence[Message],
    llm: BaseChatModel | None,
    *,
    llm_name: str = "",
    prompts_dir: Path | None = None,
    tally: Tally | None = None,
) -> str:
    """Return a question that is understood without the conversation.

    Parameters
    ----------
    question : str
        What the user typed, without the words that say where to look. Those of earlier questions held for them alone.
    messages : sequence of Message
        The conversation so far, oldest first, as `rag_app.chains.memory` makes it fit.
    llm : BaseChatModel or None
        Rewrites the question; without one the topic is carried over.
    llm_name : str
        The setting, for error messages.
    prompts_dir : pathlib.Path, optional
        A folder of the user's own prompts.
    tally : Tally, optional
        Gets what the request to the language model came to.

    Returns
    -------
    str
        The question itself where there is nothing to resolve.
    """
    question = question.strip()
    if not any(m.role == "user" for m in messages):
        return question
    messages = [Message(m.role, _without_filters(m.text)) if m.role == "user" else m for m in messages]
    if llm is None:
        return carry_topic(question, _understood(messages))
    conversation = "\n".join(f"{m.role}: {m.text}" for m in messages if m.role != "system")
    prompt = load_prompt("condense_question", prompts_dir).render(conversation=conversation, question=question)
    with translated_errors(llm_name):
        reply = llm.invoke(prompt)
    if tally is not None:
        tally.add(reply)
    lines = reply.text.strip().splitlines()
    return lines[0].strip() if lines and lines[0].strip() else question


def _understood(messages: Sequence[Message]) -> list[str]:
    """Return the user's questions, without those that the material has no answer to: nobody goes on from there."""
    replies = [*messages[1:], Message("assistant", "")]
    return [
        m.text
        for m, reply in zip(messages, replies, strict=True)
        if m.role == "user" and not (reply.role == "assistant" and reply.text.strip() == NO_ANSWER)
    ]


def _without_filters(text: str) -> str:
    try:
        return split_query(text).text
    except InvalidInputError:  # nothing else is in it, so nobody can go on from it
        return ""
