"""Word documents: what is kept of each construct, and under which heading."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.docx import extract_docx

_PARAGRAPH = '<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{}</w:p>'


def _saved(document):
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _blocks(document):
    return [(b.kind, b.text) for b in extract_docx(_saved(document)).blocks]


def _with(content):
    """Return a document of one paragraph with the given markup."""
    document = docx.Document()
    document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w', 'm')}>{content}</w:p>"))
    return document


def _changed(data, name, old, new):
    """Return an archive in which one entry has another text."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            content = source.read(entry)
            target.writestr(entry, content.replace(old, new) if entry == name else content)
    return file.getvalue()


def test_paragraphs_and_tables_are_read_in_their_order():
    """A table stands between the paragraphs that it stands between, one block for each row under the header."""
    document = docx.Document()
    document.add_paragraph("before")
    table = document.add_table(2, 2)
    for i, text in enumerate(["a", "b", "c\nd", ""]):
        table.cell(i // 2, i % 2).text = text
    document.add_paragraph(" \t ")
    document.add_paragraph("after\nit\tall")
    blocks = extract_docx(_saved(document)).blocks
    assert [(b.kind, b.text, b.header, b.joined) for b in blocks] == [
        ("paragraph", "before", "", False),
        ("table", "a | b", "a | b", False),
        ("table", "c d | ", "a | b", True),
        ("paragraph", "after it all", "", False),
    ]


def test_merged_cells_are_read_once_in_each_row():
    """What is merged downwards is said again in each row; what is merged to the right is not."""
    document = docx.Document()
    table = document.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "wide"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"
    assert [text for _, text in _blocks(document)] == ["00 | wide", "tall | 11 | 12", "tall | 21 | 22"]


def test_tables_for_the_layout_are_no_tables():
    """The cells of a table of one column, or around headings, are read one after the other."""
    document = docx.Document()
    document.add_table(2, 1).cell(0, 0).text = "boxed"
    around = document.add_table(1, 2)
    around.cell(0, 0).paragraphs[0].style = document.styles["Heading 1"]
    around.cell(0, 0).paragraphs[0].add_run("Head")
    around.cell(0, 1).text = "beside"
    assert _blocks(document) == [("paragraph", "boxed"), ("heading", "Head"), ("paragraph", "beside")]


def test_headings_make_the_path():
    """The title is above all headings; other languages' and derived styles count by what they are built on."""
    document = docx.Document()
    derived = document.styles.add_style("Kapitel", WD_STYLE_TYPE.PARAGRAPH)
    derived.base_style = document.styles["Heading 2"]
    outlined = document.styles.add_style("Outlined", WD_STYLE_TYPE.PARAGRAPH)
    outlined.element.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="2"/>'))
    for text, style in [
        ("T", "Title"), ("A", "Heading 1"), ("B", "Kapitel"), ("C", "Outlined"), ("text", None), ("D", "Heading 1")
    ]:  # fmt: skip
        document.add_paragraph(text, style=style)
    extraction = extract_docx(_saved(document))
    assert [(b.kind, b.locator.heading) for b in extraction.blocks] == [
        ("heading", ("T",)),
        ("heading", ("T", "A")),
        ("heading", ("T", "A", "B")),
        ("heading", ("T", "A", "B", "C")),
        ("paragraph", ("T", "A", "B", "C")),
        ("heading", ("T", "D")),
    ]
    assert extraction.title == "T"


def test_styles_that_are_built_on_each_other_end():
    """A circle of styles, which only a damaged document has, is gone round once."""
    document = docx.Document()
    styles = [document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH) for name in ("A", "B")]
    styles[0].base_style, styles[1].base_style = styles[1], styles[0]
    document.add_paragraph("text", style="A")
    assert _blocks(document) == [("paragraph", "text")]


def test_lists_keep_their_numbers_and_depth():
    """Items that follow one another are one block; a list goes on counting after a paragraph, a deeper one anew."""
    document = docx.Document()
    for text, style in [
        ("a", "List Bullet"), ("b", "List Number"), ("c", "List Number"), ("between", None), ("d", "List Number")
    ]:  # fmt: skip
        document.add_paragraph(text, style=style)
    assert _blocks(document) == [("list", "- a\n1. b\n2. c"), ("paragraph", "between"), ("list", "3. d")]


