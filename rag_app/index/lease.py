"""One writer at a time across machines: a lease on the Chroma server that the vectors are on.

A lease is an empty collection named after the vectors' own, with a number: ``rag_app-….writer.7``. Creating a
collection is the one thing that a Chroma server does for one of many who ask at once, so whoever creates the next
number holds the lease. The number before it is removed only then; hence the highest number says who writes, and no
number is ever given twice. Its metadata say until when it is held, by the server's own clock.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from rag_app.errors import LockedError, StoreError

HELD_S = 60.0  # a writer that is no more keeps the others waiting for so long
_RENEWALS = 3  # in that time
_PAUSE_S = 0.2
_NANOSECONDS = 1e9
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who writes.

    Parameters
    ----------
    shown : str
        For messages: machine and process.
    folder : str
        The same for every process that writes to one data folder of one machine, and for no other: one of them that
        has the lock of the folder knows that the others are no more.
    """

    shown: str
    folder: str


class Lease:
    """The right to write to a collection.

    Parameters
    ----------
    client : chromadb.ClientAPI
        A connection of its own: a second thread uses it too.
    errors : module
        ``chromadb.errors``.
    name : str
        The collection's name.
    holder : Holder
        Who asks.
    held_s : float
        How long it is held without being renewed.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401  (chromadb is imported elsewhere)
        errors: ModuleType,
        name: str,
        holder: Holder,
        *,
        held_s: float = HELD_S,
    ) -> None:
        self._client = client
        self._errors = errors
        self._prefix = f"{name}.writer."
        self._name = name
        self._holder = holder
        self._held_s = held_s
        self._mine: Any = None
        self._number = 0
        self._renewed_s = 0.0
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew_in_time, daemon=True)

    def acquire(self, timeout_s: float) -> None:
        """Wait for the lease, and hold it until `release`.

        Raises
        ------
        LockedError
            If another machine still holds it.
        """
        deadline = time.monotonic() + timeout_s
        while not self._try():
            if time.monotonic() >= deadline:
                other = (self._latest()[1] or {}).get("holder", "which has just begun")
                msg = f"Another machine ({other}) is writing to the vectors on the server."
                hint = "Wait until it has finished, or for a minute if it was killed, then run this again."
                raise LockedError(msg, hint=hint)
            time.sleep(_PAUSE_S)
        self._renewing.start()

    def check(self) -> None:
        """Raise a `StoreError` if another machine may write by now: call it before each change."""
        if time.monotonic() - self._renewed_s < self._held_s and self._is_mine():
            return
        msg = f"This process was away for so long that another may write to the vectors: {self._name}."
        raise StoreError(msg, hint="Run this again: it goes on where it stopped, unless another machine has written.")

    def release(self) -> None:
        """Let others write."""
        self._ended.set()
        with suppress(Exception):  # it ends by itself
            if self._renewing.is_alive():
                self._renewing.join()
            if self._mine is not None and self._is_mine():
                self._leave()

    def _try(self) -> bool:
        """Take the lease if it is free."""
        began, (number, held) = time.monotonic(), self._latest()
        is_free = held is None or held["until_ns"] <= self._client.heartbeat() or held["folder"] == self._holder.folder
        if not is_free:
            return False
        name = f"{self._prefix}{number + 1}"
        try:
            mine = self._client.create_collection(name, metadata=self._state(), embedding_function=None)
        except self._errors.ChromaError as exc:
            if "already exists" not in str(exc):
                raise
            return False  # another was faster
        if self._latest()[0] > number + 1:  # what was read was old by then, and so is this number
            self._client.delete_collection(name)
            return False
        self._mine, self._number, self._renewed_s = mine, number + 1, began
        self._remove_earlier()
        return True

    def _latest(self) -> tuple[int, dict[str, Any] | None]:
        """Return the highest number, and its metadata."""
        found = {int(c.name.removeprefix(self._prefix)): c for c in self._all()}
        return (max(found), dict(found[max(found)].metadata)) if found else (0, None)

    def _all(self) -> list[Any]:
        return [c for c in self._client.list_collections() if c.name.startswith(self._prefix)]

    def _remove_earlier(self) -> None:
        for collection in self._all():
            if int(collection.name.removeprefix(self._prefix)) < self._number:
                with suppress(self._errors.NotFoundError):
                    self._client.delete_collection(collection.name)

    def _state(self) -> dict[str, Any]:
        until_ns = self._client.heartbeat() + int(self._held_s * _NANOSECONDS)
        return {"holder": self._holder.shown, "folder": self._holder.folder, "until_ns": until_ns}

    def _is_mine(self) -> bool:
        """Return whether nobody has taken it over: the next number comes before this one goes."""
        return not self._exists(f"{self._prefix}{self._number + 1}") and self._exists(self._mine.name)

    def _exists(self, name: str) -> bool:
        try:
            self._client.get_collection(name, embedding_function=None)
        except self._errors.NotFoundError:
            return False
        return True

    def _renew_in_time(self) -> None:
        while not self._ended.wait(self._held_s / _RENEWALS):
            with suppress(Exception):  # the server is away: it is tried again, and `check` knows how long that was
                began = time.monotonic()
                if not self._is_mine():
                    return
                self._mine.modify(metadata=self._state())
                self._renewed_s = began

    def _leave(self) -> None:
        if self._exists(self._name):
            self._mine.modify(metadata={**self._state(), "until_ns": 0})
        else:  # the vectors have another name by now
            self._client.delete_collection(self._mine.name)


def holder_of(folder: Path) -> Holder:
    """Return what this process is called where it writes to a data folder; hold its lock.

    A folder is told from its copies by its lock's place on the disk, and a machine by when it was started.
    """
    lock = (folder / "lock").stat()
    try:
        machine = _BOOT.read_text(encoding="ascii").strip()
    except OSError:  # not Linux
        machine = str(uuid.getnode())
    host = socket.gethostname()
    return Holder(f"{host}, process {os.getpid()}", f"{host} {machine} {lock.st_dev} {lock.st_ino}")
