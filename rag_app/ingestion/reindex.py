"""An index built anew from the texts in its library, by another embedder or another version of the splitter."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rag_app.embeddings.fingerprint import Embedder, Fingerprint
from rag_app.errors import StoreError
from rag_app.index.history import record_run
from rag_app.index.library import Library
from rag_app.index.sharing import index_lock
from rag_app.index.swap import build_vectors, discard_library, library_aside, settle, take_over
from rag_app.index.vectors import ChromaVectors
from rag_app.index.verification import verify
from rag_app.ingestion.sync import Progress, Sync, fingerprint_of, silent
from rag_app.ingestion.tokens import read_missing_tokens

if TYPE_CHECKING:
    from rag_app.embeddings.minilm import MiniLM

_WHAT_IT_IS = "SELECT uri, name, title, sha256, bytes_sha256, metadata FROM sources"


def reindex(
    library: Library,
    vectors: ChromaVectors,
    embedder: Embedder,
    progress: Progress = silent,
    *,
    minilm: MiniLM | None = None,
) -> Mapping[str, int]:
    """Build an index anew from its stored texts, and return what was done, by name.

    The files that were ingested are not needed. The new index is built aside and verified; the old one is in use
    until then. A run that is killed leaves it as it was, and the next run goes on where that one ended.

    Parameters
    ----------
    library : Library
        The index.
    vectors : ChromaVectors
        Its vectors.
    embedder : Embedder
        The one that is to build it.
    progress : callable, optional
        Called with what is at work, what is done and what there is in all.
    minilm : MiniLM, optional
        Reads the tokens of each chunk; see `rag_app.ingestion.sync.Sync`.

    Returns
    -------
    mapping of str to int
        ``sources`` and ``chunks`` of the new index, and the sources that were ``embedded`` by this run.

    Raises
    ------
    StoreError
        If there is no index, it is locked, or what was built does not verify.
    """
    began, sources = time.perf_counter(), library.sources()
    with index_lock(library, vectors, builds_anew=True):
        settle(library, vectors)
        embedder.verify()
        new = _prepare(library, fingerprint_of(embedder))
        n_embedded = _build(library, new, Sync(new, vectors, embedder, minilm=minilm), progress)
        if minilm is not None:
            read_missing_tokens(new, minilm, progress)
        aside = build_vectors(new, vectors, progress)
        _check(new, aside, progress)
        take_over(library, vectors, new)
        discard_library(new)
        did = {"sources": len(sources), "chunks": library.count_chunks(), "embedded": n_embedded}
        record_run(library, "reindex", time.perf_counter() - began, did)
    return did


def _prepare(library: Library, fingerprint: Fingerprint) -> Library:
    """Return the library that is built aside: that of an interrupted run, if it was to become the same."""
    new = library_aside(library)
    try:
        goes_on = new.exists() and new.get_meta("fingerprint") == fingerprint.to_json()
    except StoreError:
        goes_on = False
    if not goes_on:
        discard_library(new)
        new.create()
        new.set_meta("fingerprint", fingerprint.to_json())
    return new


def _build(library: Library, new: Library, sync: Sync, progress: Progress) -> int:
    """Store the sources that the new library does not have, and return how many those were."""
    wanted, done = set(library.query(_WHAT_IT_IS)), set(new.query(_WHAT_IT_IS))
    for uri, *_ in done - wanted:
        new.remove_source(uri)
    missing = sorted(wanted - done)
    for i, (_, name, *_) in enumerate(missing, start=len(wanted) - len(missing)):
        progress(name, i, len(wanted))
        source = library.source(name)
        if source is not None:
            sync.store(source)
    return len(missing)


def _check(new: Library, aside: ChromaVectors, progress: Progress) -> None:
    new.finish()
    found = verify(new, aside, progress).problems
    aside.reopen()
    if found:
        discard_library(new)
        msg = f"The new index did not pass {len(found)} checks, and the old one is kept. {found[0].what}"
        raise StoreError(msg, hint=found[0].hint)
