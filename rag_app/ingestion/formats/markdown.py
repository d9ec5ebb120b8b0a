"""Markdown, by markdown-it: headings, lists, tables, code, formulas and front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction, HeadingPath
from rag_app.ingestion.formats.html import extract_html
from rag_app.types import BlockKind, Locator

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_MAX_NESTING = 100  # markdown-it leaves out what is nested deeper
_LISTS = frozenset(("bullet_list", "ordered_list"))
_BLANKS = re.compile(r"[^\S\n]*\n\s*")


@lru_cache(maxsize=1)
def _parser() -> Any:  # noqa: ANN401  (markdown-it is imported when the first Markdown file is read)
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    return parser.use(front_matter_plugin).use(dollarmath_plugin, double_inline=True)


def extract_markdown(data: str) -> Extraction:
    r"""Return the blocks of a Markdown document, without its markup.

    Examples
    --------
    >>> [(b.kind, b.text) for b in extract_markdown("# GANs\n\nTwo **nets**:\n\n- G\n- D").blocks]
    [('heading', 'GANs'), ('paragraph', 'Two nets:'), ('list', '- G\n- D')]
    """
    from markdown_it.tree import SyntaxTreeNode

    reader = _Reader()
    for node in SyntaxTreeNode(_parser().parse(data)).children:
        reader.read(node)
    title = reader.metadata.pop("title", "") or reader.first_heading
    return Extraction(tuple(reader.blocks), title, reader.metadata)


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[ExtractedBlock] = []
        self.metadata: dict[str, str] = {}
        self.first_heading = ""
        self._path = HeadingPath()
        self._items: list[str] = []
        self._first_item: SyntaxTreeNode | None = None

    def read(self, node: SyntaxTreeNode) -> None:
        if node.type == "heading":
            self._read_heading(node)
        elif node.type == "front_matter":
            self.metadata = _front_matter(node.content)
        elif node.type == "html_block":
            self._read_html(node)
        elif node.type == "blockquote":
            for child in node.children:
                self.read(child)
        elif node.type in _LISTS:
            self._read_list(node, 0)
            self._end_list()
        elif node.type in _BLOCKS:
            kind, text = _BLOCKS[node.type]
            self._add(kind, text(node), node)

    def _read_heading(self, node: SyntaxTreeNode) -> None:
        text = _inline(node)
        if text:
            self._path.enter(int(node.tag[1]), text)
            self.first_heading = self.first_heading or text
            self._add("heading", text, node)

    def _read_list(self, node: SyntaxTreeNode, depth: int) -> None:
        """Collect items; a formula, table, quotation or code block inside one is a block of its own, in its place."""
        number = int(node.attrs.get("start", 1))
        for item in node.children:
            mark = "-" if node.type == "bullet_list" else f"{number}."
            for child in item.children:
                if child.type in _LISTS:
                    self._read_list(child, depth + 1)
                elif child.type in {"paragraph", "heading"}:
                    self._first_item = self._first_item or child
                    self._items.append(f"{'  ' * depth}{mark} {_inline(child)}")
                    mark = " " * len(mark)
                else:
                    self._end_list()
                    self.read(child)
            number += 1

    def _end_list(self) -> None:
        if self._first_item is not None:
            self._add("list", "\n".join(self._items), self._first_item)
        self._items, self._first_item = [], None

    def _read_html(self, node: SyntaxTreeNode) -> None:
        line = _line(node)
        for block in extract_html(node.content).blocks:
            locator = Locator(self._path.titles + block.locator.heading, line)
            self.blocks.append(ExtractedBlock(block.kind, block.text, locator))

    def _add(self, kind: BlockKind, text: str, node: SyntaxTreeNode) -> None:
        if text.strip():
            self.blocks.append(ExtractedBlock(kind, text, Locator(self._path.titles, _line(node))))


def _line(node: SyntaxTreeNode) -> int | None:
    return node.map[0] + 1 if node.map else None


def _front_matter(text: str) -> dict[str, str]:
    """Return scalars as they are written, and lists of them joined by commas."""
    import yaml

    try:
        values = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (it makes strings, lists and mappings alone)
    except (yaml.YAMLError, RecursionError):
        return {}
    listed = {k: v if isinstance(v, list) else [v] for k, v in values.items()} if isinstance(values, dict) else {}
    scalars = {k: ", ".join(v for v in vs if isinstance(v, str)).strip() for k, vs in listed.items()}
    return {k: v for k, v in scalars.items() if v}


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_pieces(node)).strip()


def _pieces(node: SyntaxTreeNode) -> Iterator[str]:
    for child in node.children:
        if child.type in {"text", "code_inline"}:
            yield child.content
        elif child.type in {"softbreak", "hardbreak"} or child.content.lower().startswith("<br"):
            yield " "
        elif child.type == "math_inline":
            yield f"${child.content}$"
        elif child.type == "math_inline_double":
            yield f"$${child.content.strip()}$$"
        elif child.type != "image":
            yield from _pieces(child)


def _rows(node: SyntaxTreeNode) -> Iterator[str]:
    for row in node.walk():
        if row.type == "tr":
            yield " | ".join(_inline(cell) for cell in row.children)


_BLOCKS: dict[str, tuple[BlockKind, Callable[[SyntaxTreeNode], str]]] = {
    "table": ("table", lambda node: "\n".join(_rows(node))),
    "fence": ("code", lambda node: node.content.rstrip("\n")),
    "code_block": ("code", lambda node: node.content.rstrip("\n")),
    "math_block": ("paragraph", lambda node: f"$${_BLANKS.sub(' ', node.content.strip())}$$"),
    "math_block_label": ("paragraph", lambda node: f"$${_BLANKS.sub(' ', node.content.strip())}$$ ({node.info})"),
    "paragraph": ("paragraph", _inline),
}
