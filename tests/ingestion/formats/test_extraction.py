"""The headings that are open at a place in a document."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.extraction import HeadingPath


@pytest.mark.parametrize(
    ("entered", "path"),
    [
        ([], ()),
        ([(1, "A"), (2, "B"), (3, "C")], ("A", "B", "C")),
        ([(1, "A"), (2, "B"), (3, "C"), (2, "D")], ("A", "D")),
        ([(1, "A"), (3, "C"), (2, "B")], ("A", "B")),
        ([(2, "A"), (1, "B")], ("B",)),
        ([(3, "A"), (3, "A")], ("A",)),
        ([(1, "A"), (2, "A")], ("A", "A")),
    ],
)
def test_a_heading_closes_those_of_its_level_and_below(entered, path):
    """The path holds one heading of each open level, outermost first, even where levels are skipped."""
    heading_path = HeadingPath()
    for level, title in entered:
        returned = heading_path.enter(level, title)
        assert returned == heading_path.titles
    assert heading_path.titles == path
