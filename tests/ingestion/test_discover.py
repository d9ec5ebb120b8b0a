"""What paths stand for, and what belongs to what was asked for."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.discover import discover, is_gone, is_url


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
    assert all(Path(uri).is_absolute() and Path(uri).is_file() for uri in found.files)


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
        ("gone", "The path gone does not exist. Name a file, a folder, a glob such as 'notes/*.md', or the URL of a"),
        ("notes/gone.md", "The path notes/gone.md does not exist."),
        ("notes/*.pdf", "The pattern notes/*.pdf matches no file. Try the pattern with ls first."),
        ("note*", "The pattern note* matches no file."),
        ("", "A path must not be empty. Name a file, a folder, a glob"),
        (" ", "A path must not be empty."),
        ("nul\0.md", "The path nul\ufffd.md does not exist."),
        ("x" * 300, "x does not exist."),
    ],
)
def test_paths_that_stand_for_nothing_are_refused(path, message):
    """A missing path, an empty one, one that no file can have and a glob without a match say so."""
    with pytest.raises(IngestionError, match=re.escape(message)):
        discover(["notes/a.md", path])


def _reasons(*paths):
    return {receipt.name: receipt.detail for receipt in discover(paths).failed.values()}


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(("path", "got"), [("notes/pic.png", ".png"), ("notes/Makefile", "a name without a suffix")])
def test_a_named_file_of_another_type_fails_alone(path, got):
    """A file that was asked for by name is not passed over in silence, and the others are found."""
    found = discover(["notes/a.md", path])
    assert list(found.files.values()) == ["a.md"]
    ((failed),) = found.failed.values()
    assert (failed.name, failed.status) == (Path(path).name, "failed")
    assert failed.detail.startswith("It must be one of .md, ")
    assert failed.detail.endswith(f"; got {got}.")


def test_links_out_of_the_folder_are_not_followed(tree):
    """In a folder, links to files outside, to folders and to nothing fail; one that is named is read."""
    notes = tree / "notes"
    (notes / "out.md").symlink_to(tree / "outside.md")
    (notes / "up").symlink_to(tree / "other")
    (notes / "loop").symlink_to(notes)
    (notes / "dangling.md").symlink_to(notes / "gone.md")
    (notes / "circle.md").symlink_to(notes / "circle.md")
    (notes / "inside.md").symlink_to(notes / "a.md")
    assert _names(notes) == ["B.TXT", "a.md", "inside.md", "sub/a.md", "sub/deep/c.html"]
    assert _reasons(notes) == {
        "out.md": "It is a link to a file outside the folder.",
        "up": "It is a link to a folder, and links to folders are not followed.",
        "loop": "It is a link to a folder, and links to folders are not followed.",
        "dangling.md": "It is a link to a file that does not exist.",
        "circle.md": "It cannot be read: too many levels of symbolic links.",
    }
    assert _names(notes / "out.md") == ["out.md"]
    assert _reasons("notes/dangling.md") == {"dangling.md": "It is a link to a file that does not exist."}


def test_only_files_are_read(tree):
    """A folder whose name ends in a known suffix is searched; a pipe or a socket, however it is given, fails."""
    (tree / "notes" / "folder.md").mkdir()
    (tree / "notes" / "folder.md" / "in.md").write_text("text")
    os.mkfifo(tree / "notes" / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("notes/socket.md")
        refused = dict.fromkeys(["pipe.md", "socket.md"], "It is not a file.")
        assert _names("notes/*.md") == ["a.md"]
        assert _names("notes") == ["B.TXT", "a.md", "folder.md/in.md", "sub/a.md", "sub/deep/c.html"]
        assert _reasons("notes/*.md") == _reasons("notes") == _reasons("notes/pipe.md", "notes/socket.md") == refused


def test_files_that_fail_under_one_name_are_all_reported(tree):
    """Two folders may each hold a file of that name that cannot be read."""
    for folder in ("notes", "other"):
        (tree / folder / "x.md").symlink_to(tree / "gone.md")
    found = discover(["notes", "other", "notes"])
    assert list(found.failed) == [str(tree / "notes" / "x.md"), str(tree / "other" / "x.md")]


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
        ("notes/*.md", ["notes/gone.md"], ["notes/gone.txt", "notes/sub/gone.md", "gone.md"]),
        ("notes/**/*.md", ["notes/gone.md", "notes/x/gone.md", "notes/x/y/gone.md"], ["gone.md", "notes/gone.txt"]),
        ("notes/**", ["notes/gone.md", "notes/x/y/gone.md"], ["other/gone.md"]),
        ("*/a.md", ["gone/a.md"], ["a.md", "x/y/a.md"]),
        ("odd[1]", ["odd[1]/gone.md"], ["odd1/gone.md"]),
    ],
)
def test_what_was_asked_for_covers_what_has_gone(tree, path, covered, not_covered):
    """A source that has gone belongs to a folder or glob exactly if the path would have found it."""
    found = discover([path])
    assert [p for p in covered if not found.covers(str(tree / p))] == []
    assert [p for p in not_covered if found.covers(str(tree / p))] == []


@pytest.mark.parametrize(
    ("path", "known", "covered", "not_covered"),
    [
        ("gone", ["gone/a.md", "gone/sub/b.md"], ["gone/a.md", "gone/sub/b.md"], ["gone2/a.md", "notes/a.md"]),
        ("notes/gone.md", ["notes/gone.md"], ["notes/gone.md"], ["notes/gone2.md", "notes/a.md"]),
        ("odd[1]/gone*.md", ["odd[1]/gone.md", "odd1/gone*.md"], ["odd1/gone*.md"], ["odd[1]/gone.md"]),
        ("notes/*.htm", ["notes/gone.htm"], ["notes/gone.htm"], ["notes/sub/gone.htm"]),
    ],
)
def test_a_path_that_has_gone_stands_for_what_the_index_holds_from_there(tree, path, known, covered, not_covered):
    """A deleted file, a deleted folder and a glob whose last file has gone are no mistakes if the index knows them."""
    found = discover([path], [str(tree / p) for p in known])
    assert found.files == {}
    assert [p for p in covered if not found.covers(str(tree / p))] == []
    assert [p for p in not_covered if found.covers(str(tree / p))] == []
    with pytest.raises(IngestionError):
        discover([path], [str(tree / "notes" / "a.md"), f"https://example.org/{path}"])


def test_pages_are_taken_as_they_are_and_belong_to_no_folder(tree):
    """The address of a page is its name; once each; no folder or glob covers it."""
    found = discover(["https://example.org/a.md", "HTTP://example.org", "https://example.org/a.md", "notes"])
    assert list(found.files.items())[:2] == [(u, u) for u in ("https://example.org/a.md", "HTTP://example.org")]
    assert not found.covers("https://example.org/b.md")
    assert [is_url(text) for text in ("https://x", "ftp://x", "http.md", str(tree))] == [True, False, False, False]


def test_a_file_has_gone_only_if_nothing_or_something_else_is_there(tree):
    """What became a folder or a link to nothing has gone, and so has what lay in a folder that became a file."""
    (tree / "dangling.md").symlink_to(tree / "nowhere.md")
    (tree / "circle.md").symlink_to(tree / "circle.md")
    names = ["notes/a.md", "notes/gone.md", "notes", "notes/a.md/x.md", "dangling.md", "circle.md"]
    assert [is_gone(str(tree / name)) for name in names] == [False, True, True, True, True, True]
