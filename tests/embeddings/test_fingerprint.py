"""The identity of an index."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from rag_app.embeddings.fingerprint import Fingerprint

PRINT = Fingerprint(embedder="minilm", revision="53aa", dimension=384, context="title › headings", chunker=3)


def test_json_round_trip():
    """What the index stores is read back as the same value, with every field by name."""
    assert Fingerprint.from_json(PRINT.to_json()) == PRINT
    assert json.loads(PRINT.to_json()) == {
        "embedder": "minilm",
        "revision": "53aa",
        "dimension": 384,
        "context": "title › headings",
        "chunker": 3,
        "normalised": True,
    }


@pytest.mark.parametrize("field", [f.name for f in fields(Fingerprint)])
def test_any_difference_makes_another_identity(field):
    """Indexes that differ in one field alone, even at equal dimension, are not the same."""
    value = getattr(PRINT, field)
    other = replace(PRINT, **{field: not value if isinstance(value, bool) else value * 2})
    assert other != PRINT
    assert other.to_json() != PRINT.to_json()


def test_it_reads_as_a_phrase():
    """Messages show embedder, revision, dimension and chunker."""
    assert str(PRINT) == "minilm (53aa, 384 dimensions, chunker 3)"
