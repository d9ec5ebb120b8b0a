"""Passages that say the same as a better one make room for others, and are named on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rag_app.types import Passage, Unit

# Words that may be there or not. What changes a statement is not among them: no negation, modal, number or preposition.
_SILENT = frozenset(
    word + comma
    for word in "a an the that which who also thus therefore hence however furthermore moreover indeed".split()
    for comma in ("", ",")
)
_SPELLINGS = tuple(
    (mark, spelling)
    for marks, spelling in (("“”„‟«»", '"'), ("‘’‚‛`", "'"), ("‐‑‒–—−", "-"), ("\u00ad", ""), ("…", "..."))  # noqa: RUF001  (they are meant)
    for mark in marks
)
_LOOSE_MARKS = (", ", "; ", ": ")


def distinct_passages(passages: Sequence[Passage], k: int) -> list[Passage]:
    """Return the best passages without those that say nothing which a better one does not say.

    Parameters
    ----------
    passages : sequence of Passage
        More than `k` where there are more, best first.
    k : int
        How many are wanted.

    Returns
    -------
    list of Passage
        The best `k`, or all if there are fewer, best first. Where too few say something of their own, the best of the
        others are among them. A passage that is left out is in ``also_in`` of the one that says the same.

    Notes
    -----
    A passage says the same if each of its sentences stands, under the same heading, in one better passage. Sentences
    are the same if their words are: case, spacing, dashes, the form of quotation marks, the full stop and words such
    as *the* or *however* do not count, all else does, so that a number, a name or a "not" more or less keeps both.
    Rows of tables are compared character by character but for spacing, and code with it.
    """
    headings = list(map(_heading, passages))
    n_under = Counter(headings)
    said = [_sentences(p, h) if n_under[h] > 1 else frozenset() for p, h in zip(passages, headings, strict=True)]
    same_as: dict[int, int] = {}
    for i, own in enumerate(said):
        better = next((j for j in range(i) if own and j not in same_as and own <= said[j]), None)
        if better is not None:
            same_as[i] = better
    n_missing = max(k - (len(passages) - len(same_as)), 0)
    for i in list(same_as)[:n_missing]:
        del same_as[i]
    kept = [i for i in range(len(passages)) if i not in same_as][:k]
    return [_with_places(passages[i], [passages[j] for j, better in same_as.items() if better == i]) for i in kept]


def _with_places(passage: Passage, others: Sequence[Passage]) -> Passage:
    return replace(passage, also_in=(*passage.also_in, *others)) if others else passage


def _heading(passage: Passage) -> tuple[str, str]:
    """Return what a passage stands under: the innermost heading and the header row of a table."""
    innermost = passage.locator.heading[-1] if passage.locator.heading else ""
    return _words(innermost), passage.context.partition("\n")[2]


def _sentences(passage: Passage, heading: tuple[str, str]) -> frozenset[tuple[object, str]]:
    """Return what a passage says under its heading: one item for each sentence, row or block of code."""
    units = [u for u in passage.units if u.kind != "heading"] or passage.units
    texts = [(u, passage.text[u.start - passage.start : u.end - passage.start]) for u in units]
    return frozenset((heading, _comparable(u, text)) for u, text in texts)


def _comparable(unit: Unit, text: str) -> str:
    if unit.kind == "code":
        return text
    return " ".join(text.split()) if unit.kind == "table" else _words(text)


@lru_cache(maxsize=8192)  # the same passages are found for many questions
def _words(text: str) -> str:
    """Return the words of a sentence that count, in one spelling."""
    if not text.isascii():
        for mark, spelling in _SPELLINGS:
            text = text.replace(mark, spelling)
    words = f"{text[:1].lower()}{text[1:]}".split()  # a capital A elsewhere is a name
    said = " ".join([w for w in words if w not in _SILENT])
    for mark in _LOOSE_MARKS:
        said = said.replace(mark, " ")
    return said.rstrip(".").casefold()
