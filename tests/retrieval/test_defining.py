"""A passage that defines what is asked about is found, however seldom it says the word."""

from __future__ import annotations

import pytest
from support.small_apps import app_over

from rag_app import App
from rag_app.retrieval.defining import defining_chunks
from rag_app.retrieval.explanation import explain_ranking

DEFINITION = "A quern (hand mill) is a tool that grinds grain between two stones."
OTHERS = (
    "Quern stones. The quern of the museum is old. Every quern tells of its quern maker, quern after quern.",
    "Quern art is an art of stones. A quern artist paints a quern.",
    "What a quern costs: a quern is often sold with a second quern.",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """An index in which one passage says what a quern is, and others say the word more often."""
    told = f"Bread was made at home. Grain was dear, and work was long. {DEFINITION} Then the dough was left to rise."
    return app_over(tmp_path_factory.mktemp("querns"), told, *OTHERS)


@pytest.mark.parametrize("question", ["What is a quern?", "querns", "define quern", "What does a quern do?"])
def test_the_definition_comes_first(app: App, question: str) -> None:
    """However the question is put."""
    first, second = app.search(question)[:2]
    assert first.source == "0-0.md"
    assert 1 >= first.score > second.score


def test_the_definition_is_quoted(app: App) -> None:
    """It answers what something is."""
    assert app.ask("What is a quern?").citations[0].quote == DEFINITION


@pytest.mark.parametrize(
    ("question", "defining"),
    [
        ("What is a quern?", {"0-0.md": 1.0}),
        ("What is a hand mill?", {"0-0.md": 1.0}),
        ("What is quern art?", {"0-2.md": 1.0}),
        ("Who sells a quern?", {}),
        ("What is a windmill?", {}),
        ("What is the price of a quern?", {}),
        ('What is a "quern" OR NEAR(?', {}),
        ("?", {}),
    ],
)
def test_only_sentences_about_the_term_itself_define_it(app: App, question: str, defining: dict[str, float]) -> None:
    """Not those about a part or a kind of it, and nothing where no definition is asked for."""
    found = defining_chunks(app.library, question)
    names = {p.chunk_id: p.source for p in app.library.passages(list(found)).values()}
    assert {names[chunk_id]: score for chunk_id, score in found.items()} == defining


def test_the_explanation_tells_it(app: App) -> None:
    """A passage that defines the term says so; for other questions none does."""
    question = "What is a quern?"
    explained = explain_ranking(app.library, question, app.search(question))
    assert [e.definition for e in explained] == [1.0, *[0.0] * (len(explained) - 1)]
    other = "Who sells a quern?"
    assert not any(e.definition for e in explain_ranking(app.library, other, app.search(other)))
