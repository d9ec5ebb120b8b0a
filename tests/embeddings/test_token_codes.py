"""Token vectors as they are stored: small, and close to what was read."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.embeddings.token_codes import DIRECTIONS, decode, encode, reduced

TEXTS = [
    "Mode collapse is a failure of GAN training in which the generator repeats itself.",
    "Rice is boiled in twice its volume of water. It is done after eighteen minutes.",
    "ünïcödé, 漢字 and 🙂",
    "x = np.zeros((3, 4))\nprint(x)",
    "a",
]


@pytest.fixture(scope="module")
def read(minilm):
    """The texts, read."""
    return minilm.embed_tokens(TEXTS)


def test_directions_are_orthonormal():
    """The 64 directions are of length one and perpendicular: a projection on them lengthens nothing."""
    directions = np.load(DIRECTIONS).astype(np.float32)
    assert directions.shape == (384, 64)
    np.testing.assert_allclose(directions.T @ directions, np.eye(64), atol=2e-3)  # they are stored in 16 bits


def test_each_token_takes_36_bytes(read):
    """Four for its place, 32 for 64 numbers of 4 bits."""
    assert [len(encode(tokens)) for tokens in read] == [36 * len(tokens.offsets) for tokens in read]


def test_places_are_kept_exactly(read):
    """Where each token begins comes back as it was."""
    for tokens, stored in zip(read, [decode(encode(t)) for t in read], strict=True):
        assert stored.starts.tolist() == tokens.offsets[:, 0].tolist()


def test_rounding_to_four_bits_changes_little(read):
    """What is decoded points where the reduced vector did, at unit length."""
    for tokens, stored in zip(read, [decode(encode(t)) for t in read], strict=True):
        exact = reduced(tokens.vectors)
        assert stored.vectors.shape == exact.shape == (len(tokens.offsets), 64)
        assert stored.vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(stored.vectors, axis=1), 1, atol=1e-5)
        assert (stored.vectors * exact).sum(axis=1).min() > 0.97


def test_cosines_are_close_to_those_of_all_directions(read):
    """Between tokens of one text and of others, the cosine is nearly what 384 numbers of 32 bits give."""
    exact = np.concatenate([tokens.vectors for tokens in read])
    stored = np.concatenate([tokens.vectors for tokens in [decode(encode(t)) for t in read]])
    expected, found = exact @ exact.T, stored @ stored.T
    assert np.abs(found - expected).mean() < 0.1
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9


def test_nothing_is_stored_of_a_text_without_tokens(minilm):
    """An empty text takes no byte."""
    assert [encode(tokens) for tokens in minilm.embed_tokens([""])] == [b""]
    assert (decode(b"").starts.shape, decode(b"").vectors.shape) == ((0,), (0, 64))


def test_every_number_of_four_bits_comes_back():
    """From -7 to 7, two in a byte, by the arithmetic that wrote them."""
    steps = np.arange(1, 16, dtype=np.uint8)  # 0 is left out
    code = np.tile(steps[:8] | (steps[7:] << 4), 4)
    (found,) = decode(np.int32(3).tobytes() + code.tobytes()).vectors
    expected = np.tile(np.stack([steps[:8], steps[7:]], axis=1).ravel().astype(float) - 8, 4)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-6)


def test_reduced_vectors_have_unit_length(read):
    """The mean of a text is reduced as its tokens are."""
    for tokens in read:
        np.testing.assert_allclose(np.linalg.norm(reduced(tokens.mean)), 1, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(reduced(tokens.vectors), axis=1), 1, atol=1e-5)
