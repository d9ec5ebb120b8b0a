"""The file that `rag_app.index.exchange` writes, read with suspicion: it may come from anyone."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import StoreError
from rag_app.index.exchange import FORMAT, MANIFEST, PARTS, VERSION
from rag_app.index.identity import vector_key
from rag_app.index.library import Library
from rag_app.index.swap import Progress, build_vectors, discard_library, library_aside, settle, take_over
from rag_app.index.vectors import ChromaVectors
from rag_app.index.verification import verify
from rag_app.locator import Locator
from rag_app.types import Block, BlockKind, Chunk, Source, Unit

_MAX_MANIFEST_BYTES = 2**20
_BLOCK = 2**20
_MAX_RATIO = 100  # text is packed to a fifth; far below that is a file made to fill memory or the disk
_FREE_BYTES = 2**20
_DAMAGE = (
    *(KeyError, TypeError, ValueError, AttributeError, EOFError, RecursionError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, sqlite3.IntegrityError),
)
_FINGERPRINT = {"embedder": str, "revision": str, "dimension": int, "context": str, "chunker": int, "normalised": bool}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_T = TypeVar("_T")


def import_index(library: Library, vectors: ChromaVectors, file: Path, progress: Progress) -> dict[str, int]:
    """Fill an empty index from a file, and return the number of its sources and chunks.

    Everything is checked before it becomes the index: the hash of each part, and then whatever `verify` looks at.

    Parameters
    ----------
    library : Library
        An index without sources. Hold its write lock.
    vectors : ChromaVectors
        Its vectors.
    file : pathlib.Path
        What `export_index` wrote.
    progress : callable
        Called with what is at work, what is done and what there is in all.

    Raises
    ------
    StoreError
        If the index is not empty, or the file is damaged, foreign or of another version.
    """
    library.create()
    if library.sources():
        msg = f"The index in {library.path.parent} must be empty; it holds {len(library.sources())} sources."
        raise StoreError(msg, hint="Set RAG_DATA_DIR to a new folder, and import there.")
    settle(library, vectors)
    new = library_aside(library)
    discard_library(new)
    try:
        with _translated(file):
            _read(file, new, progress)
        aside = build_vectors(new, vectors, progress)
        problems = verify(new, aside, progress).problems
        aside.reopen()
        if problems:
            raise _damaged(file, problems[0].what)
        take_over(library, vectors, new)
    finally:
        discard_library(new)
    return {"sources": len(library.sources()), "chunks": library.count_chunks()}


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as exc:
        raise _damaged(file, " ".join(str(exc).split())[:200] or type(exc).__name__) from exc
    except OSError as exc:
        msg = f"{file} cannot be read: {(exc.strerror or str(exc)).lower()}."
        raise StoreError(msg, hint="Name a file that rag index export wrote.") from exc


def _damaged(file: Path, reason: str) -> StoreError:
    msg = f"{file} is not a whole export of an index: {reason.rstrip('.')}."
    return StoreError(msg, hint="Export the index again with: rag index export FILE")


def _read(file: Path, new: Library, progress: Progress) -> None:
    with zipfile.ZipFile(file) as archive:
        manifest = _manifest(archive)
        counts = manifest["counts"]
        new.create()
        new.set_meta("fingerprint", json.dumps(manifest["fingerprint"], sort_keys=True))
        with (
            archive.open("sources.jsonl") as sources,
            archive.open("chunks.jsonl") as chunks,
            archive.open("vectors.npy") as vectors,
        ):
            rows = _vectors(vectors, (counts["chunks"], manifest["fingerprint"]["dimension"]))
            for done, record in enumerate(map(json.loads, sources)):
                source, n_chunks = _source(record), _typed(record, "n_chunks", int)
                progress(source.name, done, counts["sources"])
                found = [_chunk(json.loads(line), source) for line in islice(chunks, n_chunks)]
                keys = [vector_key(chunk.embedded_text) for chunk in found]
                new.replace_source(source, found, dict(zip(keys, rows, strict=False)), keys)
            _require(not chunks.read(1) and not vectors.read(1), "every chunk and every vector must be of a source")
    new.finish()
    held = {"sources": len(new.sources()), "chunks": new.count_chunks(), "tokens": new.count_tokens()}
    _require(held == counts, f"it must hold {counts}; it holds {held}")


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Return the manifest, after each part's size and hash were found to be those that it states."""
    infos = {info.filename: info for info in archive.infolist()}
    _require(sorted(infos) == sorted((MANIFEST, *PARTS)), f"it must consist of {MANIFEST}, {', '.join(PARTS)}")
    for info in infos.values():
        fair = info.file_size <= _MAX_RATIO * info.compress_size + _FREE_BYTES
        _require(fair, f"{info.filename} unpacks to more than {_MAX_RATIO} times its size")
    _require(infos[MANIFEST].file_size <= _MAX_MANIFEST_BYTES, f"{MANIFEST} must not be larger than 1 MiB")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    got = manifest["format"], manifest["version"]
    _require(got == (FORMAT, VERSION), f"format and version must be {(FORMAT, VERSION)}; got {got}")
    for key, kind in _FINGERPRINT.items():
        _typed(manifest["fingerprint"], key, kind)
    for name in PARTS:
        with archive.open(name) as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK):
                digest.update(block)
        stated = {"bytes": infos[name].file_size, "sha256": digest.hexdigest()}
        _require(manifest["parts"][name] == stated, f"{name} must have the size and the hash that {MANIFEST} states")
    return manifest


