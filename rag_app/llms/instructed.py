"""A chat model that does what three rules of a prompt say, if it finds them there: to see that a gate works.

It is no stand-in for a language model: it shows that a prompt which lost a rule is refused, not how much a real one
would mind.
"""

from __future__ import annotations

import re

from langchain_core.messages import BaseMessage
from pydantic import Field

from rag_app.from_scratch.language.words import content_words
from rag_app.llms.scripted import ScriptedChat

_REFUSES = re.compile(r"no answer found", re.IGNORECASE)
_CITES = re.compile(r"\[\d\]|bracket", re.IGNORECASE)
_QUOTES = re.compile(r"\bonly\b|nothing (?:but|else)|\bnothing of your own\b", re.IGNORECASE)
_PASSAGE = re.compile(r"^\[(\d+)\] .*\n((?: {4}.*\n?|\n(?= {4}))+)", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\S)[^.!?\n]*)*[.!?]")
_SHARED = 0.5  # of the question's words, below which no passage answers it
_INVENTED = "Specialists have long recommended this approach for most production systems."


class InstructedChat(ScriptedChat):
    r"""Quotes the sentence with most of the question's words, in the manner that the system message asks for.

    A system message with "No answer found" makes it say so where no sentence has half of the words; one with a number
    in brackets makes it cite; one with "only" or "nothing but" keeps it from adding a sentence of its own.

    Examples
    --------
    >>> passages = "[1] gans.md › Mode collapse\n    Mode collapse is a failure of training. It is common."
    >>> user = f"Passages:\n\n{passages}\n\nQuestion: What is mode collapse?"
    >>> InstructedChat().invoke([("system", "Use only the passages, and cite them: [2]."), ("user", user)]).text
    'Mode collapse is a failure of training. [1]'
    """

    replies: list[str] = Field(default=["No answer found."], min_length=1)

    def _next(self, messages: list[BaseMessage]) -> str:
        rules, asked = messages[0].text, messages[-1].text
        body, _, question = asked.rpartition("Question:")
        share, sentence, number = _best(body, question)
        if share < _SHARED and _REFUSES.search(rules):
            return self.replies[0]
        quoted = f"{sentence} [{number}]" if _CITES.search(rules) else sentence
        return quoted if _QUOTES.search(rules) else f"{quoted} {_INVENTED}"


def _best(body: str, question: str) -> tuple[float, str, int]:
    """Return the share of the question's words, the sentence that has it, and the number of its passage."""
    wanted = set(content_words(question))
    best = (0.0, "There is nothing about it.", 1)
    for number, lines in _PASSAGE.findall(body):
        for match in _SENTENCE.finditer(" ".join(lines.split())):
            sentence = match.group().strip()
            share = len(wanted & set(content_words(sentence))) / max(len(wanted), 1)
            if share > best[0]:
                best = (share, sentence, int(number))
    return best
