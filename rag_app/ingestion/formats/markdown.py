"""Markdown, by markdown-it: headings, lists, tables, code, formulas and front matter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rag_app.ingestion.formats.cards import read_cards
from rag_app.ingestion.formats.extraction import Extraction
from rag_app.ingestion.formats.furniture import (
    clean_item,
    join_lines,
    read_diagram,
    with_fragments,
    without_furniture,
)
from rag_app.ingestion.formats.html import read_drafts
from rag_app.ingestion.formats.outline import (
    SUMMARY_LEVEL,
    Draft,
    build_blocks,
    first_heading,
    has_headings,
    split_contents,
    with_headings,
)
from rag_app.ingestion.formats.statements import is_code, is_prose, join_statements, split_statements
from rag_app.ingestion.formats.tabbed import split_row, tabbed_plugin

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_MAX_NESTING = 100  # markdown-it leaves out what is nested deeper
_MAX_INDENTS = 8
_NEAR = 10_000  # characters of HTML between a block and the next
_LISTS = frozenset(("bullet_list", "ordered_list"))
_BREAKS = frozenset(("softbreak", "hardbreak"))
_BLANKS = re.compile(r"[^\S\n]*\n\s*")
_INDENT = re.compile(r"(?m)^((?:[ ]{0,3}>)*[ ]*?)(?: {4}|\t)")
# What is left of these in a text did not open or close anything.
_STRAY_BOLD = re.compile(r"\*{3,}|(?<!\w)\*\*\s?|\*\*(?!\s?[\w(])")
_POWER = re.compile(r"\w\s?\*\*\s?\w")
_BROKEN_LINK = re.compile(r"\[([^\[\]]*)\]\(https?://\S*")
_POINTER = re.compile(
    r"(?:the |see |view |read |learn |official )*(?:docs|documentation|website|site|home ?page|source|link|paper|"
    r"repository|repo|code|demo|here|more|details)[.:]?",
    re.IGNORECASE,
)
_INLINE_MARK = re.compile(r"[*_`\[<&\\$~]")
_LONE_MARK = re.compile(r"[\s>]*[=-]\s*")
_ITEM = re.compile(r"[-•]\s")
_WORD = re.compile(r"(?<!-\n)\b[^\W\d_]+")


@lru_cache(maxsize=1)
def _parser() -> Any:  # noqa: ANN401  (markdown-it is imported when the first Markdown file is read)
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    return parser.use(front_matter_plugin).use(dollarmath_plugin, double_inline=True).use(tabbed_plugin)


def extract_markdown(data: str) -> Extraction:
    r"""Return the blocks of a Markdown document, without its markup.

    Examples
    --------
    >>> [(b.kind, b.text) for b in extract_markdown("# GANs\n\nTwo **nets**:\n\n- G\n- D").blocks]
    [('heading', 'GANs'), ('paragraph', 'Two nets:'), ('list', '- G'), ('list', '- D')]
    """
    from markdown_it.tree import SyntaxTreeNode

    deck = read_cards(data)
    if deck is not None:
        return deck
    reader = _Reader(data.split("\n"))
    for node in SyntaxTreeNode(_parsed(data)).children:
        reader.read(node)
    drafts, contents = split_contents(reader.drafts)
    marked = has_headings(drafts)
    drafts = with_fragments(with_headings(without_furniture(drafts), contents))
    words = frozenset(_WORD.findall(data.casefold()))
    blocks = build_blocks([_in_one_line(draft, words) for draft in drafts])
    title = reader.metadata.pop("title", "") or first_heading(drafts, marked=marked)
    return Extraction(blocks, title, reader.metadata)


def _parsed(data: str) -> Any:  # noqa: ANN401
    """Parse until no indented block is prose: each time, those that are lose one indent."""
    lines = data.split("\n")
    for _ in range(_MAX_INDENTS):
        tokens = _parser().parse("\n".join(lines))
        prose = [t.map for t in tokens if t.type == "code_block" and t.map and is_prose(t.content)]
        if not prose:
            break
        for start, end in prose:
            lines[start:end] = [_INDENT.sub(r"\1", line, count=1) for line in lines[start:end]]
    return tokens


def _in_one_line(draft: Draft, words: Collection[str]) -> Draft:
    return replace(draft, text=join_lines(draft.text, words)) if draft.kind in {"paragraph", "list"} else draft


class _Reader:
    def __init__(self, lines: Sequence[str]) -> None:
        self.drafts: list[Draft] = []
        self.metadata: dict[str, str] = {}
        self._lines = lines
        self._items: list[Draft] = []

    def read(self, node: SyntaxTreeNode) -> None:
        read = getattr(self, f"_read_{node.type}", None)
        if node.type in _LISTS:
            self._read_list(node, 0)
            self._end_list()
        elif read is not None:
            read(node)

    def _read_front_matter(self, node: SyntaxTreeNode) -> None:
        self.metadata = _front_matter(node.content)

    def _read_heading(self, node: SyntaxTreeNode) -> None:
        if node.map and _LONE_MARK.fullmatch(self._lines[node.map[1] - 1]):  # no underline, but a sign below a word
            self._add(Draft("paragraph", f"{_inline(node)}\n{node.markup}", _line(node)))
            return
        text = _inline(node).replace("\n", " ")
        self._add(Draft("heading", text, _line(node), int(node.tag[1])))

    def _read_paragraph(self, node: SyntaxTreeNode) -> None:
        text = _inline(node)
        kind, mark = ("list", "") if _ITEM.match(text) else ("paragraph", _mark(node))
        self._add(Draft(kind, text, _line(node), mark=mark))  # type: ignore[arg-type]

    def _read_blockquote(self, node: SyntaxTreeNode) -> None:
        """Read a quotation; one of statements is code that a converter has set as prose."""
        quoted = self._lines[slice(*node.map)] if node.map else []
        statements = split_statements(quoted) if all(c.type == "paragraph" for c in node.children) else []
        if is_code(statements):
            self._add(Draft("code", join_statements(statements), _line(node.children[0])))
        else:
            for child in node.children:
                self.read(child)

    def _read_fence(self, node: SyntaxTreeNode) -> None:
        labels = read_diagram(node.content)
        is_diagram = labels or node.info.strip().casefold() == "mermaid"
        text = labels or node.content.rstrip("\n")
        self._add(Draft("fragment" if is_diagram else "code", text, _line(node)))

    def _read_code_block(self, node: SyntaxTreeNode) -> None:
        self._add(Draft("code", node.content.rstrip("\n"), _line(node)))

    def _read_math_block(self, node: SyntaxTreeNode) -> None:
        self._add(Draft("paragraph", f"$${_BLANKS.sub(' ', node.content.strip())}$$", _line(node)))

    def _read_math_block_label(self, node: SyntaxTreeNode) -> None:
        text = f"$${_BLANKS.sub(' ', node.content.strip())}$$ ({node.info})"
        self._add(Draft("paragraph", text, _line(node)))

    def _read_table(self, node: SyntaxTreeNode) -> None:
        rows = [row for row in node.walk() if row.type == "tr"]
        self._add_rows(
            [(" | ".join(_inline(cell).replace("\n", " ") for cell in row.children), _line(row)) for row in rows]
        )

    def _read_tabbed(self, node: SyntaxTreeNode) -> None:
        first = _line(node) or 1
        rows = [split_row(line) for line in node.content.split("\n")]
        texts = [" | ".join(_inline(_fragment(c)) if _INLINE_MARK.search(c) else c for c in row) for row in rows]
        self._add_rows([(text, first + i) for i, text in enumerate(texts)])

    def _read_html_block(self, node: SyntaxTreeNode) -> None:
        line, position = _line(node) or 1, 0
        for draft in read_drafts(node.content):
            found = node.content.find(_beginning(draft.text), position, position + _NEAR)
            if found > position:
                line, position = line + node.content.count("\n", position, found), found
            self._add(replace(draft, line=line))
        if node.content.count("</details>") > node.content.count("<details"):
            self.drafts.append(Draft("fragment", "", level=SUMMARY_LEVEL, mark="end"))

    def _read_list(self, node: SyntaxTreeNode, depth: int) -> None:
        """Collect items; a formula, table, quotation or code block inside one is a block of its own, in its place."""
        number = int(node.attrs.get("start", 1))
        for item in node.children:
            mark = "-" if node.type == "bullet_list" else f"{number}."
            for child in item.children:
                if child.type in _LISTS:
                    self._read_list(child, depth + 1)
                elif child.type in {"paragraph", "heading"}:
                    self._add_item(child, f"{'  ' * depth}{mark} ", depth)
                    mark = " " * len(mark)
                else:
                    self._end_list()
                    self.read(child)
            number += 1

    def _add_item(self, node: SyntaxTreeNode, prefix: str, depth: int) -> None:
        text = clean_item(_inline(node))
        joined = bool(self._items)
        if text:
            mark = "link" if _mark(node) == "link" else ""
            self._items.append(Draft("list", prefix + text, _line(node), depth, mark, joined=joined))

    def _end_list(self) -> None:
        self.drafts += self._items
        self._items = []

    def _add_rows(self, rows: Sequence[tuple[str, int | None]]) -> None:
        header = rows[0][0]
        for i, (text, line) in enumerate(rows):
            self._add(Draft("table", text, line, header=header, joined=i > 0))

    def _add(self, draft: Draft) -> None:
        if draft.text.strip(" |\n"):
            self.drafts.append(draft)


def _line(node: SyntaxTreeNode) -> int | None:
    return node.map[0] + 1 if node.map else None


def _beginning(text: str) -> str:
    """Return the first words, by which a block is found again in its source."""
    return " ".join(re.sub(r"^\s*(?:[-•]|\d+\.)\s", "", text).split()[:2])


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


def _fragment(text: str) -> SyntaxTreeNode:
    from markdown_it.tree import SyntaxTreeNode

    return SyntaxTreeNode(_parser().parseInline(text))


def _mark(node: SyntaxTreeNode) -> str:
    """Return "bold" or "link" if that is all a paragraph consists of."""
    parts = [c for inline in node.children for c in inline.children if c.type != "text" or c.content.strip(" :")]
    if len(parts) != 1:
        return ""
    (part,) = parts
    if part.type == "strong":
        return "bold"
    return "link" if part.type == "link" and str(part.attrs.get("href", "")).startswith("#") else ""


def _inline(node: SyntaxTreeNode) -> str:
    text = _BROKEN_LINK.sub(r"\1", "".join(_pieces(node)))
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line)


def _pieces(node: SyntaxTreeNode) -> Iterator[str]:
    """Yield text without markup; a line that is a mere pointer to somewhere else is left out."""
    for i, child in enumerate(node.children):
        if child.type == "text":
            yield _without_stray_bold(child.content)
        elif child.type == "code_inline":
            yield child.content
        elif child.type in _BREAKS:
            yield "\n"
        elif child.content.lower().startswith("<br"):
            yield " "
        elif child.type == "math_inline":
            yield f"${child.content}$"
        elif child.type == "math_inline_double":
            yield f"$${child.content.strip()}$$"
        elif child.type != "image" and not _is_pointer(node.children, i):
            yield from _pieces(child)


def _is_pointer(siblings: Sequence[SyntaxTreeNode], i: int) -> bool:
    """Return whether a link is the whole last line of a paragraph, and its text does not say what it leads to."""
    is_last_line = 0 < i == len(siblings) - 1 and siblings[i - 1].type in _BREAKS
    return siblings[i].type == "link" and is_last_line and bool(_POINTER.fullmatch("".join(_pieces(siblings[i]))))


def _without_stray_bold(text: str) -> str:
    return text if "**" not in text or _POWER.search(text) else _STRAY_BOLD.sub("", text)
