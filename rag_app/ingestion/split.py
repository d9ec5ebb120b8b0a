"""A source becomes chunks that the embedder reads whole. Offsets are carried along, never searched for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.index.identity import chunk_id
from rag_app.locator import Locator
from rag_app.types import Block, Chunk, Source, Unit

VERSION = 2
_TARGET_TOKENS = 200
_CONTEXT_TOKENS = 48
_HEADER_TOKENS = 64
_SPECIALS = 2
_CHARACTERS_PER_TOKEN = 10  # at most: a word that the tokenizer does not know is one token, however long
_WORD = re.compile(r"\S{1,100}")
_LINE = re.compile(r"^[^\n]*\S[^\n]*$", re.MULTILINE)

TokenCounter = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Atom:
    """A span that is kept whole, with its size in tokens."""

    start: int
    end: int
    block: Block
    size: int


def split_source(source: Source, *, count_tokens: TokenCounter, max_tokens: int) -> list[Chunk]:
    """Return the chunks of a source, in reading order.

    Parameters
    ----------
    source : Source
        The document.
    count_tokens : callable
        Returns the tokens of each text as the embedder reads it, specials included.
    max_tokens : int
        What the embedder reads at once.

    Returns
    -------
    list of Chunk
        No chunk has more than `max_tokens` tokens with its context; none crosses a heading; every character of
        the text that is not white space is in a chunk; ``source.text[c.start:c.end] == c.text``.

    Notes
    -----
    Blocks are packed up to 248 tokens, context included. A block that is longer is divided between sentences,
    items, rows or lines; a sentence that is longer, between words; a word of more than 100 characters, anywhere.
    """
    limit = min(max_tokens, _TARGET_TOKENS + _CONTEXT_TOKENS) - _SPECIALS
    contexts = _Contexts(source.title, count_tokens, limit)
    chunks: list[Chunk] = []
    for section in _sections(source.blocks):
        room = limit - contexts.most_tokens(section)
        found = _section_chunks(source, section, contexts, count_tokens, room)
        # Tokens of a text can outnumber those of its parts where a word was cut or sentences touch.
        while room > 1 and (excess := max(c.n_tokens for c in found) - max_tokens) > 0:
            room -= excess
            found = _section_chunks(source, section, contexts, count_tokens, room)
        chunks += found
    return with_ids(source.name, chunks)


class _Contexts:
    """What is embedded in front of a chunk: title, heading path and header row, each within its budget of tokens."""

    def __init__(self, title: str, count_tokens: TokenCounter, limit: int) -> None:
        self._title = title
        self._count = count_tokens
        self._budget = min(_CONTEXT_TOKENS, limit // 4)
        self._header_budget = min(_HEADER_TOKENS, limit // 4)
        self._known: dict[tuple[str, ...], str] = {}
        self._headers: dict[str, str] = {"": ""}

    def text(self, atoms: Sequence[_Atom], text: str) -> str:
        """Return the context of a chunk: headings and header that stand in its own text are not repeated."""
        body = next((a.block for a in atoms if a.block.kind != "heading"), atoms[-1].block)
        shown = {text[a.start - atoms[0].start : a.end - atoms[0].start] for a in atoms if a.block.kind == "heading"}
        path = tuple(h for h in self._path(body) if h not in shown)
        if path not in self._known:
            self._known[path] = self._fitted(path)
        header = "" if atoms[0].block.header in text.split("\n") else self._header(atoms[0].block)
        return "\n".join(line for line in (self._known[path], header) if line)

    def most_tokens(self, section: Sequence[Block]) -> int:
        """Return the most tokens that the context of a chunk of a section can have."""
        paths = dict.fromkeys(self._path(block) for block in section)
        counts = self._count([" › ".join(path) for path in paths])
        headers = [self._header(block) for block in section]
        return min(self._budget, max(counts) - _SPECIALS) + max(map(self._n_tokens, dict.fromkeys(headers)))

    def _path(self, block: Block) -> tuple[str, ...]:
        return tuple(h for h in dict.fromkeys((self._title, *block.locator.heading)) if h)

    def _header(self, block: Block) -> str:
        if block.header not in self._headers:
            self._headers[block.header] = self._cut(block.header, self._header_budget)
        return self._headers[block.header]

    def _n_tokens(self, text: str) -> int:
        return self._count([text])[0] - _SPECIALS if text else 0

    def _fitted(self, path: tuple[str, ...]) -> str:
        """Drop outer headings, then cut the innermost, until the context fits."""
        while len(path) > 1 and self._n_tokens(" › ".join(path)) > self._budget:
            path = path[1:]
        return self._cut(" › ".join(path), self._budget)

    def _cut(self, text: str, budget: int) -> str:
        while self._n_tokens(text) > budget:
            text = text[: min(4 * budget, len(text) // 2)].rstrip()
        return text


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Group blocks under their heading; a heading without text of its own goes with the next one."""
    section: list[Block] = []
    has_text = False
    for block in blocks:
        if block.kind == "heading" and has_text:
            yield section
            section, has_text = [], False
        section.append(block)
        has_text = has_text or block.kind != "heading"
    if section:
        yield section


def _section_chunks(
    source: Source, section: Sequence[Block], contexts: _Contexts, count_tokens: TokenCounter, room: int
) -> list[Chunk]:
    groups = _pack(source.text, _atoms(source.text, section, count_tokens, room), room)
    chunks = [_chunk(source, group, contexts) for group in groups]
    counts = count_tokens([c.embedded_text for c in chunks])
    return [replace(c, n_tokens=n) for c, n in zip(chunks, counts, strict=True)]


