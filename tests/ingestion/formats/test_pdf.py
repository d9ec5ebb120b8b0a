"""PDF: paragraphs out of lines, headings, and what of a page is furniture."""

from __future__ import annotations

import datetime as dt
import io
import re

import fpdf
import pypdfium2
import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.pdf import extract_pdf

_PROSE = (
    "A generative network learns the distribution of its training data and draws new examples from it. The second "
    "network looks at both kinds of examples and says which of them are real, so that the first one has to improve. "
)


class _Pdf(fpdf.FPDF):
    """A document with the fonts of a report."""

    def __init__(self):
        super().__init__()
        self.set_auto_page_break(auto=True, margin=20)
        self.set_creation_date(dt.datetime(2024, 1, 31, tzinfo=dt.UTC))

    def line(self, text, size=11, style="", height=5):
        self.set_font("Helvetica", style, size)
        self.cell(0, height, text, new_x="LMARGIN", new_y="NEXT")

    def prose(self, text, size=11, height=5):
        self.set_font("Helvetica", "", size)
        self.multi_cell(0, height, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(2)


def _pdf():
    pdf = _Pdf()
    pdf.add_page()
    return pdf


def _extract(pdf):
    return extract_pdf(bytes(pdf.output()))


def _blocks(pdf):
    return [(b.kind, b.text) for b in _extract(pdf).blocks]


def test_lines_are_joined_to_paragraphs():
    """A hard wrap is a space; a distance between lines parts paragraphs."""
    pdf = _pdf()
    pdf.prose(_PROSE * 2)
    pdf.prose(_PROSE)
    assert _blocks(pdf) == [("paragraph", (_PROSE * 2).strip()), ("paragraph", _PROSE.strip())]


def test_a_line_that_had_room_ends_a_paragraph():
    """Without any distance, a full stop before the end of the line or an indentation parts paragraphs."""
    pdf = _pdf()
    pdf.set_font("Helvetica", "", 11)
    first = (_PROSE + "It ends early.").strip()
    pdf.multi_cell(0, 5, f"{first}\n{_PROSE}\n      {_PROSE}")
    assert _blocks(pdf) == [("paragraph", first), ("paragraph", _PROSE.strip()), ("paragraph", _PROSE.strip())]


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("The exist-\ning ones.", "The existing ones."),
        ("A well-\nknown fact.", "A well-known fact."),
        ("The Jean-\nPaul of 2019-\n2020 is here.", "The Jean-Paul of 2019-2020 is here."),
        ("An over-\nfitting of over and fitting.", "An over-fitting of over and fitting."),
        ("An over-\nfitting as overfitting goes.", "An overfitting as overfitting goes."),
        ("A state-\nful or state-ful thing.", "A state-ful or state-ful thing."),
        ("It ends with a pre-", "It ends with a pre-"),
    ],
)
def test_hyphens_at_the_end_of_a_line(text, joined):
    """A hyphen goes unless the document, the parts or a capital letter say that it belongs to the word."""
    pdf = _pdf()
    pdf.prose(text)
    assert _blocks(pdf) == [("paragraph", joined)]


def test_a_sentence_goes_on_over_pages():
    """A paragraph that is not ended goes on in lower case on the next page, and has the page where it begins."""
    pdf = _pdf()
    pdf.prose("The first page ends in the middle of")
    pdf.add_page()
    pdf.prose("a sentence. And the next begins.")
    pdf.add_page()
    pdf.prose("Here is another.")
    blocks = _extract(pdf).blocks
    assert [(b.text, b.locator.page) for b in blocks] == [
        ("The first page ends in the middle of a sentence. And the next begins.", 1),
        ("Here is another.", 3),
    ]


def test_running_headers_and_page_numbers_are_left_out():
    """What stands at the same edge of three pages goes, digits apart; so do lone page numbers and roman ones."""
    pdf = _Pdf()
    for number, roman in enumerate(["i", "ii", "iii", "iv"], 1):
        pdf.add_page()
        pdf.set_xy(10, 8)
        pdf.line(f"Report of 2024, part {number}", 9)
        pdf.set_y(30)
        pdf.prose(f"Page text {roman}.")
        pdf.set_auto_page_break(auto=False)
        pdf.set_xy(10, 285)
        pdf.line(roman if number < 3 else f"Page {number} of 4", 9)
        pdf.set_auto_page_break(auto=True, margin=20)
    assert [text for _, text in _blocks(pdf)] == [f"Page text {roman}." for roman in ("i", "ii", "iii", "iv")]


