"""A document becomes a source: its bytes are read, decoded, cleaned and extracted."""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from rag_app.errors import IngestionError
from rag_app.ingestion.clean import clean_text
from rag_app.ingestion.decode import decode
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.locator import Locator
from rag_app.types import Block, Source

# A suffix and the module of `formats` that reads it: `extract_NAME` takes the text, of a binary format the bytes.
FORMATS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".epub": "epub",
    ".xlsx": "spreadsheet",
    ".xlsm": "spreadsheet",
    ".xls": "spreadsheet",
    ".ods": "spreadsheet",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".ipynb": "notebook",
    ".json": "json_document",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".vtt": "subtitles",
    ".srt": "subtitles",
}
_BINARY = frozenset(("pdf", "docx", "pptx", "epub", "spreadsheet", "notebook", "json_document", "json_lines"))
MAX_BYTES = 512 * 2**20
_MEBIBYTE = 2**20


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path as text that can be printed: bytes that are not UTF-8 and control characters are replaced."""
    return "".join(c if c.isprintable() else "\ufffd" for c in os.fsencode(path).decode(errors="replace"))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    IngestionError
        If it cannot be read, is larger than 512 MiB, or its path could not be cited.
    """
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError as exc:
        msg = f"The path {shown(path)} must be UTF-8."
        raise IngestionError(msg, hint="Rename it.") from exc
    if not os.fspath(path).isprintable():
        msg = f"The path {shown(path)} must not contain control characters."
        raise IngestionError(msg, hint="Rename it.")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            msg = f"{path.name} must not be larger than {MAX_BYTES // _MEBIBYTE} MiB; it has {size // _MEBIBYTE} MiB."
            raise IngestionError(msg, hint="Divide it.")
        return path.read_bytes()
    except OSError as exc:
        msg = f"{path.name} cannot be read: {(exc.strerror or str(exc)).lower()}."
        raise IngestionError(msg, hint="Check its permissions.") from exc


def read_document(uri: str) -> tuple[bytes, str]:
    """Return the bytes of a file or web page and the suffix that says how to read them."""
    if uri.lower().startswith(("http://", "https://")):
        from rag_app.ingestion.web import fetch

        return fetch(uri)
    path = Path(uri)
    return read_bytes(path), path.suffix.lower()


def load_source(data: bytes, *, uri: str, name: str, suffix: str) -> Source:
    """Return the source that a document's bytes hold.

    Parameters
    ----------
    data : bytes
        The document.
    uri : str
        Its absolute path or URL.
    name : str
        What to call it.
    suffix : str
        How it is read: a key of `FORMATS`.

    Returns
    -------
    Source
        Blocks joined by a blank line, rows of a table by a line end; ``text[block.start:block.end]`` is a block's
        text.

    Raises
    ------
    IngestionError
        If the bytes are not of that format, are damaged or protected, or hold no text.
    """
    extraction = _extract(data, suffix)
    text, blocks = _joined([_cleaned(block) for block in extraction.blocks])
    if not text:
        msg = f"{Path(name).name} holds no text."
        raise IngestionError(msg, hint="Leave it out, or export it with its text.")
    return Source(
        name=name,
        uri=uri,
        title=" ".join(clean_text(extraction.title).split()),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        bytes_sha256=hashlib.sha256(data).hexdigest(),
        blocks=blocks,
        metadata={clean_text(k): clean_text(v) for k, v in extraction.metadata.items()},
    )


def _extract(data: bytes, suffix: str) -> Extraction:
    kind = FORMATS[suffix]
    module = importlib.import_module(f"rag_app.ingestion.formats.{kind}")
    try:
        content = data if kind in _BINARY else clean_text(decode(data))
        return cast("Extraction", getattr(module, f"extract_{kind}")(content))
    except IngestionError:
        raise
    except RecursionError as exc:
        msg = "The document is nested too deeply to be read."
        raise IngestionError(msg, hint="Take out some of its markup.") from exc
    except Exception as exc:  # what a parser raises on a damaged document is not documented by any of them
        reason = " ".join(str(exc).split()) or type(exc).__name__
        msg = f"The document cannot be read as {suffix}: {reason.rstrip('.')[:200]}."
        raise IngestionError(msg, hint="Open it in the program that made it, and export it again.") from exc


def _joined(extracted: Sequence[ExtractedBlock]) -> tuple[str, tuple[Block, ...]]:
    blocks: list[Block] = []
    pieces: list[str] = []
    position = 0
    for block in extracted:
        if not block.text.strip():
            continue
        between = ("\n" if block.joined else "\n\n") if blocks else ""
        start = position + len(between)
        position = start + len(block.text)
        blocks.append(Block(block.kind, start, position, block.locator, block.header))
        pieces += [between, block.text]
    return "".join(pieces), tuple(blocks)


def _cleaned(block: ExtractedBlock) -> ExtractedBlock:
    """Clean once more: an entity such as ``&nbsp;`` has become a character."""
    locator = block.locator
    heading = tuple(clean_text(title) for title in locator.heading)
    locator = Locator.load(heading, locator.place)
    return ExtractedBlock(block.kind, clean_text(block.text), locator, clean_text(block.header), block.joined)
