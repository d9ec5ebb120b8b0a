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

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BLANKS = re.compile(r"[^\S\n]*\n\s*")


@lru_cache(maxsize=1)
def _parser() -> Any:  # noqa: ANN401  (markdown-it is imported when the first Markdown file is read)
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
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
        elif node.type in _BLOCKS:
            kind, text = _BLOCKS[node.type]
            self._add(kind, text(node), node)

    def _read_heading(self, node: SyntaxTreeNode) -> None:
        text = _inline(node)
        if text:
            self._path.enter(int(node.tag[1]), text)
            self.first_heading = self.first_heading or text
            self._add("heading", text, node)

    def _read_html(self, node: SyntaxTreeNode) -> None:
        line = _line(node)
        for block in extract_html(_COMMENT.sub("", node.content)).blocks:
            locator = Locator(self._path.titles + block.locator.heading, line)
            self.blocks.append(ExtractedBlock(block.kind, block.text, locator))

    def _add(self, kind: BlockKind, text: str, node: SyntaxTreeNode) -> None:
        if text.strip():
            self.blocks.append(ExtractedBlock(kind, text, Locator(self._path.titles, _line(node))))


def _line(node: SyntaxTreeNode) -> int | None:
    return node.map[0] + 1 if node.map else None


def _front_matter(text: str) -> dict[str, str]:
    import yaml

    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return {str(k): str(v) for k, v in values.items() if v is not None} if isinstance(values, dict) else {}


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_pieces(node)).strip()


def _pieces(node: SyntaxTreeNode) -> Iterator[str]:
    for child in node.children:
        if child.type in {"text", "code_inline"}:
            yield child.content
        elif child.type in {"softbreak", "hardbreak"}:
            yield " "
        elif child.type == "math_inline":
            yield f"${child.content}$"
        elif child.type == "math_inline_double":
            yield f"$${child.content.strip()}$$"
        elif child.type != "image":
            yield from _pieces(child)


def _items(node: SyntaxTreeNode, depth: int = 0) -> Iterator[str]:
    number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    for item in node.children:
        mark = "-" if number is None else f"{number}."
        text = " ".join(_inline(c) for c in item.children if c.type in {"paragraph", "heading"})
        text += "".join(f" {c.content.strip()}" for c in item.children if c.type in {"fence", "code_block"})
        yield f"{'  ' * depth}{mark} {text}"
        for child in item.children:
            if child.type in {"bullet_list", "ordered_list"}:
                yield from _items(child, depth + 1)
        number = None if number is None else number + 1


def _rows(node: SyntaxTreeNode) -> Iterator[str]:
    for row in node.walk():
        if row.type == "tr":
            yield " | ".join(_inline(cell) for cell in row.children)


_BLOCKS: dict[str, tuple[BlockKind, Callable[[SyntaxTreeNode], str]]] = {
    "bullet_list": ("list", lambda node: "\n".join(_items(node))),
    "ordered_list": ("list", lambda node: "\n".join(_items(node))),
    "table": ("table", lambda node: "\n".join(_rows(node))),
    "fence": ("code", lambda node: node.content.rstrip("\n")),
    "code_block": ("code", lambda node: node.content.rstrip("\n")),
    "math_block": ("paragraph", lambda node: f"$${_BLANKS.sub(' ', node.content.strip())}$$"),
    "paragraph": ("paragraph", _inline),
}
