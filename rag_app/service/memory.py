"""What was worked out lately, as long as the index is as it was then."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag_app.index.library import Library

_N_KEPT = 1_000


class Memory:
    """Results by what was asked; all are forgotten when the index has changed, by whichever process.

    Parameters
    ----------
    library : Library
        The index.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: OrderedDict[tuple[Any, Hashable], Any] = OrderedDict()
        self._turn = threading.Lock()

    def state(self) -> Hashable:
        """Return what identifies the index as it is now: its generation, its calibration, changes that have begun."""
        return (
            tuple(self._library.query("SELECT key, value FROM meta ORDER BY key")) if self._library.exists() else None
        )

    def get(self, state: Hashable, asked: Hashable) -> Any:  # noqa: ANN401  (whatever was kept)
        """Return what was worked out in a state of the index, or None."""
        with self._turn:
            if (state, asked) in self._kept:
                self._kept.move_to_end((state, asked))
            return self._kept.get((state, asked))

    def keep(self, state: Hashable, asked: Hashable, result: Any) -> None:  # noqa: ANN401
        """Keep what was worked out, in place of what was used least lately; not if the index has changed meanwhile."""
        if state != self.state():
            return
        with self._turn:
            self._kept[state, asked] = result
            if len(self._kept) > _N_KEPT:
                self._kept.popitem(last=False)
