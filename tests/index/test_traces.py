"""Texts are found wherever they stand in a file, in each way that a program may write them."""

from __future__ import annotations

import json
import random

import pytest

from rag_app.index.traces import Finder, distinctive_texts, search_files
from rag_app.ingestion.sync import silent
from rag_app.types import Source

TEXT = "Der Leuchtturm öffnet um sieben Uhr."


def _source(text, name="name", uri="/uri", **metadata):
    return Source(name, uri, "", text, "", "", (), metadata)


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 2**22 - 20, 2**22 - 1, 2**22, 2**22 + 7])
@pytest.mark.parametrize("form", ["utf-8", "utf-16-le", "utf-16-be", "json"])
def test_a_text_is_found_at_every_place(tmp_path, place, form):
    """At each alignment, across the end of a block, at the beginning and at the end of the file."""
    written = json.dumps(TEXT)[1:-1].encode() if form == "json" else TEXT.encode(form)
    (tmp_path / "file").write_bytes(b"." * place + written)
    found = search_files(tmp_path, [TEXT], silent)
    assert found.found == (str(tmp_path / "file"),)
    assert (found.n_texts, found.n_files) == (1, 1)
    (tmp_path / "file").write_bytes(b"." * place + written[:-1])
    assert search_files(tmp_path, [TEXT], silent).found == ()


def test_the_finder_agrees_with_a_plain_search():
    """On random bytes of a small alphabet, where much is alike."""
    rng = random.Random(0)
    texts = ["".join(rng.choices("ab", k=20)) for _ in range(200)]
    block = "".join(rng.choices("ab", k=20_000)) + "".join(rng.sample(texts, 20))
    assert Finder(texts).find(block.encode()) == {t for t in texts if t in block}
    assert Finder(texts).find(b"") == Finder([]).find(block.encode()) == set()


def test_sentences_names_and_titles_are_looked_for():
    """Those of at least 20 bytes; a long one in parts of at most 60 characters."""
    long = "word " * 30 + "end."
    source = _source(
        f"A sentence of some length. Short.\n\n{long}", uri="/a/path/of/some/length.md", by="Somebody Important II"
    )
    texts = distinctive_texts([source], [])
    assert texts[:3] == ["/a/path/of/some/length.md", "Somebody Important II", "A sentence of some length."]
    assert " ".join(texts[3:]).replace(" ", "") == long.replace(" ", "")
    assert all(20 <= len(t) <= 60 for t in texts)


def test_what_stands_in_another_source_too_is_not_looked_for():
    """It stays, and would be no proof."""
    gone = _source("This line is in both of them.\nThis line is in the first one only.")
    kept = _source("Before it. This line is in both of them. After it.")
    assert distinctive_texts([gone], [kept]) == ["This line is in the first one only."]
