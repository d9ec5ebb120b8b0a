"""Plain text: paragraphs between blank lines."""

from __future__ import annotations

import re

from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.types import Locator

_PARAGRAPH = re.compile(r"\S.*(?:\n[^\S\n]*\S.*)*")
_ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")


def extract_text(data: str) -> Extraction:
    r"""Return the paragraphs of a plain text.

    Examples
    --------
    >>> [b.text for b in extract_text("One\ntwo.\n\nThree.").blocks]
    ['One\ntwo.', 'Three.']
    """
    blocks, line, seen = [], 1, 0
    for match in _PARAGRAPH.finditer(data):
        line += data.count("\n", seen, match.start())
        seen = match.start()
        text = match.group().rstrip()
        is_list = all(_ITEM.match(row) for row in text.split("\n"))
        blocks.append(ExtractedBlock("list" if is_list else "paragraph", text, Locator((), line)))
    return Extraction(tuple(blocks))
