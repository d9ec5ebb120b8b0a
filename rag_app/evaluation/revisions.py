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
    found = _ask(repository, "rev-parse", "--verify", "--short", f"{revision}^{{commit}}")
    if found is None:
        is_shallow = _ask(repository, "rev-parse", "--is-shallow-repository") == "true"
        hint = "Fetch the history first: git fetch --unshallow" if is_shallow else "Name one such as main or HEAD~1."
        msg = f"--base must be a revision that the repository has; got {revision!r}."
        raise EvaluationError(msg, hint=hint)
    return found


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


def _ask(folder: Path, *arguments: str) -> str | None:
    """Return what git says, or None where it knows nothing."""
    done = _run(folder, *arguments)
    return None if done.returncode else done.stdout.decode().strip()


def _git(folder: Path, *arguments: str) -> bytes:
    done = _run(folder, *arguments)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        msg = f"The suite must stand in a git repository that can be read; git says: {lines[0].rstrip('.')}."
        raise EvaluationError(msg, hint="Name a suite of your repository by its path, such as evals/suites/mine.toml.")
    return done.stdout


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  (no shell, and no option can be made of a revision after --verify)
            ["git", "-C", str(folder), *arguments],  # noqa: S607  (the user's own git)
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        msg = "git must be installed to compare with a revision; it cannot be run."
        raise EvaluationError(msg) from exc
