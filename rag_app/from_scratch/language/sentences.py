"""Sentence segmentation by rules: no model, offsets kept, linear time."""

from __future__ import annotations

import re

_ABBREVIATIONS = frozenset(
    "e.g i.e etc vs cf al fig figs eq eqs approx resp dr mr mrs ms prof st jr sr inc ltd co "
    "corp dept univ est jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k ph.d a.m p.m".split()
)
_BEFORE_NUMBER = frozenset(("no", "nos", "sec", "ch", "vol", "p", "pp"))  # words of their own elsewhere
# The look-behind keeps a long run of marks, such as a dotted leader, from being tried again at each of its marks.
_END = re.compile(r"(?<![.!?…。！？])[.!?…。！？]+[\"'”’)\]]*(?=\s|$)|[。！？]+[”’」』）]*|\n\s*\n")  # noqa: RUF001  (full-width marks are meant)
_LAST_WORD = re.compile(r"(\S+)$")
_OPENING = "(\"'“‘["  # noqa: RUF001  (quotation marks are meant)
_NOT_A_START = re.compile(r"[a-z,;:)\]}=+*/%]")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of a text.

    Parameters
    ----------
    text : str
        Any text; a blank line always ends a sentence.

    Returns
    -------
    list of tuple of int
        ``(start, end)`` with ``text[start:end]`` the sentence without surrounding white space, in order.
        Every character outside the spans is white space.

    Examples
    --------
    >>> text = "GANs, e.g. StyleGAN, pair two nets. Accuracy was 0.9! Why?"
    >>> [text[a:b] for a, b in split_sentences(text)]
    ['GANs, e.g. StyleGAN, pair two nets.', 'Accuracy was 0.9!', 'Why?']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if _is_boundary(text, start, match):
            _add(spans, text, start, match.end())
            start = match.end()
    _add(spans, text, start, len(text))
    return spans


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def _is_boundary(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark.isspace() or mark[0] != ".":
        return True
    follows = text[match.end() : match.end() + 80].lstrip()[:1]
    if follows and _NOT_A_START.match(follows):
        return False
    word = _LAST_WORD.search(text, max(start, match.start() - 40), match.start())
    if word is None:
        return False
    bare = word.group(1).strip(_OPENING).lower()
    is_initial = len(bare) == 1 and bare.isalpha() and word.group(1).isupper() and bool(follows)
    is_list_number = bare.isdigit() and not text[start : word.start()].strip()
    is_abbreviation = bare in _ABBREVIATIONS or (bare in _BEFORE_NUMBER and follows.isdigit())
    return not (is_abbreviation or is_initial or is_list_number)
