"""A question in the words of the index."""

from __future__ import annotations

from functools import lru_cache

from rag_app.embeddings.minilm import load_tokenizer
from rag_app.index.abbreviations import Abbreviations
from rag_app.index.lexical import Lexical
from rag_app.index.library import Library
from rag_app.index.spelling import Spelling
from rag_app.reading.questions import asked_terms, is_statement


class Respelling:
    """Spells questions as the index does, without slips, and writes out the abbreviations that it introduces.

    Parameters
    ----------
    library : Library
        The index.
    lexical : Lexical
        Counts its passages by words.
    """

    def __init__(self, library: Library, lexical: Lexical) -> None:
        self._spelling = Spelling(library, lexical, _is_word)
        self._abbreviations = Abbreviations(library, lexical)

    def respell(self, question: str) -> str:
        """Return a question as the index would write it; one that is written so already stays.

        In a statement, such as a claim to be verified, abbreviations stay: written out they found less (SciFact).
        """
        spelled = self._spelling.respell(question)
        if is_statement(spelled):
            return spelled
        return self._abbreviations.expand(spelled, asked_terms(spelled))


def _is_word(word: str) -> bool:
    """Return whether MiniLM knows a word as a whole: its vocabulary has the frequent words of English."""
    return _tokenizer().token_to_id(word) is not None


_tokenizer = lru_cache(maxsize=1)(load_tokenizer)
