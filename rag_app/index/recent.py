"""What was found out of a library lately, by the id of a chunk or by a word, as long as it is as it was then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from rag_app.index.library import Library

T = TypeVar("T")
_MOST_KEPT = 4_096  # of chunks, the passages take some 20 MB, and so do their token vectors as they are stored


class Recent(Generic[T]):
    """Finds something out, and keeps it: questions of one field have the same words, and find the same chunks again.

    Parameters
    ----------
    library : Library
        After any change of it, by any process, nothing is kept.
    read : callable
        Returns what is wanted by key, such as the id of a chunk, of those keys that have it.
    """

    def __init__(self, library: Library, read: Callable[[Sequence[str]], Mapping[str, T]]) -> None:
        self._library = library
        self._read = read
        self._kept: tuple[object, dict[str, T]] = (None, {})

    def load(self, keys: Sequence[str]) -> dict[str, T]:
        """Return what is wanted, by key."""
        kept = self._current()  # of the state before reading: what is read is at least as new
        found = {c: kept[c] for c in keys if c in kept}
        missing = [c for c in keys if c not in found]
        if missing:
            read = self._read(missing)
            found |= read
            kept.update(read)
        return found

    def _current(self) -> dict[str, T]:
        state, kept = self._kept
        now = self._library.state()
        if state != now or len(kept) >= _MOST_KEPT:
            kept = {}  # another one: a thread may still be reading what was kept
            self._kept = now, kept
        return kept