def _atoms(text: str, section: Sequence[Block], count_tokens: TokenCounter, room: int) -> list[_Atom]:
    spans = [(s, e, block) for block in section for s, e in _spans(text, block)]
    sizes = _sizes(text, [(s, e) for s, e, _ in spans], count_tokens)
    atoms: list[_Atom] = []
    for (start, end, block), size in zip(spans, sizes, strict=True):
        if size <= room:
            atoms.append(_Atom(start, end, block, size))
        else:
            atoms += _pieces(_words(text, start, end, count_tokens, room), block, room)
    return atoms


def _sizes(text: str, spans: Sequence[tuple[int, int]], count_tokens: TokenCounter) -> list[int]:
    counts = count_tokens([text[s:e] for s, e in spans])
    return [max(n - _SPECIALS, (e - s) // _CHARACTERS_PER_TOKEN) for n, (s, e) in zip(counts, spans, strict=True)]


def _spans(text: str, block: Block) -> list[tuple[int, int]]:
    body = text[block.start : block.end]
    if block.kind == "paragraph":
        spans = split_sentences(body)
    elif block.kind == "heading":
        spans = [(0, len(body))]
    else:
        spans = [m.span() for m in _LINE.finditer(body)]
    return [(block.start + s, block.start + e) for s, e in spans]


def _words(text: str, start: int, end: int, count_tokens: TokenCounter, room: int) -> list[tuple[int, int, int]]:
    """Return start, end and size of the words of a span; one that is too long is halved."""
    spans = [m.span() for m in _WORD.finditer(text, start, end)]
    words: list[tuple[int, int, int]] = []
    for (s, e), size in zip(spans, _sizes(text, spans, count_tokens), strict=True):
        if size <= room or e - s == 1:
            words.append((s, e, size))
        else:
            words += _words(text, s, (s + e) // 2, count_tokens, room)
            words += _words(text, (s + e) // 2, e, count_tokens, room)
    return words


def _pieces(words: Sequence[tuple[int, int, int]], block: Block, room: int) -> Iterator[_Atom]:
    """Join the words of a span that is too long to as few pieces as hold them."""
    first, total = 0, 0
    for i, (_, _, size) in enumerate(words):
        if total + size > room and i > first:
            yield _Atom(words[first][0], words[i - 1][1], block, total)
            first, total = i, 0
        total += size
    yield _Atom(words[first][0], words[-1][1], block, total)


def _pack(text: str, atoms: Sequence[_Atom], room: int) -> list[list[_Atom]]:
    """Fill chunks with whole blocks, lists and tables where they fit, otherwise with their atoms."""
    runs = _runs(text, atoms)
    sizes = Counter[int]()
    for run, atom in zip(runs, atoms, strict=True):
        sizes[run] += atom.size
    groups: list[list[_Atom]] = [[]]
    used = 0
    for i, atom in enumerate(atoms):
        begins_block = i == 0 or runs[i - 1] != runs[i]
        wanted = sizes[runs[i]] if begins_block else atom.size
        has_text = any(a.block.kind != "heading" for a in groups[-1])
        breaks_block = begins_block and used + wanted > room and has_text
        if groups[-1] and (breaks_block or used + atom.size > room):
            groups.append([])
            used = 0
        groups[-1].append(atom)
        used += atom.size
    return [g for g in groups if g]


def _runs(text: str, atoms: Sequence[_Atom]) -> list[int]:
    """Number the blocks that atoms belong to; items and rows that stand on the next line are one block."""
    runs = [0] * len(atoms)
    for i, (before, atom) in enumerate(pairwise(atoms), 1):
        is_new = atom.block is not before.block and text[before.block.end : atom.block.start] != "\n"
        runs[i] = runs[i - 1] + is_new
    return runs


def _chunk(source: Source, atoms: Sequence[_Atom], contexts: _Contexts) -> Chunk:
    text = source.text[atoms[0].start : atoms[-1].end]
    body = [a for a in atoms if a.block.kind != "heading"] or atoms[-1:]
    return Chunk(
        id="",
        start=atoms[0].start,
        end=atoms[-1].end,
        text=text,
        context=contexts.text(atoms, text),
        locator=_span(body[0].block.locator, body[-1].block.locator),
        units=tuple(_units(atoms)),
        n_tokens=0,
    )


def _span(first: Locator, last: Locator) -> Locator:
    """Return the place of the first block, to the row of the last one where both are rows of one table."""
    if first.row is None or last.row is None or first.sheet != last.sheet or last.row <= first.row:
        return first
    return replace(first, last_row=last.row)


def _units(atoms: Sequence[_Atom]) -> Iterator[Unit]:
    """Yield sentences, items and rows; the lines of one code block are one unit."""
    i = 0
    while i < len(atoms):
        first = last = atoms[i]
        i += 1
        while first.block.kind == "code" and i < len(atoms) and atoms[i].block is first.block:
            last = atoms[i]
            i += 1
        yield Unit(first.start, last.end, first.block.kind, first.block.locator)


def with_ids(name: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return the chunks of a source with ids by content: an unchanged one keeps its own when its neighbours change."""
    seen = Counter[str]()
    result = []
    for chunk in chunks:
        text = chunk.embedded_text
        seen[text] += 1
        result.append(replace(chunk, id=chunk_id(name, text, seen[text])))
    return result
