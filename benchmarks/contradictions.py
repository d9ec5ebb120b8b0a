"""Contradictions of sentences that passages support, made by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag_app.reading.marked_words import MarkedWord, mark_words

_VERB = re.compile(r"\b(is|are|was|were|can|could|will|would|has been|have been|may|must|should)\b(?! not)")
_NOT = re.compile(r"\b(not|never) ")
_OPPOSITES = {
    one: other
    for pair in (
        "more less, most least, before after, first last, increase decrease, increased decreased, increases decreases, "
        "higher lower, highest lowest, high low, large small, larger smaller, largest smallest, north south, "
        "northern southern, east west, eastern western, early late, earlier later, always never, all no, many few, "
        "above below, won lost, win lose, rise fall, rose fell, open closed, male female, men women, old new, "
        "older younger, hot cold, warm cool, good bad, better worse, best worst, long short, longer shorter, "
        "left right, up down, with without, safe dangerous, legal illegal, true false, public private, start end, "
        "began ended, accept reject, accepted rejected, buy sell, bought sold, morning evening, major minor, "
        "maximum minimum, inside outside, husband wife, father mother, son daughter, brother sister, king queen, "
        "his her, he she, monday friday, tuesday saturday, january july, march october, june november, "
        "five seven, two three, four six"
    ).split(",")
    for one, other in (pair.split(), pair.split()[::-1])
}


@dataclass(frozen=True)
class Contradiction:
    """A sentence of which something was changed.

    Parameters
    ----------
    kind : str
        What was done.
    text : str
        The changed sentence.
    start, end : int
        ``text[start:end]`` is what differs.
    """

    kind: str
    text: str
    start: int
    end: int


def contradict(sentence: str, passages: Sequence[str], random: np.random.Generator) -> Iterator[Contradiction]:
    """Yield changed forms of a sentence, each of another kind."""
    words = mark_words(sentence)
    others = [(w, p[w.start : w.end]) for p in passages for w in mark_words(p) if w.kind in {"number", "name"}]
    changes = {
        "negated": _negated(sentence),
        "number of the passages in its place": _replaced(sentence, words, others, "number", random),
        "name of the passages in its place": _replaced(sentence, words, others, "name", random),
        "two names swapped": _swapped(sentence, words),
        "opposite in its place": _opposite(sentence, random),
        "another number in its place": _renumbered(sentence, words, random),
    }
    for kind, changed in changes.items():
        if changed != sentence:
            yield Contradiction(kind, changed, *_difference(sentence, changed))


def _negated(sentence: str) -> str:
    if _NOT.search(sentence):
        return _NOT.sub("", sentence, count=1)
    return _VERB.sub(r"\1 not", sentence, count=1)


def _replaced(
    sentence: str,
    words: list[MarkedWord],
    others: list[tuple[MarkedWord, str]],
    kind: str,
    random: np.random.Generator,
) -> str:
    own = [w for w in words if w.kind == kind]
    found = sorted({text for w, text in others if w.kind == kind and text.lower() not in sentence.lower()})
    if not own or not found:
        return sentence
    word, text = own[int(random.integers(len(own)))], found[int(random.integers(len(found)))]
    return sentence[: word.start] + text + sentence[word.end :]


def _renumbered(sentence: str, words: list[MarkedWord], random: np.random.Generator) -> str:
    own = [w for w in words if w.kind == "number" and sentence[w.start : w.end].isdigit()]
    if not own:
        return sentence
    word = own[int(random.integers(len(own)))]
    value = int(sentence[word.start : word.end])
    other = str(max(0, value + int(random.choice([-10, -3, -2, -1, 1, 2, 3, 10]))))
    return sentence[: word.start] + other + sentence[word.end :]


def _swapped(sentence: str, words: list[MarkedWord]) -> str:
    """Return a sentence with the first two names that do not stand side by side in each other's place."""
    names = [w for w in words if w.kind == "name"]
    pair = next(((a, b) for a, b in pairwise(names) if b.start > a.end + 1 and a.key != b.key), None)
    if pair is None:
        return sentence
    a, b = pair
    between = sentence[a.end : b.start]
    return sentence[: a.start] + sentence[b.start : b.end] + between + sentence[a.start : a.end] + sentence[b.end :]


def _opposite(sentence: str, random: np.random.Generator) -> str:
    found = [m for m in re.finditer(r"[A-Za-z]+", sentence) if m.group().lower() in _OPPOSITES]
    if not found:
        return sentence
    word = found[int(random.integers(len(found)))]
    other = _OPPOSITES[word.group().lower()]
    other = other.capitalize() if word.group()[0].isupper() else other
    return sentence[: word.start()] + other + sentence[word.end() :]


def _difference(before: str, after: str) -> tuple[int, int]:
    """Return the span of a text in which it differs from another one; where words only went, the word before."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = len(after)
    while end > start and before[len(before) - len(after) + end - 1 :][:1] == after[end - 1]:
        end -= 1
    return (start, end) if end > start else (max(start - 6, 0), min(start + 6, len(after)))
