"""Files as they were at a revision of a git repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from rag_app.errors import EvaluationError

_TIMEOUT_S = 120


def find_repository(path: Path) -> Path:
    """Return the root of the repository that holds a path.

    Raises
    ------
    EvaluationError
        If there is none, or git is not installed.
    """
    folder = path if path.is_dir() else path.parent
    return Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())


def name_revision(repository: Path, revision: str) -> str:
    """Return the short hash of a revision.

    Raises
    ------
    EvaluationError
        If the repository has no such revision.
    """
    return _git(repository, "rev-parse", "--verify", "--short", f"{revision}^{{commit}}").decode().strip()


def extract(repository: Path, revision: str, paths: Sequence[Path], into: Path) -> None:
    """Write the files below paths, as they were at a revision, into a folder.

    Parameters
    ----------
    repository : pathlib.Path
        The root of the repository.
    revision : str
        Such as ``main`` or ``HEAD~1``.
    paths : sequence of pathlib.Path
        Relative to the root. One that the revision lacks is left out.
    into : pathlib.Path
        An existing folder.
    """
    names = [path.as_posix() for path in paths]
    there = _git(repository, "ls-tree", "--name-only", "-z", revision, "--", *names).decode().split("\0")
    kept = [name for name in there if name]
    if kept:
        archive = _git(repository, "archive", "--format=tar", revision, "--", *kept)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(into, filter="data")


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  (no shell, and no option can be made of a revision after --verify)
            ["git", "-C", str(folder), *arguments],  # noqa: S607  (the user's own git)
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        msg = "git must be installed to compare with a revision; it cannot be run."
        raise EvaluationError(msg) from exc
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it does not say why"]
        msg = f"git must know the revision and the repository; it says: {lines[-1]}."
        raise EvaluationError(msg, hint="Name a revision such as main or HEAD~1, inside a repository.")
    return done.stdout
