"""The search as a LangChain retriever."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.retrievers import BaseRetriever

from rag_app.retrieval.langchain_retriever import KnowledgeRetriever


def test_documents_are_the_passages_in_order(app):
    """Text, id, place and score of each passage are those of `search`."""
    assert isinstance(app.retriever, BaseRetriever)
    documents = app.retriever.invoke("What is mode collapse?")
    passages = app.search("What is mode collapse?")
    assert [(d.page_content, d.id) for d in documents] == [(p.text, p.chunk_id) for p in passages]
    assert [d.metadata for d in documents] == [{**p.to_json(), "sha256": p.sha256, "title": p.title} for p in passages]
    text = app.source(documents[0].metadata["source"]).text
    assert text[documents[0].metadata["start"] : documents[0].metadata["end"]] == documents[0].page_content


def test_k_and_filter_are_parameters(app):
    """A retriever of one's own has its own number of documents and filter."""
    retriever = KnowledgeRetriever(search=app.search, k=2, where={"source": "08-autoencoders.md"})
    documents = retriever.invoke("What is mode collapse?")
    assert [d.metadata["source"] for d in documents] == ["08-autoencoders.md"] * 2


def test_async_and_batch_give_the_same(app):
    """`ainvoke` and `batch` are those of LangChain."""
    expected = app.retriever.invoke("latent space")
    assert asyncio.run(app.retriever.ainvoke("latent space")) == expected
    assert app.retriever.batch(["latent space", "StyleGAN"])[0] == expected


def test_errors_are_ours(app):
    """A blank question raises what `search` raises."""
    with pytest.raises(ValueError, match=r"The question must not be empty\."):
        app.retriever.invoke(" ")
