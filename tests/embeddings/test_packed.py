"""Texts that are laid end to end are read as alone, and tensors can be replaced."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.embeddings.minilm import MiniLM, load_tokenizer, weights_path
from rag_app.embeddings.packed import PackedNetwork
from rag_app.embeddings.weights import read_weights

TEXTS = ["What is mode collapse?", "A generator that makes few kinds of samples.", "word " * 120]
OUTER = "encoder.layer.5.output.dense.weight"


@pytest.fixture(scope="module")
def network() -> PackedNetwork:
    """The network with the installed weights."""
    return PackedNetwork()


def ids_of(texts: list[str]) -> list[list[int]]:
    """Return word pieces with their specials."""
    return [e.ids for e in load_tokenizer().encode_batch(texts)]


def test_texts_are_read_as_alone(network: PackedNetwork) -> None:
    """To the last bit, and with the specials."""
    together = network.read(ids_of(TEXTS))
    for text, found in zip(TEXTS, together, strict=True):
        (alone,) = network.read(ids_of([text]))
        assert np.array_equal(found, alone)
        expected = MiniLM().embed_tokens([text])[0].vectors
        assert np.allclose(found[1:-1] / np.linalg.norm(found[1:-1], axis=1, keepdims=True), expected, atol=1e-6)


def test_segments_tell_the_second_text_from_the_first(network: PackedNetwork) -> None:
    """All zeros are the default; ones change what is read."""
    ids = ids_of(TEXTS[:1])
    (plain,) = network.read(ids)
    assert np.array_equal(network.read(ids, [[0] * len(ids[0])])[0], plain)
    assert not np.allclose(network.read(ids, [[1] * len(ids[0])])[0], plain, atol=1e-3)


def test_a_replaced_tensor_is_used() -> None:
    """The same values give the same bits; zeros give what the rest of the network gives."""
    ids, installed = ids_of(TEXTS[:2]), read_weights(weights_path())[OUTER]
    same = PackedNetwork({OUTER: np.array(installed)}).read(ids)
    none = PackedNetwork({OUTER: np.zeros_like(installed)}).read(ids)
    for plain, kept, zeroed in zip(PackedNetwork().read(ids), same, none, strict=True):
        assert np.array_equal(plain, kept)
        assert not np.allclose(plain, zeroed, atol=1e-2)
