"""Vectors on a server that several machines share, each with its own copy of the library.

The library is the truth, so only the copy that wrote last may write: what it wrote is stamped, here and there, and a
library whose stamp is another one is behind. It can be read, as what it does not know is never shown.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from rag_app.errors import StoreError
from rag_app.index.lease import holder_of
from rag_app.index.library import Library
from rag_app.index.lock import write_lock
from rag_app.index.vectors import ChromaVectors

_STAMP, _NEXT = "vectors_stamp", "vectors_stamp_next"
_COPY = "Copy library.sqlite and chroma/server from that machine"


@contextmanager
def index_lock(
    library: Library, vectors: ChromaVectors, *, timeout_s: float = 10.0, builds_anew: bool = False
) -> Iterator[None]:
    """Hold the index against every other writer: of this machine, and of others that share its vectors.

    Parameters
    ----------
    library, vectors : Library, ChromaVectors
        The index.
    timeout_s : float, default=10.0
        Seconds to wait for another writer.
    builds_anew : bool, default=False
        Whether all vectors are built from the library. Where it is behind, it lets go of those of the others.

    Raises
    ------
    LockedError
        If another writer still holds it.
    StoreError
        If the folder cannot be written to, the server cannot be used, or another machine has written since.
    """
    folder = library.path.parent
    with write_lock(folder, timeout_s=timeout_s):
        if not vectors.url:
            yield
            return
        with vectors.leased(holder_of(folder), timeout_s, on_change=lambda: _sign(library, vectors)):
            if builds_anew and _behind(library, vectors):
                vectors.detach()
            check_current(library, vectors)
            before = library.get_meta(_STAMP) if library.exists() else None
            yield
            if vectors.notes().get("stamp") is None or library.get_meta(_STAMP) != before:
                _sign(library, vectors)  # built anew; or changed, and a copy from the middle of it is behind


def check_current(library: Library, vectors: ChromaVectors) -> None:
    """Refuse a library that is behind the vectors on the server.

    Raises
    ------
    StoreError
        With who has written them since.
    """
    held = _behind(library, vectors) if vectors.url else {}
    if held:
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(float(held["written_s"])))
        msg = f"The vectors on {vectors.url} are newer than this library: {held['writer']} wrote them at {when} UTC."
        raise StoreError(msg, hint=f"{_COPY}, or run rag index reindex: this library gets vectors of its own.")


def check_embedder(library: Library, vectors: ChromaVectors) -> None:
    """Refuse vectors on a server that were made by another embedder than the library's.

    Raises
    ------
    StoreError
        With both of them.
    """
    held, mine = vectors.notes().get("fingerprint"), library.get_meta("fingerprint")
    if held and mine and held != mine:
        made, known = (json.loads(text) for text in (held, mine))
        msg = f"The vectors on {vectors.url} were made by {_named(made)}; those of this library by {_named(known)}."
        raise StoreError(msg, hint=f"{_COPY}, or run rag index reindex: this library gets vectors of its own.")


def _behind(library: Library, vectors: ChromaVectors) -> dict[str, str]:
    """Return what is noted about the vectors if another library has written them since."""
    held = vectors.notes()
    known = {library.get_meta(_STAMP), library.get_meta(_NEXT)} if library.exists() else set()
    return held if "stamp" in held and held["stamp"] not in known else {}


def _sign(library: Library, vectors: ChromaVectors) -> None:
    """Note who writes, in both places; after an interruption the library knows both stamps."""
    if not library.exists() or not vectors.exists():
        return
    stamp = uuid.uuid4().hex
    library.set_meta(_NEXT, stamp)
    vectors.note(
        stamp=stamp,
        fingerprint=library.get_meta("fingerprint") or "",
        writer=holder_of(library.path.parent).shown,
        written_s=str(int(time.time())),
    )
    library.set_meta(_STAMP, stamp)


def _named(fingerprint: dict[str, object]) -> str:
    return f"{fingerprint.get('embedder')} ({str(fingerprint.get('revision'))[:12]})"
