"""The whole search: filters in the question, a second look, nothing said twice."""

from __future__ import annotations

import re

import pytest
from support.indexes import Index

from rag_app.errors import InvalidInputError, UnknownNameError
from rag_app.from_scratch.language.words import content_words
from rag_app.retrieval.rerank import Reranker
from rag_app.retrieval.search import PassageSearch

LAMP = "# The lamp\n\nThe lamp was lit for the first time in 1861. It burns paraffin.\n"
BELL = "# The bell\n\nThe bell was rung for the first time in 1870, when the lamp was dim.\n"
FILES = {
    "lamp.md": LAMP,
    "copies/old.md": LAMP.replace("It burns", "However,  it also burns"),
    "copies/new.md": LAMP.replace("1861", "1862"),
    "bell.md": BELL + "\n## Rope\n\nThe rope of the bell is new.\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory, minilm):
    """Notes of which one says what another says."""
    folder = tmp_path_factory.mktemp("search")
    for name, text in FILES.items():
        (folder / "notes" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "notes" / name).write_text(text)
    made = Index(folder / "data", minilm)
    made.ingest(folder / "notes")
    yield made
    made.close()


@pytest.fixture(scope="module")
def search(index):
    """The search without a reranker."""
    return PassageSearch(index.searching).search


def sources(passages):
    """Return where passages stand."""
    return [p.source for p in passages]


def test_without_filters_and_duplicates_it_is_the_hybrid_search(index, search):
    """The same passages with the same scores."""
    question = "When was the bell rung?"
    assert search(question, 1) == index.searching.search(question, 1)


@pytest.mark.parametrize(
    ("question", "where", "found"),
    [
        ("file:bell.md When was the lamp lit?", None, {"bell.md"}),
        ("When was the lamp lit in file:COPIES/*?", None, {"copies/old.md", "copies/new.md"}),
        ("When was the lamp lit? heading:rope", None, {"bell.md"}),
        ("file:old.md file:bell.md lamp", None, {"copies/old.md", "bell.md"}),
        ("file:bell.md heading:lamp what?", None, set()),
        ("file:*.md lamp", {"source": "bell.md"}, {"bell.md"}),
        ("heading:bell lamp", {"heading": "rope"}, {"bell.md"}),
        ("heading:lamp lamp", {"heading": "rope"}, set()),
        ("lamp", {"file": "new.md"}, {"copies/new.md"}),
        ("lamp", {}, set(FILES)),
    ],
)
def test_filters_in_the_question_hold_with_those_given(search, question, where, found):
    """Both hold; one that nothing passes finds nothing."""
    assert {s for p in search(question, 9, where=where) for s in sources([p, *p.also_in])} == found


def test_the_words_that_say_where_to_look_are_not_searched_for(search):
    """The scores are those of the question without them."""
    scores = {p.chunk_id: p.score for p in search("When was the lamp lit?", 9)}
    for question in ("file:*.md When was the lamp lit?", "When was the lamp lit in file:*.md?"):
        assert {p.chunk_id: p.score for p in search(question, 9)} == pytest.approx(scores)


def test_a_duplicate_makes_room_and_is_named(search):
    """The note with another year stays, the copy is named, the next passage takes its place."""
    first, second, third = search("When was the lamp lit for the first time?", 3)
    assert {first.source, second.source} == {"lamp.md", "copies/new.md"}
    assert third.source == "bell.md"
    (kept,) = [p for p in (first, second) if p.source == "lamp.md"]
    assert (sources(kept.also_in), third.also_in) == (["copies/old.md"], ())


def test_where_there_is_nothing_else_duplicates_are_returned(search):
    """As many as were asked for."""
    assert len(search("lamp", 5)) == 5
    assert sorted(sources(search("lamp file:lamp.md file:old.md", 2))) == ["copies/old.md", "lamp.md"]


def test_a_reranker_has_the_last_word(index):
    """It reads what the hybrid search found, duplicates too, and the question without its filters."""
    asked = []

    def rope_first(question, texts):
        asked.append((question, len(texts)))
        return ["rope" in content_words(t) for t in texts]

    search = PassageSearch(index.searching, Reranker(score=rope_first)).search
    found = search("When was the lamp lit? file:*.md", 2)
    assert asked == [("When was the lamp lit?", 5)]
    assert "The rope of the bell" in found[0].text
    assert (found[0].score, found[1].score) == (1.0, 0.0)
    assert found[0].fused_score < found[1].fused_score


def test_what_cannot_be_searched_for_is_refused(search):
    """A blank question, filters alone, no passages wanted, and a file that is not there: each with its sentence."""
    with pytest.raises(InvalidInputError, match=r"^The question must not be empty\."):
        search(" ", 1)
    with pytest.raises(InvalidInputError, match=r"^The question must ask something besides where to look; got 'file:"):
        search("file:lamp.md", 1)
    for k in (0, -1):
        with pytest.raises(InvalidInputError, match=rf"^k must be at least 1; got {k}\.$"):
            search("lamp", k)
    rule = "There is no file in the index named 'lamb.md'. Did you mean lamp.md?"
    with pytest.raises(UnknownNameError, match=f"^{re.escape(rule)}$"):
        search("file:lamb.md lamp", 1)
