"""The OpenVINO network computes what the 32-bit one does, in either arithmetic, whatever is beside a text."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

import numpy as np
import openvino
import pytest

from rag_app.embeddings.minilm import MiniLM, weights_path
from rag_app.embeddings.minilm_openvino import _choose, load_network

TEXTS = [
    "GAN",
    "Mode collapse is a failure of GAN training.",
    "ünïcödé, 漢字 and 🙂 " * 6,
    "x = np.zeros((3, 4))\nprint(x)",
    "A variational autoencoder maximises a lower bound on the likelihood. " * 16,
]
VNNI = "flags\t\t: fpu avx2 avx512f avx512_vnni\n"


@pytest.fixture(scope="module", params=[("bf16", 0.9995), ("int8", 0.995)], ids=lambda p: p[0])
def arithmetic(request):
    """An embedder whose passages go through one arithmetic, and the cosine to 32-bit that it promises at least."""
    name, bound = request.param
    if name == "bf16" and "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip(reason="this processor has no bfloat16")
    embedder = MiniLM()
    embedder._fast = load_network(weights_path(), name)
    return embedder, bound


def test_agrees_with_32_bit(arithmetic):
    """Every vector is close to the one in 32-bit floating point, not equal to it, and has unit length."""
    embedder, bound = arithmetic
    vectors, exact = embedder.embed_passages(TEXTS), embedder.embed(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.sum(vectors * exact, axis=1).min() > bound
    assert not np.allclose(vectors, exact, atol=1e-6)


def test_tokens_agree_with_32_bit(arithmetic):
    """Each token's vector is close to the one in 32-bit floating point, in windows of a long text too."""
    embedder, bound = arithmetic
    texts = [*TEXTS, "Diffusion adds noise step by step. " * 60]
    for read, exact in zip(embedder.read_passages(texts), embedder.embed_tokens(texts), strict=True):
        assert np.array_equal(read.offsets, exact.offsets)
        assert read.mean @ exact.mean > bound
        cosines = np.sum(read.vectors * exact.vectors, axis=1)
        assert cosines.shape == (len(exact.offsets),)
        assert cosines.min() > 0.9
        assert cosines.mean() > 0.97


def test_a_text_is_given_with_its_tokens(arithmetic):
    """The network gives a vector of unit length, and one for each id, none for what its length is padded with."""
    embedder, _ = arithmetic
    ids = [np.array([101, *range(2000, 2000 + n), 102], np.int64) for n in (0, 1, 14, 15, 254)]
    runs = embedder._fast.embed(ids)
    assert [(vector.shape, tokens.shape) for vector, tokens in runs] == [((384,), (len(i), 384)) for i in ids]
    for vector, tokens in runs:
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        mean = tokens.mean(axis=0)
        assert vector @ mean / np.linalg.norm(mean) > 0.999
    assert embedder._fast.embed([]) == []


def test_a_vector_does_not_depend_on_its_neighbours(arithmetic):
    """A text has bit for bit the same vector alone, in any company and in any order."""
    embedder, _ = arithmetic
    together = embedder.embed_passages(TEXTS)
    assert np.array_equal(together, embedder.embed_passages(TEXTS[::-1])[::-1])
    assert all(np.array_equal(together[i], embedder.embed_passages([text])[0]) for i, text in enumerate(TEXTS))


def test_networks_agree_bit_for_bit(arithmetic):
    """A network that is built again gives the same vectors: rounding the weights has no chance in it."""
    embedder, bound = arithmetic
    again = MiniLM()
    again._fast = load_network(weights_path(), "bf16" if bound > 0.999 else "int8")
    assert np.array_equal(again.embed_passages(TEXTS), embedder.embed_passages(TEXTS))


def test_long_texts_are_read_in_windows(arithmetic):
    """A text beyond 256 word pieces is read to its end."""
    embedder, _ = arithmetic
    long = "Diffusion adds noise step by step. " * 100
    other = long + "A recipe for lentil soup with garlic and lemon. " * 60
    first, second = embedder.embed_passages([long, other])
    assert first @ second < 0.95


@pytest.mark.parametrize(
    ("capabilities", "cpuinfo", "expected"),
    [
        (["BF16", "FP32", "INT8"], VNNI, "bf16"),
        (["BF16", "FP32", "INT8"], "", "bf16"),
        (["FP32", "INT8"], VNNI, "int8"),
        (["FP32", "INT8"], "flags\t\t: fpu avx2 avx512f\n", None),
        (["FP32", "INT8"], "", None),
    ],
)
def test_arithmetic_is_the_processors(tmp_path, capabilities, cpuinfo, expected):
    """Bfloat16 goes first; 8 bits need the instructions for them, whatever OpenVINO says; else 32-bit remains."""
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    assert _choose(capabilities, file) == expected


def test_system_that_does_not_tell_the_instructions(tmp_path):
    """Where there is no list of the processor's instructions, 8 bits are not tried."""
    assert _choose(["FP32", "INT8"], tmp_path / "missing") is None


def test_without_openvino_passages_are_embedded_in_32_bit(monkeypatch):
    """A machine without OpenVINO gets the 32-bit vectors."""
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr("importlib.util.find_spec", _find_nothing_named_openvino)
    assert load_network(weights_path()) is None
    alone = MiniLM(n_threads=1)
    alone._fast = None  # the one of this process may have been made before
    assert np.array_equal(alone.embed_passages(TEXTS), alone.embed(TEXTS))


def test_no_text_gives_no_vector(arithmetic):
    """An empty list of texts gives an array of shape (0, 384)."""
    embedder, _ = arithmetic
    assert embedder.embed_passages([]).shape == (0, 384)
    assert embedder.read_passages([]) == []


def _find_nothing_named_openvino(name: str, package: str | None = None):
    del package
    if name == "openvino":
        return None
    return sys.modules[name].__spec__ if name in sys.modules else PathFinder.find_spec(name)
