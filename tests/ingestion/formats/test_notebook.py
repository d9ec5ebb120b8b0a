"""Notebooks: cells of every kind and version, what of an output is text, and the number of the cell."""

from __future__ import annotations

import json

import nbformat
import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.notebook import extract_notebook
from rag_app.ingestion.load import load_source


def _extract(*cells, **metadata):
    return extract_notebook(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}).encode())


def _blocks(*cells):
    return [(b.kind, b.text, b.locator.cell) for b in _extract(*cells).blocks if b.text]


def _markdown(*lines):
    return {"cell_type": "markdown", "source": list(lines)}


def _code(source, *outputs):
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def _load(data):
    return load_source(data, uri="/n.ipynb", name="n.ipynb", suffix=".ipynb")


def test_cells_are_numbered_from_one():
    """Markdown is read as Markdown, code as code; empty cells count."""
    cells = [_markdown("# Sums\n", "\n", "Two **and** two:\n", "\n", "- 4"), _code(""), _code("x = 2\nx + x")]
    assert _blocks(*cells) == [
        ("heading", "Sums", 1),
        ("paragraph", "Two and two:", 1),
        ("list", "- 4", 1),
        ("code", "x = 2\nx + x", 3),
    ]


@pytest.mark.parametrize(
    ("cells", "paths"),
    [
        (["# A", "x", "## B", "y", "## C", "z"], [("A",), ("A",), ("A", "B"), ("A", "B"), ("A", "C"), ("A", "C")]),
        (["### A", "# B", "## C\n\n#### D", "### E"], [("A",), ("B",), ("B", "C"), ("B", "C", "D"), ("B", "C", "E")]),
        (["A\n===", "B\n---", "# C"], [("A",), ("A", "B"), ("C",)]),
        (["<h2>A</h2>", "<h3>B</h3>", "## C"], [("A",), ("A", "B"), ("C",)]),
    ],
    ids=["marks", "levels left out", "underlined", "html"],
)
def test_headings_stay_open_in_the_cells_below(cells, paths):
    """A heading holds for every cell until one of its level, whichever way it is written."""
    blocks = _extract(*map(_markdown, cells)).blocks
    assert [b.locator.heading for b in blocks] == paths


def test_code_and_output_stand_below_the_heading():
    """Code and what it printed have the path of the heading above and the number of their cell."""
    blocks = _extract(_markdown("# A"), _code("1 + 1", {"data": {"text/plain": ["2"]}})).blocks
    assert [(b.kind, b.text, b.locator.heading, b.locator.cell) for b in blocks[1:]] == [
        ("code", "1 + 1", ("A",), 2),
        ("code", "2", ("A",), 2),
    ]


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}, "a\nb"),
        ({"output_type": "execute_result", "data": {"text/plain": "2", "text/html": "<b>2</b>"}}, "2"),
        ({"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}}, ""),
        ({"output_type": "display_data", "data": {"image/png": "iVBO", "text/plain": "<Figure size 640x480>"}}, ""),
        ({"output_type": "stream", "text": "\x1b[31mred\x1b[0m \x1b[1;32mgreen"}, "red green"),
        ({"output_type": "stream", "text": "10%\r50%\r100%\ndone\r\n"}, "100%\ndone"),
        ({"output_type": "error", "ename": "MathError", "evalue": "by 0", "traceback": ["x", "y"]}, "MathError: by 0"),
        ({"output_type": "error", "ename": "E", "evalue": None}, "E:"),
        ({"output_type": "stream"}, ""),
        ({"output_type": "execute_result", "data": None}, ""),
    ],
)  # fmt: skip
def test_output_is_kept_where_it_is_text(output, text):
    """Printed text and results are code; pictures, colours, progress and tracebacks are not."""
    assert [t.strip() for _, t, _ in _blocks(_code("run()", output))] == ["run()", *([text] if text else [])]


def test_title_and_metadata():
    """The title is that of the notebook, otherwise its first heading; author and language can be filtered by."""
    authors = [{"name": "Ann"}, {"name": "Bob"}]
    extraction = _extract(_markdown("## A"), title="T", authors=authors, language_info={"name": "python"})
    assert (extraction.title, extraction.metadata) == ("T", {"author": "Ann, Bob", "language": "python"})
    extraction = _extract(_markdown("x"), _markdown("## A"))
    assert (extraction.title, extraction.metadata) == ("A", {})


def test_notebook_that_nbformat_wrote_is_read():
    """A notebook as Jupyter's own library writes it is read."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), nbformat.v4.new_code_cell("b")])
    source = _load(nbformat.writes(notebook).encode())
    assert source.text == "A\n\nb"
    assert [str(block.locator) for block in source.blocks] == ["A, cell 1", "A, cell 2"]


def test_version_3_is_read():
    """Before version 4, cells were in worksheets, code was the input, and headings had cells of their own."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Sums"]},
        {"cell_type": "code", "input": ["1 + 1"], "outputs": [{"output_type": "pyout", "text": ["2"]}]},
        {"cell_type": "raw", "source": "as it is"},
    ]
    data = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}).encode()
    assert [(b.kind, b.text, b.locator.heading, b.locator.cell) for b in extract_notebook(data).blocks] == [
        ("heading", "Sums", ("Sums",), 1),
        ("code", "1 + 1", ("Sums",), 2),
        ("code", "2", ("Sums",), 2),
        ("paragraph", "as it is", ("Sums",), 3),
    ]


def test_markup_that_is_not_closed_ends_with_its_cell():
    """A fence or a comment that is left open in one cell hides nothing of the next."""
    assert [
        t for _, t, _ in _blocks(_markdown("```\ncode"), _markdown("seen"), _markdown("<!--"), _markdown("too"))
    ] == [
        "code",
        "seen",
        "too",
    ]


def test_control_characters_are_removed():
    """NUL and line separators in a cell are no part of the text, and right-to-left text is."""
    assert _load(json.dumps({"cells": [_code("a\0b\u2028שבת")]}).encode()).text == "ab\nשבת"


def test_ten_thousand_cells_are_read():
    """Every cell of a long notebook has its number."""
    texts = (_markdown(f"# H{i}\n\ntext {i}") for i in range(5_000))
    blocks = _extract(*texts, *(_code(f"x{i}") for i in range(5_000))).blocks
    assert (len(blocks), blocks[-1].text, blocks[-1].locator.cell) == (15_000, "x4999", 10_000)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be read as .ipynb"),
        (b"{", "cannot be read as .ipynb"),
        (b'{"cells": [{"cell_type": "code", "sou', "cannot be read as .ipynb"),
        (b"PK\x03\x04\x00", "binary"),
        (b"[]", "must be a notebook"),
        (b'{"a": 1}', "must be a notebook"),
        (b'{"cells": []}', "holds no text"),
        (b'{"cells": 5}', "holds no text"),
        (b'{"cells": [5, {"cell_type": 7, "source": 7}]}', "holds no text"),
        (b'{"worksheets": null}', "holds no text"),
        (b'{"cells":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_notebook_is_refused(data, reason):
    """Whatever is wrong with the bytes, there is a reason."""
    with pytest.raises(IngestionError, match=reason):
        _load(data)
