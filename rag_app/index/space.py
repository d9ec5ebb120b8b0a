"""A disk is not filled to its last byte: an index on a full one cannot even be read."""

from __future__ import annotations

import shutil
from pathlib import Path

from rag_app.errors import StoreError

_MEBIBYTE = 2**20
_RESERVE_BYTES = 16 * _MEBIBYTE  # SQLite and Chroma need room to open their files, and a log before a change


def check_space(folder: Path, n_bytes: int) -> None:
    """Refuse to write where the disk would be full.

    Parameters
    ----------
    folder : pathlib.Path
        A folder on the disk.
    n_bytes : int
        About as much will be written.

    Raises
    ------
    StoreError
        With what is free and what is needed.
    """
    free, needed = shutil.disk_usage(folder).free, n_bytes + _RESERVE_BYTES
    if free < needed:
        msg = f"The disk of {folder} must have {needed // _MEBIBYTE} MiB free; it has {free // _MEBIBYTE} MiB."
        raise StoreError(msg, hint="Free some space, then run this again: it goes on where it stopped.")
