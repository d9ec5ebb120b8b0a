"""Uploads: files go into one folder, under names that cannot leave it, and into the index."""

from __future__ import annotations

import asyncio
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from rag_app.errors import InvalidInputError, StoreError
from rag_app.ingestion.load import FORMATS
from rag_app.service import schemas
from rag_app.service.doors import REFUSALS, engine_of
from rag_app.service.problems import Problem, RefusedError
from rag_app.service.replica import Replica

_MOST_FILES = 100
_MOST_BYTES_OF_NAME = 200
_RESERVED = frozenset('<>:"|?*')

router = APIRouter(responses=REFUSALS)


@router.post("/ingest", tags=["sources"], response_model=schemas.Receipt)
async def ingest(
    request: Request, files: Annotated[list[UploadFile], File(min_length=1, max_length=_MOST_FILES)]
) -> Response:
    """Take files into the upload folder and into the index; one of the same name is replaced."""
    engine = engine_of(request)
    folder = engine.options.upload_dir
    if isinstance(engine.app, Replica):
        hint = "Ingest where the index is, then publish it: rag index publish URI"
        raise RefusedError(Problem(403, "This service reads an index that was published elsewhere.", hint))
    assert folder is not None
    contents = [(read_name(file.filename or ""), await file.read()) for file in files]
    async with engine.writing:
        receipt = await asyncio.to_thread(_ingest, engine.app, folder, contents)
    return JSONResponse(receipt)


def read_name(given: str) -> str:
    """Return the name that an uploaded file is kept under.

    Raises
    ------
    InvalidInputError
        If it is no plain name, or its type is not read.

    Examples
    --------
    >>> read_name("notes.md")
    'notes.md'
    """
    name = unicodedata.normalize("NFC", given)
    plain = name.isprintable() and not _RESERVED & set(name) and not {"/", "\\"} & set(name)
    if not plain or name.startswith((".", "-")) or not 0 < len(os.fsencode(name)) <= _MOST_BYTES_OF_NAME:
        msg = f"The name of a file must be a plain name of at most {_MOST_BYTES_OF_NAME} bytes; got {given[:80]!r}."
        raise InvalidInputError(msg, hint="Send it as, for example: notes.md")
    if Path(name).suffix.lower() not in FORMATS:
        msg = f"The type of a file must be one that is read; got {given[:80]!r}."
        raise InvalidInputError(msg, hint=f"Known: {' '.join(sorted(FORMATS))}.")
    return name


def _ingest(app: Any, folder: Path, contents: list[tuple[str, bytes]]) -> dict[str, Any]:  # noqa: ANN401  (an App)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents:
            _write(folder, name, content)
    except OSError as exc:
        msg = f"The upload folder cannot be written: {(exc.strerror or str(exc)).lower()}."
        raise StoreError(msg, hint="Check its permissions and the space on its disk.") from exc
    receipt: dict[str, Any] = app.ingest([folder]).to_json()
    return receipt


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write aside and move: a reader sees the whole file or none, and a link of that name is replaced, not followed."""
    aside = folder / f".{secrets.token_hex(8)}"
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        aside.replace(folder / name)
    finally:
        aside.unlink(missing_ok=True)
