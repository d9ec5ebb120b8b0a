"""Words and stop words of English text."""

from __future__ import annotations

import re

STOP_WORDS = frozenset(
    "a about above after again all also am an and any are as at be because been before being below between both "
    "but by can could did do does doing down during each few for from further had has have having he her here "
    "hers him his how i if in into is it its itself just me more most my no nor not now of off on once only or "
    "other our out over own same she should so some such than that the their them then there these they this "
    "those through to too under until up upon us very was we were what when where which while who whom whose why "
    "will with would you your yours tell explain describe define give please mean means meant call called".split()
)
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case.

    Examples
    --------
    >>> words("KL(p‖q) isn't symmetric.")
    ['kl', 'p', 'q', "isn't", 'symmetric']
    """
    return _WORD.findall(text.lower())


def content_words(text: str) -> list[str]:
    """Return the words of a text that are not stop words.

    Examples
    --------
    >>> content_words("What is mode collapse?")
    ['mode', 'collapse']
    """
    return [w for w in words(text) if w not in STOP_WORDS]
