"""The words of a question as the index spells them: British or American, in one word or in two, without a slip."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from string import ascii_lowercase
from typing import TYPE_CHECKING

from rag_app.from_scratch.language.words import STOP_WORDS
from rag_app.index.recent import Recent

if TYPE_CHECKING:
    from rag_app.index.lexical import Lexical
    from rag_app.index.library import Library

_PAIRS = tuple(
    (re.compile(rf"({before})({one}|{other})({after})"), one, other)
    for before, one, other, after in (
        (r"[a-z]{3,}", "is", "iz", r"e|es|ed|er|ers|ing|able|ations?|ational"),
        (r"[a-z]*(?:anal|paral|catal)", "ys", "yz", r"e|es|ed|er|ers|ing"),
        (r"(?:dis)?(?:behavi|col|fav|flav|harb|hon|hum|lab|neighb|rum|vap)", "our", "or", r"[a-z]*"),
        (r"(?:epi|bary)?(?:cent|fib|lit|[a-z]*met|theat)", "re", "er", r"s?"),
        (r"(?:anal|catal|dial|mon)", "ogue", "og", r"s?"),
        (r"(?:re)?(?:cancel|channel|label|level|model|signal|travel|tunnel)", "l", "", r"ed|er|ers|ing|ings"),
        (r"(?:def|lic|off)en", "c", "s", r"es?"),
        (r"art", "e", "i", r"facts?"),
        (r"gr", "e", "a", r"y(?:scale|s)?"),
        (r"judg", "e", "", r"ments?"),
    )
)
_WORD = re.compile(r"\"[^\"]*\"|[^\W\d_]+(?:['’-][^\W\d_]+)*")  # what is quoted stays
_LEAST_LETTERS = 5
_LEAST_CORRECTED = 6  # letters: of shorter words too many are alike
_RIGHT_LETTERS = 2  # at the beginning, where slips are rare
_LONGEST_ENDING = 4  # letters that a stem lacks
_LONG_STEM = 6  # letters
_SELDOM = 2  # passages: what fewer have may be a slip
_OFTEN = 20  # passages: a word that so many have is not two words written as one
_FAR_OFTENER = 5  # times
_MOST_READ = 100  # passages


class Spelling:
    """Spells questions as the index does.

    Parameters
    ----------
    library : Library
        The index.
    lexical : Lexical
        Counts its passages by words.
    is_word : callable
        Whether a word in lower case is a word of the language: then it is no slip, though no passage has it.
    """

    def __init__(self, library: Library, lexical: Lexical, is_word: Callable[[str], bool]) -> None:
        self._library = library
        self._lexical = lexical
        self._is_word = is_word
        self._known = Recent(library, lambda words: {word: self._respelled(word) for word in words})

    def respell(self, question: str) -> str:
        """Return a question with those words respelled that most passages spell in another way.

        Parameters
        ----------
        question : str
            ``regularization`` becomes ``regularisation`` where more passages have that, and a word that hardly any has,
            such as ``finetuning``, becomes two where these stand beside each other, as in *fine-tuning*. A slip of one
            letter that no passage has, such as ``colapse``, is corrected. Names and what stands in quotation marks
            stay.
        """
        first = len(question) - len(question.lstrip())
        found = [
            match for match in _WORD.finditer(question) if _is_respelled(match[0], is_first=match.start() == first)
        ]
        known = self._known.load([match[0] for match in found])
        for match in reversed(found):
            question = f"{question[: match.start()]}{known[match[0]]}{question[match.end() :]}"
        return question

    def _respelled(self, word: str) -> str:
        lower = word.lower()
        return self._best(lower) if word == lower else self._spelled(lower).capitalize()

    def _spelled(self, word: str) -> str:
        """Return the British or American spelling of a word that more passages have."""
        others = [other for other in spellings(word) if self._lexical.count(other) >= _SELDOM]
        return max([word, *others], key=self._count) if others else word

    def _best(self, word: str) -> str:
        """Return the same, or a word that is not a name as the two words that stand for it."""
        spelled = self._spelled(word)
        if spelled != word:
            return spelled
        n_own = self._lexical.count(word)
        if n_own > _OFTEN:
            return word
        joined = [f"{word[:i]} {word[i:]}" for i in range(1, len(word) - 1)]
        least = max(_SELDOM, _FAR_OFTENER * n_own)
        if self._lexical.count_any(joined) >= least:
            best = max(joined, key=self._lexical.count)
            if self._lexical.count(best) >= least:
                return best.replace(" ", "-")
        return self._corrected(word)

    def _corrected(self, word: str) -> str:
        """Return the word that most passages have of those that differ in one letter, if the given one is no word."""
        if len(word) < _LEAST_CORRECTED or self._is_word(word) or self._is_word(word.removesuffix("s")):
            return word
        if self._lexical.count(word) and self._count(word):  # its stem alone may be another word's
            return word
        sql = "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM lexical WHERE lexical MATCH value)"
        quoted = [f'"{other}"' for other in self._likely(word)]
        found = [other.strip('"') for (other,) in self._library.query(sql, [json.dumps(quoted)])] if quoted else []
        counts = {other: self._count(other) for other in found}
        best = max(found, key=lambda other: (counts[other], other), default=word)
        return best if counts.get(best, 0) >= _SELDOM else word

    def _likely(self, word: str) -> list[str]:
        """Return those of a word's slips that differ from it in what a stem of the index has: few of them all."""
        self._library.query("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, lexical, row)")
        sql = "SELECT term FROM temp.vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?"
        shortest, start = len(word) - _LONGEST_ENDING, word[:_RIGHT_LETTERS]
        terms = self._library.query(sql, [start, f"{start}\uffff", shortest, len(word) + 1])
        begins = {term[:-1] for (term,) in terms}  # stems end in other letters: "studi" of "studies"
        places = range(shortest - 1, len(word) + 2)
        return sorted(s for s in slips(word) if any(s[:n] in begins and _tells(s[:n], word) for n in places))

    def _count(self, word: str) -> int:
        """Return how many of the passages that have the word's stem have the word itself."""
        sql = "SELECT context || ' ' || body FROM lexical WHERE lexical MATCH ? LIMIT ?"
        exact = re.compile(rf"\b{word}\b", re.IGNORECASE)
        return sum(bool(exact.search(text)) for (text,) in self._library.query(sql, [f'"{word}"', _MOST_READ]))


