"""How well a sentence defines a term: whether it says of the term, and of nothing else, what it is."""

from __future__ import annotations

import re

from rag_app.reading.overlap import stems

_SAYS = re.compile(r"\b(?:is|are|was|were|means|refers? to|denotes?|stands? for)\b", re.IGNORECASE)
_WHAT = re.compile(
    r"\s*(?:(?:always|usually|often|simply|basically|both)\s+)?"
    r"(?:an?|the|one|any|some|another|that|those|how|when|what|whether)\b",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\(([^)]*)\)")
_ALIAS = re.compile(
    r"\b(?:abbreviated(?: as)?|short for|also known as|called|or)\s+(?:the |an? )?([\w+-]++(?![/\w])(?: [\w-]++){0,2})",
    re.IGNORECASE,
)
LONGEST_SUBJECT = 130  # letters before the verb
_OTHERWISE = 0.4  # what follows is no noun: "X is used in …", "X is also called …"


def definition_score(term: str, sentence: str) -> float:
    """Return how well a sentence defines a term, in [0, 1].

    Parameters
    ----------
    term : str
        As `rag_app.reading.questions.defined_term` returns it; empty gives 0. A name in brackets is one of its own.
    sentence : str
        The sentence.

    Returns
    -------
    float
        The words that the term shares with what the sentence is about, as a share of the words of both: of its name, or
        of one that it gives it beside. Less where it does not go on with what that is.

    Examples
    --------
    >>> definition_score("mode collapse", "Mode collapse is a failure of training.")
    1.0
    >>> definition_score("VAE", "A variational autoencoder (VAE) is a generative model.")
    1.0
    >>> definition_score("mode collapse", "Mode collapse is also called the Helvetica scenario.")
    0.4
    >>> definition_score("generative model", "The types of generative models are families.") < 0.3
    True
    """
    said = _SAYS.search(sentence)
    if not term or said is None or said.start() > LONGEST_SUBJECT:
        return 0.0
    subject = sentence[: said.start()]
    asked = [_keys(name) for name in names_of(term)]
    names = [_BRACKETS.sub(" ", subject).split(",")[0], *_BRACKETS.findall(subject), *_ALIAS.findall(subject)]
    shares = [len(wanted & own) / len(wanted | own) for own in map(_keys, names) if own for wanted in asked]
    weight = 1.0 if _WHAT.match(sentence, said.end()) else _OTHERWISE
    return max(shares, default=0.0) * weight


def names_of(term: str) -> list[str]:
    """Return the names of a term: what stands before a bracket, and what stands in it.

    Examples
    --------
    >>> names_of("variational autoencoder (VAE)")
    ['variational autoencoder', 'VAE']
    """
    return [name for name in (_BRACKETS.sub(" ", term).strip(), *_BRACKETS.findall(term)) if name]


def _keys(text: str) -> frozenset[str]:
    """Return the stems of a name, or the name itself where it has no content words, such as C++."""
    return stems(text) or frozenset({text.strip().lower()} - {""})
