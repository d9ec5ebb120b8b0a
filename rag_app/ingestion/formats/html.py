"""HTML, by the Lexbor parser: tolerant of broken nesting; page furniture is left out."""

from __future__ import annotations

import re
from typing import Any

from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction, HeadingPath
from rag_app.types import BlockKind, Locator

_SKIPPED = frozenset(
    "script style template noscript svg nav footer button select textarea datalist iframe head summary".split()
)
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q s samp small span strong sub sup time "
    "tt u var wbr".split()
)
_LISTS = frozenset(("ul", "ol", "menu"))
_NOT_DATA = "table, pre, h1, h2, h3, h4, h5, h6"  # a table around one of these is there for the layout
_SPACE = re.compile(r"\s+")


def extract_html(data: str) -> Extraction:
    r"""Return the blocks of an HTML page.

    Examples
    --------
    >>> page = "<title>Notes</title><nav>Home</nav><h2>GAN</h2><details>Two <b>nets</b><ul><li>G<li>D</ul></details>"
    >>> [(b.kind, b.text) for b in extract_html(page).blocks]
    [('heading', 'GAN'), ('paragraph', 'Two nets'), ('list', '- G\n- D')]
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(data)
    title = tree.css_first("head title")
    reader = _Reader()
    if tree.body is not None:
        reader.read(tree.body)
    return Extraction(tuple(reader.blocks), (_squeeze(title.text()) if title else "") or reader.first_heading)


class _Reader:
    """Walks the tree with a stack of its own, so that no depth of nesting is too deep."""

    def __init__(self) -> None:
        self.blocks: list[ExtractedBlock] = []
        self.first_heading = ""
        self._path = HeadingPath()
        self._pieces: list[str] = []
        self._items: list[str] = []
        self._rows: list[str] = []
        self._cells: list[str] = []
        self._lists: list[int | None] = []  # the number of the next item, None where items have none
        self._mark = ""
        self._in_table = False

    def read(self, body: Any) -> None:  # noqa: ANN401  (selectolax is imported when the first page is read)
        stack: list[tuple[Any, bool]] = [(body, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
            elif node.tag == "-text":
                self._pieces.append(node.text(deep=False))
            elif node.tag == "pre":
                self._add_code(node)
            elif node.tag not in _SKIPPED and not node.tag.startswith(("-", "!")):
                self._enter(node)
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
        self._flush()

    def _enter(self, node: Any) -> None:  # noqa: ANN401
        tag = node.tag
        if tag == "br" or (self._in_table and tag not in _INLINE):
            self._pieces.append(" ")
        elif tag in _LISTS:
            self._end_text()
            self._lists.append(_start(node) if tag == "ol" else None)
        elif tag == "li" and self._lists:
            self._end_item()
            self._begin_item()
        elif tag == "table":
            self._end_blocks()
            self._in_table = len(node.css(_NOT_DATA)) == 1  # itself
        elif tag in _HEADINGS:
            self._end_blocks()
        elif tag not in _INLINE:
            self._end_text()

    def _leave(self, node: Any) -> None:  # noqa: ANN401
        tag = node.tag
        if self._in_table:
            self._leave_in_table(tag)
        elif tag in _LISTS:
            self._end_item()
            self._lists.pop()
            if not self._lists:
                self._emit("list", self._items)
        elif tag in _HEADINGS:
            self._add_heading(_HEADINGS[tag])
        elif tag not in _INLINE and tag != "br":
            self._end_text()

    def _leave_in_table(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._cells.append(self._take())
        elif tag == "tr":
            self._rows.append(" | ".join(self._cells))
            self._cells.clear()
        elif tag == "caption":
            self._flush()
        elif tag == "table":
            self._in_table = False
            self._emit("table", self._rows)
        elif tag not in _INLINE:
            self._pieces.append(" ")

    def _end_text(self) -> None:
        """End a paragraph, or a line of an item."""
        self._end_item() if self._lists else self._flush()

    def _end_blocks(self) -> None:
        """End what was begun; a list goes on after what stands inside it."""
        self._end_text()
        self._emit("list", self._items)

    def _add_heading(self, level: int) -> None:
        text = self._take()
        if text:
            self._path.enter(level, text)
            self.first_heading = self.first_heading or text
            self.blocks.append(ExtractedBlock("heading", text, Locator(self._path.titles)))

    def _add_code(self, node: Any) -> None:  # noqa: ANN401
        self._end_blocks()
        text = node.text().strip("\n")
        if text.strip():
            self.blocks.append(ExtractedBlock("code", text, Locator(self._path.titles)))

    def _begin_item(self) -> None:
        number = self._lists[-1]
        self._mark = "- " if number is None else f"{number}. "
        self._lists[-1] = None if number is None else number + 1

    def _end_item(self) -> None:
        text = self._take()
        if text:
            self._items.append(f"{'  ' * (len(self._lists) - 1)}{self._mark}{text}")
            self._mark = " " * len(self._mark)

    def _emit(self, kind: BlockKind, lines: list[str]) -> None:
        text = "\n".join(line for line in lines if line.strip(" |"))
        lines.clear()
        if text:
            self.blocks.append(ExtractedBlock(kind, text, Locator(self._path.titles)))

    def _flush(self) -> None:
        text = self._take()
        if text:
            self.blocks.append(ExtractedBlock("paragraph", text, Locator(self._path.titles)))

    def _take(self) -> str:
        text = _squeeze("".join(self._pieces))
        self._pieces.clear()
        return text


def _start(node: Any) -> int:  # noqa: ANN401
    start = node.attributes.get("start") or ""
    return int(start) if re.fullmatch("-?[0-9]{1,9}", start) else 1


def _squeeze(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
