"""Word documents, by python-docx: text as it is shown, with insertions accepted and deletions left out."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.archive import open_archive
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction, HeadingPath
from rag_app.locator import Locator
from rag_app.types import BlockKind

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_FOOTNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_ENDNOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/endnotes"
_BOX = _W + "txbxContent"
# Deleted and moved text, properties, the reading of a ruby, the older copy of a drawing, and text boxes, which follow.
_LEFT_OUT = frozenset((*(_W + name for name in "del moveFrom pPr rPr rt".split()), _BOX, _FALLBACK))
_WRAPPERS = frozenset(_W + name for name in "sdt sdtContent customXml ins moveTo smartTag".split())
_FURNITURE = re.compile(
    r"toc \d|toc heading|caption|table of (?:figures|authorities)|index (?:\d|heading)", re.IGNORECASE
)
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_CONTENTS = re.compile("Table of (?:Contents|Figures)")
_BULLETS = frozenset(("bullet", "none"))


def extract_docx(data: bytes) -> Extraction:
    r"""Return the blocks of a Word document in reading order, foot- and endnotes below what refers to them.

    Raises
    ------
    IngestionError
        If it is protected by a password, is damaged, or is no such document.

    Examples
    --------
    >>> import docx
    >>> document, file = docx.Document(), io.BytesIO()
    >>> for text, style in [("GANs", "Heading 1"), ("Two nets:", None), ("G", "List Bullet"), ("D", "List Bullet")]:
    ...     _ = document.add_paragraph(text, style)
    >>> document.save(file)
    >>> [(b.kind, b.text) for b in extract_docx(file.getvalue()).blocks]
    [('heading', 'GANs'), ('paragraph', 'Two nets:'), ('list', '- G\n- D')]
    """
    import docx
    from docx.opc.exceptions import OpcError
    from lxml import etree  # type: ignore[import-untyped,unused-ignore]

    open_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
        properties = document.core_properties
        reader = _Reader(_styles(document), _numberings(document), _notes(document))
        reader.read(document.element.body)
    except (OpcError, etree.LxmlError, KeyError, ValueError, TypeError, AttributeError) as exc:
        msg = "The file is no Word document, or is damaged."
        raise IngestionError(msg, hint="Open it in the program that made it, and save it again as .docx.") from exc
    return Extraction(tuple(reader.blocks), properties.title.strip() or reader.first_heading, metadata(properties))


def metadata(properties: Any) -> dict[str, str]:  # noqa: ANN401  (of Word and of PowerPoint)
    """Return what the core properties of an Office document say that one would filter by.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> metadata(SimpleNamespace(author="Ada", keywords="", language="en", created=None))
    {'author': 'Ada', 'language': 'en'}
    """
    values = {
        "author": properties.author,
        "date": f"{properties.created:%Y-%m-%d}" if properties.created else "",
        "tags": properties.keywords,
        "language": properties.language,
    }
    return {key: value.strip() for key, value in values.items() if value.strip()}


# -- styles and numbering ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Style:
    """What a paragraph style says: furniture or not, level of a heading (0 is the title), numbering and its level."""

    is_furniture: bool = False
    heading: int | None = None
    numbering: tuple[str, int] | None = None


def _styles(document: Any) -> dict[str, _Style]:  # noqa: ANN401  (lxml has no types)
    elements = {style.get(_W + "styleId"): style for style in document.styles.element.iter(_W + "style")}
    return {name: _style(name, elements) for name in elements}


def _style(name: str, elements: Mapping[str, Any]) -> _Style:
    """Return what a style says or inherits."""
    is_furniture, heading, numbering = False, None, None
    seen: set[str] = set()
    while name in elements and name not in seen:
        seen.add(name)
        element = elements[name]
        shown = _value(element, "name") or ""
        is_furniture = is_furniture or bool(_FURNITURE.fullmatch(shown))
        match = _HEADING.fullmatch(shown)
        own = 0 if shown.casefold() == "title" else int(match[1]) if match else _outline(element)
        heading = own if heading is None else heading
        numbering = numbering or _numbering(element)
        name = _value(element, "basedOn") or ""
    return _Style(is_furniture, heading, numbering)


def _numberings(document: Any) -> dict[tuple[str, int], tuple[bool, int]]:  # noqa: ANN401
    """Return for each list and level whether its items have numbers, and the first number."""
    try:
        root = document.part.numbering_part.element
    except (KeyError, NotImplementedError):  # python-docx cannot make the part where there is none
        return {}
    abstract = {element.get(_W + "abstractNumId"): element for element in root.iter(_W + "abstractNum")}
    found = {}
    for numbering in root.iter(_W + "num"):
        for level in abstract.get(_value(numbering, "abstractNumId"), root.makeelement("none")).iter(_W + "lvl"):
            first = _value(level, "start") or "1"
            key = numbering.get(_W + "numId"), int(level.get(_W + "ilvl"))
            found[key] = _value(level, "numFmt") not in _BULLETS, int(first)
    return found


def _notes(document: Any) -> dict[tuple[str, str], Any]:  # noqa: ANN401
    """Return foot- and endnotes by the kind of reference and the id."""
    from lxml import etree

    found = {}
    for relation in document.part.rels.values():
        if relation.reltype in {_FOOTNOTES, _ENDNOTES}:
            kind = "footnote" if relation.reltype == _FOOTNOTES else "endnote"
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            for note in etree.fromstring(relation.target_part.blob, parser).iter(_W + kind):
                if note.get(_W + "type") in {None, "normal"}:  # the others are lines that part notes from text
                    found[f"{_W}{kind}Reference", note.get(_W + "id")] = note
    return found


def _value(element: Any, *path: str) -> str | None:  # noqa: ANN401
    """Return the value of a property below an element."""
    found = element.find("/".join(_W + name for name in path))
    return None if found is None else found.get(_W + "val")


def _outline(element: Any) -> int | None:  # noqa: ANN401
    """Return the level of a heading by its outline; the last of the ten levels is that of text."""
    level = _value(element, "pPr", "outlineLvl")
    return int(level) + 1 if level and level in "012345678" else None


def _numbering(element: Any) -> tuple[str, int] | None:  # noqa: ANN401
    """Return list and level; list 0 is how a paragraph says that it is in none."""
    number = _value(element, "pPr", "numPr", "numId")
    return (number, int(_value(element, "pPr", "numPr", "ilvl") or 0)) if number else None


# -- text -------------------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(
        self,
        styles: Mapping[str, _Style],
        numberings: Mapping[tuple[str, int], tuple[bool, int]],
        notes: Mapping[tuple[str, str], Any],
    ) -> None:
        self.blocks: list[ExtractedBlock] = []
        self.first_heading = ""
        self._styles = styles
        self._numberings = numberings
        self._notes = notes
        self._path = HeadingPath()
        self._counts = Counter[tuple[str, int]]()
        self._items: list[str] = []

    def read(self, container: Any) -> None:  # noqa: ANN401
        """Read paragraphs and tables in their order."""
        for child in _content(container):
            if child.tag == _W + "p":
                self._read_paragraph(child)
            else:
                self._read_table(child)
        self._end_list()

    def _read_paragraph(self, paragraph: Any) -> None:  # noqa: ANN401
        style = self._style(paragraph)
        text = _text(paragraph)
        numbering = _numbering(paragraph) or style.numbering
        level = _outline(paragraph) or style.heading
        if text and not style.is_furniture:
            if level is not None:
                self._add_heading(level, text)
            elif numbering is not None and numbering in self._numberings:
                self._add_item(numbering, text)
            else:
                self._add("paragraph", text)
        self._read_attached(paragraph)

    def _read_attached(self, paragraph: Any) -> None:  # noqa: ANN401
        """Read the text boxes and the notes of a paragraph."""
        for element in _own(paragraph, _BOX, _W + "footnoteReference", _W + "endnoteReference"):
            if element.tag == _BOX:
                if not any(parent.tag == _FALLBACK for parent in element.iterancestors()):
                    self.read(element)
            elif (element.tag, element.get(_W + "id")) in self._notes:
                self.read(self._notes[element.tag, element.get(_W + "id")])

    def _style(self, paragraph: Any) -> _Style:  # noqa: ANN401
        return self._styles.get(_value(paragraph, "pPr", "pStyle") or "", _Style())

    def _add_heading(self, level: int, text: str) -> None:
        self._end_list()
        self._path.enter(level, text)
        self.first_heading = self.first_heading or text
        self.blocks.append(ExtractedBlock("heading", text, Locator(self._path.titles)))

    def _add_item(self, numbering: tuple[str, int], text: str) -> None:
        numbered, first = self._numberings[numbering]
        number, level = numbering
        self._counts[numbering] += 1
        for other in [key for key in self._counts if key[0] == number and key[1] > level]:
            del self._counts[other]
        mark = f"{first + self._counts[numbering] - 1}." if numbered else "-"
        self._items.append(f"{'  ' * level}{mark} {text}")

    def _end_list(self) -> None:
        if self._items:
            text = "\n".join(self._items)
            self._items = []
            self.blocks.append(ExtractedBlock("list", text, Locator(self._path.titles)))

    def _add(self, kind: BlockKind, text: str) -> None:
        self._end_list()
        self.blocks.append(ExtractedBlock(kind, text, Locator(self._path.titles)))

    def _read_table(self, table: Any) -> None:  # noqa: ANN401
        """Read a table by rows; one of a single column, or around headings, is there for the layout."""
        self._end_list()
        rows = [row for row in _rows(table) if any(row)]
        paragraphs = list(_own(table, _W + "p"))
        styles = [self._style(paragraph) for paragraph in paragraphs]
        if max(map(len, rows), default=0) < 2 or any(style.heading is not None for style in styles):  # noqa: PLR2004
            for cell in table.iterfind(f"{_W}tr/{_W}tc"):
                self.read(cell)
            return
        lines = [" | ".join(row) for row in rows]
        for i, line in enumerate(lines):
            locator = Locator(self._path.titles)
            self.blocks.append(ExtractedBlock("table", line, locator, header=lines[0], joined=i > 0))
        for paragraph in paragraphs:
            self._read_attached(paragraph)


def _content(container: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield paragraphs and tables, those inside content controls too; a table of contents is one to leave out."""
    for child in container:
        if child.tag in {_W + "p", _W + "tbl"}:
            yield child
        elif child.tag in _WRAPPERS:
            gallery = _value(child, "sdtPr", "docPartObj", "docPartGallery") or ""
            if not _CONTENTS.fullmatch(gallery):
                yield from _content(child)


