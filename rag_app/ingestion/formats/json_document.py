"""JSON: one value."""

from __future__ import annotations

import json

from rag_app.errors import IngestionError
from rag_app.ingestion.decode import decode
from rag_app.ingestion.formats.extraction import Extraction
from rag_app.ingestion.formats.json_values import load_value, render_value, title_of
from rag_app.locator import Locator


def extract_json_document(data: bytes) -> Extraction:
    """Return the blocks of a JSON document, each with its path, such as ``$.items[3].name``.

    Raises
    ------
    IngestionError
        If it is no JSON.

    Examples
    --------
    >>> extraction = extract_json_document(b'{"title": "GANs", "parts": {"text": "Two nets."}}')
    >>> extraction.title, [(b.text, b.locator.path) for b in extraction.blocks]
    ('GANs', [('title: GANs', '$'), ('parts', '$.parts'), ('Two nets.', '$.parts.text')])
    """
    try:
        value = load_value(decode(data))
    except json.JSONDecodeError as exc:
        msg = f"The document must be JSON; line {exc.lineno}, column {exc.colno}: {exc.msg.lower()}."
        raise IngestionError(msg, hint="Correct it, or name it .jsonl if each line is a value.") from exc
    return Extraction(tuple(render_value(value, Locator(path="$"))), title_of(value))
