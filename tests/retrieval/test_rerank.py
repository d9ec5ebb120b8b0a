"""A second look at the best passages."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ValidationError
from support.answers import passage_of
from support.cross_encoder import save_cross_encoder

from rag_app.embeddings.cross_encoder import CrossEncoder
from rag_app.from_scratch.language.words import content_words
from rag_app.retrieval.rerank import Reranker, load_reranker
from rag_app.settings import Settings

QUESTION = "What dims the lamp?"
TEXTS = ["The keeper is Ann.", "Salt dims the lamp.", "A lamp burns.", "The lamp was lit in 1861."]


def shared_words(question, texts):
    """Return how many content words of a question are in each text: a scorer that one can follow by hand."""
    return [len(set(content_words(question)) & set(content_words(text))) for text in texts]


def documents(texts):
    """Return documents with something in their metadata."""
    return [Document(page_content=text, metadata={"source": f"{i}.md"}, id=str(i)) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def cross_encoder_folder(tmp_path_factory):
    """The folder of a cross-encoder."""
    return save_cross_encoder(tmp_path_factory.mktemp("cross_encoder"))


def test_documents_are_ordered_by_the_score():
    """Best first, equal ones as they came, the score in the metadata; what was given is not changed."""
    given = documents(TEXTS)
    reranker = Reranker(score=shared_words, k=3)
    assert isinstance(reranker, BaseDocumentCompressor)
    best = reranker.compress_documents(given, QUESTION)
    assert [d.page_content for d in best] == [TEXTS[1], TEXTS[2], TEXTS[3]]
    assert [(d.id, d.metadata) for d in best] == [
        ("1", {"source": "1.md", "relevance_score": 2.0}),
        ("2", {"source": "2.md", "relevance_score": 1.0}),
        ("3", {"source": "3.md", "relevance_score": 1.0}),
    ]
    assert given == documents(TEXTS)
    assert asyncio.run(reranker.acompress_documents(given, QUESTION)) == best


@pytest.mark.parametrize(("k", "n"), [(1, 1), (4, 4), (9, 4)])
def test_at_most_k_documents_are_returned(k, n):
    """All of them where there are fewer; none of none."""
    reranker = Reranker(score=shared_words, k=k)
    assert len(reranker.compress_documents(documents(TEXTS), QUESTION)) == n
    assert reranker.compress_documents([], QUESTION) == []


def test_k_below_one_is_refused():
    """As everywhere."""
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Reranker(score=shared_words, k=0)


def test_passages_keep_the_score_that_they_had():
    """All of them are returned, best first; the new score is the score, the old one the fused score."""
    passages = [passage_of(text, source=f"{i}.md", score=0.9 - i / 10) for i, text in enumerate(TEXTS)]
    found = Reranker(score=shared_words).ranked(QUESTION, passages)
    assert [p.source for p in found] == ["1.md", "2.md", "3.md", "0.md"]
    assert found[0] == replace(passages[1], score=2.0, fused_score=0.8)
    assert found[3] == replace(passages[0], score=0.0, fused_score=0.9)


def test_a_passage_is_read_with_its_context():
    """Its title and headings are often what ties it to the question."""
    passages = [passage_of("It burns oil."), passage_of("It is dim.", context="The coast › The lamp dims")]
    assert Reranker(score=shared_words).ranked(QUESTION, passages)[0].text == "It is dim."


def test_a_cross_encoder_that_the_settings_name(cross_encoder_folder, app):
    """Passages of the search and documents of the retriever come in the order of its own scores."""
    settings = Settings.load(environ={}, reranker=f"sentence-transformers:{cross_encoder_folder}", k=2)
    reranker = load_reranker(settings)
    question = "What is mode collapse?"
    passages = app.search(question, k=4)
    expected = CrossEncoder(cross_encoder_folder).score(question, [f"{p.context}\n{p.text}" for p in passages])
    found = reranker.ranked(question, passages)
    assert {p.chunk_id for p in found} == {p.chunk_id for p in passages}
    assert [p.score for p in found] == pytest.approx(sorted(expected, reverse=True), abs=1e-6)
    assert [p.fused_score for p in found] != sorted((p.score for p in passages), reverse=True)
    kept = reranker.compress_documents(app.retriever.invoke(question), question)
    assert [d.metadata["relevance_score"] for d in kept] == sorted(
        (d.metadata["relevance_score"] for d in kept), reverse=True
    )
    assert len(kept) == 2
    assert all(0 <= d.metadata["relevance_score"] <= 1 for d in kept)