def _own(container: Any, *tags: str) -> Iterator[Any]:  # noqa: ANN401
    """Yield the elements below a container, without those in text boxes, which are read by themselves."""
    n_boxes = len(list(container.iterancestors(_BOX)))
    return (element for element in container.iter(*tags) if len(list(element.iterancestors(_BOX))) == n_boxes)


def _rows(table: Any) -> Iterator[Sequence[str]]:  # noqa: ANN401
    """Yield the cells of each row; what is merged downwards stands in each row, what is merged to the right once."""
    above: dict[int, str] = {}
    for row in table.iter(_W + "tr"):
        if row.getparent() is not table or row.find(f"{_W}trPr/{_W}del") is not None:
            continue
        cells: list[str] = []
        column = 0
        for cell in row.iterfind(f"{_W}tc"):
            merge = cell.find(f"{_W}tcPr/{_W}vMerge")
            goes_on = merge is not None and merge.get(_W + "val") != "restart"
            text = " ".join(filter(None, map(_text, _own(cell, _W + "p"))))
            cells.append(above.get(column, "") if goes_on else text)
            above[column] = cells[-1]
            column += int(_value(cell, "tcPr", "gridSpan") or 1)
        yield cells


def _text(paragraph: Any) -> str:  # noqa: ANN401
    return " ".join("".join(_pieces(paragraph)).split())


def _pieces(element: Any) -> Iterator[str]:  # noqa: ANN401
    for child in element:
        if child.tag in {_W + "t", _MATH_TEXT}:
            yield child.text or ""
        elif child.tag in {_W + "tab", _W + "br", _W + "cr"}:
            yield " "
        elif child.tag == _W + "noBreakHyphen":
            yield "-"
        elif child.tag not in _LEFT_OUT and not _is_hidden(child):
            yield from _pieces(child)


def _is_hidden(run: Any) -> bool:  # noqa: ANN401
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and vanish.get(_W + "val") not in {"0", "false", "off"}
