"""The bfloat16 network computes what the 32-bit one does, whatever is beside a text."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from rag_app.embeddings.minilm import MiniLM, weights_path
from rag_app.embeddings.minilm_bf16 import load_bf16

TEXTS = [
    "GAN",
    "Mode collapse is a failure of GAN training.",
    "ünïcödé, 漢字 and 🙂 " * 6,
    "x = np.zeros((3, 4))\nprint(x)",
    "A variational autoencoder maximises a lower bound on the likelihood. " * 16,
]


@pytest.fixture(scope="module")
def _network():
    """The network, where this processor has bfloat16."""
    if load_bf16(weights_path()) is None:
        pytest.skip(reason="this processor has no bfloat16")


@pytest.mark.usefixtures("_network")
def test_agrees_with_32_bit(minilm):
    """Every vector has a cosine above 0.9995 with the one in 32-bit floating point, and unit length."""
    vectors = minilm.embed_passages(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.sum(vectors * minilm.embed(TEXTS), axis=1).min() > 0.9995


@pytest.mark.usefixtures("_network")
def test_a_vector_does_not_depend_on_its_neighbours(minilm):
    """A text has bit for bit the same vector alone, in any company and in any order."""
    together = minilm.embed_passages(TEXTS)
    assert np.array_equal(together, minilm.embed_passages(TEXTS[::-1])[::-1])
    assert all(np.array_equal(together[i], minilm.embed_passages([text])[0]) for i, text in enumerate(TEXTS))


def test_long_texts_are_read_in_windows(minilm):
    """A text beyond 256 word pieces is read to its end."""
    long = "Diffusion adds noise step by step. " * 100
    other = long + "A recipe for lentil soup with garlic and lemon. " * 60
    first, second = minilm.embed_passages([long, other])
    assert first @ second < 0.95


def test_without_openvino_passages_are_embedded_in_32_bit(monkeypatch):
    """A machine without OpenVINO gets the 32-bit vectors."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr("importlib.util.find_spec", _find_nothing_named_openvino)
    assert load_bf16(weights_path()) is None
    alone = MiniLM(n_threads=1)
    assert np.array_equal(alone.embed_passages(TEXTS), alone.embed(TEXTS))


def test_no_text_gives_no_vector(minilm):
    """An empty list of texts gives an array of shape (0, 384)."""
    assert minilm.embed_passages([]).shape == (0, 384)


def _find_nothing_named_openvino(name: str, package: str | None = None):
    from importlib.machinery import PathFinder

    del package
    if name == "openvino":
        return None
    return sys.modules[name].__spec__ if name in sys.modules else PathFinder.find_spec(name)
