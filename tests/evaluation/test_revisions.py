"""Files as they were at a revision."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rag_app.errors import EvaluationError
from rag_app.evaluation.revisions import extract, find_repository, name_revision


def git(folder, *arguments):
    """Run git without the settings of whoever runs the tests."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """A repository with two commits."""
    folder = tmp_path / "repository"
    (folder / "evals" / "suites").mkdir(parents=True)
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(folder))
    (folder / "evals" / "suites" / "a.toml").write_text("old\n", encoding="utf-8")
    (folder / "other.txt").write_text("other\n", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    (folder / "evals" / "suites" / "a.toml").write_text("new\n", encoding="utf-8")
    git(folder, "commit", "--quiet", "-am", "second")
    return folder


def test_what_is_asked_for_is_written_as_it_was(repository, tmp_path):
    """And nothing else; a path that the revision lacks is left out."""
    into = tmp_path / "into"
    into.mkdir()
    root = find_repository(repository / "evals" / "suites" / "a.toml")
    assert root == repository.resolve()
    extract(root, name_revision(root, "HEAD~1"), [Path("evals"), Path("prompts")], into)
    assert {p.relative_to(into).as_posix(): p.read_text() for p in into.rglob("*") if p.is_file()} == {
        "evals/suites/a.toml": "old\n"
    }
    extract(root, "HEAD", [Path("prompts")], into)


def test_a_revision_that_is_unknown(repository):
    """Is named; in a clone without its history, the hint says how to get it."""
    message = "--base must be a revision that the repository has; got 'nonesuch'. Name one such as main or HEAD~1."
    with pytest.raises(EvaluationError, match=f"^{re.escape(message)}$"):
        name_revision(repository, "nonesuch")
    with pytest.raises(EvaluationError, match="--base must be a revision"):
        name_revision(repository, "--upload-pack=x")
    shallow = repository.parent / "shallow"
    git(repository, "clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow))
    with pytest.raises(EvaluationError, match=re.escape("got 'HEAD~1'. Fetch the history first: git fetch --unsh")):
        name_revision(shallow, "HEAD~1")


def test_a_folder_without_a_repository(tmp_path):
    """Cannot be compared with one."""
    with pytest.raises(
        EvaluationError,
        match="The suite must stand in a git repository that can be read; git says: fatal: not a git repository",
    ):
        find_repository(tmp_path)


def test_without_git(repository, monkeypatch):
    """It must be installed."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EvaluationError, match="git must be installed"):
        find_repository(repository)