def test_lists_of_several_levels():
    """The level of the paragraph indents it; a new outer item starts the inner numbers again; list 0 is none."""
    document = docx.Document()
    numbering = document.part.numbering_part.element
    level = '<w:lvl w:ilvl="{}"><w:start w:val="{}"/><w:numFmt w:val="{}"/></w:lvl>'
    levels = level.format(0, 4, "decimal") + level.format(1, 1, "lowerLetter")
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="99">{levels}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="99"><w:abstractNumId w:val="99"/></w:num>'))
    for text, depth, number in [("a", 0, 99), ("b", 1, 99), ("c", 1, 99), ("d", 0, 99), ("e", 1, 99), ("f", 0, 0)]:
        paragraph = document.add_paragraph(text)
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')
        )
    assert _blocks(document) == [("list", "4. a\n  1. b\n  2. c\n5. d\n  1. e"), ("paragraph", "f")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<w:r><w:t>a</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>b</w:t></w:r>", "ab"),
        ("<w:r><w:t>a</w:t><w:br/><w:t>b</w:t><w:tab/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t></w:r>", "a b c-d"),
        ("<w:ins><w:r><w:t>in</w:t></w:r></w:ins><w:del><w:r><w:delText>out</w:delText></w:r></w:del>", "in"),
        ("<w:moveTo><w:r><w:t>in</w:t></w:r></w:moveTo><w:moveFrom><w:r><w:t>out</w:t></w:r></w:moveFrom>", "in"),
        ('<w:hyperlink w:anchor="x"><w:r><w:t>link</w:t></w:r></w:hyperlink>', "link"),
        ("<w:sdt><w:sdtPr/><w:sdtContent><w:r><w:t>control</w:t></w:r></w:sdtContent></w:sdt>", "control"),
        ('<w:fldSimple w:instr="DATE"><w:r><w:t>today</w:t></w:r></w:fldSimple>', "today"),
        ("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>a</w:t></w:r>", "a"),
        ("<w:r><w:t>x = </w:t></w:r><m:oMath><m:r><m:t>y+1</m:t></m:r></m:oMath>", "x = y+1"),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>a</w:t></w:r>", "a"),
        ('<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r>', "shown"),
        (
            "<w:r><w:ruby><w:rt><w:r><w:t>とう</w:t></w:r></w:rt><w:rubyBase><w:t>東</w:t></w:rubyBase></w:ruby></w:r>",
            "東",
        ),
        ("<w:r><w:t>مرحبا 東京 a</w:t></w:r>", "مرحبا 東京 a"),
    ],
)
def test_text_is_what_is_shown(content, text):
    """Insertions, links, controls, results of fields and formulas are kept; deletions and hidden text are not."""
    assert _blocks(_with(content)) == [("paragraph", text)]


