"""Answers that may still be rated: those of this process, and those of others that share its database."""

from __future__ import annotations

import json
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
_N_CHARACTERS = 20_000_000  # of all of them together: an answer has 6,000, and the result of a tool any number
_PAUSE_S = 30.0  # after the database could not be used: answers do not wait for it
_log = logging.getLogger("rag_app.service")


class RecentAnswers:
    """The last thousand answers in memory; with a database that is shared, those of a quarter of an hour there too.

    They are fewer where they are long: together they have at most twenty million characters.

    Parameters
    ----------
    settings : Settings
        They say where feedback is kept.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._answers: OrderedDict[str, tuple[Answer, int]] = OrderedDict()  # with their numbers of characters
        self._n_characters = 0
        self._kept: Conversations | None = None
        self._turn = threading.Lock()
        self._opening = threading.Lock()
        self._paused_until = 0.0

    @property
    def is_shared(self) -> bool:
        """Whether other processes can rate them."""
        return bool(self._settings.database_url)

    def keep(self, answer_id: str, answer: Answer) -> None:
        """Keep an answer, unless it alone is too long.

        A database that cannot be used is a line in the log, since the answer itself is well.
        """
        n_characters = len(json.dumps(answer.to_json(), ensure_ascii=False))
        if n_characters > _N_CHARACTERS:
            return
        with self._turn:
            _, n_before = self._answers.pop(answer_id, (None, 0))  # clients may send ids, and one again
            self._answers[answer_id] = (answer, n_characters)
            self._n_characters += n_characters - n_before
            while len(self._answers) > _N_KEPT or self._n_characters > _N_CHARACTERS:
                self._n_characters -= self._answers.popitem(last=False)[1][1]
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
        found = self._answers.get(answer_id)
        if found is not None:
            self._conversations().add_rated(found[0], rating, why)
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
