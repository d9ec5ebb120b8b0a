"""A snapshot is written to an address: parts first, then their manifest, at last the file that names it.

An interrupted run leaves what nobody looks at. What is published is a copy: the index may change meanwhile.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from rag_app.errors import StoreError
from rag_app.index.library import Library
from rag_app.index.rebuild import build_vectors_apart
from rag_app.index.snapshots import (
    CHROMA,
    FORMAT,
    GENERATIONS,
    LATEST,
    LIBRARY,
    MANIFEST,
    VERSION,
    Manifest,
    Part,
    Progress,
    file_sha256,
    read_latest,
    read_manifest,
)
from rag_app.index.space import check_space
from rag_app.index.storage import Storage
from rag_app.index.vectors import ChromaVectors
from rag_app.index.verification import verify

_KEPT = ("fingerprint", "calibration")  # of what the library says about itself; the rest is the history of one machine
_BYTES_FOR_CHROMA = 10_000  # for each chunk: a vector, its links and its text
_COLUMNS = 'c.chunk_id, c.start, c."end", c.context, c.heading, c.place, c.units, c.n_tokens, c.vector_key'
_CONTENT = (
    f"SELECT key, value FROM meta WHERE key IN {_KEPT} ORDER BY key",  # noqa: S608  (names of our own)
    "SELECT name, uri, title, bytes_sha256, sha256, metadata, blocks FROM sources ORDER BY name",
    f"SELECT s.name, {_COLUMNS} FROM chunks c JOIN sources s ON s.id = c.source_id ORDER BY s.name, c.id",  # noqa: S608
    "SELECT key, vector FROM vectors ORDER BY key",
    "SELECT key, codes FROM token_codes ORDER BY key",
)


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published.

    Parameters
    ----------
    generation : str
        Its id.
    is_new : bool
        False where the same index had been published already, and nothing was written.
    counts : dict of str to int
        Its sources, chunks and tokens.
    n_bytes : int
        Its size.
    removed : tuple of str
        The ids of older generations that were removed.
    """

    generation: str
    is_new: bool
    counts: dict[str, int]
    n_bytes: int
    removed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag index publish --json`` prints."""
        about = {"generation": self.generation, "new": self.is_new, "removed": list(self.removed)}
        return {**about, **self.counts, "bytes": self.n_bytes}


def copy_library(library: Library, folder: Path) -> Library:
    """Return a copy of a library in a folder. Hold the library's write lock.

    Raises
    ------
    StoreError
        If there is no index, it is unfinished, or there is no room for the copy.
    """
    if library.unfinished:
        msg = f"The index in {library.path.parent} must be whole; an ingestion was interrupted."
        raise StoreError(msg, hint="Run the same rag ingest again, then publish.")
    if not library.count_chunks():
        msg = f"The index in {library.path.parent} must hold a source to be published."
        raise StoreError(msg, hint="Run: rag ingest")
    shutil.rmtree(folder, ignore_errors=True)  # an interrupted run's
    folder.mkdir(parents=True)
    check_space(folder, 2 * library.path.stat().st_size + library.count_chunks() * _BYTES_FOR_CHROMA)
    copy = Library(folder / LIBRARY)
    library.query("VACUUM INTO ?", (str(copy.path),))
    with copy.transaction() as db:
        db.execute(f"DELETE FROM meta WHERE key NOT IN {_KEPT}")  # noqa: S608  (names of our own)
        db.execute("INSERT INTO meta VALUES ('generation', '1')")  # it has been finished
        db.execute("DELETE FROM chroma_deletes")
        db.execute("UPDATE chunks SET in_chroma = 1 WHERE in_chroma = 0")
    return copy


def publish(copy: Library, storage: Storage, keep: int | None, progress: Progress) -> Publication:
    """Write what `copy_library` copied to an address.

    Parameters
    ----------
    copy : Library
        The copy, alone in its folder; Chroma's files are built beside it.
    storage : Storage
        Where it goes.
    keep : int, optional
        How many generations stay there, this one included, at least 1. None: all.
    progress : callable
        Called with what is at work, what is done and what there is in all.

    Raises
    ------
    StoreError
        If the address cannot be written, or the index does not agree with itself.
    """
    latest = read_latest(storage) or {"id": "", "generations": []}
    content = content_sha256(copy)
    manifest, is_new = _published(storage, latest["id"], content), False
    if manifest is None:
        manifest, is_new = _build(copy, content, progress), True
        _upload(copy.path.parent, storage, manifest, progress)
    generations = [manifest.id, *(one for one in latest["generations"] if one != manifest.id)]
    kept = generations[:keep]
    if is_new or kept != latest["generations"]:
        published = datetime.now(UTC).isoformat(timespec="seconds")
        pointer = {"format": FORMAT, "version": VERSION, "id": manifest.id, "published": published, "generations": kept}
        storage.write(LATEST, json.dumps(pointer, indent=2).encode())
    removed = _remove_others(storage, kept) if keep is not None else ()
    return Publication(manifest.id, is_new, dict(manifest.counts), manifest.n_bytes, removed)


def content_sha256(library: Library) -> str:
    """Return the hash of what an index says: equal for equal texts, chunks and vectors, however they are stored."""
    digest = sha256()
    for sql in _CONTENT:
        for row in _rows(library, sql):
            for value in row:
                data = value if isinstance(value, bytes) else str(value).encode()
                digest.update(len(data).to_bytes(8, "big") + data)
        digest.update(b"\0")
    return digest.hexdigest()


def _rows(library: Library, sql: str) -> Iterator[Any]:
    """Yield rows without holding the others: the vectors of a large index fill the memory."""
    with library.transaction() as db:
        yield from db.execute(sql)


def _published(storage: Storage, generation: str, content: str) -> Manifest | None:
    """Return the manifest of the latest generation if it is this index, and whole."""
    try:
        manifest = read_manifest(storage, generation) if generation else None
    except StoreError:  # damaged, or of another version: it is written anew
        return None
    if manifest is None or manifest.content != content:
        return None
    where = f"{GENERATIONS}/{generation}"
    whole = all(storage.size(f"{where}/{name}") == part.n_bytes for name, part in manifest.parts.items())
    return manifest if whole else None


def _build(copy: Library, content: str, progress: Progress) -> Manifest:
    """Build Chroma's files, see that everything agrees, and return the manifest."""
    copy.set_meta("content", content)  # by it a service tells one generation from the next
    folder = copy.path.parent
    vectors = ChromaVectors(folder / CHROMA)
    build_vectors_apart(copy, vectors, progress)
    vectors.replace()
    problems = verify(copy, vectors, progress).problems
    version = vectors.version()
    vectors.reopen()
    copy.close()
    if problems:
        msg = f"The index must agree with itself to be published. {problems[0].what}"
        raise StoreError(msg, hint="Run: rag index verify")
    counts = {"sources": len(copy.sources()), "chunks": copy.count_chunks(), "tokens": copy.count_tokens()}
    fingerprint = copy.get_meta("fingerprint") or "{}"
    copy.close()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = {path.relative_to(folder).as_posix(): Part(path.stat().st_size, file_sha256(path)) for path in files}
    return Manifest(content, fingerprint, counts, version, parts)


def _upload(folder: Path, storage: Storage, manifest: Manifest, progress: Progress) -> None:
    where, done = f"{GENERATIONS}/{manifest.id}", 0
    for name, part in manifest.parts.items():
        progress(f"writing {name}", done // 10**6, max(manifest.n_bytes // 10**6, 1))
        storage.upload(folder / name, f"{where}/{name}")
        done += part.n_bytes
    storage.write(f"{where}/{MANIFEST}", manifest.dump())


def _remove_others(storage: Storage, kept: list[str]) -> tuple[str, ...]:
    """Remove the generations that are not kept, and what interrupted runs have left."""
    others = [one for one in storage.folders(GENERATIONS) if one not in kept]
    for one in others:
        storage.remove(f"{GENERATIONS}/{one}")
    return tuple(others)
