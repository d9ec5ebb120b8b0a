"""Answers that may still be rated: those of this process, and those of others that share its database."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from rag_app.errors import RagAppError

if TYPE_CHECKING:
    from rag_app.chains.conversations import Conversations
    from rag_app.settings import Settings
    from rag_app.types import Answer

_N_KEPT = 1_000
_PAUSE_S = 30.0  # after the database could not be used: answers do not wait for it
_log = logging.getLogger("rag_app.service")


class RecentAnswers:
    """The last thousand answers in memory; with a database that is shared, those of a quarter of an hour there too.

    Parameters
    ----------
    settings : Settings
        They say where feedback is kept.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._kept: Conversations | None = None
        self._turn = threading.Lock()
        self._opening = threading.Lock()
        self._paused_until = 0.0

    @property
    def is_shared(self) -> bool:
        """Whether other processes can rate them."""
        return bool(self._settings.database_url)

    def keep(self, answer_id: str, answer: Answer) -> None:
        """Keep an answer; a database that cannot be used is a line in the log, since the answer itself is well."""
        with self._turn:
            self._answers[answer_id] = answer
            if len(self._answers) > _N_KEPT:
                self._answers.popitem(last=False)
        if self.is_shared and time.monotonic() >= self._paused_until:
            try:
                self._conversations().keep_recent(answer_id, answer)
            except RagAppError as exc:
                self._paused_until = time.monotonic() + _PAUSE_S
                _log.warning("Answers cannot be rated at other replicas for %d s: %s", _PAUSE_S, exc)

    def rate(self, answer_id: str, rating: str, why: str) -> bool:
        """Keep what a reader thought of an answer, with the answer; return False if it is not known any more.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        answer = self._answers.get(answer_id)
        if answer is not None:
            self._conversations().add_rated(answer, rating, why)
            return True
        return self.is_shared and self._conversations().rate_recent(answer_id, rating, why) is not None

    def close(self) -> None:
        """Close the database."""
        if self._kept is not None:
            self._kept.close()

    def _conversations(self) -> Conversations:
        from rag_app.chains.conversations import load_conversations

        with self._opening:
            if self._kept is None:
                self._kept = load_conversations(self._settings)
            return self._kept
