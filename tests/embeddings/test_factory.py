"""From a setting to an embedder."""

from __future__ import annotations

import pytest

from rag_app.embeddings.factory import load_embedder
from rag_app.embeddings.minilm import MiniLM
from rag_app.embeddings.openai import OpenAIEmbedder
from rag_app.embeddings.sentence_transformers import SentenceTransformerEmbedder
from rag_app.errors import SettingsError
from rag_app.settings import Settings


def _load(**settings):
    return load_embedder(Settings.load(environ={}, **settings))


def test_default_is_minilm():
    """Without a setting, the packaged embedder is used."""
    assert type(_load()) is MiniLM


def test_path_of_a_model(weights_folder, minilm):
    """``sentence-transformers:PATH`` loads the folder, and the name leads back to it."""
    name = f"sentence-transformers:{weights_folder}"
    embedder = _load(embeddings=name)
    assert type(embedder) is SentenceTransformerEmbedder
    assert embedder.name == name
    assert embedder.embed(["mode collapse"])[0] @ minilm.embed(["mode collapse"])[0] >= 0.99999


def test_name_at_a_server():
    """``openai:NAME`` takes the address of the embedder's server, not of the language model's."""
    embedder = _load(
        embeddings="openai:tiny", embeddings_base_url="http://127.0.0.1:1/v1", llm_base_url="http://127.0.0.1:2/v1"
    )
    assert type(embedder) is OpenAIEmbedder
    assert (embedder.name, embedder.revision) == ("openai:tiny", "http://127.0.0.1:1/v1")


@pytest.mark.parametrize("name", ["sentence-transformers:/no/such/folder", "openai:tiny"])
def test_embedder_that_cannot_be_loaded(name):
    """A model that is not there, or a key that is missing, is a wrong setting."""
    with pytest.raises(SettingsError):
        _load(embeddings=name)
