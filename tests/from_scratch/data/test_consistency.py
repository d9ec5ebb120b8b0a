"""Records written one way: the chapter's table, what is not guessed, and a second run that changes nothing."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.consistency import standardise_records

SPEC = {
    "dates": {"born": ["%d/%m/%Y", "%b %d %Y"]},
    "categories": {"country": {"USA": "US", "U.S.": "US", "united states": "US"}},
    "units": {"weight": "kg", "height": "cm"},
}


@pytest.mark.parametrize(
    ("column", "raw", "unified"),
    [
        ("born", "20/11/2026", "2026-11-20"),
        ("born", "Nov 20 2026", "2026-11-20"),
        ("country", " usa ", "US"),
        ("country", "U.S.", "US"),
        ("country", "United  States", "US"),
        ("country", "us", "US"),
        ("weight", "154 lb", "69.853225 kg"),
        ("weight", "69.85kg", "69.85 kg"),
        ("weight", "70 kg", "70 kg"),
        ("height", "5 ft 11 in", "180.34 cm"),
        ("height", "180.34 cm", "180.34 cm"),
        ("height", "1.8 M", "180 cm"),
    ],
)
def test_an_entry_is_unified(column, raw, unified):
    """The entries of the chapter's table, and others of their kind; a second run finds nothing to do."""
    found = standardise_records([{column: raw}], **SPEC)
    assert (found["records"], found["unresolved"]) == ([{column: unified}], [])
    assert len(found["changed"]) == (raw != unified)
    again = standardise_records(found["records"], **SPEC)
    assert (again["records"], again["changed"]) == (found["records"], [])


@pytest.mark.parametrize(
    ("column", "raw"),
    [
        ("born", "yesterday"),
        ("country", "Utopia"),
        ("weight", "154"),
        ("weight", "3 cm"),
        ("height", "5 ft or so"),
        ("height", "-5 ft 11 in"),
    ],
)
def test_what_no_rule_fits_is_reported_and_kept(column, raw):
    """It is not guessed."""
    found = standardise_records([{}, {column: raw}], **SPEC)
    assert found["unresolved"] == [{"record": 1, "column": column, "value": raw}]
    assert (found["records"][1], found["changed"]) == ({column: raw}, [])


def test_an_ambiguous_date_is_reported():
    """3 April or 4 March; but 3 March is both ways the same day."""
    both = {"day": ["%d/%m/%Y", "%m/%d/%Y"]}
    found = standardise_records([{"day": "03/04/2026"}, {"day": "03/03/2026"}, {"day": "25/12/2026"}], dates=both)
    assert [r["day"] for r in found["records"]] == ["03/04/2026", "2026-03-03", "2026-12-25"]
    assert [u["record"] for u in found["unresolved"]] == [0]


def test_gaps_and_other_columns_are_left_alone():
    """And the records that were given stay as they were."""
    given = [{"born": None, "name": " Ann "}]
    assert standardise_records(given, **SPEC)["records"] == [{"born": None, "name": " Ann "}]
    assert standardise_records([]) == {"records": [], "changed": [], "unresolved": []}
    record = {"weight": "1 lb"}
    standardise_records([record], **SPEC)
    assert record == {"weight": "1 lb"}


def test_an_unknown_unit_is_refused():
    """The sentence lists the units."""
    with pytest.raises(InvalidInputError, match=r"^units must be among kg, g, .* d; got 'stone'\.$"):
        standardise_records([], units={"weight": "stone"})
