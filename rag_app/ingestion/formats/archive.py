"""Zip archives, which office documents and books are: checked before anything in them is parsed."""

from __future__ import annotations

import copy
import io
import struct
import zipfile
import zlib

from rag_app.errors import IngestionError

MAX_ENTRIES = 20_000
MAX_EXPANDED_BYTES = 512 * 2**20
MAX_RATIO = 200  # text of one repeated word is at 300 and more; sheets of real data stay below 50
_SMALL_BYTES = 16 * 2**20  # below this no ratio is a danger
_PIECE_BYTES = 2**20
_ENTRY = b"PK\x01\x02"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of Office documents before 2007, and of encrypted ones
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PASSWORD_HINT = "Save it without the password."  # noqa: S105  (an advice)
_EXPORT_HINT = "Open it in the program that made it, and save it again."
_DAMAGES = (  # what zipfile raises, by experience: it documents the first alone
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
)


def open_archive(data: bytes) -> zipfile.ZipFile:
    """Return a zip archive that is whole, not protected, and safe to expand in memory.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    zipfile.ZipFile
        Every entry expands to the size that the archive declares for it, so that others may read `data` too.
        Archives within the archive are not opened.

    Raises
    ------
    IngestionError
        If it is no zip archive, is damaged or protected by a password, has more than 20,000 entries, or expands to
        more than 512 MiB or, beyond 16 MiB, to more than 200 times its size.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("a.txt", "one")
    >>> open_archive(file.getvalue()).read("a.txt")
    b'one'
    """
    if data.startswith(_COMPOUND):
        raise _compound_error(data)
    if (n_entries := data.count(_ENTRY)) > MAX_ENTRIES:  # counted first: zipfile makes an object of each
        msg = f"The archive must have at most {MAX_ENTRIES} entries; it has {n_entries}."
        raise IngestionError(msg, hint="Divide it.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        _check_declared(archive, len(data))
        for info in archive.infolist():
            _check_expanded(archive, info)
    except _DAMAGES as exc:
        msg = "The file is damaged, or is not of the format that its name says."
        raise IngestionError(msg, hint=_EXPORT_HINT) from exc
    return archive


def _compound_error(data: bytes) -> IngestionError:
    if _ENCRYPTED in data:
        return IngestionError("The document is protected by a password.", hint=_PASSWORD_HINT)
    return IngestionError("The document is in the format of Office before 2007.", hint=_EXPORT_HINT)


def _check_declared(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    if any(info.flag_bits & 1 for info in entries):
        msg = "The archive is protected by a password."
        raise IngestionError(msg, hint=_PASSWORD_HINT)
    if any(info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for info in entries):
        raise NotImplementedError  # no such document; and zipfile could not expand it piece by piece
    if (expanded := sum(info.file_size for info in entries)) > min(
        MAX_EXPANDED_BYTES, max(_SMALL_BYTES, MAX_RATIO * size)
    ):
        msg = f"The archive expands from {size:,} to {expanded:,} bytes, which no document does."
        raise IngestionError(msg, hint="Don't open it unless you know what it is.")


def _check_expanded(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Expand an entry piece by piece: one that goes beyond its declared size would do so in `ZipFile.read` at once."""
    unbounded = copy.copy(info)
    unbounded.file_size = MAX_EXPANDED_BYTES
    left = info.file_size
    with archive.open(unbounded) as entry:
        while left >= 0 and (piece := entry.read(_PIECE_BYTES)):
            left -= len(piece)
    if left != 0:
        raise zipfile.BadZipFile