def test_headings_at_the_top_of_pages_are_kept():
    """Large lines that differ by a number are headings, wherever they stand, not running headers."""
    pdf = _Pdf()
    words = ["network", "machine", "program", "student"]
    for number, word in enumerate(words, 1):
        pdf.add_page()
        pdf.line(f"Chapter {number}", 20, height=10)
        pdf.prose(_PROSE.replace("network", word))
    found = [(b.locator.heading, b.text) for b in _extract(pdf).blocks if b.kind == "paragraph"]
    assert found == [
        ((f"Chapter {number}",), _PROSE.replace("network", word).strip()) for number, word in enumerate(words, 1)
    ]


@pytest.mark.parametrize("leader", [" . . . . . . . . ", "..........", " " * 30])
def test_tables_of_contents_are_left_out(leader):
    """With leaders of dots or below its heading with page numbers alone; the text that follows is kept."""
    pdf = _pdf()
    pdf.line("Contents", 16, height=10)
    for number, title in enumerate(["Introduction", "A title that is\nlonger than a line", "Results"], 1):
        for line in f"{title}{leader}{number}".split("\n"):
            pdf.line(line)
    pdf.add_page()
    pdf.line("Introduction", 16, height=10)
    pdf.prose(_PROSE + "It was in 2019")
    assert _blocks(pdf) == [("heading", "Introduction"), ("paragraph", f"{_PROSE}It was in 2019")]


def test_larger_lines_are_headings():
    """The larger the higher; a heading of two lines is one; large text of many lines is none."""
    pdf = _pdf()
    pdf.line("The title", 24, height=12)
    pdf.line("A section whose name is so long that it goes", 16, height=7)
    pdf.line("on in a second line", 16, height=7)
    pdf.prose(_PROSE * 3)
    pdf.prose(_PROSE * 2, size=13, height=6)
    pdf.line("Another", 16, height=7)
    pdf.prose(_PROSE)
    section = "A section whose name is so long that it goes on in a second line"
    extraction = _extract(pdf)
    assert [(b.kind, b.locator.heading) for b in extraction.blocks] == [
        ("heading", ("The title",)),
        ("heading", ("The title", section)),
        ("paragraph", ("The title", section)),
        ("paragraph", ("The title", section)),
        ("heading", ("The title", "Another")),
        ("paragraph", ("The title", "Another")),
    ]
    assert extraction.title == "The title"


def test_the_outline_says_what_headings_are():
    """Bookmarks are found by page and text, numbers apart, whatever the size; other large lines are text then."""
    pdf = _pdf()
    pdf.prose("Large", size=20, height=10)
    for level, title in enumerate(["1 First", "1.1 Second"]):
        pdf.start_section(title.split()[1], level=level)
        pdf.line(title)
        pdf.ln(3)
        pdf.prose(_PROSE)
    assert [(b.kind, b.locator.heading) for b in _extract(pdf).blocks] == [
        ("paragraph", ()),
        ("heading", ("1 First",)),
        ("paragraph", ("1 First",)),
        ("heading", ("1 First", "1.1 Second")),
        ("paragraph", ("1 First", "1.1 Second")),
    ]


def test_an_outline_that_is_not_in_the_text_does_not_count():
    """Bookmarks such as "Slide 1" leave headings to the sizes."""
    pdf = _pdf()
    pdf.start_section("Slide 1")
    pdf.line("Head", 20, height=10)
    pdf.prose(_PROSE)
    assert _blocks(pdf)[0] == ("heading", "Head")


def _columns(pdf, left, right):
    pdf.set_font("Helvetica", "", 10)
    lefts = pdf.multi_cell(85, 5, left, dry_run=True, output="LINES")
    rights = pdf.multi_cell(85, 5, right, dry_run=True, output="LINES")
    for a, b in zip(lefts, rights, strict=True):
        pdf.cell(95, 5, a)
        pdf.cell(85, 5, b, new_x="LMARGIN", new_y="NEXT")


