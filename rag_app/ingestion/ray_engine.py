"""Documents are read, split and embedded as stages of Ray Data, by the functions that the local engine calls."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.cluster import Origin, joined, n_nodes, n_processors, translated
from rag_app.embeddings.factory import load_embedder
from rag_app.embeddings.minilm import MiniLM
from rag_app.errors import IngestionError, RagAppError
from rag_app.index.identity import vector_key
from rag_app.ingestion.embedding import ChunkEmbedder, Embedded
from rag_app.ingestion.engines import Read, Reading, Wanted
from rag_app.ingestion.load import load_source, read_document
from rag_app.ingestion.split import split_source, with_ids
from rag_app.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.index.library import Library
    from rag_app.types import Chunk, Source

_TOGETHER = 128  # chunks that are embedded at once, of one or more documents
_MOST_IN_BLOCK = 64  # documents: what is done again where a worker dies
_BLOCKS_PER_PROCESSOR = 4  # at least, so that all of them have work until the end
# Embedding has one process on each node, whose threads use all processors of it. Both shares fit into one processor.
_CPUS_TO_READ, _CPUS_TO_EMBED = 0.75, 0.25
_COLUMN = "document"
_NEEDED = ("embeddings", "embeddings_base_url", "llm_timeout_s", "late_interaction")  # of the settings


@dataclass(frozen=True, slots=True)
class _Job:
    """What a worker needs to know; of the settings, nothing that it has no use for."""

    settings: Settings
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Document:
    """A document on its way through the stages."""

    wanted: Wanted
    digest: str = ""
    source: Source | None = None
    chunks: Sequence[Chunk] = ()
    embedded: Mapping[str, Embedded] | None = None
    error: RagAppError | None = None


class RayEngine:
    """Reads documents on the nodes of a Ray cluster. They reach the writer one after the other, in order.

    Parameters
    ----------
    settings : Settings
        What workers build their embedder by.
    address : str, default=""
        ``HOST:PORT`` of the cluster; empty starts Ray on this machine. Its nodes find documents at the same paths.

    Notes
    -----
    What a node does not finish, because it or a worker died, Ray gives to another one; results do not depend on that.
    """

    def __init__(self, settings: Settings, address: str = "") -> None:
        given = {name: getattr(settings, name) for name in _NEEDED}
        self._job = _Job(Settings(data_dir=settings.data_dir, **given), Origin())
        self._address = address

    @contextmanager
    def open(self) -> Iterator[Read]:
        """Hold a connection to the cluster."""
        with joined(self._address):
            yield self._read

    def _read(self, wanted: Sequence[Wanted], library: Library) -> Generator[Reading]:
        """Yield documents as they come; a batch at most waits here, the others wait in Ray's own bounded store."""
        if not wanted:
            return
        with translated(), _quiet():
            batches = self._dataset(wanted, library).iter_batches(batch_size=None, batch_format="pyarrow")
            with closing(iter(batches)) as tables:
                for table in tables:
                    for document in _unpacked(table):
                        if document.error is not None and not isinstance(document.error, IngestionError):
                            raise document.error
                        yield _RayReading(document)

    def _dataset(self, wanted: Sequence[Wanted], library: Library) -> Any:  # noqa: ANN401  (ray is an extra)
        import ray.data

        n_blocks = max(len(wanted) // _MOST_IN_BLOCK, min(len(wanted), _BLOCKS_PER_PROCESSOR * n_processors()))
        size = -(-len(wanted) // n_blocks)
        tables = [_packed([_Document(one) for one in wanted[i : i + size]]) for i in range(0, len(wanted), size)]
        known = ray.put(_key_heads(row[0] for row in library.query("SELECT key FROM vectors")))
        options: dict[str, Any] = {"batch_size": None, "batch_format": "pyarrow"}
        return (
            ray.data.from_arrow(tables)
            .map_batches(_load, num_cpus=_CPUS_TO_READ, fn_kwargs={"job": self._job}, **options)
            .map_batches(_split, num_cpus=_CPUS_TO_READ, fn_kwargs={"job": self._job}, **options)
            .map_batches(
                _Embedding,
                compute=ray.data.ActorPoolStrategy(size=n_nodes()),
                num_cpus=_CPUS_TO_EMBED,
                fn_constructor_kwargs={"job": self._job, "known": known},
                **options,
            )
        )


class _RayReading:
    """A document that is read already."""

    def __init__(self, document: _Document) -> None:
        self._document = document

    @property
    def embedded(self) -> Mapping[str, Embedded]:
        return self._document.embedded or {}

    def digest(self) -> str:
        if self._document.error is not None and not self._document.digest:
            raise self._document.error
        return self._document.digest

    def load(self, name: str) -> tuple[Source, list[Chunk]]:
        source, chunks = self._document.source, self._document.chunks
        if self._document.error is not None:
            raise self._document.error
        assert source is not None  # its bytes are not those that the index holds
        if source.name == name:
            return source, list(chunks)
        return replace(source, name=name), with_ids(name, chunks)


# -- the stages, in workers ------------------------------------------------------------------------------------------


def _load(table: pa.Table, *, job: _Job) -> Iterator[pa.Table]:
    """Read and clean documents."""
    for document in _unpacked(table):
        yield _packed([_loaded(document, job)])


def _loaded(document: _Document, job: _Job) -> _Document:
    wanted = document.wanted
    try:
        job.origin.adopt()
        data, suffix = read_document(wanted.uri)
    except RagAppError as exc:
        return replace(document, error=exc)
    document = replace(document, digest=hashlib.sha256(data).hexdigest())
    if document.digest == wanted.held:
        return document
    try:
        return replace(document, source=load_source(data, uri=wanted.uri, name=wanted.name, suffix=suffix))
    except IngestionError as exc:
        return replace(document, error=exc)


def _split(table: pa.Table, *, job: _Job) -> Iterator[pa.Table]:
    """Split sources into chunks."""
    for document in _unpacked(table):
        yield _packed([_divided(document, job)])


def _divided(document: _Document, job: _Job) -> _Document:
    if document.source is None:
        return document
    try:
        embedder = _embedder(job)
        count, most = embedder.count_tokens, embedder.max_tokens
        return replace(document, chunks=split_source(document.source, count_tokens=count, max_tokens=most))
    except RagAppError as exc:
        return replace(document, error=exc)


class _Embedding:
    """Embeds the chunks that the index has no embedding of. It lives as long as the job."""

    def __init__(self, job: _Job, known: Any) -> None:  # noqa: ANN401  (of ray.put)
        import ray

        os.environ.pop("OMP_NUM_THREADS", None)  # Ray sets it to the share of a processor; torch would keep to that
        self._job = job
        self._known: NDArray[np.uint64] = ray.get(known)
        self._embedder: ChunkEmbedder | None = None

    def __call__(self, table: pa.Table) -> Iterator[pa.Table]:
        """Yield documents with what was embedded of them."""
        waiting: list[_Document] = []
        texts: dict[str, str] = {}
        for document in _unpacked(table):
            waiting.append(document)
            texts |= self._new_texts(document)
            if len(texts) >= _TOGETHER:
                yield _packed(self._finished(waiting, texts))
                waiting, texts = [], {}
        if waiting:
            yield _packed(self._finished(waiting, texts))

    def _new_texts(self, document: _Document) -> dict[str, str]:
        texts = {vector_key(chunk.embedded_text): chunk.embedded_text for chunk in document.chunks}
        return {key: texts[key] for key, old in zip(texts, _are_in(self._known, texts), strict=True) if not old}

    def _finished(self, documents: Sequence[_Document], texts: Mapping[str, str]) -> list[_Document]:
        keys, embedded = list(texts), dict[str, Embedded]()
        try:
            if self._embedder is None:
                self._embedder = _chunk_embedder(self._job)
            for start in range(0, len(keys), _TOGETHER):
                batch = keys[start : start + _TOGETHER]
                embedded |= dict(zip(batch, self._embedder.embed([texts[key] for key in batch]), strict=True))
        except RagAppError as exc:
            return [replace(document, error=exc) for document in documents]
        of_each = [[vector_key(chunk.embedded_text) for chunk in document.chunks] for document in documents]
        return [
            replace(document, embedded={key: embedded[key] for key in keys if key in embedded})
            for document, keys in zip(documents, of_each, strict=True)
        ]


@cache
def _embedder(job: _Job) -> Embedder:
    job.origin.adopt()
    return load_embedder(job.settings)


def _chunk_embedder(job: _Job) -> ChunkEmbedder:
    embedder = _embedder(job)
    embedder.verify()
    if not job.settings.late_interaction:
        return ChunkEmbedder(embedder)
    return ChunkEmbedder(embedder, embedder if isinstance(embedder, MiniLM) else MiniLM())


# -- between them ----------------------------------------------------------------------------------------------------


def _packed(documents: Sequence[_Document]) -> pa.Table:
    import pyarrow as pa

    return pa.table({_COLUMN: pa.array([pickle.dumps(document) for document in documents], pa.large_binary())})


def _unpacked(table: pa.Table) -> Iterator[_Document]:
    for value in table.column(_COLUMN):
        yield pickle.loads(value.as_buffer())  # noqa: S301  (what another process of this job wrote)


def _key_heads(keys: Iterator[str]) -> NDArray[np.uint64]:
    """Return the first 64 bits of vector keys, sorted: what is known of a million texts fits into 8 MB.

    Two texts of which these are equal cost nothing but time: the writer embeds what is missing itself.
    """
    return np.sort(np.fromiter((int(key[:16], 16) for key in keys), np.uint64))


def _are_in(known: NDArray[np.uint64], keys: Mapping[str, str]) -> list[bool]:
    heads = np.fromiter((int(key[:16], 16) for key in keys), np.uint64, len(keys))
    at = np.searchsorted(known, heads)
    return [bool(i < len(known) and known[i] == head) for i, head in zip(at, heads, strict=True)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Let Ray Data keep the order, and leave progress and errors to us."""
    from ray.data import DataContext

    context = DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.execution_options.preserve_order = True
    with DataContext.current(context):
        yield
