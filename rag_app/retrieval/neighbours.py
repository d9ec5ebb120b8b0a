"""Passages beside each other in their source become one; a list follows the sentence that announces it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag_app.locator import Locator
from rag_app.types import Passage

if TYPE_CHECKING:
    from rag_app.index.library import Library

_NEXT = (
    'SELECT n.chunk_id FROM chunks c JOIN chunks n ON n.source_id = c.source_id AND n.start >= c."end" '
    "WHERE c.chunk_id = ? ORDER BY n.start LIMIT 1"
)
_ANNOUNCING = (":", "：")  # noqa: RUF001  (the full-width one is meant)


def merged_neighbours(passages: Sequence[Passage], source_text: Callable[[str], str]) -> list[Passage]:
    """Return passages with those of a section that touch or overlap made one, so that no text is read twice.

    Parameters
    ----------
    passages : sequence of Passage
        Best first.
    source_text : callable
        Returns the extracted text of a source by name.

    Returns
    -------
    list of Passage
        In the order of the best passage of each; what is known of that one but its place, such as its scores, is known
        of the whole. Its text is ``source_text(source)[start:end]``, and its units are those of all.
    """
    ranks = sorted(range(len(passages)), key=lambda i: (passages[i].source, passages[i].start, passages[i].end))
    groups: list[list[int]] = []
    end = 0
    for rank in ranks:
        passage = passages[rank]
        if groups and _continues(passages[groups[-1][0]], end, passage, source_text):
            groups[-1].append(rank)
            end = max(end, passage.end)
        else:
            groups.append([rank])
            end = passage.end
    return [_joined(passages, group, source_text) for group in sorted(groups, key=min)]


def with_announced(passages: Sequence[Passage], library: Library) -> list[Passage]:
    """Return passages, each that ends with an announcement followed by what it announces.

    Parameters
    ----------
    passages : sequence of Passage
        Best first.
    library : Library
        The index.

    Returns
    -------
    list of Passage
        The same, and behind one whose last sentence ends in a colon the next passage of its section, with its score,
        unless that is among them already.
    """
    known = {p.chunk_id for p in passages}
    result: list[Passage] = []
    for passage in passages:
        result.append(passage)
        for following in _announced(passage, library):
            if following.chunk_id not in known:
                known.add(following.chunk_id)
                result.append(following)
    return result


def _continues(first: Passage, end: int, passage: Passage, source_text: Callable[[str], str]) -> bool:
    """Return whether a passage goes on where others of its section end."""
    if _section(passage) != _section(first):
        return False
    return passage.start <= end or not source_text(passage.source)[end : passage.start].strip()


def _section(passage: Passage) -> tuple[object, ...]:
    return passage.source, passage.sha256, passage.locator.heading, passage.locator.sheet


def _joined(passages: Sequence[Passage], ranks: Sequence[int], source_text: Callable[[str], str]) -> Passage:
    parts = [passages[i] for i in ranks]
    if len(parts) == 1:
        return parts[0]
    first, start, end = parts[0], parts[0].start, max(p.end for p in parts)
    units = {(u.start, u.end): u for p in parts for u in p.units}
    return replace(
        passages[min(ranks)],
        start=start,
        end=end,
        text=source_text(first.source)[start:end],
        context=first.context,
        locator=_to_last_row(first.locator, [p.locator for p in parts]),
        units=tuple(units[span] for span in sorted(units)),
        also_in=tuple(dict.fromkeys(other for p in parts for other in p.also_in)),
    )


def _to_last_row(first: Locator, places: Sequence[Locator]) -> Locator:
    """Return the place of the first part, to the row of the last one where all are rows of one table."""
    last_rows = [place.last_row or place.row or 0 for place in places]
    return first if first.row is None or max(last_rows) == first.row else replace(first, last_row=max(last_rows))


def _announced(passage: Passage, library: Library) -> Iterator[Passage]:
    if not passage.text.rstrip().endswith(_ANNOUNCING):
        return
    for (chunk_id,) in library.query(_NEXT, [passage.chunk_id]):
        for following in library.passages([chunk_id]).values():
            if _section(following) == _section(passage):
                yield replace(following, score=passage.score)
