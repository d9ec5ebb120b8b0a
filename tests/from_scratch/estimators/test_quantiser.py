"""Vector quantisation against scipy, torch and the chapter's worked figures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.cluster.vq import vq

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.quantiser import VectorQuantiser, vector_quantisation

RNG = np.random.default_rng(0)
Z, CODEBOOK = RNG.normal(size=(30, 3)), RNG.normal(size=(6, 3))


def test_indices_agree_with_scipy():
    """The nearest codebook vector of each row, and its squared distance as the loss."""
    found = vector_quantisation(Z, CODEBOOK)
    indices, distances = vq(Z, CODEBOOK)
    assert found["indices"] == indices.tolist()
    assert found["quantised"] == CODEBOOK[indices].tolist()
    assert found["codebook_losses"] == pytest.approx((distances**2).tolist())


def test_gradients_agree_with_torch():
    """Straight through: z + (c(z) - z).detach(); and the commitment loss with a codebook that stands still."""
    upstream = RNG.normal(size=Z.shape)
    found = vector_quantisation(Z, CODEBOOK, upstream, commitment=0.7)
    z, entry = torch.tensor(Z, requires_grad=True), torch.tensor(CODEBOOK[found["indices"]])
    (z + (entry - z).detach()).backward(torch.tensor(upstream))
    assert found["straight_through_gradient"] == z.grad.tolist() == upstream.tolist()
    z.grad = None
    losses = 0.7 * ((z - entry) ** 2).sum(dim=1)
    losses.sum().backward()
    assert found["commitment_losses"] == pytest.approx(losses.tolist())
    assert np.array(found["commitment_gradient"]) == pytest.approx(z.grad.numpy())


def test_the_chapter_by_hand():
    """Squared distances 0.85, 0.05 and 1.45; loss 0.0125 with the gradient (-0.05, 0.1)."""
    found = vector_quantisation([[0.9, 0.2]], [[0, 0], [1, 0], [0, 1]])
    assert (found["indices"], found["quantised"]) == ([1], [[1, 0]])
    assert found["commitment_losses"] == pytest.approx([0.0125])
    assert found["commitment_gradient"][0] == pytest.approx([-0.05, 0.1])
    assert found["straight_through_gradient"] == [[0, 0]]


def test_a_codebook_is_learnt():
    """Four groups, four vectors, each used by a quarter; quantising twice changes nothing."""
    X = np.repeat([[0.0, 0], [0, 9], [9, 0], [9, 9]], 5, axis=0)
    quantiser = VectorQuantiser(k=4).fit(X)
    assert quantiser.transform(X).tolist() == X.tolist()
    assert quantiser.usage_.tolist() == [0.25] * 4
    noisy = X + RNG.normal(size=X.shape)
    assert quantiser.transform(quantiser.transform(noisy)).tolist() == quantiser.transform(noisy).tolist()
    assert quantiser.codebook_[quantiser.predict(noisy)].tolist() == quantiser.transform(noisy).tolist()


def test_samples_are_used_as_often_as_in_training():
    """Three of four rows lie at 0; the seed decides."""
    quantiser = VectorQuantiser(k=2).fit([[0], [0], [0], [5]])
    drawn = quantiser.sample(2000, seed=0)
    assert set(drawn.ravel()) == {0.0, 5.0}
    assert (drawn == 0).mean() == pytest.approx(0.75, abs=0.04)
    assert drawn.tolist() == quantiser.sample(2000, seed=0).tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vector_quantisation([[1]], [[1, 2]]), "codebook must have rows of 1 numbers; got rows of 2."),
        (lambda: vector_quantisation([[1]], [[1]], commitment=-1), "commitment must be at least 0; got -1."),
        (
            lambda: vector_quantisation([[1]], [[1]], [[1], [2]]),
            "the number of rows of output_gradient must be a whole number of at least 1 and at most 1; got 2.",
        ),
        (
            lambda: VectorQuantiser(k=2).fit([[1], [2]]).sample(0),
            "n must be a whole number of at least 1; got 0.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
