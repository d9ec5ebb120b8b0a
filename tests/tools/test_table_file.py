"""A CSV file becomes the arguments of a tool."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag_app.errors import InvalidInputError
from rag_app.registry import get
from rag_app.tools.adapter import call_tool
from rag_app.tools.table_file import load_arguments


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "rows.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_columns_are_arguments(tmp_path: Path) -> None:
    """By the names in the header, around which spaces do not count; quoted text may hold commas."""
    path = written(tmp_path, 'y_true, y_pred\n"a, b",1\nc,0\n')
    assert load_arguments(path, ["y_true", "y_pred", "positive"]) == {"y_true": ["a, b", "c"], "y_pred": [1, 0]}


def test_columns_that_are_left_are_rows(tmp_path: Path) -> None:
    """Whatever their names, in the order of the file; the labels stand beside them."""
    path = written(tmp_path, "income,y,spend\n1000,ES,2.5\n2000,SC,-3e2\n")
    assert load_arguments(path, ["X", "y", "kind"]) == {"y": ["ES", "SC"], "X": [[1000, 2.5], [2000, -300.0]]}


def test_a_single_column_is_a_row_of_one_number_or_a_text(tmp_path: Path) -> None:
    """What an estimator of rows needs, and what one of texts needs; both may be called X."""
    assert load_arguments(written(tmp_path, "X\n1\n2\n"), ["X"]) == {"X": [[1], [2]]}
    assert load_arguments(written(tmp_path, "X,y\nwin cash,spam\nlunch,ham\n"), ["X", "y"]) == {
        "X": ["win cash", "lunch"],
        "y": ["spam", "ham"],
    }


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", " 2 ", "-3"], [1, 2, -3]),
        (["1", "2.5", "1e3"], [1.0, 2.5, 1000.0]),
        (["1", "", "3"], [1, None, 3]),
        (["1", "x", "3"], ["1", "x", "3"]),
        (["a", "", "c"], ["a", "", "c"]),
        (["1_000", "2", "3"], ["1_000", "2", "3"]),
    ],
)
def test_a_column_has_one_type(tmp_path: Path, cells: list[str], values: list[object]) -> None:
    """Whole numbers, numbers, or text where one cell is no number; an empty cell among numbers is a gap."""
    lines = "".join(f"{cell},0\n" for cell in cells)
    found = load_arguments(written(tmp_path, f"values,k\n{lines}"), ["values", "k"])["values"]
    assert found == values
    assert [type(v) for v in found] == [type(v) for v in values]


def test_gaps_can_be_imputed(tmp_path: Path) -> None:
    """The mean of 1 and 3 is 2."""
    given = load_arguments(written(tmp_path, "a,b\n1,5\n,5\n3,8\n"), ["X"])
    assert call_tool(get("SimpleImputer"), given)["transformed"] == [[1, 5], [2, 5], [3, 8]]


def test_marks_of_other_programs_do_not_count(tmp_path: Path) -> None:
    """A byte order mark, line ends of Windows, and blank lines."""
    assert load_arguments(written(tmp_path, b"\xef\xbb\xbfp,q\r\n1,2\r\n\r\n3,4\r\n"), ["p", "q"]) == {
        "p": [1, 3],
        "q": [2, 4],
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "{} must have a header and at least one row."),
        ("p,q\n", "{} must have a header and at least one row."),
        ("p,q\n1,2\n\n3\n", "Line 4 of {} must have 2 cells; got 1."),
        ("p,q\n1,2,3\n", "Line 2 of {} must have 2 cells; got 3."),
        ("p,r\n1,2\n", "The columns of {} must be named p, q; got 'r'."),
        ("p,p\n1,2\n", "The columns of {} must have different names; got 'p' twice."),
        (b"p,q\n\xff,2\n", "{} must be a CSV file in UTF-8; it cannot be read: 'utf-8' codec can't decode"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path: Path, content: str | bytes, message: str) -> None:
    """One sentence names the file, the rule and what was found."""
    path = written(tmp_path, content)
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message.format(path))}"):
        load_arguments(path, ["p", "q"])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """And a folder."""
    for path, reason in ((tmp_path / "no.csv", "No such file or directory"), (tmp_path, "Is a directory")):
        message = f"{path} must be a CSV file in UTF-8; it cannot be read: {reason}."
        with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
            load_arguments(path, ["p"])