def test_columns_are_read_one_after_the_other():
    """Lines that were printed across two columns are divided; what runs across both comes in its place."""
    pdf = _pdf()
    pdf.line("A title across both of the columns of this page", 16, height=10)
    left, right = _PROSE * 2, _PROSE.replace("network", "machine") * 2
    _columns(pdf, left, right)
    assert _blocks(pdf)[1:] == [("paragraph", left.strip()), ("paragraph", right.strip())]


def test_tables_are_rows_of_cells():
    """Three lines or more with a gap at the same place are a table; an empty cell keeps its column."""
    pdf = _pdf()
    pdf.prose(_PROSE)
    for row in [("Income", "", "Class"), ("100", "a few words", "SC"), ("300", "40", ""), ("500", "60", "RC")]:
        for text in row:
            pdf.cell(50, 6, text)
        pdf.ln()
    pdf.ln(4)
    pdf.prose(_PROSE)
    header = "Income |  | Class"
    blocks = _extract(pdf).blocks
    assert [(b.kind, b.text, b.header, b.joined) for b in blocks[1:-1]] == [
        ("table", header, header, False),
        ("table", "100 | a few words | SC", header, True),
        ("table", "300 | 40 | ", header, True),
        ("table", "500 | 60 | RC", header, True),
    ]
    assert blocks[0].text == blocks[-1].text == _PROSE.strip()


def test_justified_text_is_no_table():
    """Wide spaces in narrow columns stand here and there, not one above the other."""
    pdf = _pdf()
    pdf.set_font("Helvetica", "", 11)
    pdf.multi_cell(45, 5, _PROSE * 2, align="J")
    assert _blocks(pdf) == [("paragraph", (_PROSE * 2).strip())]


def test_items_are_a_list():
    """Each item is a line of one list, wrapped lines joined, the bullet a dash."""
    pdf = _pdf()
    for mark in ("-", "*", "2.", "b)"):
        pdf.prose(f"{mark} item {_PROSE}")
    blocks = _extract(pdf).blocks
    assert [(b.kind, b.joined) for b in blocks] == [("list", False), ("list", True), ("list", True), ("list", True)]
    assert [b.text.split(" item ")[0] for b in blocks] == ["-", "-", "2.", "b)"]
    assert all(b.text.endswith(_PROSE.strip()) for b in blocks)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_pages_are_read(degrees):
    """A page that was drawn askew and is shown upright has its lines where one sees them."""
    pdf = _pdf()
    pdf.line("Head", 20, height=10)
    pdf.prose(_PROSE * 2)
    pdf.prose(_PROSE)
    upright = bytes(pdf.output())
    document = pypdfium2.PdfDocument(upright)
    page = document[0]
    for piece in page.get_objects():
        piece.transform(pypdfium2.PdfMatrix().rotate(degrees, ccw=True).translate(300, 300))
    page.gen_content()
    page.set_rotation(degrees)
    page.set_mediabox(-700, -700, 1300, 1300)
    page.set_cropbox(-700, -700, 1300, 1300)
    file = io.BytesIO()
    document.save(file)
    document.close()
    assert extract_pdf(file.getvalue()).blocks == extract_pdf(upright).blocks


def _in_any_script(lines):
    """Return a document of lines (from the left, in the order in which they are drawn) without a font of its own."""
    drawn = "".join(f"1 0 0 1 {x} {y} Tm <{text.encode('utf-16-be').hex()}> Tj\n" for x, y, text in lines)
    content = f"BT /F 10 Tf {drawn} ET"
    to_unicode = (
        "/CMapName /U def 1 begincodespacerange <0000> <ffff> endcodespacerange "
        "1 beginbfrange <0000> <ffff> <0000> endbfrange"
    )
    font = "/Type /Font /BaseFont /Any /Encoding /Identity-H"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        f"<< /Length {len(content)} >> stream\n{content}\nendstream",
        f"<< {font} /Subtype /Type0 /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>",
        f"<< {font} /Subtype /CIDFontType2 /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) >> /DW 500 >>",
        f"<< /Length {len(to_unicode)} >> stream\n{to_unicode}\nendstream",
    ]
    body = "".join(f"{number} 0 obj {text} endobj\n" for number, text in enumerate(objects, 1))
    return f"%PDF-1.7\n{body}trailer << /Root 1 0 R >>\n%%EOF".encode()


