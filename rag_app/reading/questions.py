"""What form of answer a question asks for."""

from __future__ import annotations

import re
from typing import Literal

Form = Literal["definition", "number", "date", "list", "other"]

_TERM = r"(?:an?\s+|the\s+)?(?P<term>[^,?.!]+?)"
_ASKING = "what|which|who|when|where|why|how|is|are|does?|can|should|name|list|give|tell"
_DEFINITIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:what(?:'s| is| are| was| were| does)|define|explain|describe)\s+{_TERM}(?:\s+mean|\s+stand for)?$",
        rf"^who (?:is|was|are|were)\s+{_TERM}$",
        rf"^how (?:is|are)\s+{_TERM}\s+defined$",
        rf"^(?:the\s+)?definition of\s+{_TERM}$",
        r"^(?P<term>[^,?.!]+?)\s+definition$",
        rf"^(?!(?:{_ASKING})\b)(?P<term>[\w-]+(?:\s+[\w-]+){{0,3}})$",
    )
)
_SIDE = r"(?:an?\s+|the\s+)?(?P<{}>[\w-]+(?:\s+[\w-]+){{0,3}}?)"
_COMPARISONS = tuple(
    re.compile(pattern.format(one=_SIDE.format("one"), other=_SIDE.format("other")), re.IGNORECASE)
    for pattern in (
        r"\b(?:differences?|distinction|comparison) between {one} and {other}$",
        r"^how (?:does|do|is|are) {one} (?:differ|different) from {other}$",
        r"^(?:compare )?{one} (?:versus|vs\.?|compared (?:to|with)) {other}$",
        r"^compare {one} (?:and|with|to) {other}$",
    )
)
_RELATION = re.compile(r"\b(?:of|for|in|between|with|by|to|from|on|when|that|used|at|as|than)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"^how (?:many|much|long|large|big|far|old|tall|high|often)\b|\bwhat (?:number|percent)", re.IGNORECASE
)
_DATE = re.compile(r"^when\b|\b(?:what|which) (?:year|date|day|month|century)\b", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:what|which|list|name)\b.*\b(?:types|kinds|forms|steps|ways|parts|examples|stages|advantages|methods|uses|"
    r"components|limitations|algorithms|applications)\b",
    re.IGNORECASE,
)


def form_of(question: str) -> Form:
    """Return the form of answer that a question asks for.

    Examples
    --------
    >>> [form_of(q) for q in ("What is a GAN?", "How many heads are there?", "When was it found?", "Why?")]
    ['definition', 'number', 'date', 'other']
    """
    if _LIST.search(question):
        return "list"
    if _NUMBER.search(question):
        return "number"
    if _DATE.search(question):
        return "date"
    return "definition" if defined_term(question) else "other"


def defined_term(question: str) -> str:
    """Return the term that a question asks to define, or an empty string.

    Examples
    --------
    >>> defined_term("What is mode collapse?"), defined_term("What is the capital of France?")
    ('mode collapse', '')
    >>> defined_term("How is precision defined?"), defined_term("greedy decoding")
    ('precision', 'greedy decoding')
    """
    bare = question.strip(" ?.!,;")
    match = next((m for m in (pattern.match(bare) for pattern in _DEFINITIONS) if m), None)
    return "" if match is None or _RELATION.search(match["term"]) else match["term"]


def compared_terms(question: str) -> tuple[str, ...]:
    """Return the two things that a question compares, or nothing.

    Examples
    --------
    >>> compared_terms("What is the difference between a GAN and a VAE?"), compared_terms("What is a GAN?")
    (('GAN', 'VAE'), ())
    >>> compared_terms("How does bagging differ from boosting?")
    ('bagging', 'boosting')
    """
    bare = question.strip(" ?.!,;")
    match = next((m for m in (pattern.search(bare) for pattern in _COMPARISONS) if m), None)
    return () if match is None else (match["one"].strip(), match["other"].strip())


def fits(form: Form, term: str, sentence: str) -> bool:
    """Return whether a sentence has the form that a question asks for.

    Examples
    --------
    >>> fits("definition", "mode collapse", "Mode collapse is a failure of training.")
    True
    >>> fits("definition", "VAE", "A variational autoencoder (VAE) is a generative model.")
    True
    >>> fits("number", "", "There are twelve heads."), fits("number", "", "There are heads.")
    (True, False)
    """
    if form == "number":
        return bool(
            re.search(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half)\b", sentence)
        )
    if form == "date":
        return bool(re.search(r"\b(?:1[0-9]|20)\d\d\b|\bcentury\b|\d{1,2} [A-Z][a-z]+|[A-Z][a-z]+ \d{1,2}\b", sentence))
    if form == "definition":
        named = rf"(?:an?\s+|the\s+)?{re.escape(term)}s?(?!\w)"
        alias = rf"[^.]{{3,60}}(?:\(|abbreviated |short for |also called |or )(?:the |an? )?{re.escape(term)}(?!\w)"
        pattern = rf"(?:{named}|{alias})[^.]{{0,60}}?\b(?:is|are|was|were|means|refers|denotes)\b"
        return bool(re.match(pattern, sentence.strip(), re.IGNORECASE))
    return False
