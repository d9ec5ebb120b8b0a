"""Workbooks of Excel before 2007, written by hand: a compound file with one stream of records."""

from __future__ import annotations

import struct

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def xls(cells: dict[tuple[int, int], str | float], *, sheet: str = "Old", protected: bool = False) -> bytes:
    """Return a workbook of one sheet whose cells are at (row, column), counted from 0."""
    return compound("Workbook", _workbook(cells, sheet, _record(0x002F, bytes(6)) if protected else b""))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _workbook(cells: dict[tuple[int, int], str | float], sheet: str, after_first: bytes) -> bytes:
    def globals_(offset: int) -> bytes:
        bound = struct.pack("<IBBBB", offset, 0, 0, len(sheet), 0) + sheet.encode("ascii")
        first = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)) + after_first
        return first + _record(0x0085, bound) + _record(0x000A)

    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
    for (row, column), value in cells.items():
        place = struct.pack("<HHH", row, column, 0)
        if isinstance(value, str):
            body += _record(0x0204, place + struct.pack("<HB", len(value), 0) + value.encode("latin-1"))
        else:
            body += _record(0x0203, place + struct.pack("<d", value))
    return globals_(len(globals_(0))) + body + _record(0x000A)


def compound(name: str, stream: bytes) -> bytes:
    """Return a compound file: header, allocation table, directory, and the sectors of the stream."""
    stream = stream.ljust(max(4096, -len(stream) // _SECTOR * -_SECTOR), b"\0")
    n_sectors = len(stream) // _SECTOR
    table = [_FAT, _END, *range(3, n_sectors + 2), _END]
    table += [_FREE] * (_SECTOR // 4 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry(name, 2, _FREE, 2, len(stream))
    return header + struct.pack(f"<{len(table)}I", *table) + directory.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(encoded), kind, 1, _FREE, _FREE, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
