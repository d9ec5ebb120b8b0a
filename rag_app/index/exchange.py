"""An index as one file in an open format, which ``docs/index-format.md`` describes: out of an index and into one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rag_app.errors import StoreError
from rag_app.index.library import Library
from rag_app.index.swap import Progress
from rag_app.locator import Locator
from rag_app.types import Chunk, Source

FORMAT, VERSION = "rag_app index", 1
MANIFEST = "manifest.json"
PARTS = ("sources.jsonl", "chunks.jsonl", "vectors.npy")
_DATE = (1980, 1, 1, 0, 0, 0)  # the same index gives the same file


def export_index(library: Library, file: Path, progress: Progress) -> dict[str, int]:
    """Write an index to a file, and return the number of its sources, chunks and bytes.

    Parameters
    ----------
    library : Library
        The index. Hold its write lock.
    file : pathlib.Path
        It is replaced when the new one is whole.
    progress : callable
        Called with a source's name, sources done and sources in all.

    Raises
    ------
    StoreError
        If there is no index, or the file is a folder or cannot be written.
    """
    if not file.name or file.is_dir():
        msg = f"An index must be exported to a file; got the folder {str(file)!r}."
        raise StoreError(msg, hint="Name a file in it, such as index.zip.")
    sources = [row.name for row in library.sources()]
    unfinished = file.with_name(f"{file.name}.part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            _write(archive, library, sources, progress)
        os.replace(unfinished, file)
    except OSError as exc:
        msg = f"{file} must be writable; {(exc.strerror or str(exc)).lower()}."
        raise StoreError(msg, hint="Name a file in a folder of your own, with room for the index.") from exc
    finally:
        unfinished.unlink(missing_ok=True)
    return {"sources": len(sources), "chunks": library.count_chunks(), "bytes": file.stat().st_size}


def _write(archive: zipfile.ZipFile, library: Library, names: list[str], progress: Progress) -> None:
    fingerprint = json.loads(library.get_meta("fingerprint") or "{}")
    parts: dict[str, Any] = {}
    with _part(archive, "sources.jsonl", parts) as out:
        for name in names:
            source = _source(library, name)
            out(_line({**_source_json(source), "n_chunks": len(library.chunks(source))}))
    with _part(archive, "chunks.jsonl", parts) as out:
        for done, name in enumerate(names):
            progress(name, done, len(names))
            for chunk in library.chunks(_source(library, name)):
                out(_line(_chunk_json(chunk, name)))
    with _part(archive, "vectors.npy", parts) as out:
        out(_npy_header(library.count_chunks(), int(fingerprint.get("dimension", 0))))
        for name in names:
            ids = [chunk.id for chunk in library.chunks(_source(library, name))]
            vectors = library.chunk_vectors(ids)
            out(b"".join(vectors[i].astype("<f4").tobytes() for i in ids))
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": fingerprint,
        "counts": {"sources": len(names), "chunks": library.count_chunks(), "tokens": library.count_tokens()},
        "parts": parts,
    }
    archive.writestr(zipfile.ZipInfo(MANIFEST, _DATE), json.dumps(manifest, indent=2))


@contextmanager
def _part(archive: zipfile.ZipFile, name: str, parts: dict[str, Any]) -> Iterator[Callable[[bytes], None]]:
    """Write a part of the archive, and enter its size and hash in `parts`."""
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".npy") else zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as file:

        def write(data: bytes) -> None:
            nonlocal size
            file.write(data)
            digest.update(data)
            size += len(data)

        yield write
    parts[name] = {"bytes": size, "sha256": digest.hexdigest()}


def _source(library: Library, name: str) -> Source:
    source = library.source(name)
    assert source is not None  # the write lock is held
    return source


def _source_json(source: Source) -> dict[str, Any]:
    blocks = [
        {"kind": b.kind, "start": b.start, "end": b.end, **_place_json(b.locator), "header": b.header}
        for b in source.blocks
    ]
    return {
        "name": source.name,
        "uri": source.uri,
        "title": source.title,
        "metadata": dict(source.metadata),
        "sha256": source.sha256,
        "bytes_sha256": source.bytes_sha256,
        "blocks": blocks,
        "text": source.text,
    }


def _chunk_json(chunk: Chunk, source: str) -> dict[str, Any]:
    return {
        "id": chunk.id,
        "source": source,
        "start": chunk.start,
        "end": chunk.end,
        "context": chunk.context,
        **_place_json(chunk.locator),
        "units": [{"start": u.start, "end": u.end, "kind": u.kind, "place": u.locator.place} for u in chunk.units],
        "n_tokens": chunk.n_tokens,
    }


def _place_json(locator: Locator) -> dict[str, Any]:
    return {"heading": list(locator.heading), "place": locator.place}


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _npy_header(rows: int, columns: int) -> bytes:
    out = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, columns)}
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue()
