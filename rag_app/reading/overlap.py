"""Which content words a text shares with another, by stems."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

from rag_app.from_scratch.language.words import content_words

_turn = threading.Lock()


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401  (imported when the first word is stemmed)
    import snowballstemmer

    return snowballstemmer.stemmer("porter")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the Porter stem of a word in lower case.

    Examples
    --------
    >>> stem("collapses") == stem("collapsed")
    True
    """
    with _turn:  # the stemmer holds the word that it works on: threads would stem each other's
        return str(_stemmer().stemWord(word))


def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's content words.

    Examples
    --------
    >>> sorted(stems("The generators were trained"))
    ['gener', 'train']
    """
    return frozenset(stem(w) for w in content_words(text))
