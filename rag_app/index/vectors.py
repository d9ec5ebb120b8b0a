"""Chroma, inside the process or on a server: the only file that imports chromadb."""

from __future__ import annotations

import gc
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import StoreError
from rag_app.index.chroma_folder import DATABASE, note_opened, open_folder, remove_folder
from rag_app.index.chroma_server import check_server, close_client
from rag_app.index.lease import Holder, Lease

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.index.library import StoredChunk

COLLECTION = "rag_app"
_MARKER = "server"
_LOOKED_AT_S = 5.0  # a collection on a server may be another one after that: another machine's
_PAUSES_S = (0.01, 0.05, 0.2, 0.5)  # a writer needs less to rename two folders


class ChromaVectors:
    """A Chroma collection in cosine space that holds vectors, texts and metadata of the chunks.

    A plain ``langchain_chroma.Chroma`` opened on the folder with ``collection_name="rag_app"`` reads it.

    Parameters
    ----------
    folder : pathlib.Path
        Chroma's folder.
    url : str, default=""
        Address of a Chroma server that holds the collection in place of the folder.
    is_aside : callable, optional
        Returns whether the vectors to read are those that were built aside: see `rag_app.index.swap`.

    Notes
    -----
    On a server the collection has a name of its own, so that many data folders share one server; the folder then holds
    a marker with address and name. A folder holds a database or the marker of one address: whoever changes between
    them finds no vectors, and the next ingestion writes them anew. So nothing stale is ever searched.

    Threads take turns: a client that one of them closes to open it anew fails under the others.
    """

    def __init__(self, folder: Path, *, url: str = "", is_aside: Callable[[], bool] | None = None) -> None:
        self.folder = folder
        self.url = url.rstrip("/")
        self._aside = folder.with_name(f"{folder.name}_next")
        self._old = folder.with_name(f"{folder.name}_old")
        self._is_aside = is_aside
        self._client: Any = None
        self._collection: Any = None
        self._found_s = 0.0
        self._lease: Lease | None = None
        self._on_change: Callable[[], None] | None = None
        self._turn = threading.RLock()

    def reopen(self) -> None:
        """Forget what was opened: an open client does not see what another process wrote."""
        with self._turn:
            client, self._client, self._collection = self._client, None, None
            if client is not None and self.url:
                close_client(client)
            elif client is not None:
                client.close()

    def exists(self) -> bool:
        """Return whether there is a collection that this index wrote."""
        if not self.url:
            return self._name() is not None  # a run that changes nothing does not pay for starting Chroma
        with self._translated():
            return self._find() is not None

    def count(self) -> int:
        """Return the number of vectors."""
        with self._opened() as collection:
            return int(collection.count())

    def upsert(self, chunks: Sequence[StoredChunk]) -> None:
        """Store chunks, in batches that Chroma accepts; the collection is created where it is missing."""
        with self._translated():
            found = self._find()
            collection = self._create() if found is None else found
            size = int(self._client.get_max_batch_size())
            for i in range(0, len(chunks), size):
                self._before_change()
                batch = chunks[i : i + size]
                collection.upsert(
                    ids=[c.chunk_id for c in batch],
                    embeddings=np.stack([c.vector for c in batch]),
                    documents=[c.text for c in batch],
                    metadatas=[dict(c.metadata) for c in batch],
                )

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Delete chunks; ids that are not there are passed over."""
        with self._translated():
            collection = self._find() if chunk_ids else None
            if collection is None:
                return
            size = int(self._client.get_max_batch_size())
            for i in range(0, len(chunk_ids), size):
                self._before_change()
                collection.delete(ids=list(chunk_ids[i : i + size]))

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the chunks most similar to a vector.

        Parameters
        ----------
        vector : ndarray of shape (dimension,)
            The question's embedding.
        k : int
            How many.

        Returns
        -------
        list of (str, float)
            Chunk id and cosine similarity, best first.
        """
        found = self._query([vector], k)
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def nearest_ids(self, vectors: NDArray[np.float32], k: int) -> list[dict[str, float]]:
        """Return, for each row of `vectors`, the `k` most similar chunks with their similarity, best first."""
        found = self._query(vectors, k)
        return [
            {i: 1.0 - float(d) for i, d in zip(ids, distances, strict=True)}
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def version(self) -> str:
        """Return Chroma's version, the server's where there is one; it has then answered."""
        with self._translated() as chromadb:
            if not self.url:
                return str(chromadb.__version__)
            return str(self._connect().get_version())

    def ids(self) -> list[str]:
        """Return the id of every chunk that is stored."""
        with self._opened() as collection:
            return [str(i) for i in collection.get(include=[])["ids"]]

    def rows(self, chunk_ids: Sequence[str]) -> list[StoredChunk]:
        """Return chunks as they are stored; ids that are not there are passed over."""
        from rag_app.index.library import StoredChunk

        with self._opened() as collection:
            found = collection.get(ids=list(chunk_ids), include=["embeddings", "documents", "metadatas"])
        columns = (found["ids"], found["embeddings"], found["documents"], found["metadatas"])
        return [StoredChunk(i, np.asarray(v, np.float32), text, m) for i, v, text, m in zip(*columns, strict=True)]

    # -- built aside -----------------------------------------------------------------------------------------------

    def aside(self) -> ChromaVectors:
        """Return an empty store beside this one, which `replace` puts in its place."""
        self.discard_aside()
        made = ChromaVectors(self._aside, url=self.url)
        made._lease = self._lease
        return made

    def replace(self) -> None:
        """Put what was built aside in the place of what was here. After an interruption it can be called again."""
        self._before_change()
        self.reopen()
        if self._aside.exists():
            if self.folder.exists():  # moved away first: a reader may be opening it, and files appear as it is emptied
                note_opened(self.folder)
                self._drop(self._old)
                self.folder.rename(self._old)
            self._aside.rename(self.folder)
        self._drop(self._old)

    def discard_aside(self) -> None:
        """Remove what was built aside."""
        self._drop(self._aside)

    # -- shared with other machines --------------------------------------------------------------------------------

    @contextmanager
    def leased(self, holder: Holder, timeout_s: float, on_change: Callable[[], None]) -> Iterator[None]:
        """Hold the right to write to the collection on the server; where there is none yet, nobody else knows it.

        Before the first change, `on_change` is called.

        Raises
        ------
        LockedError
            If another machine still holds it. Where it is lost meanwhile, a change raises a `StoreError`.
        """
        name = self._name()
        if name is None:
            yield
            return
        with self._failures() as chromadb:
            check_server(self.url)
            client = chromadb.HttpClient(self.url)
        lease = Lease(client, chromadb.errors, name, holder)
        try:
            with self._failures():
                lease.acquire(timeout_s)
            self.reopen()
            self._lease, self._on_change = lease, on_change
            yield
        finally:
            self._lease = self._on_change = None
            lease.release()
            close_client(client)

    def notes(self) -> dict[str, str]:
        """Return what is noted about the vectors on the server: see `rag_app.index.sharing`."""
        with self._translated():
            found = self._find() if self.url else None
            return {} if found is None else dict(found.metadata or {})

    def note(self, **values: str) -> None:
        """Note something about the vectors on the server."""
        with self._opened() as collection:
            self._before_change()
            collection.modify(metadata={**(collection.metadata or {}), **values})

    def detach(self) -> None:
        """Let go of the collection on the server: it is another library's."""
        self.reopen()
        remove_folder(self._place())

    def _before_change(self) -> None:
        if self._lease is not None:
            self._lease.check()
        tell, self._on_change = self._on_change, None
        if tell is not None:
            tell()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _place(self) -> Path:
        return self._aside if self._is_aside is not None and self._is_aside() and self._aside.exists() else self.folder

    def _query(self, vectors: Any, k: int) -> Any:  # noqa: ANN401  (what chromadb takes and returns)
        """Ask; again where a writer is putting another folder in the place of this one."""
        for pause_s in _PAUSES_S:
            before = self._whereabouts()
            try:
                return self._query_once(vectors, k)
            except (StoreError, AttributeError):  # of a client that is half made where the folder went as it opened
                is_moving = self._old.exists() or self._aside.exists() or self._whereabouts() != before
                if not is_moving:
                    raise
            time.sleep(pause_s)
            self.reopen()
        return self._query_once(vectors, k)

    def _query_once(self, vectors: Any, k: int) -> Any:  # noqa: ANN401  (likewise)
        with self._opened() as collection:
            return collection.query(query_embeddings=vectors, n_results=k, include=["distances"])

    def _whereabouts(self) -> tuple[Path, int | None]:
        """Return what tells the database that is here now from another one."""
        place = self._place()
        try:
            return place, (place / (_MARKER if self.url else DATABASE)).stat().st_ino
        except OSError:
            return place, None

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        with self._translated():
            yield self._open()

    def _open(self) -> Any:  # noqa: ANN401  (chromadb is imported here alone)
        collection = self._find()
        if collection is None:
            raise self._missing()
        return collection

    def _missing(self) -> StoreError:
        msg = f"There are no vectors in {self.url or self.folder}."
        hint = "Run rag ingest on any file: they are written anew from the library."
        if self._name() is not None:
            hint += " If another machine has built them anew, copy library.sqlite and chroma/server from there instead."
        return StoreError(msg, hint=hint)

    def _find(self) -> Any:  # noqa: ANN401  (likewise)
        """Return the collection, or None where there is none; nothing is created."""
        name = self._name()
        if self.url and time.monotonic() - self._found_s > _LOOKED_AT_S:
            self._collection = None
        if self._collection is None and name is not None:
            with self._translated() as chromadb:
                client = self._connect()
                self._found_s = time.monotonic()
                try:
                    self._collection = client.get_collection(name, embedding_function=None)
                except chromadb.errors.NotFoundError:
                    return None
        return self._collection

    def _create(self) -> Any:  # noqa: ANN401  (likewise)
        """Create the collection; what the folder holds for another place goes first."""
        if not self.url:
            (self._place() / _MARKER).unlink(missing_ok=True)
        client, name = self._connect(), self._name()
        if self.url and name is None:
            name = self._mark()
        self._collection = client.get_or_create_collection(
            name or COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
        )
        return self._collection

    def _mark(self) -> str:
        """Give the collection on the server a name, and return it."""
        place, name = self._place(), f"{COLLECTION}-{uuid.uuid4().hex}"
        remove_folder(place)
        place.mkdir(parents=True)
        unfinished = place / f"{_MARKER}.new"
        unfinished.write_text(f"{self.url}\n{name}\n", encoding="utf-8")
        unfinished.replace(place / _MARKER)
        return name

    def _drop(self, place: Path) -> None:
        """Remove a folder, and what it stands for on the server."""
        other = ChromaVectors(place, url=self.url)
        name = other._name() if self.url else None
        if name is not None and other._find() is not None:
            self._before_change()
            with self._translated():
                other._client.delete_collection(name)
        other.reopen()
        remove_folder(place)

    def _name(self) -> str | None:
        """Return the collection's name if this index has written one to where it is looked for."""
        place = self._place()
        if not self.url:
            return COLLECTION if (place / DATABASE).is_file() else None
        marker = place / _MARKER
        url, _, name = marker.read_text(encoding="utf-8").partition("\n") if marker.is_file() else ("", "", "")
        return name.strip() if url == self.url else None

    def _connect(self) -> Any:  # noqa: ANN401  (likewise)
        if self._client is None:
            chromadb = _import_chromadb()
            # Default settings: in one process Chroma refuses a second client on a folder whose settings differ,
            # and a plain langchain_chroma.Chroma has these. Telemetry does nothing in Chroma 1.5.
            if self.url:
                check_server(self.url)
                self._client = chromadb.HttpClient(self.url)
            else:
                self._client = open_folder(chromadb, self._place())
        return self._client

    @contextmanager
    def _translated(self) -> Iterator[Any]:
        """Give chromadb when it is this thread's turn, and turn its errors into a `StoreError`."""
        with self._turn, self._failures() as chromadb:
            yield chromadb

    @contextmanager
    def _failures(self) -> Iterator[Any]:
        chromadb = _import_chromadb()
        # A server's client raises a plain Exception for an answer that is not Chroma's.
        errors = (Exception,) if self.url else (chromadb.errors.ChromaError, ValueError, OSError)
        try:
            yield chromadb
        except StoreError:
            raise
        except errors as exc:
            if self.url and isinstance(exc, chromadb.errors.NotFoundError):
                self._collection = None
                raise self._missing() from exc
            reason = " ".join(str(exc).split())[:200].rstrip(".?") or type(exc).__name__
            if self.url:
                msg = f"The Chroma server {self.url} cannot be used: {reason}."
                raise StoreError(msg, hint="Start it with: chroma run, or correct RAG_CHROMA_URL.") from exc
            msg = f"Chroma cannot use {self._place()}: {reason}."
            raise StoreError(msg, hint="Check that the folder is writable and was made by Chroma 1.x.") from exc


def _import_chromadb() -> Any:  # noqa: ANN401  (chromadb is imported here alone)
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")  # a setting would keep other clients off the same folder
    enabled = gc.isenabled()
    gc.disable()  # importing allocates many objects that live on; scanning them costs a tenth of the import
    try:
        import chromadb
        import chromadb.errors
    finally:
        if enabled:
            gc.enable()
    return chromadb
