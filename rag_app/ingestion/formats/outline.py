"""The outline of a document: which lines are headings, of which level, and what stands under them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag_app.ingestion.formats.extraction import ExtractedBlock
from rag_app.locator import Locator
from rag_app.types import BlockKind

SUMMARY_LEVEL = 7  # what is deeper than any heading of HTML or Markdown
_BOLD_LEVELS = (8, 9, 10)  # without a number, numbered, lettered
_TITLE_LEVEL, _CAPITALS_LEVEL, _OUTER_LEVEL, _INNER_LEVEL = 0, 1, 2, 3
_MAX_TITLE_WORDS = 10
_MAX_TITLE_CHARACTERS = 80
_MIN_CAPITALS_WORDS = 3
_MIN_SENTENCE_WORDS = 5
_MOSTLY = 2 / 3
_WORD = re.compile(r"[^\W_]+(?:[’'.-][^\W_]+)*")
_MINOR = frozenset("a an and as at by de der des die du et for from im in la le of on or the to und vs with y".split())
_NUMBERED = re.compile(r"\d+(?:\.\d+)*[.)]?\s")
_LETTERED = re.compile(r"[a-z][.)]\s", re.IGNORECASE)
_CONTENTS = re.compile(
    r"(?:table of )?contents|toc|outline|agenda|index|on this page|in this \w+|inhalt(?:sverzeichnis)?|sommaire|"
    r"table des matières|[ií]ndice|содержание|içindekiler|目录|目次|目錄",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s\([^()]*\)")
_NUMBER = re.compile(r"^\d+(?:\.\d+)*[.)]\s*")


@dataclass(frozen=True, slots=True)
class Draft:
    """A block whose place in the outline is not decided yet.

    Parameters
    ----------
    kind : str
        See `rag_app.types.BlockKind`; the text of a paragraph keeps its line ends until `build_blocks`.
    text : str
        Without markup.
    line : int or None
        Where it begins.
    level : int
        Of a heading, 1 being the outermost, or of an item of a list, 0 being the outermost.
    mark : str
        "bold" for a paragraph in bold from end to end, "link" for a link into the same document, "signed" for a
        comment, "end" for the end of everything under headings of its level and below.
    header, joined : str, bool
        See `ExtractedBlock`.
    """

    kind: BlockKind
    text: str
    line: int | None = None
    level: int = 0
    mark: str = ""
    header: str = ""
    joined: bool = False


def build_blocks(drafts: Sequence[Draft]) -> tuple[ExtractedBlock, ...]:
    """Return the blocks with the headings above them.

    Examples
    --------
    >>> [str(b.locator) for b in build_blocks([Draft("heading", "GANs", 1, 2), Draft("paragraph", "Two nets.", 3)])]
    ['GANs, line 1', 'GANs, line 3']
    """
    above: list[tuple[int, str]] = []
    blocks = []
    for draft in drafts:
        if draft.mark == "end" or draft.kind == "heading":
            above = [(level, title) for level, title in above if level < draft.level]
        if draft.kind == "heading":
            above.append((draft.level, draft.text))
        if draft.mark != "end":
            locator = Locator(tuple(title for _, title in above), line=draft.line)
            blocks.append(ExtractedBlock(draft.kind, draft.text, locator, draft.header, draft.joined))
    return tuple(blocks)


def first_heading(drafts: Sequence[Draft], *, marked: bool = True) -> str:
    """Return the text of the first heading, or nothing: the title of a document that does not state its title.

    Parameters
    ----------
    drafts : sequence of Draft
        The document.
    marked : bool, default=True
        Whether headings are marked as such. Where they are guessed, the first one must stand at the very beginning.
    """
    candidates = drafts if marked else drafts[:1]
    return next((d.text for d in candidates if d.kind == "heading"), "")


def has_headings(drafts: Sequence[Draft]) -> bool:
    """Return whether the document marks headings as such."""
    return any(d.kind == "heading" for d in drafts)


def split_contents(drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """Return the document without its table of contents, and the entries of that table.

    A table of contents is a list of three items or more, four of five of which link into the document or repeat
    headings that come later. A heading that says so goes with it.

    Examples
    --------
    >>> items = [Draft("list", f"- {name}", mark="link") for name in "ABC"]
    >>> [len(part) for part in split_contents([Draft("heading", "Contents"), *items, Draft("heading", "A")])]
    [1, 3]
    """
    kept: list[Draft] = []
    entries: list[Draft] = []
    later = _heading_places(drafts)
    for start, end in _runs(drafts):
        run = drafts[start:end]
        if drafts[start].kind == "list" and _is_contents(run, later, end):
            entries += run
            if kept and _CONTENTS.fullmatch(kept[-1].text):
                kept.pop()
        else:
            kept += run
    return kept, entries


def _runs(drafts: Sequence[Draft]) -> Iterator[tuple[int, int]]:
    """Yield runs of items of lists, and every other draft by itself."""
    start = 0
    for i, (draft, following) in enumerate(pairwise(drafts), 1):
        if not draft.kind == following.kind == "list":
            yield start, i
            start = i
    if drafts:
        yield start, len(drafts)


def _is_contents(run: Sequence[Draft], later: dict[str, int], end: int) -> bool:
    n_entries = sum(item.mark == "link" or later.get(_plain(item.text), 0) >= end for item in run)
    return len(run) >= 3 and n_entries >= 0.8 * len(run)  # noqa: PLR2004  (see split_contents)


def _heading_places(drafts: Sequence[Draft]) -> dict[str, int]:
    return {_plain(d.text): i for i, d in enumerate(drafts) if d.kind == "heading" or d.mark == "bold"}


def _plain(text: str) -> str:
    text = re.sub(r"^\s*[-•*]\s+", "", text)
    return " ".join(_WORD.findall(_ASIDE.sub("", _NUMBER.sub("", text.strip())).casefold()))


def with_headings(drafts: Sequence[Draft], entries: Sequence[Draft] = ()) -> list[Draft]:
    """Return the document with its bold and short title lines as headings, and levels as its contents have them.

    Parameters
    ----------
    drafts : sequence of Draft
        The document without its table of contents.
    entries : sequence of Draft
        That table.

    Notes
    -----
    A paragraph in bold from end to end is a heading below all others. Short lines are read as headings only in a
    document that marks none: those in capitals, those in front of a list or table, those in title case in front of
    text; of several in a row the last two, where the first of the document is its title. The levels of headings are
    replaced by those of the table of contents where the two contradict each other.

    Examples
    --------
    >>> slide = [Draft("paragraph", "Loss Functions"), Draft("list", "- MSE"), Draft("paragraph", "Ends here.")]
    >>> [d.kind for d in with_headings(slide)]
    ['heading', 'list', 'paragraph']
    """
    marked = _with_title(_with_bold(drafts)) if has_headings(drafts) else _with_bold(_with_titles(drafts))
    return [_bare(d) if d.kind == "heading" else d for d in _leveled(marked, entries)]


def _bare(heading: Draft) -> Draft:
    return replace(heading, text=" ".join(heading.text.split()).rstrip(":： ") or heading.text)  # noqa: RUF001  (full width)


def _with_bold(drafts: Sequence[Draft]) -> list[Draft]:
    result = []
    for i, draft in enumerate(drafts):
        is_last = i + 1 == len(drafts)
        if draft.mark == "bold" and draft.kind == "paragraph" and not is_last and _is_short(draft.text):
            level = _BOLD_LEVELS[1 if _NUMBERED.match(draft.text) else 2 if _LETTERED.match(draft.text) else 0]
            result.append(replace(draft, kind="heading", level=level))
        else:
            result.append(draft)
    return result


def _with_title(drafts: list[Draft]) -> list[Draft]:
    """Take the line that a document opens with for its title if lines like it are all there is in front of headings."""
    first = next(i for i, d in enumerate(drafts) if d.kind == "heading")
    top = min(d.level for d in drafts if d.kind == "heading")
    has_single_top = sum(d.kind == "heading" and d.level == top for d in drafts) == 1
    if not first or has_single_top or not all(_is_title(d) for d in drafts[:first]):
        return drafts
    return _opening(drafts[:first]) + drafts[first:]


def _opening(titles: Sequence[Draft]) -> list[Draft]:
    """Of the lines that a document opens with, the first is its title; what follows names authors, dates and places."""
    rest = [replace(d, kind="fragment") for d in titles[1:]]
    return [replace(titles[0], kind="heading", level=_TITLE_LEVEL), *rest]


def _with_titles(drafts: Sequence[Draft]) -> list[Draft]:
    result: list[Draft] = []
    i = 0
    while i < len(drafts):
        run = i
        while run < len(drafts) and _is_title(drafts[run]):
            run += 1
        if run == i:
            result.append(drafts[i])
            i += 1
        else:
            result += _run_of_titles(drafts[i:run], drafts[run] if run < len(drafts) else None, is_first=i == 0)
            i = run
    return result


def _run_of_titles(titles: Sequence[Draft], following: Draft | None, *, is_first: bool) -> list[Draft]:
    if is_first and len(titles) > 1:
        return [*_opening(titles[:-1]), *_run_of_titles(titles[-1:], following, is_first=False)]
    below = following is not None and _stands_above(titles[-1].text, following)
    result = [_capitals_heading(d) for d in titles]
    if below:
        result[-1] = _as_heading(titles[-1], _OUTER_LEVEL if len(titles) == 1 else _INNER_LEVEL)
        if len(titles) > 1:
            result[-2] = _as_heading(titles[-2], _OUTER_LEVEL)
    return result


def _stands_above(title: str, following: Draft) -> bool:
    if 2 * sum(c.isdigit() for c in title) >= sum(c.isalpha() for c in title):
        return False  # a date or a number
    return following.kind in {"list", "table", "code"} or (_has_title_case(title) and _is_content(following))


def _as_heading(draft: Draft, level: int) -> Draft:
    return replace(draft, kind="heading", level=_CAPITALS_LEVEL if _is_capitals(draft.text) else level)


def _capitals_heading(draft: Draft) -> Draft:
    return _as_heading(draft, _CAPITALS_LEVEL) if _is_capitals(draft.text) else draft


def _is_content(draft: Draft) -> bool:
    return draft.kind == "paragraph" and not draft.mark and len(_WORD.findall(draft.text)) >= _MIN_SENTENCE_WORDS


def _is_title(draft: Draft) -> bool:
    text = draft.text
    return (
        draft.kind == "paragraph"
        and not draft.mark
        and "\n" not in text
        and _is_short(text)
        and (text[0].isupper() or text[0].isdigit())
        and not re.search(r": |[.,;:!…。]$|://|\$|\s/\s|=", text)
        and bool(_WORD.search(text))
    )


def _is_short(text: str) -> bool:
    return (
        len(text) <= _MAX_TITLE_CHARACTERS
        and len(_WORD.findall(text)) <= _MAX_TITLE_WORDS
        and not re.search(r"[^.\d][.!…。]$", text)
    )


def _is_capitals(text: str) -> bool:
    return text.isupper() and len(_WORD.findall(text)) >= _MIN_CAPITALS_WORDS


def _has_title_case(text: str) -> bool:
    words = [w for w in _WORD.findall(text) if w.casefold() not in _MINOR]
    return sum(not w[0].islower() for w in words) >= _MOSTLY * len(words)


def _leveled(drafts: list[Draft], entries: Sequence[Draft]) -> list[Draft]:
    """Give headings the levels of the contents, unless deeper entries are deeper headings throughout."""
    wanted = [(_plain(e.text), e.level) for e in entries]
    places = _matched(drafts, wanted)
    found = [(wanted[entry][1], drafts[i].level) for i, entry in places.items()]
    if len(found) < 0.5 * len(wanted) or _agree(found):
        return drafts
    top = len({d.level for d in drafts if d.level <= 0})
    level, result = top, []
    for i, draft in enumerate(drafts):
        if i in places:
            level = top + 1 + wanted[places[i]][1]
            result.append(replace(draft, level=level))
        elif draft.kind == "heading" and 0 < draft.level < SUMMARY_LEVEL:
            result.append(replace(draft, level=level + 1))
        else:
            result.append(draft)
    return result


def _matched(drafts: Sequence[Draft], wanted: Sequence[tuple[str, int]]) -> dict[int, int]:
    """Return the entry of each heading that has one: of entries that read alike, the next."""
    entries: dict[str, list[int]] = {}
    for entry, (text, _) in enumerate(wanted):
        entries.setdefault(text, []).append(entry)
    places = {}
    for i, draft in enumerate(drafts):
        is_marked = draft.kind == "heading" and draft.level < SUMMARY_LEVEL
        if is_marked and (left := entries.get(_plain(draft.text))):
            places[i] = left.pop(0) if len(left) > 1 else left[0]
    return places


def _agree(found: Sequence[tuple[int, int]]) -> bool:
    levels: dict[int, list[int]] = {}
    for depth, level in found:
        levels.setdefault(depth, []).append(level)
    return all(max(levels[a]) < min(levels[b]) for a, b in pairwise(sorted(levels)))
