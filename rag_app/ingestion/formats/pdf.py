"""PDF, by PDFium: one page in memory at a time, paragraphs rebuilt from lines, furniture left out."""

from __future__ import annotations

import ctypes
import math
import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.extraction import Extraction
from rag_app.ingestion.formats.layout import (
    Line,
    Span,
    in_reading_order,
    is_wide,
    with_headings_by_outline,
    with_headings_by_size,
    without_contents,
    without_furniture,
)
from rag_app.ingestion.formats.paragraphs import build_blocks

_PDFIUM = threading.Lock()  # the library is not made for threads
_GAP = 1.0  # times the size: a wider space parts two columns or cells
_LINE = re.compile("[^\r\n\x02]+\x02?")  # the last is what PDFium makes of a hyphen at the end of a line
_HYPHENATED = re.compile(r"[^\W\d_][-\u00ad\u2010\x02]$")
_WORD = re.compile(r"\S+")
_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_MEANINGLESS = re.compile(r"untitled.*|\(?anonymous\)?|microsoft .* - .*|.*\.\w{2,4}|\W*", re.IGNORECASE | re.DOTALL)


def extract_pdf(data: bytes) -> Extraction:
    r"""Return the blocks of a PDF, with the page on which each begins.

    Raises
    ------
    IngestionError
        If it is protected by a password, is damaged, or has no text layer.

    Notes
    -----
    Headings are those of the outline, if its titles are found on their pages, otherwise lines larger than the body.

    Examples
    --------
    >>> objects = [
    ...     "<</Type/Catalog/Pages 2 0 R>>",
    ...     "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    ...     "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
    ...     "<</Length 35>> stream\nBT /F 9 Tf 9 50 Td (Two nets.) Tj ET\nendstream",
    ... ]
    >>> body = " ".join(f"{number} 0 obj {text} endobj" for number, text in enumerate(objects, 1))
    >>> [(b.text, str(b.locator)) for b in extract_pdf(f"%PDF-1.7\n{body} trailer <</Root 1 0 R>>".encode()).blocks]
    [('Two nets.', 'page 1')]
    """
    from pypdfium2 import PdfiumError  # type: ignore[import-untyped,unused-ignore]

    with _PDFIUM:
        try:
            lines, outline, properties = _read(data)
        except PdfiumError as exc:
            raise _error(exc) from exc
    if not lines:
        msg = "The document has no text layer: its pages are images."
        raise IngestionError(msg, hint="Run text recognition on it first, for example: ocrmypdf IN.pdf OUT.pdf")
    lines = without_contents(without_furniture(lines))
    marked = with_headings_by_outline(lines, outline)
    if not any(line.level for line in marked):
        marked = with_headings_by_size(lines)
    blocks = build_blocks(marked)
    heading = next((block.text for block in blocks if block.kind == "heading"), "")
    title = properties.get("Title", "").strip()
    return Extraction(tuple(blocks), heading if _MEANINGLESS.fullmatch(title) else title, _metadata(properties))


def _error(exc: Exception) -> IngestionError:
    from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY  # type: ignore[import-untyped,unused-ignore]

    if getattr(exc, "err_code", None) in {FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY}:
        return IngestionError("The document is protected by a password.", hint="Save it without the password.")
    msg = "The file is damaged, or is no PDF."
    return IngestionError(msg, hint="Open it in the program that made it, and export it again.")


def _read(data: bytes) -> tuple[list[Line], list[tuple[int, int, str]], dict[str, str]]:
    """Return the lines in reading order, the outline as page, level and title, and the properties."""
    from pypdfium2 import PdfDocument

    document = PdfDocument(data)
    try:
        lines = [line for number in range(len(document)) for line in _page_lines(document, number)]
        return lines, list(_outline(document)), document.get_metadata_dict(skip_empty=True)
    finally:
        document.close()


def _outline(document: Any) -> Iterator[tuple[int, int, str]]:  # noqa: ANN401  (pypdfium2 has no types)
    for entry in document.get_toc():
        target = entry.get_dest()
        page = target.get_index() if target is not None else None
        if page is not None:
            yield page + 1, entry.level + 1, entry.get_title()


def _page_lines(document: Any, number: int) -> list[Line]:  # noqa: ANN401
    page = document[number]
    try:
        textpage = page.get_textpage()
        try:
            return in_reading_order(list(_Page(page, textpage, number + 1).lines()))
        finally:
            textpage.close()
    finally:
        page.close()


