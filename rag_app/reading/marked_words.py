"""The words of a text, each with what matters for whether another text supports it: numbers, names, negation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.language.words import STOP_WORDS
from rag_app.reading.overlap import stem

Kind = Literal["word", "name", "number", "function"]

# A change of case inside a word separates two: "OutdoorSeating" is a key of JSON that an answer spells in two words.
_WORD = re.compile(
    r"\d+(?:[.,:]\d+)*"
    r"|[A-Z]?(?:(?![A-Z\d_])\w)+(?:['’](?:(?![A-Z\d_])\w)+)*"
    r"|[A-Z]+(?!(?![A-Z\d_])\w)"
    r"|[A-Z]"
)
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {word: str(10 * value) for value, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)}
_PRONOUN = "one"  # seldom a number
_NEGATORS = frozenset(
    "no not never none nor neither without cannot nobody nothing nowhere hardly unable lack lacks lacking lacked "
    "fail fails failed unlike instead except".split()
)
_REACH = 4  # words after a negator that it may negate
_DENIED = re.compile(r"[\"']?\s*[:=]\s*[\"']?(?:false|no|none|null)\b", re.IGNORECASE)  # after a key of JSON
_ORDINALS = frozenset(("st", "nd", "rd", "th"))
_NOON = 12


@dataclass(frozen=True, slots=True)
class MarkedWord:
    """A word of a text.

    Parameters
    ----------
    start, end : int
        ``text[start:end]`` is the word.
    key : str
        Its stem, or its value if it is a number: equal keys are the same word.
    kind : {"word", "name", "number", "function"}
        Function words are those that any text has.
    sentence : int
        Number of its sentence in the text.
    negated : bool
        Whether a negation stands shortly before it, or its value in JSON is false.
    """

    start: int
    end: int
    key: str
    kind: Kind
    sentence: int
    negated: bool


def mark_words(text: str) -> list[MarkedWord]:
    """Return the words of a text in their order.

    Examples
    --------
    >>> [(w.key, w.kind, w.negated) for w in mark_words("The Louvre never sold 1,200 tickets.")]
    [('the', 'function', False), ('louvr', 'name', False), ('never', 'function', False), ('sold', 'word', True), \
('1200', 'number', True), ('ticket', 'word', True)]
    >>> [(w.key, w.negated) for w in mark_words('{"OutdoorSeating": false}')]
    [('outdoor', True), ('seat', True), ('fals', False)]
    """
    spans = split_sentences(text)
    marked: list[MarkedWord] = []
    sentence, since_negator = -1, _REACH
    for match in _WORD.finditer(text):
        begins = False
        while sentence + 1 < len(spans) and match.start() >= spans[sentence + 1][0]:
            sentence, since_negator, begins = sentence + 1, _REACH, True
        word = match.group()
        key, kind = _key(word, begins=begins)
        negated = since_negator < _REACH and kind != "function"
        marked.append(MarkedWord(match.start(), match.end(), key, kind, max(sentence, 0), negated))
        is_value = text[: match.start()].rstrip("\"' ").endswith((":", "="))
        since_negator = 0 if _negates(word) and not is_value else since_negator + 1
    return _deny(text, marked)


def number_keys(key: str) -> frozenset[str]:
    """Return the ways to write a number that count as the same: an hour of the afternoon has two.

    Examples
    --------
    >>> sorted(number_keys("17:30")), sorted(number_keys("4.0"))
    (['17:30', '5:30'], ['4'])
    """
    hour, colon, minute = key.partition(":")
    if not colon:
        return frozenset((key.rstrip("0").rstrip("."),)) if "." in key else frozenset((key,))
    rest = "" if not minute.strip("0") else f":{minute}"
    hours = {hour, str(int(hour) - _NOON)} if hour.isdigit() and int(hour) > _NOON else {hour}
    return frozenset(f"{h}{rest}" for h in hours)


def keys_of(word: MarkedWord) -> frozenset[str]:
    """Return what a word may be written as to count as the same.

    Examples
    --------
    >>> [sorted(keys_of(w)) for w in mark_words("open 17:30")]
    [['open'], ['17:30', '5:30']]
    """
    return number_keys(word.key) if word.kind == "number" else frozenset((word.key,))


def _key(word: str, *, begins: bool) -> tuple[str, Kind]:
    lower = word.lower().replace("’", "'").removesuffix("'s")
    if lower[0].isdigit():
        return lower.replace(",", ""), "number"
    if lower in _NUMBER_WORDS and lower != _PRONOUN:
        return _NUMBER_WORDS[lower], "number"
    if lower in STOP_WORDS or lower in _ORDINALS or len(lower) == 1 or _negates(lower):
        return lower, "function"
    is_name = word[0].isupper() and not begins
    return stem(lower), "name" if is_name else "word"


def _negates(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return lower in _NEGATORS or lower.endswith("n't")


def _deny(text: str, marked: list[MarkedWord]) -> list[MarkedWord]:
    """Return the words with those negated that are keys whose value is false."""
    if not _DENIED.search(text):
        return marked
    found: list[MarkedWord] = []
    denied, begins = False, -1
    for word in reversed(marked):
        joined = word.end == begins
        denied = (joined and denied) or _DENIED.match(text, word.end) is not None
        begins = word.start
        negated = word.negated or (denied and word.kind != "function")
        found.append(MarkedWord(word.start, word.end, word.key, word.kind, word.sentence, negated))
    return found[::-1]
