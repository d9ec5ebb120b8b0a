"""A path becomes a source: bytes are read, decoded, cleaned and extracted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from rag_app.errors import IngestionError
from rag_app.ingestion.clean import clean_text
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.ingestion.formats.html import extract_html
from rag_app.ingestion.formats.markdown import extract_markdown
from rag_app.ingestion.formats.text import extract_text
from rag_app.types import Block, Locator, Source

EXTRACTORS: dict[str, Callable[[str], Extraction]] = {
    ".md": extract_markdown,
    ".markdown": extract_markdown,
    ".txt": extract_text,
    ".text": extract_text,
    ".html": extract_html,
    ".htm": extract_html,
    ".xhtml": extract_html,
}
_BETWEEN_BLOCKS = "\n\n"


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path as text that can be printed: bytes of its name that are not UTF-8 are replaced."""
    return os.fsencode(path).decode(errors="replace")


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    IngestionError
        If it cannot be read, or its path is not UTF-8 and could not be cited.
    """
    try:
        os.fspath(path).encode()
        return path.read_bytes()
    except UnicodeEncodeError as exc:
        msg = f"The path {shown(path)} must be UTF-8."
        raise IngestionError(msg, hint="Rename it.") from exc
    except OSError as exc:
        msg = f"{path.name} cannot be read: {(exc.strerror or str(exc)).lower()}."
        raise IngestionError(msg, hint="Check its permissions.") from exc


def load_source(data: bytes, *, path: Path, name: str) -> Source:
    """Return the source that a file's bytes hold.

    Parameters
    ----------
    data : bytes
        The file.
    path : pathlib.Path
        Where it lies; the suffix decides how it is read.
    name : str
        What to call it.

    Returns
    -------
    Source
        Blocks joined by a blank line; ``text[block.start:block.end]`` is a block's text.

    Raises
    ------
    IngestionError
        If the bytes are not text in UTF-8, hold none, or are nested hundreds of levels deep.
    """
    text = clean_text(_decode(data, path.name))
    try:
        extraction = EXTRACTORS[path.suffix.lower()](text)
    except RecursionError as exc:
        msg = f"{path.name} is nested too deeply to be read."
        raise IngestionError(msg, hint="Take out some of its markup.") from exc
    blocks, pieces, position = [], [], 0
    for block in map(_cleaned, extraction.blocks):
        if not block.text.strip():
            continue
        end = position + len(block.text)
        blocks.append(Block(block.kind, position, end, block.locator))
        pieces.append(block.text)
        position = end + len(_BETWEEN_BLOCKS)
    text = _BETWEEN_BLOCKS.join(pieces)
    if not text:
        msg = f"{path.name} holds no text."
        raise IngestionError(msg, hint="Leave it out, or export it with its text.")
    return Source(
        name=name,
        uri=str(path),
        title=clean_text(extraction.title).strip() or path.stem,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        bytes_sha256=hashlib.sha256(data).hexdigest(),
        blocks=tuple(blocks),
        metadata={clean_text(k): clean_text(v) for k, v in extraction.metadata.items()},
    )


def _cleaned(block: ExtractedBlock) -> ExtractedBlock:
    """Clean once more: an entity such as ``&nbsp;`` has become a character."""
    heading = tuple(clean_text(title) for title in block.locator.heading)
    return ExtractedBlock(block.kind, clean_text(block.text), Locator(heading, block.locator.line))


def _decode(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data[:8192]:
        msg = f"{name} is a binary file, not text."
        raise IngestionError(msg, hint="Export it as text, Markdown or HTML.")
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        msg = f"{name} must be text in UTF-8; byte {exc.start} is not."
        raise IngestionError(msg, hint="Convert it, for example: iconv -f latin1 -t utf-8 FILE > NEW") from exc
