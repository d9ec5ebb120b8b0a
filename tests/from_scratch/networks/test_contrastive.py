"""The loss of CLIP, and two encoders that are trained with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.contrastive import clip_loss, contrastive_loss, contrastive_training

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(2, 9, 4))


@pytest.mark.parametrize(("temperature", "expected"), [(0.1, 0.001159), (1, 0.4037)])
def test_the_matrix_of_the_course(temperature, expected):
    """Cosines (0.9, 0.1) and (0.2, 0.8)."""
    scores = Tensor(np.array([[0.9, 0.1], [0.2, 0.8]]) / temperature)
    assert contrastive_loss(scores).item() == pytest.approx(expected, abs=5e-5 if temperature == 1 else 1e-6)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 2])
def test_it_is_the_mean_of_two_cross_entropies(temperature):
    """As torch has them; lengths do not matter, and neither does the order of the modalities."""
    a, b = (torch.nn.functional.normalize(torch.tensor(x), dim=1) for x in (A, B))
    scores, right = a @ b.T / temperature, torch.arange(9)
    entropy = torch.nn.functional.cross_entropy
    expected = (entropy(scores, right) + entropy(scores.T, right)).item() / 2
    assert clip_loss(A, B, temperature) == pytest.approx(expected)
    assert clip_loss(B * 3, A * 0.1, temperature) == pytest.approx(expected)


def test_aligned_and_constant_embeddings():
    """0 at a low temperature, ln n where nothing can be told apart."""
    assert clip_loss(A, A, 1e-3) == pytest.approx(0, abs=1e-9)
    assert clip_loss(np.ones((9, 2)), np.ones((9, 2))) == pytest.approx(np.log(9))
    assert clip_loss([[1.0]], [[2.0]]) == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_new_pairs_find_each_other(seed):
    """Where one in fifty did before."""
    found = contrastive_training(seed=seed)
    assert found["losses"][-1] < 0.2 * found["losses"][0]
    assert found["before"]["retrieval_at_1"] < 0.2
    assert found["after"]["retrieval_at_1"] > 0.5
    assert found["after"]["mean_positive_cosine"] > 0.8
    assert found["temperature"] != pytest.approx(0.07, rel=0.01)


def test_mistakes_are_named():
    """The temperature, rows of zeros, pairs."""
    with pytest.raises(InvalidInputError, match="temperature must be above 0; got 0"):
        clip_loss(A, B, 0)
    with pytest.raises(InvalidInputError, match="texts must have no row of zeros, which has no direction; got one"):
        clip_loss([[1.0]], [[0.0]])
    with pytest.raises(InvalidInputError, match="images and texts must be of equal length; got 9 and 8"):
        clip_loss(A, B[1:])
