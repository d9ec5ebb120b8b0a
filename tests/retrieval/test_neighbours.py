"""Passages beside each other, and announcements with what they announce."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import passage_of
from support.indexes import Index

from rag_app.locator import Locator
from rag_app.retrieval.neighbours import merged_neighbours, with_announced

TEXT = "One lamp. Two bells.\n\nThree boats. Four cats.\n\nFive dogs."
OTHER = Locator(("another section",))
SPANS = {"lamp": (0, 9), "bells": (10, 20), "boats": (22, 34), "cats": (35, 45), "dogs": (47, 57)}


def text_of(name):
    """Return the text of a source."""
    return {"a.md": TEXT, "b.md": TEXT}[name]


def span(first, last=None, **fields):
    """Return the passage of a text from one sentence to another."""
    start, end = SPANS[first][0], SPANS[last or first][1]
    return passage_of(TEXT[start:end], start=start, **{"chunk_id": f"{first}-{last}", **fields})


def shown(passages):
    """Return the texts of passages."""
    return [p.text for p in passages]


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        ([], []),
        (["lamp"], ["One lamp."]),
        (["bells", "lamp"], ["One lamp. Two bells."]),
        (["boats", "bells"], ["Two bells.\n\nThree boats."]),
        (["dogs", "lamp", "cats"], ["Four cats.\n\nFive dogs.", "One lamp."]),
        (["cats", "bells", "dogs", "boats"], ["Two bells.\n\nThree boats. Four cats.\n\nFive dogs."]),
        (["lamp", "lamp"], ["One lamp."]),
        (["lamp", "boats", "dogs"], ["One lamp.", "Three boats.", "Five dogs."]),
    ],
)
def test_passages_that_touch_become_one(names, texts):
    """In whatever order they were found; the whole stands where the best of its parts stood."""
    assert shown(merged_neighbours([span(n) for n in names], text_of)) == texts


def test_passages_that_overlap_become_one():
    """Each sentence is there once."""
    (whole,) = merged_neighbours([span("boats", "dogs"), span("lamp", "cats")], text_of)
    assert (whole.text, whole.start, whole.end) == (TEXT, 0, 57)
    assert [(u.start, u.end) for u in whole.units] == list(SPANS.values())


@pytest.mark.parametrize(
    "fields", [{"source": "b.md"}, {"locator": OTHER}, {"sha256": "another version"}, {"locator": Locator(sheet="S")}]
)
def test_other_sources_sections_versions_and_sheets_stay_apart(fields):
    """A heading that does not hold for the whole would be shown above it."""
    passages = [span("lamp"), span("bells", **fields)]
    assert merged_neighbours(passages, text_of) == passages


def test_what_is_known_of_the_best_part_is_known_of_the_whole():
    """Scores, id and evidence; the place is that of the first part, and copies of either are named."""
    copy, another = span("lamp", source="b.md"), span("bells", source="b.md")
    best = span("bells", score=0.9, dense_score=0.8, also_in=(another,), locator=Locator(("a.md",), line=2))
    best = replace(best, evidence=best.units[0])
    first = span("lamp", score=0.5, also_in=(copy,), context="Title", locator=Locator(("a.md",), line=1))
    (whole,) = merged_neighbours([best, first], text_of)
    assert whole == replace(
        best,
        start=0,
        end=20,
        text="One lamp. Two bells.",
        units=(*first.units, *best.units),
        context="Title",
        locator=first.locator,
        also_in=(copy, another),
    )


def test_rows_of_one_table_are_named_from_the_first_to_the_last():
    """Where the first part is no row, its own place is that of the whole."""
    rows = [Locator(("a.md",), row=2, last_row=3), Locator(("a.md",), row=4), Locator(("a.md",), row=5, last_row=9)]
    parts = [span(n, locator=at) for n, at in zip(("lamp", "bells", "boats"), rows, strict=True)]
    assert merged_neighbours(parts, text_of)[0].locator == Locator(("a.md",), row=2, last_row=9)
    assert merged_neighbours(parts[1:2] * 2, text_of)[0].locator == rows[1]
    before = span("lamp", locator=Locator(("a.md",), line=1))
    assert merged_neighbours([before, *parts[1:]], text_of)[0].locator == before.locator


@given(
    st.lists(st.tuples(st.sampled_from(list(SPANS)), st.sampled_from(list(SPANS)), st.sampled_from(["a.md", "b.md"])))
)
def test_offsets_stay_true_and_nothing_is_said_twice(drawn):
    """Whatever was found: the text is the source's own, all of it is there once, and merging again changes nothing."""
    passages = [
        span(*sorted((first, last), key=lambda n: SPANS[n]), source=source, score=1 - i / 100)
        for i, (first, last, source) in enumerate(drawn)
    ]
    merged = merged_neighbours(passages, text_of)
    assert merged_neighbours(merged, text_of) == merged
    assert all(p.text == TEXT[p.start : p.end] for p in merged)
    assert [p.score for p in merged] == sorted((p.score for p in merged), reverse=True)
    found = {(p.source, u.start, u.end) for p in passages for u in p.units}
    units = [(p.source, u.start, u.end) for p in merged for u in p.units]
    assert sorted(units) == sorted(found)


LIST = "\n".join(
    f"- Kind {i} of lamp burns oil number {i} and is seen {i} miles away on a clear night." for i in range(12)
)
NOTES = f"""# Lamps

{"Lamps are lit in the evening by the keeper of the house, who cleans them. " * 8}

There are twelve kinds of lamps:

{LIST}

# Boats

{"Boats are moored in the harbour, where the water is calm in every season. " * 9}

They are named:

# Ropes

Ropes are long.
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory, minilm):
    """Notes in which a list does not fit behind the sentence that announces it, and a sentence announces nothing."""
    folder = tmp_path_factory.mktemp("neighbours")
    (folder / "lamps.md").write_text(NOTES)
    index = Index(folder / "data", minilm)
    index.ingest(folder / "lamps.md")
    yield index.library
    index.close()


def chunks(library):
    """Return all passages of the notes, in reading order."""
    ids = [c.id for c in library.chunks(library.source("lamps.md"))]
    found = library.passages(ids)
    return [replace(found[i], score=n / 10) for n, i in enumerate(ids, start=1)]


def test_an_announcement_is_followed_by_what_it_announces(library):
    """The list comes behind the passage that ends in a colon, with its score, once, and both become one."""
    announcing, announced, *_, ropes = chunks(library)
    assert announcing.text.endswith("There are twelve kinds of lamps:")
    assert announced.text.startswith("- Kind 0 of lamp")
    found = with_announced([ropes, announcing], library)
    assert found == [ropes, announcing, replace(announced, score=announcing.score)]
    assert with_announced([announcing, announced], library) == [announcing, announced]
    assert with_announced([announced, announcing], library) == [announced, announcing]
    assert with_announced([announcing, announcing], library).count(replace(announced, score=announcing.score)) == 1
    source = library.source("lamps.md")
    _, whole = merged_neighbours(found, lambda _: source.text)
    assert whole.text == source.text[announcing.start : announced.end] == f"{announcing.text}\n\n{announced.text}"


def test_a_colon_at_the_end_of_a_section_or_of_a_source_announces_nothing(library):
    """What follows is about something else."""
    *_, boats, ropes = chunks(library)
    assert boats.text.endswith("They are named:")
    assert with_announced([boats], library) == [boats]
    last = replace(ropes, text=f"{ropes.text}:")
    assert with_announced([last], library) == [last]
