"""Chroma's database in a folder, opened anew where another one has taken its place."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

DATABASE = "chroma.sqlite3"
_OPENED: dict[str, list[int]] = {}  # by folder, the databases that this process has opened


def open_folder(chromadb: Any, folder: Path) -> Any:  # noqa: ANN401  (chromadb is imported elsewhere)
    """Return a client of what a folder holds now.

    In one process Chroma opens a path once, and gives a later client what it opened then, even if the folder was
    replaced since and somebody still holds the old one. So each database has the path in a spelling of its own: the
    first as it is, the next with a dot behind it.
    """
    known, database = _OPENED.setdefault(str(folder), []), folder / DATABASE
    inode = database.stat().st_ino if database.is_file() else None
    spelling = known.index(inode) if inode in known else len(known)
    folder.mkdir(parents=True, exist_ok=True)
    client = chromadb.PersistentClient(str(folder) + "/." * spelling)
    note_opened(folder)
    return client


def note_opened(folder: Path) -> None:
    """Take note of what a folder holds: somebody in this process may have opened it, as a LangChain store does."""
    known, database = _OPENED.setdefault(str(folder), []), folder / DATABASE
    if database.is_file() and database.stat().st_ino not in known:
        known.append(database.stat().st_ino)


def remove_folder(folder: Path) -> None:
    """Remove a folder, or the file in its place; it need not be there."""
    if folder.is_dir():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)
