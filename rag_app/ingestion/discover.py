"""What a user's paths stand for: files, folders and globs."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag_app.errors import IngestionError
from rag_app.ingestion.load import EXTRACTORS, shown

_HINT = "Name a file, a folder or a glob such as 'notes/*.md'."
_MAGIC = re.compile(r"[*?[]")


@dataclass(slots=True)
class Discovery:
    """The files to read.

    Parameters
    ----------
    files : dict of pathlib.Path to str
        Absolute path to the name that citations show: the path below the folder that was given.
    ignored : collections.Counter of str
        Files of types that are not read, by suffix.
    patterns : list of tuple of str
        What was asked for, as absolute globs in parts: a source that matches one and was not found has gone.
    """

    files: dict[Path, str] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    patterns: list[tuple[str, ...]] = field(default_factory=list)

    def covers(self, uri: str) -> bool:
        """Return whether a source belongs to what was asked for."""
        return any(_matches(Path(uri).parts, pattern) for pattern in self.patterns)


def discover(paths: Sequence[str | os.PathLike[str]]) -> Discovery:
    """Return the files that paths stand for.

    Parameters
    ----------
    paths : sequence of path-like
        Files, folders (searched recursively, hidden entries left out) and globs.

    Raises
    ------
    IngestionError
        If a path does not exist, a glob matches nothing, or a named file is of a type that is not read.
    """
    found = Discovery()
    for given in paths:
        text = os.path.expanduser(os.fspath(given))
        if not text.strip():
            msg = "A path must not be empty."
            raise IngestionError(msg, hint=_HINT)
        path = Path(os.path.abspath(text))
        if path.is_dir():
            found.patterns.append((*Path(glob.escape(str(path))).parts, "**"))
            _add_folder(found, path)
        elif path.is_file():
            found.patterns.append(Path(glob.escape(str(path))).parts)
            _add_file(found, path)
        elif glob.has_magic(text):
            _add_glob(found, text)
        else:
            msg = f"The path {text} does not exist."
            raise IngestionError(msg, hint=_HINT)
    return found


def _add_glob(found: Discovery, pattern: str) -> None:
    matches = sorted(p for p in map(Path, glob.glob(pattern, recursive=True)) if p.is_file())
    if not matches:
        msg = f"The pattern {pattern} matches no file."
        raise IngestionError(msg, hint="Try the pattern with ls first.")
    found.patterns.append(Path(os.path.abspath(pattern)).parts)
    root = Path(os.path.abspath(_MAGIC.split(pattern, maxsplit=1)[0] + "x")).parent
    for path in matches:
        absolute = Path(os.path.abspath(path))
        if absolute.suffix.lower() in EXTRACTORS:
            found.files.setdefault(absolute, shown(os.path.relpath(absolute, root)))
        else:
            found.ignored[shown(absolute.suffix or absolute.name)] += 1


def _add_file(found: Discovery, path: Path) -> None:
    if path.suffix.lower() not in EXTRACTORS:
        got = shown(path.suffix or "no suffix")
        msg = f"{shown(path.name)} must be one of {', '.join(sorted(EXTRACTORS))}; got {got!r}."
        raise IngestionError(msg, hint="Export it as Markdown, text or HTML.")
    found.files.setdefault(path, shown(path.name))


def _add_folder(found: Discovery, root: Path) -> None:
    for path in _walk(root):
        if path.suffix.lower() in EXTRACTORS:
            found.files.setdefault(path, shown(path.relative_to(root)))
        else:
            found.ignored[shown(path.suffix or path.name)] += 1


def _walk(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(d for d in subfolders if not d.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file() and path.resolve().is_relative_to(root.resolve()):
                yield path


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Match as `glob` does: a star stays within a folder, two stars are any number of folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
