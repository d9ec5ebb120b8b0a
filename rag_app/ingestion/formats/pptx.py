"""Presentations, by python-pptx: slides in their order, shapes from top to bottom, notes below their slide."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.archive import open_archive
from rag_app.ingestion.formats.docx import metadata
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.locator import Locator

_NOTES = "Notes"
_MEANINGLESS = frozenset(("powerpoint presentation", "presentation", ""))
_EMU_PER_LINE = 228_600  # a quarter of an inch: shapes whose tops are nearer stand side by side
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TEXTS = (_A + "t", _A + "br", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t")


def extract_pptx(data: bytes) -> Extraction:
    """Return the blocks of a presentation; a slide's title is the heading of its text, hidden slides are read too.

    Raises
    ------
    IngestionError
        If it is protected by a password, is damaged, or is no such document.

    Examples
    --------
    >>> import pptx
    >>> presentation, file = pptx.Presentation(), io.BytesIO()
    >>> slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    >>> slide.shapes.title.text, slide.placeholders[1].text = "GANs", "Two nets."
    >>> presentation.save(file)
    >>> [(b.kind, b.text, str(b.locator)) for b in extract_pptx(file.getvalue()).blocks]
    [('heading', 'GANs', 'GANs, slide 1'), ('paragraph', 'Two nets.', 'GANs, slide 1')]
    """
    import pptx
    from lxml import etree  # type: ignore[import-untyped,unused-ignore]
    from pptx.exc import PythonPptxError

    open_archive(data)
    try:
        presentation = pptx.Presentation(io.BytesIO(data))
        blocks: list[ExtractedBlock] = []
        for number, slide in enumerate(presentation.slides, 1):
            blocks += _Slide(slide, number).blocks(blocks[-1].locator.heading if blocks else ())
        properties = presentation.core_properties
    except (PythonPptxError, etree.LxmlError, KeyError, ValueError, TypeError, AttributeError) as exc:
        msg = "The file is no PowerPoint presentation, or is damaged."
        raise IngestionError(msg, hint="Open it in the program that made it, and save it again as .pptx.") from exc
    title = properties.title.strip()
    if title.casefold() in _MEANINGLESS:
        title = next((block.text for block in blocks if block.kind == "heading"), "")
    return Extraction(tuple(blocks), title, metadata(properties))


class _Slide:
    def __init__(self, slide: Any, number: int) -> None:  # noqa: ANN401  (python-pptx has no types)
        _unwrap(slide)
        self._slide = slide
        self._number = number
        self._title_shape = slide.shapes.title
        self._title = _frame_text(self._title_shape.text_frame) if self._title_shape is not None else ""

    def blocks(self, before: tuple[str, ...]) -> Iterator[ExtractedBlock]:
        """Yield its blocks; where the slide before ended under the same title, its text goes on."""
        heading = (self._title,) if self._title else ()
        if heading not in {(), before}:
            yield ExtractedBlock("heading", self._title, self._place(heading))
        for shape in _in_order(self._slide.shapes):
            if self._title_shape is not None and shape.shape_id == self._title_shape.shape_id:
                continue
            if shape.has_table:
                yield from self._rows(shape.table, heading)
            elif shape.has_text_frame and not _is_furniture(shape):
                yield from self._paragraphs(shape.text_frame, heading)
        if self._slide.has_notes_slide and self._slide.notes_slide.notes_text_frame is not None:
            notes = list(self._paragraphs(self._slide.notes_slide.notes_text_frame, (*heading, _NOTES)))
            if notes:
                yield ExtractedBlock("heading", _NOTES, self._place((*heading, _NOTES)))
                yield from notes

    def _place(self, heading: tuple[str, ...]) -> Locator:
        return Locator(heading, slide=self._number)

    def _paragraphs(self, frame: Any, heading: tuple[str, ...]) -> Iterator[ExtractedBlock]:  # noqa: ANN401
        """Yield the paragraphs of a shape; two or more are a list, as PowerPoint sets them."""
        lines = [(paragraph.level, _text(paragraph)) for paragraph in frame.paragraphs]
        lines = [(level, text) for level, text in lines if text]
        if len(lines) == 1:
            yield ExtractedBlock("paragraph", lines[0][1], self._place(heading))
        elif lines:
            text = "\n".join(f"{'  ' * level}- {text}" for level, text in lines)
            yield ExtractedBlock("list", text, self._place(heading))

    def _rows(self, table: Any, heading: tuple[str, ...]) -> Iterator[ExtractedBlock]:  # noqa: ANN401
        rows = [" | ".join(_frame_text(cell.text_frame) for cell in row.cells) for row in table.rows]
        rows = [row for row in rows if row.strip(" |")]
        for i, row in enumerate(rows):
            yield ExtractedBlock("table", row, self._place(heading), header=rows[0], joined=i > 0)


def _in_order(shapes: Any) -> list[Any]:  # noqa: ANN401
    """Return shapes line by line; those of a group stay together, where the group is."""
    from pptx.shapes.group import GroupShape

    found: list[Any] = []
    for shape in _by_lines(list(shapes)):
        if isinstance(shape, GroupShape):
            found += _in_order(shape.shapes)
        else:
            found.append(shape)
    return found


def _by_lines(shapes: Sequence[Any]) -> list[Any]:
    """Sort by the top; those that begin at nearly the same height, from left to right."""
    lines: list[list[Any]] = []
    for shape in sorted(shapes, key=lambda shape: shape.top or 0):
        if lines and (shape.top or 0) - (lines[-1][0].top or 0) < _EMU_PER_LINE:
            lines[-1].append(shape)
        else:
            lines.append([shape])
    return [shape for line in lines for shape in sorted(line, key=lambda shape: shape.left or 0)]


def _is_furniture(shape: Any) -> bool:  # noqa: ANN401
    from pptx.enum.shapes import PP_PLACEHOLDER

    furniture = {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER, PP_PLACEHOLDER.SLIDE_NUMBER}
    return shape.is_placeholder and shape.placeholder_format.type in furniture


def _unwrap(slide: Any) -> None:  # noqa: ANN401
    """Put in the place of alternatives what PowerPoint shows: python-pptx sees no shape inside them."""
    for choices in list(slide.element.iter(_MC + "AlternateContent")):
        for child in choices.find(_MC + "Choice") if choices.find(_MC + "Choice") is not None else ():
            choices.addprevious(child)
        choices.getparent().remove(choices)


def _frame_text(frame: Any) -> str:  # noqa: ANN401
    return " ".join(filter(None, map(_text, frame.paragraphs)))


def _text(paragraph: Any) -> str:  # noqa: ANN401
    """Return the text of a paragraph with that of formulas, and without fields such as the slide's number."""
    elements = [e for e in paragraph._p.iter(*_TEXTS) if e.getparent().tag != _A + "fld"]  # noqa: SLF001
    return " ".join("".join(" " if e.tag == _A + "br" else e.text or "" for e in elements).split())
