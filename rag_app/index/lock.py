"""One writer at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag_app.errors import LockedError


@contextmanager
def write_lock(folder: Path, *, timeout_s: float = 10.0) -> Iterator[None]:
    """Hold the write lock of an index.

    The lock belongs to the process: it is free again when the process ends, however it ends.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; it must exist.
    timeout_s : float, default=10.0
        Seconds to wait for another writer.

    Raises
    ------
    LockedError
        If another process still holds it.
    """
    from filelock import FileLock, Timeout

    owner = folder / "lock.owner"
    try:
        with FileLock(folder / "lock", timeout=timeout_s):
            owner.write_text(str(os.getpid()), encoding="utf-8")
            yield
            owner.unlink(missing_ok=True)
    except Timeout as exc:
        holder = owner.read_text(encoding="utf-8") if owner.exists() else "unknown"
        msg = f"Another process (id {holder}) is writing to the index in {folder}."
        raise LockedError(msg, hint="Wait until it has finished, then run this again.") from exc
