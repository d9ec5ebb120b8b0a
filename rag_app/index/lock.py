"""One writer at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag_app.errors import LockedError, StoreError


@contextmanager
def write_lock(folder: Path, *, timeout_s: float = 10.0) -> Iterator[None]:
    """Hold the write lock of an index.

    The lock belongs to the process: it is free again when the process ends, however it ends.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; it is created where it is missing.
    timeout_s : float, default=10.0
        Seconds to wait for another writer.

    Raises
    ------
    LockedError
        If another process still holds it.
    StoreError
        If the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    lock, owner = FileLock(folder / "lock"), folder / "lock.owner"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout_s)
        owner.write_text(str(os.getpid()), encoding="utf-8")
    except Timeout as exc:
        msg = f"Another process (id {_holder(owner)}) is writing to the index in {folder}."
        raise LockedError(msg, hint="Wait until it has finished, then run this again.") from exc
    except OSError as exc:
        lock.release()
        msg = f"The data folder {folder} must be writable; {(exc.strerror or str(exc)).lower()}."
        raise StoreError(msg, hint="Set RAG_DATA_DIR to a folder of your own.") from exc
    try:
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _holder(owner: Path) -> str:
    try:
        return owner.read_text(encoding="utf-8") or "unknown"
    except FileNotFoundError:  # it has just begun, or just ended
        return "unknown"
