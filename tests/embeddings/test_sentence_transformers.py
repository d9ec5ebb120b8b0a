"""Any sentence-transformers model, tried on the packaged weights."""

from __future__ import annotations

import json
import re
import shutil
import sys

import numpy as np
import pytest

from rag_app.embeddings.sentence_transformers import SentenceTransformerEmbedder
from rag_app.errors import MissingExtraError, SettingsError

TEXTS = ["What is mode collapse?", "", "日本 😀", "A longer text about diffusion models. " * 10]


def test_it_agrees_with_minilm_on_the_same_weights(torch_embedder, minilm):
    """Vectors and token counts are those of the default embedder."""
    assert (torch_embedder.embed(TEXTS) * minilm.embed(TEXTS)).sum(axis=1).min() >= 0.99999
    assert torch_embedder.count_tokens([*TEXTS, "word " * 999]) == minilm.count_tokens([*TEXTS, "word " * 999])
    assert (torch_embedder.dimension, torch_embedder.max_tokens) == (minilm.dimension, minilm.max_tokens)


def test_shape_type_and_length(torch_embedder):
    """Vectors are 32-bit rows of unit length, and no text gives no row."""
    vectors = torch_embedder.embed(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert torch_embedder.embed([]).shape == (0, 384)
    assert torch_embedder.count_tokens([]) == []


def test_name_is_the_setting_that_selects_it(torch_embedder, weights_folder):
    """The name can be put into RAG_EMBEDDINGS again."""
    assert torch_embedder.name == f"sentence-transformers:{weights_folder}"
    torch_embedder.verify()


def test_revision_is_a_hash_of_the_weights(torch_embedder, weights_folder, tmp_path):
    """A copy elsewhere has the same revision; one changed number makes another, at equal dimension."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(weights_folder, folder)
    assert SentenceTransformerEmbedder(str(folder)).revision == torch_embedder.revision
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][0] += 0.5
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    changed = SentenceTransformerEmbedder(str(folder))
    assert changed.revision != torch_embedder.revision
    assert changed.dimension == torch_embedder.dimension
    assert re.fullmatch(r"[0-9a-f]{16}", changed.revision)


def test_limit_is_the_models_own(weights_folder, tmp_path):
    """A model that reads fewer tokens says so, and chunks are cut to that."""
    folder = tmp_path / "model"
    shutil.copytree(weights_folder, folder)
    limits = folder / "sentence_bert_config.json"
    limits.write_text(json.dumps(json.loads(limits.read_text()) | {"max_seq_length": 64}))
    assert SentenceTransformerEmbedder(str(folder)).max_tokens == 64


@pytest.mark.parametrize(
    "name", ["no-such-model", "nobody/no-such-model", "{tmp}/missing", "{tmp}", "{tmp}/file", "a b/?"]
)
def test_name_that_cannot_be_loaded(tmp_path, name):
    """An unknown name, a missing path, an empty folder and a file are one sentence, without asking a hub."""
    (tmp_path / "file").write_text("not a model")
    name = name.format(tmp=tmp_path)
    message = (
        f"RAG_EMBEDDINGS must name a sentence-transformers model on this machine; {name!r} cannot be loaded. "
        "Give the path of its folder."
    )
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}$"):
        SentenceTransformerEmbedder(name)


def test_broken_model_cannot_be_loaded(weights_folder, tmp_path):
    """A folder whose weights are damaged is the same sentence."""
    folder = tmp_path / "model"
    shutil.copytree(weights_folder, folder)
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(SettingsError, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(folder))


def test_missing_package_is_named(monkeypatch):
    """Without the package the user is told to install it."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    message = (
        "The embedder sentence-transformers:x needs the package sentence-transformers. "
        'Run: pip install "sentence-transformers"'
    )
    with pytest.raises(MissingExtraError, match=f"^{re.escape(message)}$"):
        SentenceTransformerEmbedder("x")
