"""Books in EPUB: which pages are read, in which order, and to which chapter they belong."""

from __future__ import annotations

import io
import zipfile

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.epub import extract_epub

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
_OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}'
    "</metadata><manifest>{items}</manifest><spine>{spine}</spine><guide>{guide}</guide></package>"
)
_NAV = (
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
    '<nav epub:type="toc"><h1>Contents</h1><ol>{}</ol></nav>'
    '<nav epub:type="landmarks"><ol><li><a href="b.xhtml">Landmark</a></li></ol></nav></body></html>'
)
_NCX = '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{}</navMap></ncx>'
_POINT = '<navPoint><navLabel><text>{}</text></navLabel><content src="{}"/></navPoint>'


def _zip(entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def _book(pages, *, nav="", ncx="", metadata="", guide="", others=None):
    """Return a book of pages (file name to body), in their order."""
    page = '<item id="{0}" href="{0}" media-type="application/xhtml+xml" properties="{1}"/>'
    items = "".join(page.format(name.replace(" ", "%20"), "") for name in pages)
    items += page.format("nav.xhtml", "scripted nav") if nav else ""
    items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>' if ncx else ""
    spine = "".join(f'<itemref idref="{name.replace(" ", "%20")}"/>' for name in ["nav.xhtml", *pages])
    entries = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "OPS/book.opf": _OPF.format(metadata=metadata, items=items, spine=spine, guide=guide),
        **{f"OPS/{name}": f"<html><head><title/></head><body>{body}</body></html>" for name, body in pages.items()},
        **({"OPS/nav.xhtml": _NAV.format(nav)} if nav else {}),
        **({"OPS/toc.ncx": _NCX.format(ncx)} if ncx else {}),
        **(others or {}),
    }
    return _zip(entries)


def _blocks(data):
    return [(b.kind, b.text, b.locator.heading) for b in extract_epub(data).blocks]


def test_pages_are_read_in_the_order_of_the_spine():
    """Neither the order of the archive nor that of the manifest counts."""
    pages = {"b.xhtml": "<h1>B</h1><p>b</p>", "a.xhtml": "<h1>A</h1><ul><li>a</ul>"}
    assert _blocks(_book(pages)) == [
        ("heading", "B", ("B",)),
        ("paragraph", "b", ("B",)),
        ("heading", "A", ("A",)),
        ("list", "- a", ("A",)),
    ]


@pytest.mark.parametrize(
    "contents",
    [
        {"nav": '<li><a href="a.xhtml"> One\n<b>two</b></a></li><li><a href="a.xhtml#x">no</a></li>'},
        {"ncx": _POINT.format("One two", "a.xhtml#start") + _POINT.format("no", "a.xhtml")},
        {
            "nav": '<li><a href="a.xhtml">One two</a></li>',
            "ncx": _POINT.format("no", "a.xhtml"),
        },
        {"nav": "<li><span>Part</span></li>", "ncx": _POINT.format("One two", "./a.xhtml")},
    ],
)
def test_chapters_have_the_titles_of_the_table_of_contents(contents):
    """The first entry for a page is its chapter; a newer table of contents comes before an older one."""
    assert _blocks(_book({"a.xhtml": "<p>a</p><h2>S</h2><p>s</p>"}, **contents)) == [
        ("heading", "One two", ("One two",)),
        ("paragraph", "a", ("One two",)),
        ("heading", "S", ("One two", "S")),
        ("paragraph", "s", ("One two", "S")),
    ]


def test_a_chapter_of_several_pages():
    """A page without an entry goes on with the chapter; a heading that is the chapter's title is not said twice."""
    pages = {"a.xhtml": "<h1>One</h1><p>a</p>", "a 2.xhtml": "<p>b</p>", "b.xhtml": "<h1>Deux</h1><p>c</p>"}
    nav = '<li><a href="a.xhtml">One</a></li><li><a href="b.xhtml">Two</a></li>'
    assert _blocks(_book(pages, nav=nav)) == [
        ("heading", "One", ("One",)),
        ("paragraph", "a", ("One",)),
        ("paragraph", "b", ("One",)),
        ("heading", "Deux", ("Two", "Deux")),
        ("paragraph", "c", ("Two", "Deux")),
    ]


