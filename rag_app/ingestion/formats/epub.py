"""Books in EPUB: the pages in the order of the spine, each read as HTML under the title of its chapter."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from rag_app.errors import IngestionError
from rag_app.ingestion.clean import clean_text
from rag_app.ingestion.decode import decode
from rag_app.ingestion.formats.archive import open_archive
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.ingestion.formats.html import extract_html
from rag_app.locator import Locator

_PAGES = frozenset(("application/xhtml+xml", "text/html"))
_FURNITURE = frozenset(("cover", "toc"))
_DUBLIN_CORE = {"author": "creator", "date": "date", "language": "language", "tags": "subject"}
_TYPE = "{http://www.idpf.org/2007/ops}type"
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_EMPTY_TAG = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)/>")


def extract_epub(data: bytes) -> Extraction:
    """Return the blocks of a book; the first heading of each is its chapter. Cover and contents are left out.

    Raises
    ------
    IngestionError
        If it is protected against copying, is damaged, or is no book.

    Examples
    --------
    >>> import io
    >>> page = '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("META-INF/container.xml", '<container><rootfile full-path="book.opf"/></container>')
    ...     archive.writestr("book.opf", f'<package>{page}<spine><itemref idref="a"/></spine></package>')
    ...     archive.writestr("a.xhtml", "<h1>GANs</h1><p>Two nets.</p>")
    >>> [(b.kind, b.text) for b in extract_epub(file.getvalue()).blocks]
    [('heading', 'GANs'), ('paragraph', 'Two nets.')]
    """
    archive = open_archive(data)
    try:
        book = _Book(archive)
    except (KeyError, ValueError) as exc:
        msg = "The file is no EPUB book, or is damaged."
        raise IngestionError(msg, hint="Convert it to EPUB again.") from exc
    book.check_protection()
    blocks: list[ExtractedBlock] = []
    chapter = ""
    for page in book.pages:
        begins = page in book.chapters
        chapter = book.chapters.get(page, chapter)  # a page that the contents don't name goes on with the chapter
        blocks += _page_blocks(_markup(archive, page), chapter, begins=begins)
    title = book.title or next((block.text for block in blocks if block.kind == "heading"), "")
    return Extraction(tuple(blocks), title, book.metadata)


def _page_blocks(markup: str, chapter: str, *, begins: bool) -> Iterator[ExtractedBlock]:
    found = extract_html(markup).blocks
    if begins and found and found[0].kind != "heading":
        yield ExtractedBlock("heading", chapter, Locator((chapter,)))
    for block in found:
        path = block.locator.heading
        within = not chapter or path[:1] == (chapter,)
        yield block if within else replace(block, locator=Locator((chapter, *path)))


def _markup(archive: zipfile.ZipFile, page: str) -> str:
    """Return XHTML as HTML: there, ``<title/>`` or ``<a/>`` would go on to the end of the page."""
    text = clean_text(decode(archive.read(page)))
    return _EMPTY_TAG.sub(lambda m: m[0] if m[1].lower() in _VOID else f"<{m[1]}{m[2]}></{m[1]}>", text)


class _Book:
    """What a book says about itself: title, metadata, pages in their order, titles of chapters by page.

    Namespaces are left out of account: books that get them wrong are read too.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._root = _first(_parse(archive.read("META-INF/container.xml")), "rootfile").get("full-path", "")
        package = _parse(archive.read(self._root))
        items = {item.get("id"): item for item in _all(package, "item")}
        furniture = {
            self._path(reference.get("href", ""))
            for reference in _all(package, "reference")
            if (reference.get("type") or "").lower() in _FURNITURE
        }
        navigation = [item for item in items.values() if "nav" in (item.get("properties") or "").split()]
        furniture |= {self._path(item.get("href", "")) for item in navigation}
        spine = [items[ref.get("idref")] for ref in _all(package, "itemref") if ref.get("idref") in items]
        pages = [self._path(item.get("href", "")) for item in spine if item.get("media-type") in _PAGES]
        present = set(archive.namelist())
        self.pages = [page for page in dict.fromkeys(pages) if page in present and page not in furniture]
        self.title = next(_texts(package, "title"), "")
        self.metadata = _metadata(package)
        contents = [*navigation, *(i for i in items.values() if i.get("media-type") == "application/x-dtbncx+xml")]
        self.chapters = self._chapters([self._path(item.get("href", "")) for item in contents])

    def check_protection(self) -> None:
        """Refuse a book whose pages are encrypted; fonts may be."""
        if "META-INF/encryption.xml" not in self._archive.namelist():
            return
        references = _all(_parse(self._archive.read("META-INF/encryption.xml")), "CipherReference")
        if {unquote(reference.get("URI") or "") for reference in references}.intersection(self.pages):
            msg = "The book is protected against copying."
            raise IngestionError(msg, hint="Use a copy without protection.")

    def _path(self, href: str, base: str = "") -> str:
        """Return where in the archive a reference points to, without the place on the page."""
        folder = posixpath.dirname(base or self._root)
        return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))

    def _chapters(self, contents: list[str]) -> dict[str, str]:
        """Return for each page the first title that points to it in the first table of contents there is."""
        for path in contents:
            if path not in self._archive.namelist():
                continue
            chapters: dict[str, str] = {}
            for href, title in _entries(_parse(self._archive.read(path))):
                if title:
                    chapters.setdefault(self._path(href, path), title)
            if chapters:
                return chapters
        return {}


def _entries(root: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (lxml has no types)
    """Yield target and title of the entries of a table of contents, of EPUB 3 or of EPUB 2."""
    for navigation in _all(root, "nav"):
        if "toc" in (navigation.get(_TYPE) or "").split():
            for link in _all(navigation, "a"):
                yield link.get("href", ""), _squeeze(link)
    for point in _all(root, "navPoint"):
        yield _first(point, "content").get("src", ""), next(_texts(point, "text"), "")


def _metadata(package: Any) -> Mapping[str, str]:  # noqa: ANN401
    values = {key: ", ".join(dict.fromkeys(_texts(package, name))) for key, name in _DUBLIN_CORE.items()}
    return {key: value for key, value in values.items() if value}


def _parse(data: bytes) -> Any:  # noqa: ANN401
    """Return the root of an XML document, entities left alone; a page's markup need not be well-formed."""
    from lxml import etree  # type: ignore[import-untyped,unused-ignore]

    try:
        root = etree.fromstring(data, etree.XMLParser(recover=True, resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as exc:
        raise ValueError from exc
    if root is None:
        raise ValueError
    return root


def _all(root: Any, name: str) -> list[Any]:  # noqa: ANN401
    return list(root.iter(f"{{*}}{name}"))


def _first(root: Any, name: str) -> Any:  # noqa: ANN401
    found = root.find(f".//{{*}}{name}")
    if found is None:
        raise KeyError(name)
    return found


def _texts(root: Any, name: str) -> Iterator[str]:  # noqa: ANN401
    return (text for text in map(_squeeze, _all(root, name)) if text)


def _squeeze(element: Any) -> str:  # noqa: ANN401
    return " ".join("".join(element.itertext()).split())