def test_text_boxes_are_read_once():
    """A text box follows the paragraph that it is anchored in; the copy for older programs is left out."""
    box = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
    content = (
        '<w:r><w:t>text</w:t></w:r><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/'
        f'markup-compatibility/2006"><mc:Choice Requires="wps">{box.format("box")}</mc:Choice>'
        f"<mc:Fallback>{box.format('copy')}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert _blocks(_with(content)) == [("paragraph", "text"), ("paragraph", "box")]


def test_text_boxes_in_boxes_and_in_tables():
    """Wherever a text box stands, it is read once, and is no part of the cell that it is anchored in."""
    inner = "<w:r><w:txbxContent><w:p><w:r><w:t>inner</w:t></w:r></w:p></w:txbxContent></w:r>"
    outer = f"<w:r><w:t>text</w:t><w:txbxContent><w:p><w:r><w:t>outer</w:t></w:r>{inner}</w:p></w:txbxContent></w:r>"
    assert [text for _, text in _blocks(_with(outer))] == ["text", "outer", "inner"]
    document = docx.Document()
    table = document.add_table(1, 2)
    table.cell(0, 0)._tc.replace(table.cell(0, 0).paragraphs[0]._p, parse_xml(f"<w:p {nsdecls('w')}>{outer}</w:p>"))
    table.cell(0, 1).text = "beside"
    assert [text for _, text in _blocks(document)] == ["text | beside", "outer", "inner"]


def test_furniture_is_left_out():
    """Tables of contents, by style or as a whole, captions, headers and footers are no text of the document."""
    document = docx.Document()
    for name in ("toc 1", "TOC Heading", "table of figures", "index 1"):
        if name not in [style.name for style in document.styles]:
            document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        document.add_paragraph("no", style=name)
    document.add_paragraph("no", style="Caption")
    document.sections[0].header.paragraphs[0].text = "no"
    document.sections[0].footer.paragraphs[0].text = "no"
    control = (
        '<w:sdt {}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="{}"/></w:docPartObj></w:sdtPr>'
        "<w:sdtContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    body = document.element.body
    body.insert(0, parse_xml(control.format(nsdecls("w"), "Table of Contents", "no")))
    body.insert(0, parse_xml(control.format(nsdecls("w"), "Cover Pages", "yes")))
    assert _blocks(document) == [("paragraph", "yes")]


def test_footnotes_follow_their_paragraph():
    """A footnote is a paragraph of its own below the one that refers to it; the lines that part notes are none."""
    document = _with('<w:r><w:t>text</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>')
    document.add_paragraph("next")
    data = _saved(document)
    notes = (
        f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t>the note</w:t></w:r></w:p></w:footnote>'
        "</w:footnotes>"
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    relation = f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>'
    data = _changed(data, "word/_rels/document.xml.rels", b"</Relationships>", relation.encode())
    media = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    override = f'<Override PartName="/word/footnotes.xml" ContentType="{media}"/></Types>'
    data = _changed(data, "[Content_Types].xml", b"</Types>", override.encode())
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/footnotes.xml", notes)
    blocks = extract_docx(file.getvalue()).blocks
    assert [b.text for b in blocks] == ["text", "the note", "next"]


def test_properties_are_title_and_metadata():
    """Empty properties are left out; without a title it is the first heading, without headings there is none."""
    document = docx.Document()
    document.add_paragraph("text")
    properties = document.core_properties
    properties.author, properties.keywords, properties.language = " Ada ", "one, two", ""
    properties.created = dt.datetime(2024, 1, 31, 23, 59)  # noqa: DTZ001  (python-docx wants it so)
    extraction = extract_docx(_saved(document))
    assert extraction.title == ""
    assert extraction.metadata == {"author": "Ada", "date": "2024-01-31", "tags": "one, two"}
    document.add_paragraph("Head", style="Heading 3")
    assert extract_docx(_saved(document)).title == "Head"
    properties.title = "Named"
    assert extract_docx(_saved(document)).title == "Named"


def _empty_archive():
    file = io.BytesIO()
    zipfile.ZipFile(file, "w").close()
    return file.getvalue()


def _valid():
    return _saved(_with("<w:r><w:t>text</w:t></w:r>"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"plain text", id="text"),
        pytest.param(_empty_archive(), id="no parts"),
        pytest.param(_valid()[:-100], id="truncated"),
        pytest.param(_changed(_valid(), "word/document.xml", b"<w:body>", b"<w:bo"), id="no xml"),
        pytest.param(_changed(_valid(), "word/document.xml", b"w:body>", b"w:bodx>"), id="no body"),
        pytest.param(_changed(_valid(), "[Content_Types].xml", b"wordprocessingml.document.main", b"x"), id="type"),
    ],
)
def test_what_is_no_word_document_is_refused(data):
    """Whatever python-docx makes of it, there is one sentence and a hint."""
    with pytest.raises(IngestionError, match=r"The file is (damaged|no Word document).*\. Open it in the program"):
        extract_docx(data)


def test_entities_are_not_expanded(tmp_path):
    """A file on the disk does not get into the text; a billion laughs are refused."""
    (tmp_path / "secret").write_text("secret")
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    doctype = f'<!DOCTYPE x [<!ENTITY f SYSTEM "file://{tmp_path}/secret"><!ENTITY l0 "ha">{laughs}]>'
    data = _changed(_valid(), "word/document.xml", b"<w:document", f"{doctype}<w:document".encode())
    external = _changed(data, "word/document.xml", b"<w:t>text</w:t>", b"<w:t>text&f;</w:t>")
    assert [block.text for block in extract_docx(external).blocks] == ["text"]
    with pytest.raises(IngestionError, match="or is damaged"):
        extract_docx(_changed(data, "word/document.xml", b"<w:t>text</w:t>", b"<w:t>text&l9;</w:t>"))


def test_ten_thousand_paragraphs_are_read():
    """Every paragraph and item of a long document comes out."""
    document = _with("<w:r><w:t>text</w:t></w:r>")
    for i in range(10_000):
        style = '<w:pPr><w:pStyle w:val="ListNumber"/></w:pPr>' if i % 3 else ""
        paragraph = _PARAGRAPH.format(f"{style}<w:r><w:t>text {i}.</w:t></w:r>")
        document.element.body.insert(i, parse_xml(paragraph))
    found = re.findall(r"text (\d+)\.", "\n".join(text for _, text in _blocks(document)))
    assert found == [str(i) for i in range(10_000)]