def test_cover_and_contents_are_left_out():
    """The page of navigation is, and what the guide names as cover or contents."""
    pages = {name: f"<p>{name[0]}</p>" for name in ("cover.xhtml", "toc.xhtml", "a.xhtml")}
    guide = '<reference type="cover" href="cover.xhtml"/><reference type="toc" href="toc.xhtml#x"/>'
    data = _book(pages, guide=guide + '<reference type="text" href="a.xhtml"/>', nav='<li><a href="z">Z</a></li>')
    assert [text for _, text, _ in _blocks(data)] == ["a"]


def test_metadata():
    """Title, authors, language, date and subjects are those of the package, each once."""
    names = [("title", "T"), ("title", "sub"), ("creator", "Ada"), ("creator", "Bob"), ("creator", "Ada")]
    names += [("language", "en"), ("date", "2024-01-31"), ("subject", "x"), ("publisher", "p"), ("rights", " ")]
    metadata = "".join(f"<dc:{name}>\n {text}</dc:{name}>" for name, text in names)
    extraction = extract_epub(_book({"a.xhtml": "<h1>H</h1>"}, metadata=metadata))
    assert extraction.title == "T"
    assert extraction.metadata == {"author": "Ada, Bob", "date": "2024-01-31", "language": "en", "tags": "x"}
    assert extract_epub(_book({"a.xhtml": "<h1>H</h1>"})).title == "H"


def test_tags_that_end_themselves_are_ended():
    """In HTML an anchor would go on to the end of the page; void tags stay as they are."""
    body = '<script src="x"/><p>a<a id="p1"/>b<br/>c</p><iframe/><p><img src="x/"/>d</p>'
    assert [text for _, text, _ in _blocks(_book({"a.xhtml": body}))] == ["ab c", "d"]


def test_pages_that_are_missing_or_no_pages_are_passed_over():
    """A picture in the spine, a page that is not in the archive and an unknown reference are no reason to stop."""
    data = _book({"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name).decode() for name in archive.namelist()}
    del entries["OPS/a.xhtml"]
    entries["OPS/book.opf"] = entries["OPS/book.opf"].replace(
        "<spine>", '<item id="i" href="i.png" media-type="image/png"/><spine><itemref idref="i"/><itemref/>'
    )
    assert [text for _, text, _ in _blocks(_zip(entries))] == ["b"]


def _encryption(path):
    data = f'<EncryptedData><CipherData><CipherReference URI="{path}"/></CipherData></EncryptedData>'
    return {"META-INF/encryption.xml": f'<encryption xmlns:e="urn:x">{data}</encryption>'}


def test_protected_books_are_refused():
    """Encrypted pages are a reason, encrypted fonts are not."""
    pages = {"a.xhtml": "<p>a</p>"}
    assert len(_blocks(_book(pages, others=_encryption("OPS/font.otf")))) == 1
    with pytest.raises(IngestionError, match=r"protected against copying\. Use a copy without protection"):
        extract_epub(_book(pages, others=_encryption("OPS/a.xhtml")))


def test_entities_are_not_expanded(tmp_path):
    """Neither a file on the disk nor a billion laughs get into titles or metadata."""
    (tmp_path / "secret").write_text("secret")
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    doctype = f'<!DOCTYPE package [<!ENTITY f SYSTEM "file://{tmp_path}/secret"><!ENTITY l0 "ha">{laughs}]>'
    data = _book({"a.xhtml": "<p>a</p>"}, metadata="<dc:title>T&f;&l9;</dc:title>")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name).decode() for name in archive.namelist()}
    entries["OPS/book.opf"] = doctype + entries["OPS/book.opf"]
    title = extract_epub(_zip(entries)).title
    assert title.startswith("T")
    assert "secret" not in title
    assert "haha" not in title


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"plain text", id="text"),
        pytest.param(_book({"a.xhtml": "a"})[:-40], id="truncated"),
        pytest.param(_zip({}), id="no entries"),
        pytest.param(_zip({"META-INF/container.xml": ""}), id="empty container"),
        pytest.param(_zip({"META-INF/container.xml": "<container/>"}), id="no package named"),
        pytest.param(_zip({"META-INF/container.xml": _CONTAINER}), id="no package"),
        pytest.param(_zip({"META-INF/container.xml": _CONTAINER, "OPS/book.opf": ""}), id="empty package"),
    ],
)
def test_what_is_no_book_is_refused(data):
    """Each way of being no book gives one sentence and a hint."""
    with pytest.raises(IngestionError, match=r"The file is (damaged|no EPUB book).*\. (Open it|Convert it)"):
        extract_epub(data)
