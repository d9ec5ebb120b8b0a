"""The index follows the files: only what changed is read, embedded and stored."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.embeddings.fingerprint import Embedder, Fingerprint
from rag_app.errors import IngestionError, StoreError
from rag_app.index.library import Library, SourceRow
from rag_app.index.lock import write_lock
from rag_app.ingestion import split
from rag_app.ingestion.discover import Discovery, discover
from rag_app.ingestion.load import load_source, read_bytes
from rag_app.types import FileReceipt, Receipt, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag_app.index.vectors import ChromaVectors
    from rag_app.types import Chunk

Progress = Callable[[str, int, int], None]
_CHROMA_BATCH = 1000


def silent(_name: str, _done: int, _total: int) -> None:
    """Report nothing: the default of `Progress`, called with a file's name, files done and files in all."""


def fingerprint_of(embedder: Embedder) -> Fingerprint:
    """Return what an index built with an embedder is identified by."""
    return Fingerprint(embedder.name, embedder.revision, embedder.dimension, "title › heading path", split.VERSION)


def check_fingerprint(library: Library, embedder: Embedder) -> None:
    """Refuse an index that another embedder or another version of the splitter built.

    Raises
    ------
    StoreError
        With what built the index and what would read it.
    """
    stored = library.get_meta("fingerprint")
    if stored is None:
        return
    built, wanted = Fingerprint.from_json(stored), fingerprint_of(embedder)
    if built != wanted:
        msg = f"The index in {library.path.parent} was built by {built}; the settings ask for {wanted}."
        other = "" if built.embedder == wanted.embedder else f"Set RAG_EMBEDDINGS={built.embedder}, or "
        hint = f"{other or 'Set '}RAG_DATA_DIR to a new folder and ingest there."
        raise StoreError(msg, hint=hint)


class Sync:
    """Brings an index up to date with paths.

    Parameters
    ----------
    library : Library
        Where sources, chunks and embeddings go.
    vectors : ChromaVectors
        The vectors' store.
    embedder : Embedder
        Turns chunks into vectors.
    lock_timeout_s : float, default=10.0
        Seconds to wait for another writer.
    """

    def __init__(
        self, library: Library, vectors: ChromaVectors, embedder: Embedder, *, lock_timeout_s: float = 10.0
    ) -> None:
        self._library = library
        self._vectors = vectors
        self._embedder = embedder
        self._lock_timeout_s = lock_timeout_s
        self._n_embedded = 0

    def run(self, paths: Sequence[str | os.PathLike[str]], progress: Progress = silent) -> Receipt:
        """Ingest paths and forget the sources below them that have gone.

        Parameters
        ----------
        paths : sequence of path-like
            Files, folders and globs.
        progress : callable, optional
            Called with a file's name, files done and files in all.

        Returns
        -------
        Receipt
            One entry for each file. A file that cannot be read is recorded as failed and keeps what it had before.

        Raises
        ------
        IngestionError
            If a path does not exist.
        StoreError
            If the data folder is not writable, locked, or its index was built by another embedder.
        """
        began = time.perf_counter()
        found = discover(paths)
        self._n_embedded = 0
        with write_lock(self._library.path.parent, timeout_s=self._lock_timeout_s):
            self._library.create()
            check_fingerprint(self._library, self._embedder)
            self._embedder.verify()
            self._library.set_meta("fingerprint", fingerprint_of(self._embedder).to_json())
            receipts = [*self._remove_gone(found), *self._read_all(found, progress)]
            if not self._vectors.exists():
                self._library.mark_all_missing()
            progress("storing vectors", len(found.files), len(found.files))
            self._flush()
            if self._library.unfinished:
                self._library.finish()
        return Receipt(
            files=tuple(receipts),
            n_chunks=self._library.count_chunks(),
            n_tokens=self._library.count_tokens(),
            n_embedded=self._n_embedded,
            n_truncated=self._library.count_longer_than(self._embedder.max_tokens),
            ignored=dict(found.ignored),
            duration_s=time.perf_counter() - began,
        )

    def _remove_gone(self, found: Discovery) -> Iterator[FileReceipt]:
        present = {str(p) for p in found.files}
        for row in self._library.sources():
            if row.uri not in present and found.covers(row.uri) and not Path(row.uri).is_file():
                self._library.remove_source(row.uri)
                yield FileReceipt(row.name, "removed")

    def _read_all(self, found: Discovery, progress: Progress) -> list[FileReceipt]:
        known = {row.uri: row for row in self._library.sources()}
        owners = {row.bytes_sha256: row for row in known.values()}
        taken = {row.name: row.uri for row in known.values()}
        receipts: dict[Path, FileReceipt] = {}
        # Known files come first: whether a new one is a duplicate depends on what they hold now.
        for done, path in enumerate(sorted(found.files, key=lambda p: str(p) not in known)):
            before = known.get(str(path))
            name = before.name if before else _free_name(path, found.files[path], taken)
            progress(name, done, len(found.files))
            try:
                receipts[path] = self._read_one(path, name, before, owners)
            except IngestionError as exc:
                receipts[path] = FileReceipt(name, "failed", detail=str(exc))
            else:
                taken[name] = str(path)
        return [receipts[path] for path in found.files]

    def _read_one(self, path: Path, name: str, before: SourceRow | None, owners: dict[str, SourceRow]) -> FileReceipt:
        data = read_bytes(path)
        digest = hashlib.sha256(data).hexdigest()
        if before is not None and before.bytes_sha256 == digest:
            return FileReceipt(name, "unchanged", before.n_chunks, before.n_tokens)
        if before is None and digest in owners:
            return FileReceipt(name, "duplicate-of", detail=owners[digest].name)
        source = load_source(data, path=path, name=name)
        chunks = self._store(source)
        n_tokens = sum(c.n_tokens for c in chunks)
        if before is not None and owners.get(before.bytes_sha256) == before:
            del owners[before.bytes_sha256]
        owners[digest] = SourceRow(source.uri, name, source.title, digest, len(chunks), n_tokens)
        return FileReceipt(name, "changed" if before else "new", len(chunks), n_tokens)

    def _store(self, source: Source) -> list[Chunk]:
        chunks = split.split_source(
            source, count_tokens=self._embedder.count_tokens, max_tokens=self._embedder.max_tokens
        )
        texts = {hashlib.sha256(c.embedded_text.encode()).hexdigest(): c.embedded_text for c in chunks}
        known = self._library.cached_vectors(list(texts))
        missing = [key for key in texts if key not in known]
        fresh: dict[str, NDArray[np.float32]] = dict(
            zip(missing, self._embedder.embed_passages([texts[k] for k in missing]), strict=True)
        )
        self._n_embedded += len(missing)
        keys = [hashlib.sha256(c.embedded_text.encode()).hexdigest() for c in chunks]
        self._library.replace_source(source, chunks, fresh, keys)
        return chunks

    def _flush(self) -> None:
        """Bring Chroma in line with the library."""
        while batch := self._library.pending(_CHROMA_BATCH):
            self._vectors.upsert(batch)
            self._library.mark_stored([c.chunk_id for c in batch])
        self._vectors.delete(self._library.pending_deletes())


def _free_name(path: Path, wanted: str, taken: dict[str, str]) -> str:
    """Return the shortest name, from `wanted` towards the absolute path, that no other source has."""
    name, parents = wanted, list(path.parts[: len(path.parts) - len(Path(wanted).parts)])
    while taken.get(name, str(path)) != str(path) and parents:
        name = f"{parents.pop().rstrip('/')}/{name}"
    return name
