"""Traces of texts in files, whatever the files are: proof that what was deleted is gone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag_app.from_scratch.language.sentences import split_sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.types import Source

_MIN_BYTES = 20  # shorter ones are no proof: they stand in other texts by chance
_MAX_CHARACTERS = 60  # a longer one is looked for in parts: a file may hold it in two places
_ANCHOR = 8  # bytes that are compared as one number
_BLOCK = 2**22
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(48)


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for, where, and what was found.

    Parameters
    ----------
    n_texts, n_files, n_bytes : int
        Texts that were looked for, and the files and bytes that they were looked for in.
    found : tuple of str
        The paths of the files that still hold one of them.
    """

    n_texts: int
    n_files: int
    n_bytes: int
    found: tuple[str, ...]


def distinctive_texts(sources: Iterable[Source], others: Iterable[Source]) -> list[str]:
    """Return what is found in sources and nowhere else: parts of sentences and lines, names, paths and titles.

    Parameters
    ----------
    sources : iterable of Source
        The ones whose texts are wanted.
    others : iterable of Source
        The ones that may hold the same texts.
    """
    texts = dict.fromkeys(t for source in sources for t in _texts(source) if len(t.encode()) >= _MIN_BYTES)
    finder = Finder(texts)
    shared: set[str] = set()
    for other in others:
        held = "\n".join((other.text, other.uri, other.name, other.title, *map(str, other.metadata.values())))
        shared |= finder.find(held.encode())
    return [text for text in texts if text not in shared]


def search_files(
    folder: Path, texts: Sequence[str], progress: Callable[[str, int, int], None], others: Iterable[Path] = ()
) -> Search:
    """Return which files below a folder, and which others, hold one of the texts, in UTF-8, in UTF-16 or as in JSON."""
    finder = Finder(texts)
    files = sorted({path for path in (*folder.rglob("*"), *others) if path.is_file()})
    found, n_bytes = [], 0
    for done, path in enumerate(files):
        progress(path.name, done, len(files))
        held = False
        for block in _blocks(path, finder.longest):
            n_bytes += len(block)
            held = held or bool(finder.find(block))
        if held:
            found.append(str(path))
    return Search(len(texts), len(files), n_bytes, tuple(found))


def _texts(source: Source) -> Iterator[str]:
    yield from (source.uri, source.name, source.title, *source.metadata.values())
    for line in source.text.splitlines():
        for start, end in split_sentences(line):
            sentence = line[start:end]
            n_parts = -(-len(sentence) // _MAX_CHARACTERS)
            size = -(-len(sentence) // max(n_parts, 1))
            yield from (sentence[i * size : (i + 1) * size].strip() for i in range(n_parts))


def _blocks(path: Path, overlap: int) -> Iterator[bytes]:
    """Yield a file in blocks; each begins with the end of the one before it."""
    try:
        with path.open("rb") as file:
            tail = b""
            while block := file.read(_BLOCK):
                yield tail + block
                tail = (tail + block)[-overlap:] if overlap else b""
    except FileNotFoundError:  # SQLite's own files come and go
        return


class Finder:
    """Looks for many texts at once, in UTF-8, in UTF-16 and as JSON escapes them.

    Parameters
    ----------
    texts : iterable of str
        Each of at least eight bytes.

    Notes
    -----
    The eight bytes in the middle of each text are one number. The bytes of a block, seen as numbers from each of eight
    starting points, are looked up in a table of 65,536 bits; only where it says perhaps is a text compared.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._at: dict[int, list[tuple[bytes, int, str]]] = defaultdict(list)
        self.longest = 0
        for text in texts:
            for form in _forms(text):
                middle = max(len(form) // 2 - _ANCHOR // 2, 0)
                anchor = int.from_bytes(form[middle : middle + _ANCHOR], "little")
                self._at[anchor].append((form, middle, text))
                self.longest = max(self.longest, len(form))
        self._anchors = np.array(sorted(self._at), np.uint64)
        self._table = np.zeros(2**16, bool)
        self._table[_hash(self._anchors)] = True

    def find(self, block: bytes) -> set[str]:
        """Return the texts that a block holds."""
        found: set[str] = set()
        for first in range(min(_ANCHOR, max(len(block) - _ANCHOR + 1, 0))):
            numbers = np.frombuffer(block, "<u8", (len(block) - first) // _ANCHOR, first)
            perhaps = np.flatnonzero(self._table[_hash(numbers)])
            for i in perhaps[np.isin(numbers[perhaps], self._anchors)].tolist():
                place = first + i * _ANCHOR
                for form, middle, text in self._at[int(numbers[i])]:
                    if text not in found and block.startswith(form, place - middle) and place >= middle:
                        found.add(text)
        return found


def _hash(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (numbers * _MIX) >> _SHIFT


def _forms(text: str) -> set[bytes]:
    escaped = json.dumps(text)[1:-1]
    return {text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), escaped.encode()}
