"""HTML, by the Lexbor parser: tolerant of broken nesting; page furniture is left out."""

from __future__ import annotations

import re
from typing import Any

from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction, HeadingPath
from rag_app.types import BlockKind, Locator

_SKIPPED = frozenset("script style template noscript svg nav footer form button select iframe head summary".split())
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q s samp small span strong sub sup time "
    "tt u var wbr".split()
)
_LISTS = frozenset(("ul", "ol", "menu"))
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
    title = tree.css_first("title")
    reader = _Reader()
    if tree.body is not None:
        reader.read(tree.body)
    return Extraction(tuple(reader.blocks), _squeeze(title.text()) if title else reader.first_heading)


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
        self._lists: list[int | None] = []

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
        if tag == "br":
            self._pieces.append(" ")
        elif tag in _LISTS:
            self._end_item() if self._lists else self._flush()
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._end_item()
        elif tag == "table" or (tag not in _INLINE and not self._lists and not self._in_table(node)):
            self._flush()

    def _leave(self, node: Any) -> None:  # noqa: ANN401
        tag = node.tag
        if tag in _LISTS:
            self._end_item()
            self._lists.pop()
            if not self._lists:
                self._emit("list", self._items)
        elif tag == "li":
            self._end_item()
        elif tag in {"td", "th"}:
            self._cells.append(self._take())
        elif tag == "tr":
            self._rows.append(" | ".join(self._cells))
            self._cells.clear()
        elif tag == "table":
            self._emit("table", self._rows)
        elif tag in _HEADINGS:
            self._add_heading(_HEADINGS[tag])
        elif tag not in _INLINE:
            self._pieces.append(" ") if self._lists or self._in_table(node) else self._flush()

    @staticmethod
    def _in_table(node: Any) -> bool:  # noqa: ANN401
        return node.tag in {"tr", "td", "th", "thead", "tbody", "tfoot"}

    def _add_heading(self, level: int) -> None:
        text = self._take()
        if text:
            self._path.enter(level, text)
            self.first_heading = self.first_heading or text
            self.blocks.append(ExtractedBlock("heading", text, Locator(self._path.titles)))

    def _add_code(self, node: Any) -> None:  # noqa: ANN401
        self._flush()
        text = node.text().strip("\n")
        if text.strip():
            self.blocks.append(ExtractedBlock("code", text, Locator(self._path.titles)))

    def _end_item(self) -> None:
        text = self._take()
        if not text:
            return
        number = self._lists[-1] if self._lists else None
        mark = "-" if number is None else f"{number}."
        if number is not None:
            self._lists[-1] = number + 1
        self._items.append(f"{'  ' * max(len(self._lists) - 1, 0)}{mark} {text}")

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


def _squeeze(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
