"""The index follows the files: only what changed is read, embedded and stored."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from rag_app.embeddings.fingerprint import Embedder, Fingerprint
from rag_app.errors import IngestionError, StoreError
from rag_app.index.history import record_run
from rag_app.index.identity import vector_key
from rag_app.index.library import Library, SourceRow
from rag_app.index.sharing import index_lock
from rag_app.index.space import check_space
from rag_app.index.swap import settle
from rag_app.index.tokens import store_token_codes
from rag_app.ingestion import split
from rag_app.ingestion.discover import Discovery, discover, is_gone
from rag_app.ingestion.embedding import ChunkEmbedder, Embedded
from rag_app.ingestion.engines import LocalEngine, Wanted
from rag_app.ingestion.tokens import read_missing_tokens
from rag_app.receipts import FileReceipt, FileStatus, Receipt
from rag_app.types import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm import MiniLM
    from rag_app.index.vectors import ChromaVectors
    from rag_app.ingestion.engines import Engine, Read, Reading
    from rag_app.types import Chunk

Paths = Sequence[str | os.PathLike[str]]
Progress = Callable[[str, int, int], None]
_EMBEDDING_BATCH = 128  # chunks of one or more files: embedding few at a time leaves processors idle
_BOOK = 1000  # chunks of a source whose embedding takes so long that its progress is shown
_CHROMA_BATCH = 1000
_BYTES_PER_CHUNK = 32 * 1024  # that the library, its log and Chroma grow by: measured 10 to 13 thousand and the tokens


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
        other = "" if built.embedder == wanted.embedder else f", or set RAG_EMBEDDINGS={built.embedder}"
        hint = f"Run: rag index reindex{other}."
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
    minilm : MiniLM, optional
        Reads the tokens of each chunk, for late interaction. None stores none.
    engine : Engine, optional
        Where files are read, split and embedded. Default: in this process.
    lock_timeout_s : float, default=10.0
        Seconds to wait for another writer.
    """

    def __init__(
        self,
        library: Library,
        vectors: ChromaVectors,
        embedder: Embedder,
        *,
        minilm: MiniLM | None = None,
        engine: Engine | None = None,
        lock_timeout_s: float = 10.0,
    ) -> None:
        self._library = library
        self._vectors = vectors
        self._embedder = embedder
        self._minilm = minilm
        self._chunk_embedder = ChunkEmbedder(embedder, minilm)
        self._engine = engine or LocalEngine(embedder)
        self._lock_timeout_s = lock_timeout_s
        self._n_embedded = 0
        self._waiting: list[tuple[Source, list[Chunk]]] = []
        self._embedded: dict[str, Embedded] = {}  # by the engine, of what waits
        self._progress: Progress = silent

    def run(self, paths: Paths, progress: Progress = silent) -> Receipt:
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
            If the data folder is not writable, locked or on a full disk, or its index was built by another embedder.
        ClusterError
            If the engine is a Ray cluster that cannot be joined, or fails.
        """
        began = time.perf_counter()
        found = discover(paths, [row.uri for row in self._library.sources()] if self._library.exists() else [])
        self._n_embedded = 0
        self._waiting.clear()
        self._embedded.clear()
        self._progress = progress
        with self._engine.open() as read, index_lock(self._library, self._vectors, timeout_s=self._lock_timeout_s):
            self._library.create()
            settle(self._library, self._vectors)
            check_fingerprint(self._library, self._embedder)
            self._embedder.verify()
            self._library.set_meta("fingerprint", fingerprint_of(self._embedder).to_json())
            if self._library.generation == 0:  # what is to be read again, if this is interrupted
                self._library.set_meta("first_paths", json.dumps([os.fspath(path) for path in paths]))
            receipts = [*self._remove_gone(found), *self._read_all(found, read)]
            receipts += found.failed.values()
            if not self._vectors.exists():
                self._library.mark_all_missing()
            progress("storing vectors", len(found.files), len(found.files))
            if self._minilm is not None:
                read_missing_tokens(self._library, self._minilm, progress)
            self._flush()
            if self._library.unfinished:
                self._library.finish()
            receipt = self._receipt(receipts, found, time.perf_counter() - began)
            did = {status: n for status, n in receipt.to_json().items() if status in get_args(FileStatus)}
            failed = {f.name: f.detail for f in receipt.files if f.status == "failed"}
            record_run(self._library, "ingest", receipt.duration_s, did, failed)
        self._library.close()  # not left to the garbage collector: closing merges SQLite's log into the file
        return receipt

    def _receipt(self, files: Sequence[FileReceipt], found: Discovery, duration_s: float) -> Receipt:
        return Receipt(
            files=tuple(files),
            n_chunks=self._library.count_chunks(),
            n_tokens=self._library.count_tokens(),
            n_embedded=self._n_embedded,
            n_truncated=self._library.count_longer_than(self._embedder.max_tokens),
            ignored=dict(found.ignored),
            duration_s=duration_s,
        )

    def _remove_gone(self, found: Discovery) -> Iterator[FileReceipt]:
        for row in self._library.sources():
            if row.uri not in found.files and found.covers(row.uri) and is_gone(row.uri):
                self._library.remove_source(row.uri)
                yield FileReceipt(row.name, "removed")

    def _read_all(self, found: Discovery, read: Read) -> list[FileReceipt]:
        known = {row.uri: row for row in self._library.sources()}
        owners = {row.bytes_sha256: row.name for row in known.values() if row.uri not in found.files}
        taken = {row.name: row.uri for row in known.values()}
        wanted = _plan(found.files, known, dict(taken))
        receipts: dict[str, FileReceipt] = {}
        with closing(read(wanted, self._library)) as readings:
            for done, one in enumerate(wanted):
                before = known.get(one.uri)
                name = before.name if before else _free_name(one.uri, found.files[one.uri], taken)
                self._progress(name, done, len(wanted))
                reading = next(readings)
                try:
                    receipts[one.uri] = self._read_one(reading, name, before, owners)
                except IngestionError as exc:
                    receipts[one.uri] = FileReceipt(name, "failed", detail=str(exc))
                    if before is not None:
                        owners.setdefault(before.bytes_sha256, name)
                else:
                    taken[name] = one.uri
        self._store_waiting()
        return [receipts[uri] for uri in found.files]

    def _read_one(self, reading: Reading, name: str, before: SourceRow | None, owners: dict[str, str]) -> FileReceipt:
        digest = reading.digest()
        if before is not None and before.bytes_sha256 == digest:
            owners.setdefault(digest, name)
            return FileReceipt(name, "unchanged", before.n_chunks, before.n_tokens)
        if before is None and digest in owners:
            return FileReceipt(name, "duplicate-of", detail=owners[digest])
        source, chunks = reading.load(name)
        self._waiting.append((source, chunks))
        self._embedded |= reading.embedded
        if sum(len(chunks) for _, chunks in self._waiting) >= _EMBEDDING_BATCH:
            self._store_waiting()
        owners.setdefault(digest, name)
        return FileReceipt(name, "changed" if before else "new", len(chunks), sum(c.n_tokens for c in chunks))

    def store(self, source: Source) -> None:
        """Split a source, embed what the library has no embedding of, and store it."""
        count, most = self._embedder.count_tokens, self._embedder.max_tokens
        self._waiting.append((source, split.split_source(source, count_tokens=count, max_tokens=most)))
        self._store_waiting()

    def _store_waiting(self) -> None:
        """Embed what is new in the sources that wait, all at once, and store them one by one."""
        keys = [[vector_key(c.embedded_text) for c in chunks] for _, chunks in self._waiting]
        texts = {vector_key(c.embedded_text): c.embedded_text for _, chunks in self._waiting for c in chunks}
        check_space(self._library.path.parent, sum(map(len, keys)) * _BYTES_PER_CHUNK)
        known = self._library.cached_vectors(list(texts))
        missing = [key for key in texts if key not in known]
        fresh = self._embed(missing, texts)
        self._n_embedded += len(missing)
        for (source, chunks), of_source in zip(self._waiting, keys, strict=True):
            vectors = {key: fresh[key] for key in of_source if key in fresh}
            self._library.replace_source(source, chunks, vectors, of_source)
        self._waiting.clear()
        self._embedded.clear()

    def _embed(self, keys: list[str], texts: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
        """Return the embeddings of new chunks, and store what is kept of their tokens."""
        found = self._keep({key: self._embedded[key] for key in keys if key in self._embedded})
        left = [key for key in keys if key not in found]
        for start in range(0, len(left), _EMBEDDING_BATCH):  # the tokens of a whole book would fill the memory
            if len(left) > _BOOK:
                self._progress("embedding", start, len(left))
            batch = left[start : start + _EMBEDDING_BATCH]
            read = self._chunk_embedder.embed([texts[key] for key in batch])
            found |= self._keep(dict(zip(batch, read, strict=True)))
        return found

    def _keep(self, read: Mapping[str, Embedded]) -> dict[str, NDArray[np.float32]]:
        codes = {key: embedded.codes for key, embedded in read.items() if embedded.codes is not None}
        if codes:
            store_token_codes(self._library, codes)
        return {key: embedded.vector for key, embedded in read.items()}

    def _flush(self) -> None:
        """Bring Chroma in line with the library."""
        while batch := self._library.pending(_CHROMA_BATCH):
            check_space(self._library.path.parent, len(batch) * _BYTES_PER_CHUNK)
            self._vectors.upsert(batch)
            self._library.mark_stored([c.chunk_id for c in batch])
        self._vectors.delete(self._library.pending_deletes())


def _plan(files: Mapping[str, str], known: Mapping[str, SourceRow], taken: dict[str, str]) -> list[Wanted]:
    """Return what is to be read, with the names that documents will have if none of them fails.

    Known files come first: whether a new one is a duplicate depends on what they hold now.
    """
    wanted = []
    for uri in sorted(files, key=lambda uri: uri not in known):
        before = known.get(uri)
        name = before.name if before else _free_name(uri, files[uri], taken)
        taken[name] = uri
        wanted.append(Wanted(uri, name, before.bytes_sha256 if before else ""))
    return wanted


def _free_name(uri: str, wanted: str, taken: dict[str, str]) -> str:
    """Return the shortest name, from `wanted` towards the absolute path, that no other source has."""
    path = Path(uri)
    name, parents = wanted, list(path.parts[: len(path.parts) - len(Path(wanted).parts)])
    while taken.get(name, uri) != uri and parents:
        name = f"{parents.pop().rstrip('/')}/{name}"
    free, number = name, 2
    while taken.get(free, uri) != uri:  # two pages whose addresses differ in the query
        free, number = f"{name} ({number})", number + 1
    return free
