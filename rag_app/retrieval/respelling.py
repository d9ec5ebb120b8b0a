"""A question in the words of the index."""

from __future__ import annotations

from functools import lru_cache

from rag_app.embeddings.minilm import load_tokenizer
from rag_app.from_scratch.language.words import content_words
from rag_app.index.abbreviations import Abbreviations
from rag_app.index.lexical import Lexical
from rag_app.index.library import Library
from rag_app.index.spelling import Spelling
from rag_app.reading.questions import asked_terms, is_statement

_LEAST_WORD = 4  # letters
_ENDINGS = frozenset("##s ##es ##d ##ed ##r ##er ##ers ##ing ##ly ##ness ##able ##less ##ful ##like".split())
_MOST_WORDS = 3  # of a question in which abbreviations are written out, stop words aside


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

        Abbreviations are written out in short questions. In a longer one the other words say what is looked for, and
        the name in full would outweigh them; a statement, such as a claim to be verified, found less with it (SciFact).
        """
        spelled = self._spelling.respell(question)
        if is_statement(spelled) or len(content_words(spelled)) > _MOST_WORDS:
            return spelled
        return self._abbreviations.expand(spelled, asked_terms(spelled))


def _is_word(word: str) -> bool:
    """Return whether MiniLM's vocabulary has a word, or one that it inflects: frequent ones of English."""
    start, *rest = _tokenizer().encode(word, add_special_tokens=False).tokens
    return not rest or (len(start) >= _LEAST_WORD and all(piece in _ENDINGS for piece in rest))


_tokenizer = lru_cache(maxsize=1)(load_tokenizer)
