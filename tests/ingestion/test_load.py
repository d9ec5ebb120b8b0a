"""Bytes become a source whose offsets are true."""

from __future__ import annotations

import codecs
import hashlib
import importlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import IngestionError
from rag_app.ingestion.load import FORMATS, load_source, read_bytes, shown
from rag_app.locator import Locator

_TEXT_SUFFIXES = [suffix for suffix, kind in FORMATS.items() if kind in {"markdown", "text", "html"}]


def _load(data, name="a.md"):
    data = data if isinstance(data, bytes) else data.encode()
    return load_source(data, uri=f"/folder/{name}", name=name, suffix=Path(name).suffix)


def test_blocks_are_spans_of_the_text():
    """Blocks are joined by a blank line, and every offset cuts out what it says."""
    source = _load("# A\n\none\ntwo\n\n- x\n- y\n")
    assert source.text == "A\n\none two\n\n- x\n- y"
    assert [(b.kind, source.text[b.start : b.end], b.locator) for b in source.blocks] == [
        ("heading", "A", Locator(("A",), line=1)),
        ("paragraph", "one two", Locator(("A",), line=3)),
        ("list", "- x", Locator(("A",), line=6)),
        ("list", "- y", Locator(("A",), line=7)),
    ]


def test_source_is_identified_by_path_text_and_bytes():
    """The uri is the path; one hash is of the extracted text, the other of the file."""
    data = b"---\ntitle: T\nauthor: me\n---\n# A\r\n\r\ntext"
    source = load_source(data, uri="/folder/a.md", name="notes/a.md", suffix=".md")
    assert (source.uri, source.name, source.title) == ("/folder/a.md", "notes/a.md", "T")
    assert source.sha256 == hashlib.sha256(b"A\n\ntext").hexdigest()
    assert source.bytes_sha256 == hashlib.sha256(data).hexdigest()
    assert source.metadata == {"author": "me"}


@pytest.mark.parametrize(
    ("name", "data", "title", "text"),
    [
        ("a.md", "# H\n\nb", "H", "H\n\nb"),
        ("a.markdown", "# H\n\nb", "H", "H\n\nb"),
        ("a.txt", "# H\n\nb", "", "# H\n\nb"),
        ("my.notes.text", "b", "", "b"),
        ("a.html", "<title>T</title><h1>H</h1>b", "T", "H\n\nb"),
        ("a.htm", "<h1>H</h1>b", "H", "H\n\nb"),
        ("a.xhtml", "<p>b", "", "b"),
    ],
)
def test_suffix_decides_how_a_file_is_read(name, data, title, text):
    """Every suffix has its reader; a document without a title has none."""
    source = _load(data, name)
    assert (source.title, source.text) == (title, text)


def test_every_suffix_has_a_module_that_reads_it():
    """Suffixes are in lower case and each names a function of its format."""
    for suffix, kind in FORMATS.items():
        module = importlib.import_module(f"rag_app.ingestion.formats.{kind}")
        assert suffix == suffix.lower()
        assert callable(getattr(module, f"extract_{kind}"))


@pytest.mark.parametrize(
    "data",
    [
        "one two".encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + "one two".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "one two".encode("utf-16-be"),
        b"one\xc2\xa0two",
        b"\r\n\r\none two\r\n",
        b"one two" + b" " * 9000 + b"\0",
        b"&#8203;one&nbsp;two&#xfeff;",
    ],
)
def test_encodings_that_announce_themselves_are_read(data):
    """A byte-order mark, other line ends, other spaces and stray control characters leave no trace."""
    assert _load(data).text == "one two"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.7\0\0\xff\xfe\0", "The file is binary, not text. Export it as text, Markdown or HTML."),
        (codecs.BOM_UTF16_LE + b"a\0b", "The file must be text in UTF-16, as its first bytes say; byte 4 is not."),
        (b"", "a.md holds no text. Leave it out, or export it with its text."),
        (b" \n\t\r\n\xef\xbb\xbf", "a.md holds no text."),
        (b"---\ntitle: T\n---\n", "a.md holds no text."),
        (b"<!-- nothing -->", "a.md holds no text."),
        (b"&#8203;", "a.md holds no text."),
        (
            b"*" * 3000 + b"x" + b"*" * 3000,
            "The document is nested too deeply to be read. Take out some of its markup.",
        ),
    ],
)
def test_files_without_readable_text_are_refused(data, message):
    """Each kind of unreadable content has its own sentence and a hint; none shows the content."""
    with pytest.raises(IngestionError, match=re.escape(message)):
        _load(data)


@pytest.mark.parametrize(
    ("data", "title", "metadata", "headings"),
    [
        ('---\ntitle: "\\ud800T\\0"\nx: "\\uDFFFy\\ufeff"\n---\nb', "T", {"x": "y"}, [()]),
        ('---\ntitle: " \\u200b "\n---\nb', "", {}, [()]),
        ("# A&nbsp;B&#8203;\n\nb", "A B", {}, [("A B",), ("A B",)]),
    ],
)
def test_titles_metadata_and_headings_are_cleaned_too(data, title, metadata, headings):
    """What escapes and entities smuggle in is cleaned everywhere, so that all of it can be stored and compared."""
    source = _load(data)
    assert (source.title, source.metadata) == (title, metadata)
    assert [b.locator.heading for b in source.blocks] == headings


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.text(st.characters() | st.sampled_from("#*-_`>|[]<&;$\n\t \0\r\u2028\ud800"), max_size=300),
    st.sampled_from(sorted(_TEXT_SUFFIXES)),
)
def test_any_text_is_read_or_refused(text, suffix):
    """Whatever the text, blocks are in order, apart, not blank and true to their offsets; or it is refused."""
    try:
        source = _load(text.encode("utf-8", "surrogatepass"), "a" + suffix)
    except IngestionError:
        return
    position = 0
    for block in source.blocks:
        assert position <= block.start < block.end <= len(source.text)
        assert source.text[block.start : block.end].strip()
        assert not source.text[position : block.start].strip()
        position = block.end
    assert position == len(source.text)


def test_unreadable_paths_are_refused(tmp_path):
    """A folder, a missing file and a name that is not UTF-8 each give one sentence."""
    with pytest.raises(
        IngestionError, match=re.escape(f"{tmp_path.name} cannot be read: is a directory. Check its permissions.")
    ):
        read_bytes(tmp_path)
    with pytest.raises(IngestionError, match=re.escape("gone.md cannot be read: no such file or directory.")):
        read_bytes(tmp_path / "gone.md")
    with pytest.raises(IngestionError, match=re.escape("/caf\ufffd.md must be UTF-8. Rename it.")):
        read_bytes(tmp_path / "caf\udce9.md")
    assert shown("caf\udce9/é.md") == "caf\ufffd/é.md"


def test_bytes_are_those_of_the_file(tmp_path):
    """Nothing is translated while reading."""
    (tmp_path / "a.md").write_bytes(b"a\r\n\0\xff")
    assert read_bytes(tmp_path / "a.md") == b"a\r\n\0\xff"