def spellings(word: str) -> Iterator[str]:
    """Yield how else a word in lower case may be spelled in British or American English.

    Examples
    --------
    >>> list(spellings("regularization")), list(spellings("colour")), list(spellings("model"))
    (['regularisation'], ['color'], [])
    """
    for pattern, one, other in _PAIRS:
        match = pattern.fullmatch(word)
        if match:
            yield f"{match[1]}{other if match[2] == one else one}{match[3]}"


def _is_respelled(word: str, *, is_first: bool) -> bool:
    """Return whether a word is long enough and no name; the first one of a question has a capital anyway."""
    lower = word.lower()
    is_name = word != lower and not (is_first and word == lower.capitalize())
    return not is_name and len(word) >= _LEAST_LETTERS and word.isalpha() and lower not in STOP_WORDS


def _tells(start: str, word: str) -> bool:
    """Return whether the start of a slip tells it from the word, or is so long that the end of both may differ."""
    return not word.startswith(start) or len(start) >= _LONG_STEM


def slips(word: str) -> set[str]:
    """Return what differs from a word in one letter that is missing or too much, or in the order of two.

    Another letter in the place of one often makes another word, as in "invent" and "invest".

    Examples
    --------
    >>> {"collapse", "colpase", "clapse", "relapse"} & slips("colapse") == {"collapse", "colpase", "clapse"}
    True
    """
    parts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    shorter = {a + b[1:] for a, b in parts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    longer = {a + c + b for a, b in parts for c in ascii_lowercase}
    return (shorter | swapped | longer) - {word}
