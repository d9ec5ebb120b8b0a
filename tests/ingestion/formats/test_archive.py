"""Zip archives: what is opened, and what is refused before it is expanded."""

from __future__ import annotations

import io
import re
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.archive import MAX_ENTRIES, open_archive

_MEBIBYTE = 2**20


def _zip(entries, compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def _lying(data, declared):
    """Return an archive of one entry that claims to be the first `declared` bytes of what it expands to."""
    archive = _zip({"a.xml": data})
    archive = archive.replace(struct.pack("<I", zlib.crc32(data)), struct.pack("<I", zlib.crc32(data[:declared])))
    return archive.replace(struct.pack("<I", len(data)), struct.pack("<I", declared))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_are_opened(compression):
    """Folders, empty entries and names in any script are read as they are."""
    entries = {"a/": b"", "a/b.xml": b"one" * 1000, "empty": b"", "日本.txt": b"two"}
    archive = open_archive(_zip(entries, compression))
    assert {name: archive.read(name) for name in archive.namelist()} == entries


def test_an_archive_without_entries_is_opened():
    """What is missing from it is its reader's concern."""
    assert open_archive(_zip({})).namelist() == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        b"%PDF-1.7",
        b"PK\x03\x04",
        _zip({"a": b"one" * 1000})[:-30],
        _zip({"a": b"one" * 1000})[:40],
        _zip({"a": b"one" * 1000})[:40] + bytes(8) + _zip({"a": b"one" * 1000})[48:],
        _zip({"a": b"one" * 1000}, zipfile.ZIP_STORED).replace(b"oneone", b"twotwo", 1),
        _zip({"a": b"one"}, zipfile.ZIP_LZMA),
        _zip({"a": b"one"}, zipfile.ZIP_BZIP2),
    ],
    ids=range(10),  # the bytes hold the time
)
def test_what_is_no_whole_archive_is_refused(data):
    """Other formats, truncated files, changed bytes, and compressions that no document has."""
    with pytest.raises(IngestionError, match="The file is damaged, or is not of the format that its name says"):
        open_archive(data)


def test_every_flipped_byte_is_survived():
    """A damaged archive is read or refused; nothing else is raised."""
    data = _zip({"a.xml": b"one two three" * 20, "b.xml": b"four"})
    refused = 0
    for i in range(len(data)):
        damaged = data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :]
        try:
            open_archive(damaged)
        except IngestionError:
            refused += 1
    assert refused > len(data) / 2


def test_protected_archives_are_refused():
    """The reason is the password, not the damage that it looks like."""
    data = _zip({"a": b"one"})
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        data = data[:at] + b"\x01" + data[at + 1 :]
    with pytest.raises(IngestionError, match=re.escape("protected by a password. Save it without the password.")):
        open_archive(data)


@pytest.mark.parametrize(
    ("marker", "reason"),
    [("EncryptedPackage", "protected by a password"), ("WordDocument", "in the format of Office before 2007")],
)
def test_compound_files_are_told_apart(marker, reason):
    """An encrypted document and an old one have the same container; only one of them has a password."""
    data = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + marker.encode("utf-16-le") + bytes(512)
    with pytest.raises(IngestionError, match=reason):
        open_archive(data)


@pytest.mark.parametrize("size", [17 * _MEBIBYTE, 600 * _MEBIBYTE])
def test_bombs_are_refused_before_they_are_expanded(size):
    """An archive that declares to expand to far more than a document has is not expanded at all."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.xml", "w") as entry:
        for _ in range(size // _MEBIBYTE):
            entry.write(bytes(_MEBIBYTE))
    tracemalloc.start()
    try:
        with pytest.raises(IngestionError, match=rf"expands from \d[\d,]+ to {size:,} bytes"):
            open_archive(file.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 4 * _MEBIBYTE
    finally:
        tracemalloc.stop()


def test_many_small_entries_are_counted():
    """A bomb made of entries is refused before the list of them is in memory."""
    with pytest.raises(IngestionError, match=re.escape(f"at most {MAX_ENTRIES} entries; it has {MAX_ENTRIES + 1}.")):
        open_archive(b"PK\x01\x02" * (MAX_ENTRIES + 1))


@pytest.mark.parametrize("declared", [0, 100, 3 * _MEBIBYTE])
def test_lying_headers_are_found_out(declared):
    """An entry that expands beyond its declared size is refused, although its checksum fits, without expanding it."""
    data = _lying(bytes(64 * _MEBIBYTE), declared)
    tracemalloc.start()
    try:
        with pytest.raises(IngestionError, match="damaged"):
            open_archive(data)
        assert tracemalloc.get_traced_memory()[1] < 8 * _MEBIBYTE
    finally:
        tracemalloc.stop()


def test_highly_compressible_documents_are_opened():
    """A small document of one repeated row is no bomb."""
    data = b"<row><c>0</c></row>" * 500_000
    assert open_archive(_zip({"sheet.xml": data})).read("sheet.xml") == data
