"""Abbreviations in a question, written out as the documents write them out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag_app.from_scratch.language.words import STOP_WORDS
from rag_app.index.recent import Recent

if TYPE_CHECKING:
    from rag_app.index.lexical import Lexical
    from rag_app.index.library import Library

_WORD = re.compile(r"\"[^\"]*\"|(?<![\w(-])[A-Za-z]{2,9}(?![\w-])")  # what is quoted, or in brackets already, stays
_PART, _PART_ENDS = re.compile(r"[^\W_]+"), re.compile(r"[\W_]+")
_SHORTEST = 2  # letters
_INTRODUCED = r"\({short}(s?)[),;]|abbreviated (?:as |to )?{short}(s?)\b"
_BEFORE = re.compile(r"([^.;:()\n]*?)[\s*_\"',]*(?:\b(?:is|are)\s+)?\Z")
_MOST_BEFORE = 120  # letters
_MOST_LOWER = 5  # letters of an abbreviation in a question that has no capitals
_MOST_READ = 500  # passages
_SELDOM = 2  # passages that write it out
_OFTEN = 5  # passages: what fewer have may be another word in a question without capitals
_SHARE = 0.1  # of the passages that have the abbreviation: those that write it out
_CLEAR = 2 / 3  # of what it is said to be short for


class Abbreviations:
    """Writes abbreviations out.

    Parameters
    ----------
    library : Library
        The index.
    lexical : Lexical
        Counts its passages by words.

    References
    ----------
    Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", 2003.
    """

    def __init__(self, library: Library, lexical: Lexical) -> None:
        self._library = library
        self._lexical = lexical
        self._known = Recent(library, lambda words: {word: self._written_out(word) for word in words})

    def expand(self, question: str, terms: Sequence[str] = ()) -> str:
        """Return a question in which abbreviations stand behind what they are short for.

        Parameters
        ----------
        question : str
            ``What is a GAN?`` becomes ``What is a generative adversarial network (GAN)?`` where documents introduce the
            abbreviation in this way, agree on what it is short for, and often write it out. Names that hardly anybody
            writes out stay, and so does what stands in quotation marks or in brackets.
        terms : sequence of str, default=()
            What it asks about: there abbreviations are known without capitals too.
        """
        lower = frozenset(word for term in terms for word in term.split())
        found = [match for match in _WORD.finditer(question) if not match[0].islower() or match[0] in lower]
        known = self._known.load([match[0] for match in found])
        expanded = question
        for match in reversed(found):
            long, rest = known[match[0]], question[match.end() :]
            if long and long.lower() not in question.lower():
                written = f"{_beside(long, rest)} ({match[0]})"
                expanded = f"{expanded[: match.start()]}{written}{expanded[match.end() :]}"
        return expanded

    def _written_out(self, word: str) -> str:
        """Return what a word of a question is short for, in the plural where it is, or an empty string."""
        long = self._agreed(word)
        if long or len(word) <= _SHORTEST or not word.endswith("s"):
            return long
        singular = self._agreed(word[:-1])
        return f"{singular}s" if singular else ""

    def _agreed(self, short: str) -> str:
        """Return what documents say alike that an abbreviation is short for, or an empty string."""
        n_short = self._lexical.count(short)
        has_capitals = sum(letter.isupper() for letter in short) > 1
        may_be_lower = short.islower() and len(short) <= _MOST_LOWER and n_short >= _OFTEN
        if short.lower() in STOP_WORDS or not (has_capitals or may_be_lower):
            return ""
        found = list(self._introduced(short if has_capitals else short.upper()))
        counts = Counter(_PART_ENDS.sub(" ", long.lower()) for long in found)
        best = max(counts, key=lambda long: (counts[long], long), default="")
        n_long = self._lexical.count(best) if best else 0
        if n_long < max(_SELDOM, _SHARE * n_short) or counts[best] < _CLEAR * len(found):
            return ""
        return next(long for long in found if _PART_ENDS.sub(" ", long.lower()) == best)

    def _introduced(self, short: str) -> Iterator[str]:
        """Yield what passages say that an abbreviation is short for, in the singular."""
        sql = (
            "SELECT body FROM (SELECT body FROM lexical WHERE lexical MATCH ? LIMIT ?) "
            "WHERE instr(body, ?) OR instr(body, ?)"
        )
        pattern = re.compile(_INTRODUCED.format(short=short))
        for (text,) in self._library.query(sql, [f'"{short}"', _MOST_READ, f"({short}", f"abbreviated {short}"]):
            for match in pattern.finditer(text):
                before = _BEFORE.search(text, max(match.start() - _MOST_BEFORE, 0), match.start())
                long = long_form(short, before[1] if before else "")
                if any(match.groups()):
                    long = long.removesuffix("s")
                if long:
                    yield long if long[1:] != long[1:].lower() else long.lower()


def _beside(long: str, rest: str) -> str:
    """Return what an abbreviation is short for, without a last word that follows it, as in "KL divergence"."""
    *first, last = long.split()
    return " ".join(first) if _PART.findall(rest)[:1] == [last] else long


def long_form(short: str, before: str) -> str:
    """Return the end of a text that an abbreviation behind it is short for, or an empty string.

    Every letter of the abbreviation is in it, in their order, and the first one begins it.

    Parameters
    ----------
    short : str
        The abbreviation.
    before : str
        What stands before it.

    Examples
    --------
    >>> long_form("GAN", "We train a generative adversarial network"), long_form("GAN", "the two networks")
    ('generative adversarial network', '')
    """
    text = " ".join(before.split()[-min(len(short) + 5, 2 * len(short)) :])
    parts = list(_PART.finditer(text))[-len(short) :]
    if len(parts) == len(short) and all(p[0][0].lower() == c for p, c in zip(parts, short.lower(), strict=True)):
        return text[parts[0].start() :]
    at = len(text)
    for letter in reversed(short[1:].lower()):
        at = text.lower().rfind(letter, 0, max(at, 0))
    words = (w for w in _PART.finditer(text, 0, max(at, 0)) if w[0].lower() not in STOP_WORDS)
    starts = [w.start() for w in words if w[0][0].lower() == short[0].lower()]
    found = text[starts[-1] :] if starts else ""
    return found if len(found) > len(short) + 1 and short not in found.split() else ""
