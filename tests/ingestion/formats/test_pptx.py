"""Presentations: which text of a slide is kept, in which order, and where it stands."""

from __future__ import annotations

import io
import zipfile

import pptx
import pytest
from pptx.oxml import parse_xml
from pptx.util import Inches

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.pptx import extract_pptx
from rag_app.locator import Locator

_TITLE_AND_CONTENT, _TITLE_ONLY, _BLANK = 1, 5, 6
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SHOWN = "http://schemas.openxmlformats.org/presentationml/2006/main"
_SHAPE = (
    f'<p:sp xmlns:p="{_SHOWN}" xmlns:a="{_DRAWING}">'
    '<p:nvSpPr><p:cNvPr id="90" name="x"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr>'
    "<p:spPr/><p:txBody><a:bodyPr/>{}</p:txBody></p:sp>"
)


def _saved(presentation):
    file = io.BytesIO()
    presentation.save(file)
    return file.getvalue()


def _slide(presentation, title="", layout=_TITLE_ONLY):
    slide = presentation.slides.add_slide(presentation.slide_layouts[layout])
    if title:
        slide.shapes.title.text = title
    return slide


def _box(shapes, text, left=1, top=2):
    shapes.add_textbox(Inches(left), Inches(top), Inches(1), Inches(0.5)).text_frame.text = text


def _blocks(presentation):
    return [(b.kind, b.text) for b in extract_pptx(_saved(presentation)).blocks]


def test_a_slide_is_its_title_text_and_notes():
    """The title is the heading of the text; the notes have a heading of their own below it."""
    presentation = pptx.Presentation()
    slide = _slide(presentation, "GANs", _TITLE_AND_CONTENT)
    slide.placeholders[1].text = "two nets"
    slide.notes_slide.notes_text_frame.text = "Explain slowly."
    assert [(b.kind, b.text, b.locator) for b in extract_pptx(_saved(presentation)).blocks] == [
        ("heading", "GANs", Locator(("GANs",), slide=1)),
        ("paragraph", "two nets", Locator(("GANs",), slide=1)),
        ("heading", "Notes", Locator(("GANs", "Notes"), slide=1)),
        ("paragraph", "Explain slowly.", Locator(("GANs", "Notes"), slide=1)),
    ]


def test_shapes_are_read_from_top_to_bottom_and_left_to_right():
    """The order in which shapes were drawn does not count, a small difference in height neither."""
    presentation = pptx.Presentation()
    shapes = _slide(presentation).shapes
    for text, left, top in [("d", 1, 4), ("c", 5, 2), ("b", 1, 2.1), ("a", 1, 1)]:
        _box(shapes, text, left, top)
    assert [text for _, text in _blocks(presentation)] == ["a", "b", "c", "d"]


def test_shapes_of_a_group_stay_together():
    """A group is read where it stands, groups in it too."""
    presentation = pptx.Presentation()
    shapes = _slide(presentation).shapes
    group = shapes.add_group_shape()
    _box(group.shapes, "b", 1, 2)
    _box(group.shapes.add_group_shape().shapes, "c", 1, 5)
    _box(shapes, "a", 1, 1)
    _box(shapes, "d", 1, 3)
    assert [text for _, text in _blocks(presentation)] == ["a", "b", "c", "d"]


def test_paragraphs_of_a_shape_are_a_list():
    """Levels indent, line breaks are spaces, empty paragraphs are no items."""
    presentation = pptx.Presentation()
    frame = _slide(presentation, "T", _TITLE_AND_CONTENT).placeholders[1].text_frame
    frame.text = "one\n\ntwo\vhalves\nthree"
    frame.paragraphs[2].level = 1
    assert _blocks(presentation)[1:] == [("list", "- one\n  - two halves\n- three")]