def _vectors(file: IO[bytes], shape: tuple[int, int]) -> Iterator[NDArray[np.float32]]:
    """Yield the rows of an array without holding the others; nothing is unpickled."""
    _require(np.lib.format.read_magic(file) == (1, 0), "vectors.npy must be of version 1.0")
    found = np.lib.format.read_array_header_1_0(file)
    _require(found == (shape, False, np.dtype("<f4")), f"vectors.npy must be of shape {shape} and type float32")
    for _ in range(shape[0]):
        row = file.read(4 * shape[1])
        _require(len(row) == 4 * shape[1], f"vectors.npy must have {shape[0]} rows of {shape[1]} numbers")
        yield np.frombuffer(row, "<f4")


def _source(record: Mapping[str, Any]) -> Source:
    text, metadata = _typed(record, "text", str), _typed(record, "metadata", dict)
    name, uri = _typed(record, "name", str), _typed(record, "uri", str)
    clean = name.isprintable() and uri.isprintable() and not _CONTROL.search(text)
    _require(clean, "names and texts must not contain control characters")
    return Source(
        name=name,
        uri=uri,
        title=_typed(record, "title", str),
        text=text,
        sha256=_typed(record, "sha256", str),
        bytes_sha256=_typed(record, "bytes_sha256", str),
        blocks=tuple(_block(block, len(text)) for block in _typed(record, "blocks", list)),
        metadata={str(key): _typed(metadata, key, str) for key in metadata},
    )


def _block(record: Mapping[str, Any], size: int) -> Block:
    start, end = _span(record, size)
    return Block(_kind(record), start, end, _locator(record), _typed(record, "header", str))


def _chunk(record: Mapping[str, Any], source: Source) -> Chunk:
    _require(record["source"] == source.name, f"the chunks of {source.name} must come in the order of the sources")
    start, end = _span(record, len(source.text))
    heading = _locator(record).heading
    units = tuple(
        Unit(*_span(unit, len(source.text)), _kind(unit), _locator({"heading": heading, "place": unit["place"]}))
        for unit in _typed(record, "units", list)
    )
    return Chunk(
        id=_typed(record, "id", str),
        start=start,
        end=end,
        text=source.text[start:end],
        context=_typed(record, "context", str),
        locator=_locator(record),
        units=units,
        n_tokens=_typed(record, "n_tokens", int),
    )


def _locator(record: Mapping[str, Any]) -> Locator:
    heading = tuple(record["heading"])
    place: dict[str, Any] = _typed(record, "place", dict)
    _require(all(isinstance(part, str) for part in heading), "heading must be a list of strings")
    _require(all(isinstance(v, int | float | str) for v in place.values()), "place must hold numbers and strings")
    return Locator.load(heading, place)


def _span(record: Mapping[str, Any], size: int) -> tuple[int, int]:
    start, end = _typed(record, "start", int), _typed(record, "end", int)
    _require(0 <= start <= end <= size, f"start and end must be within {size} characters; got {start} and {end}")
    return start, end


def _kind(record: Mapping[str, Any]) -> BlockKind:
    kinds = get_args(BlockKind)
    _require(record["kind"] in kinds, f"kind must be one of {', '.join(kinds)}; got {record['kind']!r}")
    return cast("BlockKind", record["kind"])


def _typed(record: Mapping[str, Any], key: str, kind: type[_T]) -> _T:
    value = record[key]
    _require(type(value) is kind, f"{key} must be of type {kind.__name__}; got {type(value).__name__}")
    return cast("_T", value)


def _require(holds: bool, rule: str) -> None:  # noqa: FBT001  (what it is)
    """Refuse a file that breaks a rule; `_translated` says which file."""
    if not holds:
        raise ValueError(rule)
