"""Two texts that are read together by a network with small corrections."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.embeddings.minilm import load_tokenizer, weights_path
from rag_app.embeddings.packed import PackedNetwork
from rag_app.embeddings.pairs import DOWN, MOST_FIRST, MOST_SECOND, UP, PairReader
from rag_app.embeddings.weights import read_weights

FIRST = "Who made the engine better?"
SECONDS = ["James Watt made it better in 1776.", "Coal was cheap.", "word " * 400]
NAMES = ("encoder.layer.3.attention.self.query.weight", "encoder.layer.5.output.dense.weight")


def corrections(size: float) -> dict[str, np.ndarray]:
    """Return corrections of two matrices, of rank 3."""
    random = np.random.default_rng(0)
    made = {}
    for name in NAMES:
        n_out, n_in = read_weights(weights_path())[name].shape
        made[name + UP] = (size * random.standard_normal((n_out, 3))).astype(np.float16)
        made[name + DOWN] = random.standard_normal((3, n_in)).astype(np.float16)
    return made


@pytest.fixture(scope="module")
def reader() -> PairReader:
    """A reader whose weights are changed."""
    return PairReader(corrections(0.02))


def test_every_pair_is_read_as_alone(reader: PairReader) -> None:
    """Whatever is read beside it, in whatever order."""
    together = reader.read(FIRST, SECONDS)
    for second, found in zip(SECONDS[::-1], reader.read(FIRST, SECONDS[::-1]), strict=True):
        expected = together[SECONDS.index(second)]
        (alone,) = reader.read(FIRST, [second])
        for other in (found, alone):
            assert np.array_equal(other.whole, expected.whole)
            assert np.array_equal(other.second, expected.second)


def test_the_tokens_of_the_second_text_come_back(reader: PairReader) -> None:
    """With its end, and at most so many of a long one."""
    lengths = [len(e.ids) - 1 for e in load_tokenizer().encode_batch(SECONDS)]
    assert [len(r.second) for r in reader.read(FIRST, SECONDS)] == [*lengths[:2], MOST_SECOND + 1]


def test_the_second_text_sees_the_first(reader: PairReader) -> None:
    """Another question, other vectors."""
    (one,), (other,) = (reader.read(q, SECONDS[:1]) for q in (FIRST, "When was that?"))
    assert not np.allclose(one.second, other.second, atol=1e-2)


def test_a_long_first_text_is_cut(reader: PairReader) -> None:
    """What comes after the most that is read changes nothing."""
    (one,), (other,) = (reader.read("word " * MOST_FIRST + rest, SECONDS[:1]) for rest in ("", "and more"))
    assert np.array_equal(one.whole, other.whole)


def test_corrections_are_added_to_the_installed_weights() -> None:
    """The products of the two matrices; where they are nothing, the network is MiniLM."""
    ids = load_tokenizer().encode(FIRST, SECONDS[0])
    installed, made = read_weights(weights_path()), corrections(0.02)
    changed = {n: installed[n] + made[n + UP].astype(np.float32) @ made[n + DOWN].astype(np.float32) for n in NAMES}
    for size, network in ((0.02, PackedNetwork(changed)), (0.0, PackedNetwork())):
        (expected,) = network.read([ids.ids], [ids.type_ids])
        (found,) = PairReader(corrections(size)).read(FIRST, SECONDS[:1])
        assert np.array_equal(found.whole, expected[0])
        assert np.array_equal(found.second, expected[ids.type_ids.index(1) :])


def test_nothing_beside_the_first_text(reader: PairReader) -> None:
    """No pairs, nothing to read."""
    assert reader.read(FIRST, []) == []
