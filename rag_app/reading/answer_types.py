"""What type of thing a question asks for, and whether a sentence offers one that the question does not name itself."""

from __future__ import annotations

import re
from typing import Literal

from rag_app.from_scratch.language.words import STOP_WORDS
from rag_app.reading.overlap import stem

AnswerType = Literal["number", "date", "person", "place", "reason", "manner", "other"]

_NUMBER_ASKED = (
    r"\bhow (?:many|much|long|large|big|far|old|tall|high|often|fast|deep|wide|heavy)\b|"
    r"\bwhat (?:number|percent|fraction|proportion)|"
    r"\b(?:percentage|population|amount|cost|price|speed|temperature|length|size|age) of\b"
)
_DATE_ASKED = (
    r"^when\b|\bwhen (?:did|was|were|is|do|does|has|have)\b|"
    r"\b(?:what|which) (?:year|date|day|month|century|decade|time)"
)
_PLACE_ASKED = (
    r"^where\b|\bwhere (?:did|was|were|is|are|do|does|can)\b|"
    r"\b(?:what|which) (?:country|city|state|place|location|region|area|continent|town|river)"
)
_REASON_ASKED = r"\bwhy\b|\bwhat (?:caused|causes|reason|is the reason|was the reason|led)\b|\bpurpose\b"
_ASKED: tuple[tuple[AnswerType, re.Pattern[str]], ...] = (
    ("number", re.compile(_NUMBER_ASKED, re.IGNORECASE)),
    ("date", re.compile(_DATE_ASKED, re.IGNORECASE)),
    ("person", re.compile(r"\b(?:who|whom|whose)\b", re.IGNORECASE)),
    ("place", re.compile(_PLACE_ASKED, re.IGNORECASE)),
    ("reason", re.compile(_REASON_ASKED, re.IGNORECASE)),
    ("manner", re.compile(r"\bhow\b", re.IGNORECASE)),
)
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_NUMBER = re.compile(
    r"\d+(?:[.,]\d+)*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarter|twice|once)\b",
    re.IGNORECASE,
)
_DATE = re.compile(rf"\b(?:1\d|20)\d\ds?\b|\bcentury\b|\b(?:{_MONTH})\b|\b\d+ ?(?:BC|AD|BCE|CE)\b")
_NAME = re.compile(r"\b[A-Z][\w'’-]*")
_PLACE = re.compile(
    r"\b(?:in|at|near|from|to|on|of|between|along|around|into|across|through)\s+(?:the\s+)?(?:\w+\s+)?[A-Z]"
)
_REASON = re.compile(
    r"\b(?:because|since|due to|as a result|in order to|so that|caused?s?|owing|therefore|reason|led to|thus|"
    r"to (?:avoid|prevent|reduce|make|allow|protect|ensure|keep|help|increase|provide))\b",
    re.IGNORECASE,
)
_MANNER = re.compile(r"\b(?:by|through|using|with|via|means of|method|process)\b", re.IGNORECASE)


def answer_type(question: str) -> AnswerType:
    """Return what type of thing a question asks for.

    Examples
    --------
    >>> [answer_type(q) for q in ("How many heads?", "When was it found?", "Who found it?", "Why?", "What is a GAN?")]
    ['number', 'date', 'person', 'reason', 'other']
    """
    return next((kind for kind, pattern in _ASKED if pattern.search(question)), "other")


def offers(kind: AnswerType, question: str, sentence: str) -> bool:
    """Return whether a sentence names a thing of a type that is not in the question.

    Examples
    --------
    >>> offers("person", "Who invented GANs?", "GANs were introduced by Ian Goodfellow.")
    True
    >>> offers("person", "Who invented GANs?", "GANs were introduced later."), offers("other", "What?", "All of it.")
    (False, False)
    """
    if kind == "number":
        return _has_new(_NUMBER, question, sentence)
    if kind == "date":
        return _has_new(_DATE, question, sentence)
    if kind == "person":
        return _has_new(_NAME, question, sentence)
    if kind == "place":
        return bool(_PLACE.search(sentence)) and _has_new(_NAME, question, sentence)
    if kind == "reason":
        return bool(_REASON.search(sentence))
    return kind == "manner" and bool(_MANNER.search(sentence))


def _has_new(pattern: re.Pattern[str], question: str, sentence: str) -> bool:
    asked = {stem(word.lower()) for word in (*re.findall(r"\w+", question), *pattern.findall(question))}
    found = (match.lower() for match in pattern.findall(sentence))
    return any(word not in STOP_WORDS and stem(word) not in asked for word in found)
