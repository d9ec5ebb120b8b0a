"""HTML, by the Lexbor parser: tolerant of broken nesting; page furniture is left out."""

from __future__ import annotations

import re
from typing import Any

from rag_app.ingestion.formats.extraction import Extraction
from rag_app.ingestion.formats.furniture import clean_item, without_furniture
from rag_app.ingestion.formats.outline import SUMMARY_LEVEL, Draft, build_blocks, first_heading, split_contents

_SKIPPED = frozenset(
    "script style template noscript svg nav footer button select textarea datalist iframe head aside figcaption "
    "dialog".split()
)
_SKIPPED_ROLES = frozenset("navigation banner contentinfo complementary search dialog alertdialog".split())
_CONSENT = re.compile(r"(?:^|[\s_-])(?:cookies?|consent|gdpr)(?:[\s_-]|$)", re.IGNORECASE)
_GENERIC = re.compile(
    r"(?:click|tap|press)?\s*(?:here)?\s*(?:to)?\s*(?:show|see|view|reveal|expand|open|toggle|read|hide)?\s*(?:the|all|full)?\s*"
    r"(?:notes?|details?|answers?|solutions?|hints?|more|summary|spoilers?|transcripts?|code|here|me|expand|contents?)?[\s.:!…]*",
    re.IGNORECASE,
)
_MOSTLY = 0.5
_MAX_ASIDE = 3000  # characters: what is longer is the page itself, saved while a banner lay over it
_MAX_INDENTS = 20  # deeper items are not shown deeper
_METADATA = {
    "author": "meta[name='author'], meta[property='article:author']",
    "date": "meta[name='date'], meta[property='article:published_time'], meta[itemprop='datePublished']",
    "tags": "meta[name='keywords']",
}
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
    [('heading', 'GAN'), ('paragraph', 'Two nets'), ('list', '- G'), ('list', '- D')]
    """
    tree = _parsed(data)
    title = tree.css_first("head title")
    drafts, _ = split_contents(_drafts(_main_part(tree)))
    drafts = without_furniture(drafts)
    name = _squeeze(title.text()) if title else ""
    return Extraction(build_blocks(drafts), name or first_heading(drafts), _metadata(tree))


def read_drafts(data: str) -> list[Draft]:
    """Return the drafts of a piece of HTML.

    Examples
    --------
    >>> [(d.kind, d.text) for d in read_drafts("<ul><li>G<li>D</ul>")]
    [('list', '- G'), ('list', '- D')]
    """
    return _drafts(_parsed(data).body)


def _parsed(data: str) -> Any:  # noqa: ANN401  (selectolax is imported when the first page is read)
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(data)


def _drafts(node: Any) -> list[Draft]:  # noqa: ANN401
    reader = _Reader()
    if node is not None:
        reader.read(node)
    return reader.drafts


def _main_part(tree: Any) -> Any:  # noqa: ANN401
    """Return the part of a page that says it is the main one, if most of the text is in it."""
    if tree.body is None:
        return None
    mains = tree.css("main, [role='main']") or tree.css("article")
    if len(mains) != 1 or len(mains[0].text()) < _MOSTLY * len(_text_of(tree.body)):
        return tree.body
    return mains[0]


def _text_of(body: Any) -> str:  # noqa: ANN401
    return "\n".join(draft.text for draft in _drafts(body))


def _metadata(tree: Any) -> dict[str, str]:  # noqa: ANN401
    found = {name: _content(tree.css_first(selector)) for name, selector in _METADATA.items()}
    html = tree.css_first("html")
    found["language"] = ((html.attributes.get("lang") if html else "") or "").strip()
    return {name: value for name, value in found.items() if value}


def _content(meta: Any) -> str:  # noqa: ANN401
    return _squeeze(meta.attributes.get("content") or "") if meta else ""


class _Reader:
    """Walks the tree with a stack of its own, so that no depth of nesting is too deep."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self._pieces: list[str] = []
        self._items: list[Draft] = []
        self._rows: list[str] = []
        self._header = ""
        self._cells: list[str] = []
        self._lists: list[int | None] = []  # the number of the next item, None where items have none
        self._mark = ""
        self._term = ""
        self._link = ""
        self._in_table = False

    def read(self, body: Any) -> None:  # noqa: ANN401
        stack: list[tuple[Any, bool]] = [(body, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
            elif node.tag == "-text":
                self._pieces.append(node.text(deep=False))
            elif node.tag == "pre":
                self._add_code(node)
            elif not _is_furniture(node):
                self._enter(node)
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
        self._flush()
        self._end_term()

    def _enter(self, node: Any) -> None:  # noqa: ANN401
        tag = node.tag
        if tag == "br" or (self._in_table and tag not in _INLINE):
            self._pieces.append(" ")
        elif tag in _LISTS:
            self._end_text()
            self._lists.append(_start(node) if tag == "ol" else None)
        elif tag == "li" and self._lists:
            self._end_item()
            self._begin_item(node)
        elif tag == "table":
            self._end_blocks()
            self._in_table = len(node.css(_NOT_DATA)) == 1  # itself
        elif tag in _HEADINGS or tag == "summary":
            self._end_blocks()
        elif tag not in _INLINE:
            self._end_text()

    def _leave(self, node: Any) -> None:  # noqa: ANN401
        tag = node.tag
        if self._in_table:
            self._leave_in_table(node)
        elif tag in _LISTS:
            self._end_item()
            self._lists.pop()
            if not self._lists:
                self._end_list()
        elif tag in _HEADINGS:
            self._add_heading(_HEADINGS[tag])
        elif tag == "dt":
            self._term = ", ".join(filter(None, (self._term, self._take())))
        elif tag == "dl":
            self._end_text()
            self._end_term()
        elif tag == "summary":
            self._add_summary()
        elif tag == "details":
            self._end_blocks()
            self.drafts.append(Draft("fragment", "", level=SUMMARY_LEVEL, mark="end"))
        elif tag not in _INLINE and tag != "br":
            self._end_text()

    def _leave_in_table(self, node: Any) -> None:  # noqa: ANN401
        tag = node.tag
        if tag in {"td", "th"}:
            self._cells.append(self._take())
        elif tag == "tr":
            if not self._rows:
                self._header = " | ".join(self._cells) if _is_header(node) else ""
            self._rows.append(" | ".join(self._cells))
            self._cells.clear()
        elif tag == "caption":
            self._flush()
        elif tag == "table":
            self._in_table = False
            self._add_rows()
        elif tag not in _INLINE:
            self._pieces.append(" ")

    def _end_text(self) -> None:
        """End a paragraph, or a line of an item."""
        self._end_item() if self._lists else self._flush()

    def _end_blocks(self) -> None:
        """End what was begun; a list goes on after what stands inside it."""
        self._end_text()
        self._end_term()
        self._end_list()

    def _end_list(self) -> None:
        self.drafts += self._items
        self._items = []

    def _add_heading(self, level: int) -> None:
        text = self._take()
        if text:
            self.drafts.append(Draft("heading", text, level=level))

    def _add_summary(self) -> None:
        """Make the label of a folded part its heading, unless it only says that there is something to unfold."""
        text = self._take()
        if not _GENERIC.fullmatch(text):
            self.drafts.append(Draft("heading", text, level=SUMMARY_LEVEL))

    def _add_code(self, node: Any) -> None:  # noqa: ANN401
        self._end_blocks()
        text = node.text().strip("\n")
        if text.strip():
            self.drafts.append(Draft("code", text))

    def _begin_item(self, node: Any) -> None:  # noqa: ANN401
        number = self._lists[-1]
        self._mark = "- " if number is None else f"{number}. "
        self._lists[-1] = None if number is None else number + 1
        self._link = _link_inside(node)

    def _end_item(self) -> None:
        text = clean_item(self._take_text())
        if text:
            depth = min(max(len(self._lists) - 1, 0), _MAX_INDENTS)
            mark = "link" if text == self._link else ""
            line = f"{'  ' * depth}{self._mark}{text}"
            self._items.append(Draft("list", line, level=depth, mark=mark, joined=bool(self._items)))
            self._mark = " " * len(self._mark)

    def _add_rows(self) -> None:
        rows = [row for row in self._rows if row.strip(" |")]
        self._rows = []
        self.drafts += [Draft("table", row, header=self._header, joined=i > 0) for i, row in enumerate(rows)]

    def _flush(self) -> None:
        text = self._take_text()
        if text:
            self.drafts.append(Draft("paragraph", text))

    def _end_term(self) -> None:
        if self._term:
            self.drafts.append(Draft("paragraph", self._term))
            self._term = ""

    def _take_text(self) -> str:
        """Return the text that was begun, behind the term that it defines."""
        text = self._take()
        if text and self._term:
            text, self._term = f"{self._term.rstrip(':')}: {text}", ""
        return text

    def _take(self) -> str:
        text = _squeeze("".join(self._pieces))
        self._pieces.clear()
        return text


def _is_furniture(node: Any) -> bool:  # noqa: ANN401
    if node.tag in _SKIPPED or node.tag.startswith(("-", "!")):
        return True
    if node.tag in {"body", "html", "main"}:
        return False
    attributes = node.attributes
    if attributes.get("hidden", "until-found") != "until-found" or (attributes.get("role") or "") in _SKIPPED_ROLES:
        return True
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
    is_aside = attributes.get("aria-hidden") == "true" or bool(_CONSENT.search(names))
    return is_aside and len(node.text()) <= _MAX_ASIDE


def _link_inside(item: Any) -> str:  # noqa: ANN401
    """Return the text of the link into the same page that an item begins with, or nothing."""
    child = item
    while child is not None and child.tag in {"li", "p", "span", "div"}:
        child = child.first_child
        while child is not None and child.tag == "-text" and not child.text(deep=False).strip():
            child = child.next
    is_link = child is not None and (child.attributes.get("href") or "").startswith("#")
    return _squeeze(child.text()) if is_link else ""


def _is_header(row: Any) -> bool:  # noqa: ANN401
    cells = [cell.tag for cell in row.iter()]
    return bool(cells) and (row.parent.tag == "thead" or "td" not in cells)


def _start(node: Any) -> int:  # noqa: ANN401
    start = node.attributes.get("start") or ""
    return int(start) if re.fullmatch("-?[0-9]{1,9}", start) else 1


def _squeeze(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
