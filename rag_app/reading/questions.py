"""What form of answer a question asks for."""

from __future__ import annotations

import re

_TERM = r"(?:an?\s+|the\s+)?(?P<term>[^,?.!]+?)"
_ASKING = "what|which|who|when|where|why|how|is|are|does?|can|should|name|list|give|tell"
_REQUEST = re.compile(rf"\s*(?:{_ASKING}|define|explain|describe|compare|show|summari[sz]e)\b", re.IGNORECASE)
_DEFINITIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            rf"^(?:what(?:'s| is| are| was| were| does)|define|explain|describe)\s+{_TERM}"
            r"(?:\s+(?:mean|measure|do|describe|stand for|refer to))?$"
        ),
        rf"^who (?:is|was|are|were)\s+{_TERM}$",
        rf"^how (?:is|are)\s+{_TERM}\s+defined$",
        rf"^(?:the\s+)?definition of\s+{_TERM}$",
        r"^(?P<term>[^,?.!]+?)\s+definition$",
        rf"^(?!(?:{_ASKING})\b)(?P<term>[\w-]+(?:\s+[\w-]+){{0,3}}(?:\s+\([\w-]+\))?)$",
    )
)
_SIDE = r"(?:an?\s+|the\s+)?(?P<{}>[\w-]+(?:\s+[\w-]+){{0,3}}?(?:\s+\([\w-]+\))?)"
_COMPARISONS = tuple(
    re.compile(pattern.format(one=_SIDE.format("one"), other=_SIDE.format("other")), re.IGNORECASE)
    for pattern in (
        r"\b(?:differences?|distinction|comparison) between {one} and {other}$",
        r"^how (?:does|do|is|are) {one} (?:differ|different) from {other}$",
        r"^(?:compare )?{one} (?:versus|vs\.?|compared (?:to|with)) {other}$",
        r"^compare {one} (?:and|with|to) {other}$",
    )
)
_DOING = re.compile(rf"^(?:how|why|when|where) (?:does|do|can|should|is|are)\s+{_TERM}\s+[\w-]+$", re.IGNORECASE)
_RELATION = re.compile(r"\b(?:of|for|in|between|with|by|to|from|on|when|that|used|at|as|than)\b", re.IGNORECASE)
_THINGS = (
    "advantages|algorithms|applications|approaches|benefits|causes|components|conditions|criteria|disadvantages|elements|"
    "examples|families|features|forms|goals|ingredients|kinds|layers|limitations|methods|parts|phases|principles|"
    "problems|properties|reasons|requirements|risks|rules|stages|steps|strategies|techniques|tools|types|uses|ways"
)
_SEVERAL = re.compile(
    rf"\b(?:what|which|list|name)\b.*\b(?:{_THINGS})\b|\bstep by step\b|"
    r"\bwhat (?:should|must|does|do|can) .*\b(?:contain|include|consist of|comprise)\b",
    re.IGNORECASE,
)


def is_statement(text: str) -> bool:
    """Return whether a text says something and asks nothing: it ends in a full stop and is no request.

    Examples
    --------
    >>> [is_statement(t) for t in ("GANs are hard to train.", "Explain GANs.", "What is a GAN", "types of GAN")]
    [True, False, False, False]
    """
    return text.rstrip().endswith(".") and _REQUEST.match(text) is None


def asks_for_several(question: str) -> bool:
    """Return whether a question asks for several things, which a list may give.

    Examples
    --------
    >>> asks_for_several("What are the types of autoencoder?"), asks_for_several("What is an autoencoder?")
    (True, False)
    """
    return _SEVERAL.search(question) is not None


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
    >>> compared_terms("How does bagging differ from gradient boosting (GB)?")
    ('bagging', 'gradient boosting (GB)')
    """
    bare = question.strip(" ?.!,;")
    match = next((m for m in (pattern.search(bare) for pattern in _COMPARISONS) if m), None)
    return () if match is None else (match["one"].strip(), match["other"].strip())


def asked_terms(question: str) -> tuple[str, ...]:
    """Return what a question is about, as far as its form tells: what it defines or compares, or what does something.

    Examples
    --------
    >>> [asked_terms(q) for q in ("what is a gan?", "vae vs gan", "how does rag work?", "Who won?")]
    [('gan',), ('vae', 'gan'), ('rag',), ()]
    """
    doing = _DOING.match(question.strip(" ?.!,;"))
    one = defined_term(question) or (doing["term"] if doing else "")
    return compared_terms(question) or ((one,) if one else ())
