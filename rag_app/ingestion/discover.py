"""What a user's paths stand for: files, folders, globs and web pages."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag_app.errors import IngestionError
from rag_app.ingestion.load import FORMATS, shown
from rag_app.receipts import FileReceipt

_HINT = "Name a file, a folder, a glob such as 'notes/*.md', or the URL of a web page."
_MAGIC = re.compile(r"[*?[]")
_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass(slots=True)
class Discovery:
    """The documents to read.

    Parameters
    ----------
    files : dict of str to str
        Absolute path or URL to the name that citations show: the path below the folder that was given.
    failed : dict of str to FileReceipt
        What cannot be read, by absolute path, with the reason.
    ignored : collections.Counter of str
        Files in a folder that are of types that are not read, by suffix.
    patterns : list of tuple of str
        Folders and globs that were asked for, as absolute globs in parts, and paths where nothing is any more: a
        source that matches one and was not found may have gone.
    """

    files: dict[str, str] = field(default_factory=dict)
    failed: dict[str, FileReceipt] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    patterns: list[tuple[str, ...]] = field(default_factory=list)

    def covers(self, uri: str) -> bool:
        """Return whether a source lies where was searched."""
        return not is_url(uri) and any(_matches(Path(uri).parts, pattern) for pattern in self.patterns)


def is_url(text: str) -> bool:
    """Return whether a text is the address of a web page rather than a path."""
    return bool(_URL.match(text))


def discover(paths: Sequence[str | os.PathLike[str]], known: Sequence[str] = ()) -> Discovery:
    """Return the documents that paths stand for.

    Parameters
    ----------
    paths : sequence of path-like
        Files, folders (searched recursively, hidden entries left out), globs and URLs.
    known : sequence of str
        Absolute paths of the sources that the index holds: a path that has gone stands for those below it.

    Raises
    ------
    IngestionError
        If a path does not exist, or a glob matches nothing, and the index holds nothing from there.
    """
    found = Discovery()
    for given in paths:
        text = os.fspath(given)
        if is_url(text):
            found.files.setdefault(text, _without_secrets(text))
            continue
        text = os.path.expanduser(text)
        if not text.strip():
            msg = "A path must not be empty."
            raise IngestionError(msg, hint=_HINT)
        path = Path(os.path.abspath(text))
        if os.path.isdir(path):
            found.patterns.append((*Path(glob.escape(str(path))).parts, "**"))
            _add_folder(found, path)
        elif os.path.lexists(path):
            _add_file(found, path, path.name)
        elif glob.has_magic(text):
            _add_glob(found, text, known)
        else:
            _add_gone(found, path, text, known)
    return found


def is_gone(uri: str) -> bool:
    """Return whether there is no file at a path. What cannot be looked at, as in a closed folder, has not gone."""
    try:
        return not stat.S_ISREG(os.stat(uri).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as exc:
        return exc.errno == errno.ELOOP


def _without_secrets(url: str) -> str:
    """Return a URL as it may be shown: without user, password and query."""
    return shown(re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0]))


def _add_gone(found: Discovery, path: Path, text: str, known: Sequence[str]) -> None:
    if _is_out_of_reach(path):
        _add_file(found, path, path.name)
        return
    if not any(Path(uri).is_relative_to(path) for uri in known if not is_url(uri)):
        msg = f"The path {shown(text)} does not exist."
        raise IngestionError(msg, hint=_HINT)
    found.patterns.append((*Path(glob.escape(str(path))).parts, "**"))


def _is_out_of_reach(path: Path) -> bool:
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):  # a path that no file can have is a ValueError
        return False
    return False


def _add_glob(found: Discovery, pattern: str, known: Sequence[str]) -> None:
    matches = sorted(p for p in glob.glob(pattern, recursive=True) if not os.path.isdir(p))
    found.patterns.append(Path(os.path.abspath(pattern)).parts)
    if not matches and not any(found.covers(uri) for uri in known):
        msg = f"The pattern {shown(pattern)} matches no file."
        raise IngestionError(msg, hint="Try the pattern with ls first.")
    root = Path(os.path.abspath(_MAGIC.split(pattern, maxsplit=1)[0] + "x")).parent
    for path in map(Path, map(os.path.abspath, matches)):
        if path.suffix.lower() in FORMATS:
            _add_file(found, path, os.path.relpath(path, root))
        else:
            found.ignored[shown(path.suffix or path.name)] += 1


def _add_file(found: Discovery, path: Path, name: str) -> None:
    reason = _trouble(path)
    if not reason and path.suffix.lower() not in FORMATS:
        got = shown(path.suffix) or "a name without a suffix"
        reason = f"It must be one of {', '.join(FORMATS)}; got {got}."
    if reason:
        found.failed[str(path)] = FileReceipt(shown(name), "failed", detail=reason)
    else:
        found.files.setdefault(str(path), shown(name))


def _trouble(path: Path) -> str:
    """Return why a path is not that of a file; empty if it is."""
    try:
        return "" if stat.S_ISREG(os.stat(path).st_mode) else "It is not a file."
    except FileNotFoundError:
        return "It is a link to a file that does not exist."
    except OSError as exc:
        return f"It cannot be read: {_reason(exc)}."


def _reason(exc: OSError) -> str:
    return (exc.strerror or str(exc)).lower()


def _add_folder(found: Discovery, root: Path) -> None:
    real = os.path.realpath(root)
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            visible = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except OSError as exc:
            _refuse(found, folder, root, f"The folder cannot be read: {_reason(exc)}.")
            continue
        for path in (folder / name for name in visible if not os.path.isdir(folder / name)):
            if path.suffix.lower() not in FORMATS:
                found.ignored[shown(path.suffix or path.name)] += 1
            elif os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(real):
                _refuse(found, path, root, "It is a link to a file outside the folder.")
            else:
                _add_file(found, path, os.path.relpath(path, root))
        for path in (folder / name for name in reversed(visible) if os.path.isdir(folder / name)):
            if os.path.islink(path):
                _refuse(found, path, root, "It is a link to a folder, and links to folders are not followed.")
            else:
                folders.append(path)


def _refuse(found: Discovery, path: Path, root: Path, reason: str) -> None:
    name = root.name if path == root else path.relative_to(root)
    found.failed[str(path)] = FileReceipt(shown(name), "failed", detail=reason)


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Match as `glob` does: a star stays within a folder, two stars are any number of folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
