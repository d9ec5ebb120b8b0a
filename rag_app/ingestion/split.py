"""A source becomes chunks that the embedder reads whole. Offsets are carried along, never searched for."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.types import Block, Chunk, Source, Unit

VERSION = 1
_TARGET_TOKENS = 200
_CONTEXT_TOKENS = 48
_SPECIALS = 2
_WORD = re.compile(r"\S{1,100}")
_LINE = re.compile(r"[^\n]*\S[^\n]*")

TokenCounter = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Atom:
    """A span that is kept whole, with its length in tokens."""

    start: int
    end: int
    block: Block
    n_tokens: int


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
    Blocks are packed up to 200 tokens. A block that is longer is divided between sentences, items, rows or lines;
    a sentence that is longer, between words; a word of more than 100 characters, anywhere.
    """
    limit = min(max_tokens, _TARGET_TOKENS + _CONTEXT_TOKENS) - _SPECIALS
    contexts = _Contexts(source.title, count_tokens)
    groups: list[list[_Atom]] = []
    for section in _sections(source.blocks):
        room = limit - contexts.n_tokens(section[-1])
        groups += _pack(_atoms(source.text, section, count_tokens, room), room)
    chunks = [_chunk(source, group, contexts) for group in groups]
    counts = count_tokens([c.embedded_text for c in chunks])
    fitted = [replace(c, n_tokens=n) for c, n in zip(chunks, counts, strict=True)]
    return _with_ids(source.name, fitted)


class _Contexts:
    """Title and heading path of a chunk, within their budget of tokens."""

    def __init__(self, title: str, count_tokens: TokenCounter) -> None:
        self._title = title
        self._count = count_tokens
        self._known: dict[tuple[str, ...], tuple[str, int]] = {}

    def text(self, block: Block, shown: frozenset[str] = frozenset()) -> str:
        """Return the context of a chunk that itself begins with the headings in `shown`."""
        path = [h for h in dict.fromkeys((self._title, *block.locator.heading)) if h not in shown]
        return self._fitted(tuple(path))[0]

    def n_tokens(self, block: Block) -> int:
        return self._fitted(tuple(dict.fromkeys((self._title, *block.locator.heading))))[1]

    def _fitted(self, path: tuple[str, ...]) -> tuple[str, int]:
        """Drop outer headings, then cut the innermost, until the context fits."""
        if path not in self._known:
            kept, text = path, " › ".join(path)
            n = self._count([text])[0] - _SPECIALS if text else 0
            while n > _CONTEXT_TOKENS:
                kept = kept[1:] if len(kept) > 1 else (kept[0][: min(4 * _CONTEXT_TOKENS, len(kept[0]) // 2)],)
                text = " › ".join(kept)
                n = self._count([text])[0] - _SPECIALS
            self._known[path] = text, n
        return self._known[path]


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Group blocks under their heading; a heading without text of its own goes with the next one."""
    section: list[Block] = []
    for block in blocks:
        if block.kind == "heading" and any(b.kind != "heading" for b in section):
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _atoms(text: str, section: Sequence[Block], count_tokens: TokenCounter, room: int) -> list[_Atom]:
    spans = [(s, e, block) for block in section for s, e in _spans(text, block)]
    counts = count_tokens([text[s:e] for s, e, _ in spans])
    atoms: list[_Atom] = []
    for (start, end, block), n in zip(spans, counts, strict=True):
        if n - _SPECIALS <= room:
            atoms.append(_Atom(start, end, block, n - _SPECIALS))
        else:
            atoms += _pieces(text, start, end, block, count_tokens, room)
    return atoms


def _spans(text: str, block: Block) -> list[tuple[int, int]]:
    body = text[block.start : block.end]
    if block.kind == "paragraph":
        spans = split_sentences(body)
    elif block.kind == "heading":
        spans = [(0, len(body))]
    else:
        spans = [m.span() for m in _LINE.finditer(body)]
    return [(block.start + s, block.start + e) for s, e in spans]


def _pieces(text: str, start: int, end: int, block: Block, count_tokens: TokenCounter, room: int) -> Iterator[_Atom]:
    """Divide a span that is too long between its words."""
    words = [m.span() for m in _WORD.finditer(text, start, end)]
    counts = [n - _SPECIALS for n in count_tokens([text[s:e] for s, e in words])]
    first, total = 0, 0
    for i, n in enumerate(counts):
        if total + n > room and i > first:
            yield _Atom(words[first][0], words[i - 1][1], block, total)
            first, total = i, 0
        total += n
    if words:
        yield _Atom(words[first][0], words[-1][1], block, total)


def _pack(atoms: Sequence[_Atom], room: int) -> list[list[_Atom]]:
    """Fill chunks with whole blocks where they fit, otherwise with the atoms of a block."""
    sizes = Counter[int]()
    for atom in atoms:
        sizes[atom.block.start] += atom.n_tokens
    groups: list[list[_Atom]] = [[]]
    used = 0
    for i, atom in enumerate(atoms):
        begins_block = i == 0 or atoms[i - 1].block is not atom.block
        wanted = sizes[atom.block.start] if begins_block else atom.n_tokens
        has_text = any(a.block.kind != "heading" for a in groups[-1])
        breaks_block = begins_block and used + wanted > room and has_text
        if groups[-1] and (breaks_block or used + atom.n_tokens > room):
            groups.append([])
            used = 0
        groups[-1].append(atom)
        used += atom.n_tokens
    return [g for g in groups if g]


def _chunk(source: Source, atoms: Sequence[_Atom], contexts: _Contexts) -> Chunk:
    start, end = atoms[0].start, atoms[-1].end
    shown = frozenset(source.text[a.start : a.end] for a in atoms if a.block.kind == "heading")
    body = next((a for a in atoms if a.block.kind != "heading"), atoms[-1])
    return Chunk(
        id="",
        start=start,
        end=end,
        text=source.text[start:end],
        context=contexts.text(body.block, shown),
        locator=body.block.locator,
        units=tuple(_units(atoms)),
        n_tokens=0,
    )


def _units(atoms: Sequence[_Atom]) -> Iterator[Unit]:
    """Yield sentences, items and rows; the lines of one code block are one unit."""
    i = 0
    while i < len(atoms):
        first = last = atoms[i]
        i += 1
        while first.block.kind == "code" and i < len(atoms) and atoms[i].block is first.block:
            last = atoms[i]
            i += 1
        yield Unit(first.start, last.end, first.block.kind)


def _with_ids(name: str, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Give each chunk an id by content, so that an unchanged chunk keeps it when its neighbours change."""
    seen = Counter[str]()
    result = []
    for chunk in chunks:
        text = chunk.embedded_text
        seen[text] += 1
        digest = hashlib.sha256(f"{name}\0{text}\0{seen[text]}".encode()).hexdigest()[:32]
        result.append(replace(chunk, id=digest))
    return result