@pytest.mark.parametrize(
    ("lines", "paragraphs"),
    [
        (["生成模型学习数据的", "分布。"], ["生成模型学习数据的分布。"]),
        (["math \U0001d49c and 😀", "co\xadop"], ["math \U0001d49c and 😀 coop"]),
        (["naïve Überblick", "straße"], ["naïve Überblick straße"]),
    ],
)
def test_any_script_is_read(lines, paragraphs):
    """Scripts without spaces are joined without; characters beyond the first plane are whole; soft hyphens go."""
    drawn = [(50, 700 - 12 * i, text) for i, text in enumerate(lines)]
    assert [b.text for b in extract_pdf(_in_any_script(drawn)).blocks] == paragraphs


def test_text_from_right_to_left_is_read():
    """Letters come in the order in which they are read, and lines that end at the same left edge are one paragraph."""
    lines = ["שלום עולם זה טקסט ארוך לבדיקה", "ויש לקרוא אותו מימין לשמאל גם", "וזה משפט שני כאן."]
    drawn = [(300 - 5 * len(text), 700 - 12 * i, text[::-1]) for i, text in enumerate(lines)]
    assert [b.text for b in extract_pdf(_in_any_script(drawn)).blocks] == [" ".join(lines)]


def test_pages_without_text_are_passed_over():
    """An empty page between others counts as a page."""
    pdf = _pdf()
    pdf.prose("One.")
    pdf.add_page()
    pdf.add_page()
    pdf.prose("Three.")
    assert [(b.text, b.locator.page) for b in _extract(pdf).blocks] == [("One.", 1), ("Three.", 3)]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Networks", "Networks"),
        ("Microsoft Word - a.docx", "Head"),
        ("untitled", "Head"),
        ("a.tex", "Head"),
        ("", "Head"),
    ],
)
def test_title_is_that_of_the_properties_if_it_means_something(title, shown):
    """What programs put there by themselves is no title."""
    pdf = _pdf()
    pdf.line("Head", 20, height=10)
    pdf.prose(_PROSE)
    pdf.set_title(title)
    assert _extract(pdf).title == shown


def test_metadata():
    """Author, date and keywords are kept if they are there."""
    pdf = _pdf()
    pdf.prose("a")
    pdf.set_author("Ada")
    pdf.set_keywords("one, two")
    assert _extract(pdf).metadata == {"author": "Ada", "date": "2024-01-31", "tags": "one, two"}


def _encrypted(user_password):
    pdf = _pdf()
    pdf.prose("secret")
    pdf.set_encryption(owner_password="owner", user_password=user_password)
    return bytes(pdf.output())


def test_protected_documents():
    """A password is asked for only where one is needed to open the document."""
    assert [b.text for b in extract_pdf(_encrypted("")).blocks] == ["secret"]
    with pytest.raises(IngestionError, match=re.escape("is protected by a password. Save it without the password.")):
        extract_pdf(_encrypted("user"))


@pytest.mark.parametrize("data", [b"", b"plain text", b"%PDF-1.7\n", b"PK\x03\x04", bytes(_pdf().output())[:300]])
def test_what_is_no_pdf_is_refused(data):
    """Empty, truncated and other files give one sentence and a hint."""
    with pytest.raises(IngestionError, match=re.escape("The file is damaged, or is no PDF. Open it in the program")):
        extract_pdf(data)


def test_truncated_documents_are_refused_or_read():
    """Wherever a document is cut off, nothing else than a reason is raised."""
    pdf = _pdf()
    for _ in range(3):
        pdf.prose(_PROSE)
        pdf.add_page()
    data = bytes(pdf.output())
    refused = 0
    for size in range(0, len(data), 37):
        try:
            extract_pdf(data[:size])
        except IngestionError:
            refused += 1
    assert refused > len(data) / 37 / 2


def test_documents_without_a_text_layer_are_refused():
    """The reason says what is missing and what makes it."""
    with pytest.raises(IngestionError, match=r"no text layer: its pages are images\. Run text recognition"):
        _extract(_pdf())