def test_tables_are_rows_under_their_header():
    """Each row is a block with the header row; an empty one is none; a merged cell is read once."""
    presentation = pptx.Presentation()
    table = _slide(presentation).shapes.add_table(4, 3, 0, Inches(2), Inches(4), Inches(2)).table
    for row, texts in enumerate([["a", "b", "c"], ["", "", ""], ["1", "2", "3\n4"], ["x", "", "y"]]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(3, 0).merge(table.cell(3, 1))
    blocks = extract_pptx(_saved(presentation)).blocks
    assert [(b.kind, b.text, b.header, b.joined) for b in blocks] == [
        ("table", "a | b | c", "a | b | c", False),
        ("table", "1 | 2 | 3 4", "a | b | c", True),
        ("table", "x |  | y", "a | b | c", True),
    ]


def test_a_title_that_is_repeated_goes_on():
    """Slides with the same title are one section, unless there are notes between them."""
    presentation = pptx.Presentation()
    for text in ("a", "b", "c"):
        slide = _slide(presentation, "T")
        _box(slide.shapes, text)
        if text == "b":
            slide.notes_slide.notes_text_frame.text = "n"
    blocks = extract_pptx(_saved(presentation)).blocks
    assert [(b.text, b.locator.slide) for b in blocks] == [
        ("T", 1), ("a", 1), ("b", 2), ("Notes", 2), ("n", 2), ("T", 3), ("c", 3)
    ]  # fmt: skip
    assert {b.locator.heading for b in blocks} == {("T",), ("T", "Notes")}


def test_furniture_is_left_out_and_hidden_slides_are_read():
    """Date, footer and number are no text of a slide, nor is a number inside a text box."""
    presentation = pptx.Presentation()
    layout = presentation.slide_layouts[_BLANK]
    slide = presentation.slides.add_slide(layout)
    for placeholder in layout.placeholders:
        slide.shapes.clone_placeholder(placeholder)
        slide.placeholders[placeholder.placeholder_format.idx].text = "furniture"
    field = '<a:fld id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum"><a:t>7</a:t></a:fld>'
    text = f"<a:p><a:r><a:t>slide</a:t></a:r>{field}</a:p>"
    slide.shapes._spTree.append(parse_xml(_SHAPE.format(text)))
    slide._element.set("show", "0")
    assert _blocks(presentation) == [("paragraph", "slide")]


def test_formulas_are_read():
    """A shape with a formula comes in two forms, of which the one with text is read."""
    presentation = pptx.Presentation()
    formula = (
        '<a:p><a:r><a:t>loss </a:t></a:r><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
        "<m:r><m:t>x+1</m:t></m:r></m:oMath></a:p>"
    )
    alternatives = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<mc:Choice Requires="a14" xmlns:a14="urn:x">{_SHAPE.format(formula)}</mc:Choice>'
        f"<mc:Fallback>{_SHAPE.format('<a:p><a:r><a:t>picture</a:t></a:r></a:p>')}</mc:Fallback></mc:AlternateContent>"
    )
    _slide(presentation).shapes._spTree.append(parse_xml(alternatives))
    assert _blocks(presentation) == [("paragraph", "loss x+1")]


@pytest.mark.parametrize(("title", "shown"), [("PowerPoint Presentation", "First"), ("", "First"), ("Talk", "Talk")])
def test_title_is_that_of_the_properties_or_of_the_first_slide(title, shown):
    """What PowerPoint calls every presentation is no title."""
    presentation = pptx.Presentation()
    _slide(presentation, "First")
    presentation.core_properties.title = title
    presentation.core_properties.author = "Ada"
    extraction = extract_pptx(_saved(presentation))
    assert extraction.title == shown
    assert extraction.metadata["author"] == "Ada"


def test_a_presentation_without_text_has_no_blocks():
    """Empty slides and pictures are no text."""
    presentation = pptx.Presentation()
    _slide(presentation)
    assert _blocks(presentation) == []


def _without(data, name):
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for entry in source.namelist():
            if entry != name:
                target.writestr(entry, source.read(entry))
    return file.getvalue()


def _valid():
    presentation = pptx.Presentation()
    _slide(presentation, "T")
    return _saved(presentation)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"plain text", id="text"),
        pytest.param(_valid()[:-100], id="truncated"),
        pytest.param(_without(_valid(), "ppt/slides/slide1.xml"), id="a slide is missing"),
        pytest.param(_without(_valid(), "ppt/presentation.xml"), id="the presentation is missing"),
        pytest.param(_without(_valid(), "[Content_Types].xml"), id="types are missing"),
    ],
)
def test_what_is_no_presentation_is_refused(data):
    """Whatever python-pptx makes of it, there is one sentence and a hint."""
    with pytest.raises(IngestionError, match=r"The file is (damaged|no PowerPoint).*\. Open it in the program"):
        extract_pptx(data)
