"""The reference implementation and the packaged weights, loaded once."""

from __future__ import annotations

import pytest

from rag_app.embeddings.minilm import weights_path


@pytest.fixture(scope="session")
def weights_folder():
    """The folder of the packaged all-MiniLM-L6-v2."""
    return weights_path().parent


@pytest.fixture(scope="session")
def reference(weights_folder):
    """sentence-transformers on the same weights: the oracle."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(weights_folder), device="cpu", local_files_only=True)


@pytest.fixture(scope="session")
def torch_embedder(weights_folder):
    """Our embedder on torch, on the same weights."""
    from rag_app.embeddings.sentence_transformers import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(str(weights_folder))
