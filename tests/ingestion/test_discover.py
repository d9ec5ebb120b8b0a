"""What paths stand for, and what belongs to what was asked for."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.discover import discover


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder with files of all kinds, which is also the current folder."""
    for name in [
        "notes/a.md",
        "notes/B.TXT",
        "notes/pic.png",
        "notes/sub/a.md",
        "notes/sub/deep/c.html",
        "notes/.hidden.md",
        "notes/.git/d.md",
        "notes/Makefile",
        "other/a.md",
        "odd[1]/x*y.md",
        "outside.md",
    ]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _names(*paths):
    return list(discover(paths).files.values())


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["notes"], ["B.TXT", "a.md", "sub/a.md", "sub/deep/c.html"]),
        (["notes/"], ["B.TXT", "a.md", "sub/a.md", "sub/deep/c.html"]),
        (["notes/sub/../sub"], ["a.md", "deep/c.html"]),
        (["notes/a.md"], ["a.md"]),
        (["notes/.hidden.md"], [".hidden.md"]),
        (["notes/*.md"], ["a.md"]),
        (["notes/*"], ["B.TXT", "a.md"]),
        (["notes/*/*.md"], ["sub/a.md"]),
        (["notes/**/*.md"], ["a.md", "sub/a.md"]),
        (["notes/**"], ["B.TXT", "a.md", "sub/a.md", "sub/deep/c.html"]),
        (["*/a.md"], ["notes/a.md", "other/a.md"]),
        (["no*/[ab].m?"], ["notes/a.md"]),
        (["*/../outside.md"], ["outside.md"]),
        (["odd[1]"], ["x*y.md"]),
        (["odd[1]/x*y.md"], ["x*y.md"]),
        (["notes/sub", "notes"], ["a.md", "deep/c.html", "B.TXT", "a.md"]),
        (["notes/a.md", "other/a.md"], ["a.md", "a.md"]),
        (["notes/a.md", "./notes/a.md", "notes"], ["a.md", "B.TXT", "sub/a.md", "sub/deep/c.html"]),
        ([], []),
    ],
)
def test_files_of_a_path(paths, names):
    """A folder is searched in order without hidden entries, a glob as a shell does it; a file counts once."""
    found = discover(paths)
    assert list(found.files.values()) == names
    assert all(path.is_absolute() and path.is_file() for path in found.files)


def test_paths_need_not_be_text(tree):
    """Path objects, a home folder and absolute paths are taken."""
    assert _names(Path("notes/a.md")) == _names(tree / "notes" / "a.md") == ["a.md"]
    home = Path(os.environ["HOME"])
    home.mkdir()
    (home / "h.md").write_text("text")
    assert _names("~/h.md") == _names("~/*.md") == ["h.md"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("path", "ignored"), [("notes", {".png": 1, "Makefile": 1}), ("notes/*", {".png": 1, "Makefile": 1})]
)
def test_types_that_are_not_read_are_counted(path, ignored):
    """Files of other types are passed over in folders and globs, and reported by suffix or name."""
    assert discover([path]).ignored == ignored


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone", "The path gone does not exist. Name a file, a folder or a glob such as 'notes/*.md'."),
        ("notes/gone.md", "The path notes/gone.md does not exist."),
        ("notes/*.pdf", "The pattern notes/*.pdf matches no file. Try the pattern with ls first."),
        ("note*", "The pattern note* matches no file."),
        ("", "A path must not be empty. Name a file, a folder or a glob such as 'notes/*.md'."),
        (" ", "A path must not be empty."),
        (
            "notes/pic.png",
            "pic.png must be one of .htm, .html, .markdown, .md, .text, .txt, .xhtml; got '.png'. Export",
        ),
        (
            "notes/Makefile",
            "Makefile must be one of .htm, .html, .markdown, .md, .text, .txt, .xhtml; got 'no suffix'.",
        ),
    ],
)
def test_paths_that_stand_for_nothing_are_refused(path, message):
    """A missing path, an empty one, a glob without a match and a named file of another type say so."""
    with pytest.raises(IngestionError, match=re.escape(message)):
        discover(["notes/a.md", path])


def test_links_out_of_the_folder_are_not_followed(tree):
    """In a folder, links to files outside and to folders are passed over, dangling and circular ones too."""
    notes = tree / "notes"
    (notes / "out.md").symlink_to(tree / "outside.md")
    (notes / "up").symlink_to(tree / "other")
    (notes / "dangling.md").symlink_to(tree / "gone.md")
    (notes / "circle.md").symlink_to(notes / "circle.md")
    (notes / "inside.md").symlink_to(notes / "a.md")
    assert _names(notes) == ["B.TXT", "a.md", "inside.md", "sub/a.md", "sub/deep/c.html"]
    assert _names(notes / "out.md") == ["out.md"]
    with pytest.raises(IngestionError, match=r"The path notes/dangling\.md does not exist\."):
        discover(["notes/dangling.md"])


def test_only_files_are_read(tree):
    """A folder or a pipe whose name ends in a known suffix is no document."""
    (tree / "notes" / "folder.md").mkdir()
    os.mkfifo(tree / "notes" / "pipe.md")
    assert _names("notes/*.md") == ["a.md"]
    assert _names("notes") == ["B.TXT", "a.md", "sub/a.md", "sub/deep/c.html"]


def test_names_that_are_not_utf8_can_be_shown(tree):
    """A file whose name is not UTF-8 is found under a name that can be printed."""
    for name in (b"caf\xe9.md", b"x\xe9"):
        with open(os.fsencode(tree) + b"/other/" + name, "w") as file:
            file.write("text")
    found = discover(["other"])
    assert list(found.files.values()) == ["a.md", "caf\ufffd.md"]
    assert found.ignored == {"x\ufffd": 1}


@pytest.mark.parametrize(
    ("path", "covered", "not_covered"),
    [
        ("notes", ["notes/gone.md", "notes/sub/gone.md"], ["notes2/gone.md", "other/notes/x.md", "outside.md"]),
        ("notes/a.md", ["notes/a.md"], ["notes/b.md", "notes/sub/a.md", "a.md"]),
        ("notes/*.md", ["notes/gone.md"], ["notes/gone.txt", "notes/sub/gone.md", "gone.md"]),
        ("notes/**/*.md", ["notes/gone.md", "notes/x/gone.md", "notes/x/y/gone.md"], ["gone.md", "notes/gone.txt"]),
        ("notes/**", ["notes/gone.md", "notes/x/y/gone.md"], ["other/gone.md"]),
        ("*/a.md", ["gone/a.md"], ["a.md", "x/y/a.md"]),
        ("odd[1]", ["odd[1]/gone.md"], ["odd1/gone.md"]),
        ("odd[1]/x*y.md", ["odd[1]/x*y.md"], ["odd[1]/xzy.md"]),
    ],
)
def test_what_was_asked_for_covers_what_has_gone(tree, path, covered, not_covered):
    """A source that has gone belongs to a folder, file or glob exactly if the path would have found it."""
    found = discover([path])
    assert [p for p in covered if not found.covers(str(tree / p))] == []
    assert [p for p in not_covered if found.covers(str(tree / p))] == []
