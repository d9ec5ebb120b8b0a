"""Tables whose cells are parted by tabs, in the middle of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

_LIST_TAG = re.compile(r"</?(?:ul|ol|li)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|b|br|code|div|em|font|h[1-6]|i|li|ol|p|s|small|span|strong|su[bp]|table|tbody|td|th|thead|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)
# A line end was lost in front of a label: "1000Limit:", "lowNorth (region):".
_GLUED_LABEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z]\w{0,30}(?: \d{1,3})?(?: \([^()]{0,80}\))?:)")
_MARKER = re.compile(r"\s*(?:[-*+•]|\d+[.)])\t")


def n_table_lines(lines: Sequence[str]) -> int:
    r"""Return how many lines, from the first on, are rows of one table: at least two, with the same number of tabs.

    Examples
    --------
    >>> n_table_lines(["name\tage", "Ada\t36", "text"]), n_table_lines(["-\titem", "-\titem"])
    (2, 0)
    """
    n_tabs = lines[0].strip().count("\t") if lines else 0
    if not n_tabs or lines[0][:1].isspace() or _MARKER.match(lines[0]):
        return 0
    n_rows = next((i for i, line in enumerate(lines) if line.rstrip("\n").count("\t") != n_tabs), len(lines))
    return n_rows if n_rows > 1 else 0


def split_row(line: str) -> list[str]:
    r"""Return the cells of a row, without tags; items that lost their tags are parted by semicolons.

    Examples
    --------
    >>> split_row("a\t<ul>Low: 0 to 10High: 10 to 20\tb<br>c")
    ['a', 'Low: 0 to 10; High: 10 to 20', 'b c']
    """
    return [" ".join(_TAG.sub(" ", _with_items(cell)).split()) for cell in line.split("\t")]


def _with_items(cell: str) -> str:
    return _GLUED_LABEL.sub("; ", cell) if _LIST_TAG.search(cell) else cell


def tabbed_plugin(parser: MarkdownIt) -> None:
    """Make a Markdown parser read such tables, also where they interrupt a paragraph."""
    parser.block.ruler.before("html_block", "tabbed", _parse, {"alt": ["paragraph"]})


def _parse(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  (the parser's interface)
    lines = [_line(state, i) for i in range(start, min(start + 2, end))]
    if state.is_code_block(start) or not n_table_lines(lines):
        return False
    if silent:
        return True
    last = _end_of_run(state, start, end)
    token = state.push("tabbed", "", 0)
    token.map = [start, last]
    token.content = "\n".join(_line(state, i) for i in range(start, last))
    state.line = last
    return True


def _end_of_run(state: StateBlock, start: int, end: int) -> int:
    n_tabs = _line(state, start).count("\t")
    return next((i for i in range(start, end) if _line(state, i).count("\t") != n_tabs), end)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