def _metadata(properties: dict[str, str]) -> dict[str, str]:
    date = _DATE.match(properties.get("CreationDate", ""))
    metadata = {
        "author": properties.get("Author", "").strip(),
        "date": "-".join(part for part in date.groups() if part) if date else "",
        "tags": properties.get("Keywords", "").strip(),
    }
    return {key: value for key, value in metadata.items() if not _MEANINGLESS.fullmatch(value)}


class _Page:
    """The text of a page. PDFium tells characters and their boxes; lines end where it puts a line end."""

    def __init__(self, page: Any, textpage: Any, number: int) -> None:  # noqa: ANN401
        from pypdfium2 import raw

        self._raw = raw
        self._text = textpage.raw
        self._number = number
        self._box: tuple[float, float, float, float] = page.get_bbox()
        self._turned: int = page.get_rotation()
        self._width, self._height = page.get_size()  # as the page is shown
        self._rect = raw.FS_RECTF()

    def lines(self) -> Iterator[Line]:
        """Yield its lines in the order in which they were printed."""
        unicode = self._raw.FPDFText_GetUnicode
        text = "".join(chr(unicode(self._text, i)) for i in range(self._raw.FPDFText_CountChars(self._text)))
        for match in _LINE.finditer(text):
            words = [word.span() for word in _WORD.finditer(text, *match.span())]
            if words:
                yield self._line(text, words)

    def _line(self, text: str, words: list[tuple[int, int]]) -> Line:
        boxes = [self._word_box(start, end) for start, end in words]
        if boxes[0][0] > boxes[-1][2]:  # from right to left: mirrored, all else is the same
            boxes = [(self._width - box[2], box[1], self._width - box[0], box[3]) for box in boxes]
        longest = max(range(len(words)), key=lambda i: words[i][1] - words[i][0])  # no bullet, no superscript
        _, upper, _, lower = boxes[longest]
        size = self._size(words[longest][0]) or lower - upper or 1.0
        ends = [i + 1 for i, (a, b) in enumerate(pairwise(boxes)) if b[0] - a[2] > _GAP * size]
        hyphenated = bool(_HYPHENATED.search(text, words[-1][0], words[-1][1]))
        first_width = size if is_wide(text[words[0][0]]) else boxes[0][2] - boxes[0][0]
        words[-1] = (words[-1][0], words[-1][1] - hyphenated)
        spans = [
            Span(_whole(text[words[i][0] : words[j - 1][1]]), boxes[i][0], boxes[j - 1][2])
            for i, j in pairwise([0, *ends, len(words)])
        ]
        return Line(tuple(spans), self._number, upper, lower, size, self._height, first_width, hyphenated)

    def _word_box(self, start: int, end: int) -> tuple[float, float, float, float]:
        first, last = self._character_box(start), self._character_box(end - 1)
        return min(first[0], last[0]), min(first[1], last[1]), max(first[2], last[2]), max(first[3], last[3])

    def _character_box(self, index: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom as the page is shown, from its left and upper edge."""
        self._raw.FPDFText_GetLooseCharBox(self._text, index, ctypes.byref(self._rect))
        x0, x1 = self._rect.left - self._box[0], self._rect.right - self._box[0]
        y0, y1 = self._box[3] - self._rect.top, self._box[3] - self._rect.bottom
        if self._turned == 90:  # noqa: PLR2004  (degrees, clockwise)
            return self._width - y1, x0, self._width - y0, x1
        if self._turned == 180:  # noqa: PLR2004
            return self._width - x1, self._height - y1, self._width - x0, self._height - y0
        if self._turned == 270:  # noqa: PLR2004
            return y0, self._height - x1, y1, self._height - x0
        return x0, y0, x1, y1

    def _size(self, index: int) -> float:
        """Return the size at which a character is shown."""
        matrix = self._raw.FS_MATRIX()
        size = float(self._raw.FPDFText_GetFontSize(self._text, index))
        if not self._raw.FPDFText_GetMatrix(self._text, index, ctypes.byref(matrix)):
            return size
        return size * math.hypot(matrix.c, matrix.d)


def _whole(text: str) -> str:
    """Join what PDFium gives as two halves, such as mathematical letters, and drop hyphens that are not shown."""
    return text.replace("\xad", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
