"""Follows files: after every batch of changes the index is brought up to date."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, takewhile
from pathlib import Path

from rag_app.errors import InvalidInputError, LockedError, RagAppError
from rag_app.ingestion.discover import is_url
from rag_app.receipts import Receipt

_TICK_MS = 200
_QUIET_MS = 200  # a batch ends when nothing has changed for so long: programs save a file in several steps

_Identity = tuple[int, int] | None


def watch(
    ingest: Callable[[], Receipt], paths: Sequence[str | os.PathLike[str]], *, data_dir: Path
) -> Iterator[Receipt | RagAppError]:
    """Return the receipts of an ingestion at once, and of another one after every batch of changes, without end.

    Parameters
    ----------
    ingest : callable
        Brings the index up to date with the paths.
    paths : sequence of path-like
        Files, folders and globs.
    data_dir : pathlib.Path
        Folder of the index: what changes in it is not a change.

    Returns
    -------
    iterator of Receipt or RagAppError
        An ingestion that fails gives its error, and the next change is waited for; while another process writes to
        the index, it is tried again.

    Raises
    ------
    InvalidInputError
        If a path is a URL.
    """
    for path in paths:
        if is_url(os.fspath(path)):
            msg = "What is watched must be files and folders; got a URL."
            raise InvalidInputError(msg, hint="Ingest web pages without --watch.")
    batches = _batches([_root(path) for path in paths], Path(os.path.realpath(data_dir)))
    return chain.from_iterable(_round(ingest) for _ in batches)


def _round(ingest: Callable[[], Receipt]) -> Iterator[Receipt | RagAppError]:
    while True:
        try:
            yield ingest()
        except LockedError as exc:  # the ingestion has waited for a while
            yield exc
            continue
        except RagAppError as exc:
            yield exc
        return


def _batches(roots: Sequence[Path], data_dir: Path) -> Iterator[None]:
    """Yield when watching has begun, and after every batch of changes.

    What is watched is a file or folder, not its name: when another one has taken its place, watching begins anew.
    """
    import watchfiles

    def matters(_change: watchfiles.Change, path: str) -> bool:
        return _is_followed(Path(path), roots, data_dir)

    while True:
        watched = _identities(roots)
        present = [root for root, identity in watched.items() if identity is not None]
        if not present:
            yield
            while _identities(roots) == watched:
                time.sleep(_TICK_MS / 1000)
            continue
        begins = True
        with suppress(FileNotFoundError):  # it went just now
            for changes in watchfiles.watch(
                *present, watch_filter=matters, step=_QUIET_MS, rust_timeout=_TICK_MS, yield_on_timeout=True
            ):
                if changes or begins:
                    yield
                begins = False
                if _identities(roots) != watched:
                    break


def _root(path: str | os.PathLike[str]) -> Path:
    """Return what a path stands for; of a glob, the folder that it searches."""
    absolute = Path(os.path.abspath(os.path.expanduser(path)))
    if absolute.exists():
        return absolute
    return Path(*takewhile(lambda part: not glob.has_magic(part), absolute.parts))


def _identities(roots: Sequence[Path]) -> dict[Path, _Identity]:
    found: dict[Path, _Identity] = dict.fromkeys(roots)
    for root in roots:
        with suppress(OSError):
            status = root.stat()
            found[root] = (status.st_dev, status.st_ino)
    return found


def _is_followed(path: Path, roots: Sequence[Path], data_dir: Path) -> bool:
    """Return whether a change matters: hidden files are not read, and the index is written by ourselves."""
    if Path(os.path.realpath(path)).is_relative_to(data_dir):
        return False
    below = [path.relative_to(root).parts for root in roots if path.is_relative_to(root)]
    return not all(any(part.startswith(".") for part in parts) for parts in below)
